"""Run in an environment with mem0ai and chromadb: writes mem0.json.gz, mem0_chroma.tar.gz, mem0_qdrant.tar.gz beside ../data.

uv venv env && uv pip install --python env/bin/python mem0ai chromadb && env/bin/python make_mem0.py
"""

import gzip
import hashlib
import json
import os
import tarfile
import tempfile
from pathlib import Path

os.environ["MEM0_TELEMETRY"] = "False"
os.environ["OPENAI_API_KEY"] = "none"
HOME = tempfile.mkdtemp()
os.environ["HOME"] = os.environ["MEM0_DIR"] = HOME

from mem0 import Memory  # noqa: E402
from texts import sentences  # noqa: E402

DATA = Path(__file__).parent.parent / "data"


class HashedWords:
    """Stands for an embedder; no network."""

    config = None

    def embed(self, text, memory_action=None):
        digest = hashlib.sha256(text.encode()).digest()
        return [byte / 255 for byte in digest[:8]]

    def embed_batch(self, texts, memory_action=None):
        return [self.embed(text) for text in texts]


def made(store, folder):
    config = {
        "vector_store": {"provider": store, "config": {"collection_name": "mem0", "path": str(folder / "vectors")}},
        "history_db_path": str(folder / "history.db"),
    }
    if store == "qdrant":
        config["vector_store"]["config"] |= {"on_disk": True, "embedding_model_dims": 8}
    memory = Memory.from_config(config)
    memory.embedding_model = HashedWords()
    ids = []
    for number, text in enumerate(sentences(240)):
        answer = memory.add(
            text,
            user_id=("ana", "bo", "小伟")[number % 3],
            agent_id="travel" if number % 5 == 0 else None,
            run_id=f"run-{number // 40}" if number % 2 else None,
            infer=False,
            metadata={"topic": f"t{number % 4}", "number": number},
        )
        ids += [item["id"] for item in answer["results"]]
    for memory_id in ids[:10]:
        memory.update(memory_id, data=f"Changed: {sentences(240)[ids.index(memory_id)]}")
    memory.update(ids[0], data="Changed again: Rita plays the viola now")
    for memory_id in ids[-5:]:
        memory.delete(memory_id)
    return memory


def everything(memory):
    found = [memory.get_all(filters={"user_id": user}, top_k=1000) for user in ("ana", "bo", "小伟")]
    return {"results": [item for answer in found for item in answer["results"]]}


def packed(folder, name):
    def clean(info):
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = 0
        return info

    with tarfile.open(DATA / name, "w:gz") as archive:
        archive.add(folder, arcname=".", filter=clean)


for store in ("chroma", "qdrant"):
    folder = Path(tempfile.mkdtemp())
    memory = made(store, folder)
    if store == "chroma":
        text = json.dumps(everything(memory), ensure_ascii=False, indent=1)
        (DATA / "mem0.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    del memory
    packed(folder, f"mem0_{store}.tar.gz")

"""Run in an environment with crewai==1.9.3: writes crewai_old.tar.gz beside ../data.

uv venv env && uv pip install --python env/bin/python crewai==1.9.3 && env/bin/python make_crewai_old.py
"""

import hashlib
import os
import tarfile
import tempfile
from pathlib import Path

folder = Path(tempfile.mkdtemp())
os.environ |= {
    "CREWAI_STORAGE_DIR": str(folder / "crew"), "CREWAI_DISABLE_TELEMETRY": "true", "OTEL_SDK_DISABLED": "true",
    "HOME": str(folder), "XDG_DATA_HOME": str(folder), "OPENAI_API_KEY": "none",
}  # fmt: skip

from crewai.memory import EntityMemory, LongTermMemory, ShortTermMemory  # noqa: E402
from crewai.memory.entity.entity_memory_item import EntityMemoryItem  # noqa: E402
from crewai.memory.long_term.long_term_memory_item import LongTermMemoryItem  # noqa: E402
from crewai.rag.embeddings.providers.custom.embedding_callable import CustomEmbeddingFunction  # noqa: E402
from texts import sentences  # noqa: E402

DATA = Path(__file__).parent.parent / "data"


class HashedWords(CustomEmbeddingFunction):
    """Stands for an embedder; no network."""

    def __init__(self):
        pass

    def __call__(self, input):  # noqa: A002
        return [[byte / 255 for byte in hashlib.sha256(text.encode()).digest()[:4]] for text in input]

    @staticmethod
    def name():
        return "hashed-words"

    def get_config(self):
        return {}

    @staticmethod
    def build_from_config(config):
        return HashedWords()


embedder = {"provider": "custom", "config": {"embedding_callable": HashedWords}}
long_term, short_term, entities = (
    LongTermMemory(),
    ShortTermMemory(embedder_config=embedder),
    EntityMemory(embedder_config=embedder),
)
for number, text in enumerate(sentences(240)):
    if number % 3 == 0:
        long_term.save(
            LongTermMemoryItem(
                task=text,
                agent="researcher",
                expected_output="a note",
                datetime=str(1_740_000_000 + number * 3600),
                quality=number % 10,
                metadata={"suggestions": [f"look at page {number}", "be brief"], "quality": number % 10},
            )
        )
    elif number % 3 == 1:
        short_term.save(text, metadata={"observation": "a task"})
    else:
        entities.save(
            EntityMemoryItem(name=f"Person {number}", type="Person", description=text, relationships="- knows Rita")
        )


def clean(info):
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    return info


with tarfile.open(DATA / "crewai_old.tar.gz", "w:gz") as archive:
    for path in sorted(folder.rglob("*")):
        if path.name.startswith("long_term"):
            archive.add(path, arcname=path.name, filter=clean)
        if path.name == "chroma.sqlite3":
            archive.add(path, arcname=f"{path.parent.name or 'chroma'}/{path.name}", filter=clean)
print(sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()))

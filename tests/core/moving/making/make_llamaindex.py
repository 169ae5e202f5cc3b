"""Run in an environment with llama-index-core and aiosqlite: writes llamaindex* beside ../data.

uv venv env && uv pip install --python env/bin/python llama-index-core aiosqlite 'pydantic<2.12' && env/bin/python make_llamaindex.py
"""

import asyncio
import gzip
import tarfile
import tempfile
from pathlib import Path

from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import Memory
from llama_index.core.storage.chat_store import SimpleChatStore
from texts import sentences

DATA = Path(__file__).parent.parent / "data"
folder = Path(tempfile.mkdtemp())


def messages():
    for number, text in enumerate(sentences(240)):
        yield f"chat-{number // 60}", ChatMessage(role="user" if number % 2 == 0 else "assistant", content=text)


def packed(name, data):
    (DATA / name).write_bytes(gzip.compress(data, mtime=0))


store = SimpleChatStore()
for key, message in messages():
    store.add_message(key, message)
store.persist(str(folder / "chat_store.json"))
packed("llamaindex_chat_store.json.gz", (folder / "chat_store.json").read_bytes())


async def remember():
    for key in sorted({key for key, _ in messages()}):
        memory = Memory.from_defaults(
            session_id=key, token_limit=100_000, async_database_uri=f"sqlite+aiosqlite:///{folder}/memory.db"
        )
        await memory.aput_messages([message for other, message in messages() if other == key])


asyncio.run(remember())
packed("llamaindex_memory.db.gz", (folder / "memory.db").read_bytes())

documents = [
    Document(
        text=text,
        id_=f"note-{number:04}-of-the-town",
        metadata={"user_id": ("ana", "bo")[number % 2], "creation_date": f"2024-05-{number % 28 + 1:02}"},
    )
    for number, text in enumerate(sentences(210))
]
index = VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(embed_dim=2))
index.storage_context.persist(str(folder / "storage"))


def clean(info):
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    return info


with tarfile.open(DATA / "llamaindex_storage.tar.gz", "w:gz") as archive:
    archive.add(folder / "storage", arcname=".", filter=clean)

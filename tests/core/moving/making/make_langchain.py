"""Run in an environment with langchain-community, sqlalchemy, greenlet, redis and fakeredis: writes langchain.* beside ../data.

uv venv env && uv pip install --python env/bin/python langchain-community sqlalchemy greenlet redis fakeredis && env/bin/python make_langchain.py
"""

import gzip
import json
import tempfile
import warnings
from pathlib import Path
from unittest import mock

warnings.simplefilter("ignore")

import fakeredis  # noqa: E402
import redis  # noqa: E402
from langchain_community.chat_message_histories import (  # noqa: E402
    FileChatMessageHistory,
    RedisChatMessageHistory,
    SQLChatMessageHistory,
)
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage, messages_to_dict  # noqa: E402
from texts import sentences  # noqa: E402

DATA = Path(__file__).parent.parent / "data"


def turns():
    """The turns of six sessions, 240 with a text and a few without."""
    for number, text in enumerate(sentences(240)):
        session = f"chat-{number // 40}"
        if number % 40 == 0:
            yield session, SystemMessage(f"You are the helper of session {number // 40}")
        yield session, HumanMessage(text) if number % 2 == 0 else AIMessage(text, id=f"run--{number:032x}")
        if number % 40 == 20:
            yield (
                session,
                AIMessage("", tool_calls=[{"name": "weather", "args": {"city": "Lisbon"}, "id": f"call_{number}"}]),
            )
            yield session, ToolMessage(f"21 degrees, reading {number}", tool_call_id=f"call_{number}")


def packed(name, data):
    (DATA / name).write_bytes(gzip.compress(data, mtime=0))


folder = Path(tempfile.mkdtemp())
server = fakeredis.FakeServer()
for session, message in turns():
    SQLChatMessageHistory(session, connection=f"sqlite:///{folder}/history.db").add_message(message)
    with (
        mock.patch.object(redis, "from_url", lambda *a, **k: fakeredis.FakeRedis(server=server)),
        mock.patch(
            "langchain_community.utilities.redis.get_client", lambda *a, **k: fakeredis.FakeRedis(server=server)
        ),
        mock.patch(
            "langchain_community.chat_message_histories.redis.get_client",
            lambda *a, **k: fakeredis.FakeRedis(server=server),
        ),
    ):
        RedisChatMessageHistory(session, url="redis://localhost:6379").add_message(message)
    FileChatMessageHistory(str(folder / "file.json"), ensure_ascii=False, encoding="utf-8").add_message(message)

packed("langchain.db.gz", (folder / "history.db").read_bytes())
packed("langchain_file.json.gz", (folder / "file.json").read_bytes())
client = fakeredis.FakeRedis(server=server)
dump = {key.decode(): [item.decode() for item in client.lrange(key, 0, -1)] for key in client.keys("message_store:*")}
packed("langchain_redis.json.gz", json.dumps(dump, ensure_ascii=False).encode())
packed(
    "langchain_dicts.json.gz",
    json.dumps(messages_to_dict([message for _, message in turns()]), ensure_ascii=False).encode(),
)

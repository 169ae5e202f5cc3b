"""LangGraph's stores with an index: in memory, or in a SQLite file."""

from __future__ import annotations

import importlib
import sqlite3
import sys
import uuid
from pathlib import Path
from typing import Any

from embedding import DIMENSION, Embed


class System:
    """A namespace a user."""

    def __init__(self, folder: Path, embed: Embed, kind: str) -> None:
        index: Any = {"dims": DIMENSION, "embed": embed, "fields": ["text"]}
        self._opened: Any = None
        if kind == "memory":
            from langgraph.store.memory import InMemoryStore

            self.store: Any = InMemoryStore(index=index)
            return
        if not hasattr(sqlite3.Connection, "enable_load_extension"):
            sys.modules["sqlite3"] = importlib.import_module("pysqlite3")  # this Python's cannot load sqlite-vec
        from langgraph.store.sqlite import SqliteStore

        self._opened = SqliteStore.from_conn_string(str(folder / "store.db"), index=index)
        self.store = self._opened.__enter__()
        self.store.setup()

    def add(self, text: str, user: str, tag: str = "none") -> str:
        key = uuid.uuid4().hex
        self.store.put(("memories", user), key, {"text": text, "tag": tag})
        return key

    def add_many(self, texts: list[str], user: str, tag: str = "none") -> int:
        return self.load(texts, [user] * len(texts), [tag] * len(texts))

    def load(self, texts: list[str], users: list[str], tags: list[str]) -> int:
        from langgraph.store.base import PutOp

        self.store.batch(
            [
                PutOp(("memories", user), uuid.uuid4().hex, {"text": text, "tag": tag})
                for text, user, tag in zip(texts, users, tags, strict=True)
            ]
        )
        return len(texts)

    def search(self, query: str, user: str, limit: int, tag: str | None = None) -> list[str]:
        found = self.store.search(("memories", user), query=query, limit=limit, filter={"tag": tag} if tag else None)
        return [item.value["text"] for item in found]

    def get(self, memory_id: str, user: str) -> str:
        return str(self.store.get(("memories", user), memory_id).value["text"])

    def delete_user(self, user: str) -> None:
        from langgraph.store.base import PutOp

        while found := self.store.search(("memories", user), limit=500):
            self.store.batch([PutOp(("memories", user), item.key, None) for item in found])

    def close(self) -> None:
        if self._opened is not None:
            self._opened.__exit__(None, None, None)

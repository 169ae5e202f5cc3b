"""LangGraph's stores with an index: in memory, or in a SQLite file."""

from __future__ import annotations

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
        from langgraph.store.sqlite import SqliteStore

        self._opened = SqliteStore.from_conn_string(str(folder / "store.db"), index=index)
        self.store = self._opened.__enter__()
        self.store.setup()

    def add(self, text: str, user: str) -> str:
        key = uuid.uuid4().hex
        self.store.put(("memories", user), key, {"text": text})
        return key

    def add_many(self, texts: list[str], user: str) -> int:
        from langgraph.store.base import PutOp

        self.store.batch([PutOp(("memories", user), uuid.uuid4().hex, {"text": text}) for text in texts])
        return len(texts)

    def search(self, query: str, user: str, limit: int) -> list[str]:
        return [item.value["text"] for item in self.store.search(("memories", user), query=query, limit=limit)]

    def get(self, memory_id: str, user: str) -> str:
        return str(self.store.get(("memories", user), memory_id).value["text"])

    def delete_user(self, user: str) -> None:
        while found := self.store.search(("memories", user), limit=500):
            for item in found:
                self.store.delete(("memories", user), item.key)

    def close(self) -> None:
        if self._opened is not None:
            self._opened.__exit__(None, None, None)

"""Chroma by itself."""

from __future__ import annotations

import uuid
from pathlib import Path

import chromadb
from chromadb.config import Settings
from embedding import Embed


class System:
    """A persistent client; user and tag are metadata."""

    def __init__(self, folder: Path, embed: Embed, kind: str = "filtered") -> None:
        self.embed, self.filtered = embed, kind == "filtered"
        self.client = chromadb.PersistentClient(str(folder / "chroma"), settings=Settings(anonymized_telemetry=False))
        self.collection = self.client.get_or_create_collection("memories", embedding_function=None)

    def add(self, text: str, user: str, tag: str = "none") -> str:
        made = uuid.uuid4().hex
        self.collection.add([made], self.embed([text]), [{"user": user, "tag": tag}], [text])
        return made

    def add_many(self, texts: list[str], user: str, tag: str = "none") -> int:
        return self.load(texts, [user] * len(texts), [tag] * len(texts))

    def load(self, texts: list[str], users: list[str], tags: list[str]) -> int:
        ids = [uuid.uuid4().hex for _ in texts]
        rows = [{"user": user, "tag": tag} for user, tag in zip(users, tags, strict=True)]
        self.collection.add(ids, self.embed(texts), rows, texts)
        return len(ids)

    def search(self, query: str, user: str, limit: int, tag: str | None = None) -> list[str]:
        where = {"$and": [{"user": user}, {"tag": tag}]} if tag else {"user": user}
        found = self.collection.query(self.embed([query]), n_results=limit, where=where if self.filtered else None)
        return list((found["documents"] or [[]])[0])

    def get(self, memory_id: str, user: str) -> str:
        return str((self.collection.get([memory_id])["documents"] or [""])[0])

    def delete_user(self, user: str) -> None:
        self.collection.delete(where={"user": user})

    def close(self) -> None:
        """It has none before 1.6; its writes are durable when they return."""

"""Chroma by itself."""

from __future__ import annotations

import uuid
from pathlib import Path

import chromadb
from embedding import Embed


class System:
    """A persistent client; the user is metadata."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        self.embed = embed
        self.collection = chromadb.PersistentClient(str(folder / "chroma")).get_or_create_collection(
            "memories", embedding_function=None
        )

    def add(self, text: str, user: str) -> str:
        made = uuid.uuid4().hex
        self.collection.add([made], self.embed([text]), [{"user": user}], [text])
        return made

    def add_many(self, texts: list[str], user: str) -> int:
        ids = [uuid.uuid4().hex for _ in texts]
        self.collection.add(ids, self.embed(texts), [{"user": user} for _ in texts], texts)
        return len(ids)

    def search(self, query: str, user: str, limit: int) -> list[str]:
        found = self.collection.query(self.embed([query]), n_results=limit, where={"user": user})
        return list((found["documents"] or [[]])[0])

    def get(self, memory_id: str, user: str) -> str:
        return str((self.collection.get([memory_id])["documents"] or [""])[0])

    def delete_user(self, user: str) -> None:
        self.collection.delete(where={"user": user})

    def close(self) -> None:
        """It has no close."""

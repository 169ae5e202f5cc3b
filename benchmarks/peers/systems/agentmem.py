"""AgentMem, embedded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from embedding import Embed

from agentmem_core import AgentMem


class System:
    """``AgentMem(folder)``; every add is durable."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        self.memory = AgentMem(folder / "store", embedder=embed)

    def add(self, text: str, user: str, tag: str = "none") -> str:
        return self.memory.add(text, user_id=user, metadata={"tag": tag}).ids[0]

    def add_many(self, texts: list[str], user: str, tag: str = "none") -> int:
        return self.load(texts, [user] * len(texts), [tag] * len(texts))

    def load(self, texts: list[str], users: list[str], tags: list[str]) -> int:
        items: list[dict[str, Any]] = [
            {"content": text, "user_id": user, "metadata": {"tag": tag}}
            for text, user, tag in zip(texts, users, tags, strict=True)
        ]
        return len(self.memory.add_many(items).ids)

    def search(self, query: str, user: str, limit: int, tag: str | None = None) -> list[str]:
        found = self.memory.search(query, user_id=user, limit=limit, filters={"tag": tag} if tag else None)
        return [hit.memory.content for hit in found]

    def get(self, memory_id: str, user: str) -> str:
        return self.memory.get(memory_id, user_id=user).content

    def delete_user(self, user: str) -> None:
        self.memory.forget(user_id=user)

    def close(self) -> None:
        self.memory.close()

"""AgentMem, embedded."""

from __future__ import annotations

from pathlib import Path

from embedding import Embed

from agentmem_core import AgentMem


class System:
    """``AgentMem(folder)``; every add is durable."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        self.memory = AgentMem(folder, embedder=embed)

    def add(self, text: str, user: str) -> str:
        return self.memory.add(text, user_id=user).ids[0]

    def add_many(self, texts: list[str], user: str) -> int:
        return len(self.memory.add_many(texts, user_id=user).ids)

    def search(self, query: str, user: str, limit: int) -> list[str]:
        return [hit.memory.content for hit in self.memory.search(query, user_id=user, limit=limit)]

    def get(self, memory_id: str, user: str) -> str:
        return self.memory.get(memory_id, user_id=user).content

    def delete_user(self, user: str) -> None:
        self.memory.forget(user_id=user)

    def close(self) -> None:
        self.memory.close()

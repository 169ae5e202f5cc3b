"""CrewAI's own memory with LanceDB; everything is said that a model would have to be asked for."""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path
from typing import Any

os.environ |= {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false", "OTEL_SDK_DISABLED": "true"}

from embedding import Embed


class _NoModel:
    """Must not be asked: every field is given."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class System:
    """A scope a user."""

    def __init__(self, folder: Path, embed: Embed) -> None:
        os.environ["CREWAI_STORAGE_DIR"] = str(folder)
        from crewai.memory import Memory
        from crewai.memory.storage.lancedb_storage import LanceDBStorage

        self.memory = Memory(storage=LanceDBStorage(path=str(folder / "lance")), embedder=embed, llm=_NoModel())

    def add(self, text: str, user: str, tag: str = "none") -> str:
        record = self.memory.remember(text, scope=f"/{user}", categories=[tag], importance=0.5)
        self.memory.drain_writes()
        return str(record.id) if record is not None else ""

    def add_many(self, texts: list[str], user: str, tag: str = "none") -> int:
        return self.load(texts, [user] * len(texts), [tag] * len(texts))

    def load(self, texts: list[str], users: list[str], tags: list[str]) -> int:
        rows = sorted(zip(users, tags, texts, strict=True), key=lambda row: row[:2])
        for (user, tag), some in groupby(rows, key=lambda row: row[:2]):
            self.memory.remember_many([text for _, _, text in some], scope=f"/{user}", categories=[tag], importance=0.5)
        self.memory.drain_writes()
        return len(texts)

    def search(self, query: str, user: str, limit: int, tag: str | None = None) -> list[str]:
        found = self.memory.recall(
            query, scope=f"/{user}", categories=[tag] if tag else None, limit=limit, depth="shallow"
        )
        return [match.record.content for match in found]

    def delete_user(self, user: str) -> None:
        self.memory.forget(scope=f"/{user}")

    def close(self) -> None:
        self.memory.close()

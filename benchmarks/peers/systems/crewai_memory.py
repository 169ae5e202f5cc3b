"""CrewAI's own memory with LanceDB; everything is said that a model would have to be asked for."""

from __future__ import annotations

import os
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

    def add(self, text: str, user: str) -> str:
        record = self.memory.remember(text, scope=f"/{user}", categories=["said"], importance=0.5)
        self.memory.drain_writes()
        return str(record.id) if record is not None else ""

    def add_many(self, texts: list[str], user: str) -> int:
        self.memory.remember_many(texts, scope=f"/{user}", categories=["said"], importance=0.5)
        self.memory.drain_writes()
        return len(texts)

    def search(self, query: str, user: str, limit: int) -> list[str]:
        return [
            match.record.content for match in self.memory.recall(query, scope=f"/{user}", limit=limit, depth="shallow")
        ]

    def delete_user(self, user: str) -> None:
        self.memory.forget(scope=f"/{user}")

    def close(self) -> None:
        self.memory.close()

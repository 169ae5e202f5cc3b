"""Between CrewAI's ``MemoryRecord`` and the core's ``Memory``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crewai.memory.types import MemoryRecord

from agentmem_core import Memory
from crewai_agentmem.fields import aware, naive, own_metadata, tag_of, tagged, view_of
from crewai_agentmem.filters import path


def record_of(memory: Memory, *, embedding: list[float] | None = None, touched: datetime | None = None) -> MemoryRecord:
    """A memory as CrewAI knows it; its moments are naive and in UTC. ``touched`` is a later use than the store knows of."""
    tag = tag_of(memory)
    told = tag.get("last_accessed")
    uses = [memory.last_accessed_at and naive(memory.last_accessed_at), touched, told and datetime.fromisoformat(told)]
    return MemoryRecord(
        id=memory.id,
        content=memory.content,
        scope=str(tag.get("scope", "/")),
        categories=list(tag.get("categories", ())),
        metadata=own_metadata(memory),
        importance=memory.importance,
        created_at=naive(memory.occurred_at),
        last_accessed=max((use for use in uses if use), default=naive(memory.created_at)),
        embedding=embedding,
        source=tag.get("source"),
        private=bool(tag.get("private", False)),
    )


def item_of(record: MemoryRecord, vector: list[float] | None) -> dict[str, Any]:
    """A record as the core stores it; its text, dates, scope and privacy come back as they were."""
    return {
        "id": record.id,
        "content": record.content,
        "type": "semantic",
        "importance": record.importance,
        "occurred_at": aware(record.created_at).isoformat(),
        "metadata": tagged(
            record.metadata,
            "record",
            scope=path(record.scope),
            categories=record.categories,
            source=record.source,
            private=record.private,
            last_accessed=naive(aware(record.last_accessed)).isoformat(),
        ),
        "vector": vector,
    }


def retagged(
    memory: Memory,
    run: str | None,
    *,
    scope: str | None = None,
    categories: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The metadata of a memory with another scope, other categories or another metadata of the caller's."""
    known = dict(tag_of(memory))
    view = view_of(memory, run)
    told: dict[str, Any] = {
        "scope": str(known.get("scope", "/")) if scope is None else path(scope),
        "categories": known.get("categories") if categories is None else categories,
    }
    rest = {name: value for name, value in known.items() if name not in {"view", "scope", "within", "categories"}}
    return tagged(own_metadata(memory) if metadata is None else metadata, view, **told, **rest)

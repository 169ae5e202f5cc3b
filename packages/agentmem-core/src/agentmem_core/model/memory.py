"""A memory, and the eight types there are."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from agentmem_core.model.scope import Scope
from agentmem_core.model.values import Moment, Value


class MemoryType(StrEnum):
    """What kind of memory it is; one agent owns each (``semantic`` is the type of plain text)."""

    CORE = "core"
    WORKING = "working"
    EPISODIC = "episodic"
    SEMANTIC = "semantic"
    PROCEDURAL = "procedural"
    RESOURCE = "resource"
    KNOWLEDGE = "knowledge"
    CONTEXTUAL = "contextual"


class Memory(Value):
    """Something that is remembered. All datetimes are aware and in UTC.

    ``occurred_at`` is when it was true in the world, ``created_at`` when we were told. ``valid_from`` and ``valid_to``
    bound the time it holds for; a superseded fact keeps its closed interval. A chat turn has a ``role``, and a ``name``
    where the speaker is known.
    """

    id: str
    content: str
    type: MemoryType
    scope: Scope
    metadata: dict[str, Any] = Field(default_factory=dict)
    importance: float = 0.5
    entities: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    role: str | None = None
    name: str | None = None
    occurred_at: Moment
    created_at: Moment
    updated_at: Moment
    expires_at: Moment | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    version: int = 1
    access_count: int = 0
    last_accessed_at: Moment | None = None

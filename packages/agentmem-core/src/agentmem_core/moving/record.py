"""What a source gives: something to remember, or something that does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agentmem_core.model import MemoryType


@dataclass(frozen=True, slots=True)
class Earlier:
    """How a record stood before; ``operation`` is add or update."""

    content: str
    changed_at: datetime
    operation: str = "add"


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One thing to remember, as its source says it.

    ``place`` is where it stands there. ``original_id`` is its id there, None where it has none; ``lasting`` says that this id
    stands for the same thing for ever (a UUID), rather than for a number in a table. ``label`` makes it a core block.
    What is None the source does not say.
    """

    place: str
    content: str
    type: MemoryType
    original_id: str | None = None
    lasting: bool = True
    role: str | None = None
    name: str | None = None
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    occurred_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = None
    valid_to: datetime | None = None
    importance: float | None = None
    entities: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    history: tuple[Earlier, ...] = ()
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something of the source that is not moved, where it stands, and why."""

    place: str
    reason: str
    original_id: str | None = None


Found = SourceRecord | Misfit
Records = Iterator[Found]
EMPTY = "it has no text"

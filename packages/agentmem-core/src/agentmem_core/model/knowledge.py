"""What the knowledge agent answers."""

from __future__ import annotations

from enum import StrEnum

from agentmem_core.model.scope import Scope
from agentmem_core.model.values import Moment, Value


class Sensitivity(StrEnum):
    """How much harm a value can do in the wrong hands. Values of every level are sealed; the level is a label for readers."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    SECRET = "secret"  # noqa: S105 - the name of a level


class KnowledgeEntry(Value):
    """Something that is known under a name; never with its value. ``sealed`` is False for a plain note, which has none."""

    id: str
    name: str
    sensitivity: Sensitivity
    description: str | None = None
    sealed: bool
    version: int
    updated_at: Moment
    scope: Scope

"""The records of an export, as JSON: memories with their history, and links. They are checked when they come in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agentmem_core.model import MemoryType
from agentmem_core.model.values import Content, Count, Importance, Instant, Metadata, Name, Text, Value


class MemoryRecord(Value):
    """A memory as exported; checked again on the way in, since a file may come from anywhere."""

    kind: str
    collection: Name
    user_id: Name
    id: Name
    content: Content
    type: MemoryType
    agent_id: Name | None = None
    session_id: Name | None = None
    metadata: Metadata = Field(default_factory=dict)
    importance: Importance = 0.5
    entities: tuple[Name, ...] = ()
    source: tuple[Name, ...] = ()
    role: Name | None = None
    name: Name | None = None
    occurred_at: Instant
    created_at: Instant
    updated_at: Instant
    expires_at: Instant | None = None
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    version: Annotated[Count, Field(ge=1)] = 1
    access_count: Count = 0
    last_accessed_at: Instant | None = None
    operation: Name = "add"
    reason: Text | None = None
    deleted_at: Instant | None = None
    vector: str | None = None
    history: tuple[VersionRecord, ...] = ()


class VersionRecord(Value):
    """A former state of a memory, in its history."""

    version: Annotated[Count, Field(ge=1)]
    content: Content
    metadata: Metadata = Field(default_factory=dict)
    importance: Importance
    operation: Name
    changed_at: Instant
    reason: Text | None = None


class LinkFields(Value):
    """A link, without what names the user it belongs to."""

    source: Name
    relation: Name
    target: Name
    weight: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 1.0
    metadata: Metadata = Field(default_factory=dict)
    valid_from: Instant
    valid_to: Instant | None = None
    fact: Name | None = None


class LinkRecord(Value):
    """A link as exported."""

    kind: str
    user_id: Name
    link: LinkFields

"""What people write by hand where the operation itself says more: one memory, one id."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from agentmem_core.errors import InvalidInputError, NotFoundError
from agentmem_core.model.memory import Memory
from agentmem_core.model.message import Message
from agentmem_core.model.values import Content, Importance, Instant, Metadata, Name, Value, Vector
from agentmem_core.operations.base import MEMORIES, build
from agentmem_core.operations.memories import Infer, Kind, NewMemory, Where


class AddOne(Value):
    """A text, or the turns of a chat in ``messages``; the rest holds for each of them unless it says otherwise."""

    content: Content | None = None
    messages: tuple[Message, ...] = ()
    type: Kind | None = None
    metadata: Metadata = Field(default_factory=dict)
    importance: Importance | None = None
    occurred_at: Instant | None = None
    expires_at: Instant | None = None
    valid_from: Instant | None = None
    id: Name | None = None
    role: Name | None = None
    name: Name | None = None
    entities: tuple[Name, ...] = ()
    source: tuple[Name, ...] = ()
    vector: Vector | None = None
    collection: Name = MEMORIES
    on_conflict: Literal["error", "replace"] = "error"
    infer: Infer = False


def added(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of ``Add``."""
    how = {name: given.pop(name) for name in ("collection", "on_conflict", "infer")}
    messages = cast("tuple[Message, ...]", given.pop("messages"))
    if bool(messages) is (given["content"] is not None):
        raise InvalidInputError("content: give either content, or messages: a list of {role, content}")
    if not messages:
        return {**how, "items": (build(NewMemory, **given),)}
    if given["id"] is not None and len(messages) > 1:
        raise InvalidInputError("id: stands for one memory; give each message its own")
    return {**how, "items": tuple(_turn(message, given) for message in messages)}


def _turn(message: Message, common: dict[str, Any]) -> NewMemory:
    own = {name: value for name in Message.model_fields if (value := getattr(message, name)) is not None}
    return build(NewMemory, **{**common, **own, "metadata": {**common["metadata"], **message.metadata}})


class Reindexing(Value):
    """A step of a rebuild; an embedder is named here, since nothing else travels."""

    embedder: Name | None = None
    rows: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    restart: bool = False


class OneId(Value):
    """The memory with this id."""

    id: Name
    collection: Name = MEMORIES


class Chosen(Value):
    """The memories that pass the filters."""

    filters: Where
    reason: str | None = None
    collection: Name = MEMORIES


def by_ids(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of an operation that takes several ids."""
    return {"ids": (given.pop("id"),), **given}


def the_only(memories: list[Memory]) -> Memory:
    """The one memory of an answer."""
    if not memories:
        raise NotFoundError("no such memory in this scope")
    return memories[0]

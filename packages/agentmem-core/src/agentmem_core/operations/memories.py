"""Verbs on memories one by one: add, get, list, update, delete, history, restore, relate."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.filters import AnyFilter, parse_filter
from agentmem_core.model.memory import Memory, MemoryType
from agentmem_core.model.results import Added, Link, Page, Version
from agentmem_core.model.scope import Scope
from agentmem_core.model.values import (
    Content,
    Importance,
    Instant,
    Limit,
    Metadata,
    Name,
    Text,
    Value,
    Vector,
    checked_content,
    checked_metadata,
    trusting,
)
from agentmem_core.operations.base import MEMORIES, Access, Op


def _memory_type(value: Any) -> Any:
    if value is None or isinstance(value, MemoryType):
        return value
    if isinstance(value, str) and value in set(MemoryType):
        return MemoryType(value)
    raise InvalidInputError(f"type: unknown memory type {value!r}; use one of {', '.join(MemoryType)}")


def _types(value: Any) -> Any:
    if value is None:
        return None
    items: Any = [value] if isinstance(value, str) else value
    try:
        return tuple(_memory_type(item) for item in items)
    except TypeError:
        raise InvalidInputError(f"types: must be a list of memory types, not {type(value).__name__}") from None


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _infer(value: Any) -> Any:
    if isinstance(value, bool) or value == "background":
        return value
    raise InvalidInputError(f'infer: must be True, False or "background", not {value!r}')


Kind = Annotated[MemoryType, BeforeValidator(_memory_type)]
Kinds = Annotated[tuple[MemoryType, ...] | None, BeforeValidator(_types)]
Where = Annotated[AnyFilter | None, BeforeValidator(parse_filter)]

Infer = Annotated[Literal[False, True, "background"], BeforeValidator(_infer)]


class NewMemory(Value):
    """What a caller gives to be remembered. A ``role`` makes it a chat turn; what is None the engine decides.

    ``id_if_new`` is the id it gets where it is stored anew; a text that is known keeps its own. The same add with the same
    ``id_if_new`` again is the same add, whose answer may have been lost: it is answered as the first time.
    """

    content: Content
    type: Kind | None = None
    metadata: Metadata = Field(default_factory=dict)
    importance: Importance | None = None
    occurred_at: Instant | None = None
    expires_at: Instant | None = None
    valid_from: Instant | None = None
    id: Name | None = None
    id_if_new: Name | None = None
    role: Name | None = None
    name: Name | None = None
    entities: tuple[Name, ...] = ()
    source: tuple[Name, ...] = ()
    vector: Vector | None = None
    user_id: Name | None = None
    agent_id: Name | None = None
    session_id: Name | None = None

    @classmethod
    def of_text(cls, content: Any, metadata: Any) -> NewMemory | None:
        """A plain text of which nothing is said but ``metadata``, checked in a third of the time; None where something is wrong."""
        if type(content) is not str:
            return None
        try:
            return _new_memory({**_UNSAID, "content": checked_content(content), "metadata": checked_metadata(metadata)})
        except ValueError:
            return None


_new_memory = trusting(NewMemory)
_UNSAID = {name: field.default for name, field in NewMemory.model_fields.items()}


class Add(Op[Added]):
    """Remember ``items`` in one transaction.

    ``on_conflict`` decides about an id that stands already: an error, or the new content replaces it as a new version.
    ``on_error="report"`` lets the other items through and reports the failed one in the answer; a malformed one is refused with all
    of them (a client's ``add_many`` reports it, too). ``infer`` learns facts from what was remembered, now or in the background: then
    a plain text without a type is a turn of the user.
    """

    items: tuple[NewMemory, ...]
    collection: Name = MEMORIES
    on_conflict: Literal["error", "replace"] = "error"
    on_error: Literal["raise", "report"] = "raise"
    infer: Infer = False

    def of(self, items: tuple[NewMemory, ...], scope: Scope) -> Add:
        """The same with other items and another scope, which are known to be right."""
        return _add({**vars(self), "items": items, "scope": scope})


_add = trusting(Add)


class Get(Op[list[Memory]]):
    """The memories with these ids, in their order; unknown ones, and those of no type in ``types``, are left out."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "read"

    ids: tuple[Name, ...]
    types: Kinds = None
    collection: Name = MEMORIES


class List(Op[Page]):
    """A scope's memories a page at a time, in the order they were added; facts that hold no longer only where ``ended``."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "read"

    limit: Limit = 100
    cursor: str | None = None
    types: Kinds = None
    filters: Where = None
    order: Literal["oldest", "newest"] = "oldest"
    ended: bool = True
    collection: Name = MEMORIES


class Update(Op[Memory]):
    """Change the fields that are given, as a new version; those in ``clear`` become None.

    ``metadata`` replaces the whole of it, ``marks`` are set beside what it says. ``expected_version`` refuses the change when another came first.
    """

    id: Name
    content: Content | None = None
    metadata: Metadata | None = None
    importance: Importance | None = None
    type: Kind | None = None
    occurred_at: Instant | None = None
    expires_at: Instant | None = None
    valid_from: Instant | None = None
    valid_to: Instant | None = None
    entities: tuple[Name, ...] | None = None
    vector: Vector | None = None
    marks: Metadata = Field(default_factory=dict)
    clear: Annotated[tuple[Literal["expires_at", "valid_to"], ...], BeforeValidator(_several)] = ()
    reason: Text | None = None
    expected_version: int | None = None
    types: Kinds = None
    collection: Name = MEMORIES


class Delete(Op[int]):
    """Delete by ids or by filter; answers how many. A deleted memory can be restored until ``compact``."""

    ids: tuple[Name, ...] | None = None
    filters: Where = None
    missing: Literal["error", "ignore"] = "error"
    reason: Text | None = None
    types: Kinds = None
    collection: Name = MEMORIES


class History(Op[list[Version]]):
    """Every version of a memory, oldest first; of a deleted one too."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "read"

    id: Name
    collection: Name = MEMORIES


class Restore(Op[Memory]):
    """Make an earlier version the current one, as a new version; revives a deleted memory."""

    id: Name
    version: int
    collection: Name = MEMORIES


class Relate(Op[Link]):
    """Link two memories of one user; a relation that stands already gets the new weight and metadata."""

    repeatable: ClassVar[bool] = True

    source: Name
    relation: Name
    target: Name
    weight: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 1.0
    metadata: Metadata = Field(default_factory=dict)
    valid_from: Instant | None = None


class Links(Op[list[Link]]):
    """The links from or to a memory."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "read"

    id: Name
    relation: Name | None = None

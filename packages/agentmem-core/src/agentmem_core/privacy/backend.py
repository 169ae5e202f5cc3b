"""The filter as a wrapper: every operation is looked at before the backend behind it sees it."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar, cast

from agentmem_core.errors import InvalidInputError, NotSupportedError
from agentmem_core.model import Added, AddedItem, AddOutcome
from agentmem_core.model.things import is_thing
from agentmem_core.operations import Add, Import, NewMemory, Op, Update
from agentmem_core.operations.agents.resource import PutFile
from agentmem_core.ports import Backend
from agentmem_core.privacy.fields import FIELDS, IDS, Treat
from agentmem_core.privacy.files import cleaned_bytes
from agentmem_core.privacy.filtering import Cleaning, PrivacyFilter
from agentmem_core.privacy.records import cleaned_record

T = TypeVar("T")


class Guarded:
    """A ``Backend`` behind a filter: what it takes out never reaches the other, and what it blocks is refused."""

    def __init__(self, backend: Backend, privacy: PrivacyFilter) -> None:
        """Takes over the backend and closes it in the end."""
        self._backend = backend
        self._privacy = privacy

    def execute(self, op: Op[T]) -> T:
        if isinstance(op, Add):
            adding = _Adding(self._privacy, op)
            return cast("T", adding.answer(self._backend.execute(adding.op) if adding.op.items else Added()))
        return self._backend.execute(cleaned(self._privacy, op))

    async def aexecute(self, op: Op[T]) -> T:
        if isinstance(op, Add):
            adding = _Adding(self._privacy, op)
            return cast("T", adding.answer(await self._backend.aexecute(adding.op) if adding.op.items else Added()))
        return await self._backend.aexecute(cleaned(self._privacy, op))

    def close(self) -> None:
        self._backend.close()

    async def aclose(self) -> None:
        await self._backend.aclose()


class _Adding:
    """An add without what is taken out of its items; one that is refused fails alone where failures are reported."""

    def __init__(self, privacy: PrivacyFilter, op: Add) -> None:
        self._failed: dict[int, AddedItem] = {}
        items: list[NewMemory] = []
        for number, item in enumerate(op.items):
            try:
                items.append(_item(privacy, item))
            except InvalidInputError as error:
                if op.on_error == "raise":
                    raise
                self._failed[number] = AddedItem(outcome=AddOutcome.FAILED, error=str(error), error_code=error.code)
        self._count = len(op.items)
        self.op = op.model_copy(update={"items": tuple(items)})

    def answer(self, added: Added) -> Added:
        """The answer with the refused items at their places."""
        if not self._failed:
            return added
        told = iter(added.items)
        items = tuple(self._failed.get(number) or next(told) for number in range(self._count))
        return added.model_copy(update={"items": items})


def _item(privacy: PrivacyFilter, item: NewMemory) -> NewMemory:
    cleaning = Cleaning(privacy)
    changes: dict[str, Any] = {
        "content": cleaning.text(item.content, "content"),
        "entities": tuple(cleaning.text(name, "entities") for name in item.entities),
        "metadata": cleaning.json(item.metadata, "metadata") if item.metadata else item.metadata,
        "name": None if item.name is None else cleaning.text(item.name, "name"),
    }
    if item.role is not None:
        cleaning.name(item.role, "role")
    if not cleaning.redacted:
        return item
    return item.model_copy(update={**changes, "metadata": cleaning.marked(changes["metadata"])})


def cleaned(privacy: PrivacyFilter, op: Op[T]) -> Op[T]:
    """The operation without what is taken out, or itself; ``InvalidInputError`` for what is refused."""
    fields = FIELDS.get(type(op))
    if fields is None:
        unknown = text_fields(type(op))
        if unknown:
            raise NotSupportedError(
                f"{type(op).__name__}: the privacy filter does not know what of it is stored ({', '.join(unknown)}); it is refused "
                "while redact= or block= is on"
            )
        return op
    cleaning = Cleaning(privacy)
    changes = _changes(cleaning, op, fields)
    given: Any = op
    if isinstance(given, Import):
        changes["records"] = tuple(cleaned_record(privacy, record) for record in given.records)
    if isinstance(given, PutFile):
        data = cleaned_bytes(cleaning, given)
        changes |= {} if data is given.data else {"data": data}
    if cleaning.redacted and "metadata" in type(op).model_fields:
        changes |= _marked(cleaning, op, changes)
    return op.model_copy(update=changes) if changes else op


def _changes(cleaning: Cleaning, op: Op[Any], fields: Mapping[str, Treat]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for name, treat in fields.items():
        given: Any = getattr(op, name)
        treated = _TREATED.get(treat)
        if given is None or treated is None:
            continue
        value = (
            tuple(treated(cleaning, one, name) for one in given)
            if isinstance(given, tuple)
            else treated(cleaning, given, name)
        )
        if value != given:
            changes[name] = value
    return changes


def _thing(cleaning: Cleaning, value: str, where: str) -> str:
    return value if _is_id(value) else cleaning.text(value, where)


def _is_id(value: str) -> bool:
    return len(value) == 36 and value.count("-") == 4 and not is_thing(value)


_TREATED: dict[Treat, Callable[[Cleaning, Any, str], Any]] = {
    Treat.TEXT: Cleaning.text,
    Treat.JSON: Cleaning.json,
    Treat.NAME: Cleaning.name,
    Treat.THING: _thing,
}


def _marked(cleaning: Cleaning, op: Op[Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of an operation with the mark of what was taken out; an update leaves the metadata that it does not give."""
    metadata = changes.get("metadata", getattr(op, "metadata", None))
    if isinstance(op, Update) and metadata is None:
        return {"marks": cleaning.marked(None)}
    return {"metadata": cleaning.marked(metadata)}


@lru_cache(maxsize=256)
def text_fields(kind: type[Op[Any]]) -> tuple[str, ...]:
    """The fields of an operation that may hold text, but for those that say which, where or how."""
    return tuple(name for name, field in kind.model_fields.items() if name not in IDS and _holds_text(field.annotation))


def _holds_text(annotation: Any) -> bool:
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return False
    if origin is typing.Annotated or isinstance(annotation, types.GenericAlias | types.UnionType) or origin is not None:
        return any(_holds_text(part) for part in typing.get_args(annotation))
    if annotation in {str, bytes, Any, dict, list, tuple, object}:
        return True
    return (
        isinstance(annotation, type)
        and hasattr(annotation, "model_fields")
        and any(_holds_text(field.annotation) for field in annotation.model_fields.values())
    )

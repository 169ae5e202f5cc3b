"""From what people pass to ``add`` to checked items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from agentmem_core.errors import AgentMemError, InvalidInputError
from agentmem_core.model import AddedItem, AddOutcome, Message
from agentmem_core.operations import NewMemory, build

Item = str | Message | Mapping[str, Any] | NewMemory
Content = Item | Sequence[Item]

_PLAIN = frozenset({"metadata"})


def items_of(content: Any, **common: Any) -> tuple[NewMemory, ...]:
    """The items of one ``add``: a text, a turn, or several; ``common`` holds for each unless it says otherwise."""
    if isinstance(content, str | Message | Mapping | NewMemory):
        return (item_of(content, **common),)
    if not isinstance(content, Iterable) or isinstance(content, bytes):
        raise InvalidInputError(
            f"content: must be text, a Message, a dict with role and content, or a list of them, not {type(content).__name__}"
        )
    several = list(content)
    if not several:
        raise InvalidInputError("content: the list is empty; give at least one message")
    if common.get("id") is not None and len(several) > 1:
        raise InvalidInputError(
            'id: stands for one memory; give each message its own, for example {"id": ..., "role": ...}'
        )
    return tuple(item_of(item, **common) for item in several)


def item_of(given: Any, **common: Any) -> NewMemory:
    """One checked item."""
    if isinstance(given, NewMemory):
        return given
    fields: dict[str, Any]
    said = {name for name, value in common.items() if value is not None}
    if isinstance(given, str):
        plain = NewMemory.of_text(given, common.get("metadata")) if said <= _PLAIN else None
        if plain is not None:
            return plain
        fields = {"content": given}
    elif isinstance(given, Message):
        fields = {name: value for name in Message.model_fields if (value := getattr(given, name)) is not None}
    elif isinstance(given, Mapping):
        strange = next((key for key in given if not isinstance(key, str)), None)
        if strange is not None:
            raise InvalidInputError(f"content: the keys of a message must be text, not {type(strange).__name__}")
        fields = dict(cast("Mapping[str, Any]", given))
    else:
        raise InvalidInputError(
            f"content: must be text, a Message, a dict with role and content, or a list of them, not {type(given).__name__}"
        )
    missing = {name: common[name] for name in said if name not in fields}
    if common.get("metadata") and isinstance(fields.get("metadata"), Mapping):
        fields["metadata"] = {**common["metadata"], **fields["metadata"]}
    return build(NewMemory, **missing, **fields)


def batches(items: Any, size: int) -> Iterator[tuple[list[NewMemory], list[AddedItem | None]]]:
    """Parts of a long list: the items that can be used, and for each place what already failed (None: it is used)."""
    if not isinstance(items, Iterable):
        raise InvalidInputError(f"items: must be a list or an iterator of items, not {type(items).__name__}")
    usable: list[NewMemory] = []
    places: list[AddedItem | None] = []
    for given in items:
        try:
            usable.append(item_of(given))
            places.append(None)
        except AgentMemError as error:
            places.append(AddedItem(outcome=AddOutcome.FAILED, error=str(error), error_code=error.code))
        if len(places) == size:
            yield usable, places
            usable, places = [], []
    if places:
        yield usable, places

"""From what people pass to ``add`` to checked items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from agentmem_core.errors import AgentMemError, InvalidInputError
from agentmem_core.model import AddedItem, AddOutcome, Message
from agentmem_core.operations import NewMemory, build

Item = str | Message | Mapping[str, Any] | NewMemory
Content = Item | Sequence[Item]

_PLAIN = frozenset({"metadata"})
_USUAL = ("role", "content", "name")
_TEXTS = frozenset({"text", "input_text", "output_text"})
_WANTED = "must be text, a Message, a dict with role and content, or a list of them"
_WANTED_MANY = "must be a list or an iterator of items"


def items_of(content: Any, **common: Any) -> tuple[NewMemory, ...]:
    """The items of one ``add``: a text, a turn, or several; ``common`` holds for each unless it says otherwise."""
    if isinstance(content, str | Message | Mapping | NewMemory):
        return (item_of(content, **common),)
    several = list(_each("content", content))
    if not several:
        raise InvalidInputError("content: the list is empty; give at least one message")
    if common.get("id") is not None and len(several) > 1:
        raise InvalidInputError(
            'id: stands for one memory; give each message its own, for example {"id": ..., "role": ...}'
        )
    return tuple(_numbered(number, len(several), item, common) for number, item in enumerate(several, 1))


def _numbered(number: int, of: int, given: Any, common: dict[str, Any]) -> NewMemory:
    """One of several messages; what is wrong with it says which one it is."""
    try:
        return item_of(given, **common)
    except InvalidInputError as error:
        raise InvalidInputError(f"message {number} of {of}: {error}" if of > 1 else str(error)) from None


def _each(name: str, given: Any) -> Iterator[Any]:
    """What a list or an iterator holds; a text, bytes or one message is neither."""
    try:
        if not isinstance(given, str | bytes | bytearray | Mapping):
            return iter(given)
    except TypeError:
        pass
    raise InvalidInputError(f"{name}: {_WANTED if name == 'content' else _WANTED_MANY}, not {type(given).__name__}")


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
        fields = _fields_of(cast("Mapping[str, Any]", given))
    else:
        raise InvalidInputError(f"content: {_WANTED}, not {type(given).__name__}")
    missing = {name: common[name] for name in said if name not in fields}
    if "metadata" in said and isinstance(fields.get("metadata"), Mapping):
        ours = common["metadata"]
        fields["metadata"] = {**ours, **fields["metadata"]} if isinstance(ours, Mapping) else ours
    return build(NewMemory, **missing, **fields)


def _fields_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """A dict's fields; the text parts that some models' messages consist of are put together."""
    strange = [name for name in given if name not in NewMemory.model_fields]
    if strange:
        raise InvalidInputError(
            f"{', '.join(strange)}: is not an argument of this call; what a message has beside {', '.join(_USUAL)} belongs into its "
            "metadata (and its time into occurred_at)"
        )
    fields = dict(given)
    if isinstance(fields.get("content"), list | tuple):
        fields["content"] = "\n".join(map(_text_of, fields["content"]))
    return fields


def _text_of(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping) and part.get("type") in _TEXTS and isinstance(part.get("text"), str):
        return str(part["text"])
    kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
    raise InvalidInputError(
        f"content: a part of it is no text but {kind!r}; give the text alone, and keep files with memory.resource.put()"
    )


def batches(items: Any, size: int) -> Iterator[tuple[list[NewMemory], list[AddedItem | None]]]:
    """Parts of a long list: the items that can be used, and for each place what already failed (None: it is used)."""
    usable: list[NewMemory] = []
    places: list[AddedItem | None] = []
    for given in _each("items", items):
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

"""The filters of LangGraph's stores in the core's language, which vector stores and retrievers speak as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from agentmem_core import Filter, FilterGroup, FilterOperator, InvalidFilterError

_OPERATORS = {
    "$eq": FilterOperator.EQ,
    "$ne": FilterOperator.NE,
    "$gt": FilterOperator.GT,
    "$gte": FilterOperator.GTE,
    "$lt": FilterOperator.LT,
    "$lte": FilterOperator.LTE,
}


class ItemFilterError(InvalidFilterError, ValueError):
    """A filter of a LangGraph store that cannot be used; LangGraph's own stores raise ``ValueError``."""


def item_filters(given: Mapping[str, Any], *, root: str) -> list[Filter | FilterGroup]:
    """What must hold of an item whose value stands under ``root`` with ``path_step`` keys.

    An object is compared key by key, a list as a whole; numbers are ordered with numbers and texts with texts.
    """
    if not isinstance(given, Mapping):
        raise ItemFilterError(f"a filter is a dict of keys and values, not {type(given).__name__}")
    return [part for key, wanted in given.items() for part in _of_field(f"{root}.{path_step(key)}", wanted)]


def path_step(key: object) -> str:
    """A key without dots, which would be a path to the core."""
    if not isinstance(key, str) or not key:
        raise ItemFilterError(f"the keys of a filter must be non-empty texts, not {key!r}")
    return key.replace("%", "%25").replace(".", "%2E")


def key_of(step: str) -> str:
    """The key that ``path_step`` made a step of."""
    return step.replace("%2E", ".").replace("%25", "%")


def _of_field(field: str, wanted: Any) -> list[Filter | FilterGroup]:
    if not isinstance(wanted, Mapping) or not wanted:
        return [Filter(field=field, value=_plain(wanted))]
    fields = wanted
    if not any(isinstance(key, str) and key.startswith("$") for key in fields):
        return item_filters(fields, root=field)
    return [Filter(field=field, operator=_operator(word), value=_plain(value)) for word, value in fields.items()]


def _operator(word: object) -> FilterOperator:
    found = _OPERATORS.get(word) if isinstance(word, str) else None
    if found is None:
        raise ItemFilterError(f"unknown filter operator {word!r}; use one of {', '.join(_OPERATORS)}")
    return found


def _plain(value: Any) -> Any:
    """The value as it stands in the store: keys as steps, tuples as lists."""
    if isinstance(value, Mapping):
        return {path_step(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[Any]", value)]
    return value

"""LlamaIndex's filters in the core's language. The operators are the same fourteen; so is the nesting, to any depth."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from llama_index.core.vector_stores.types import FilterOperator as HostOperator
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters

from agentmem_core import Filter, FilterCondition, FilterGroup, FilterOperator, InvalidFilterError

AnyFilter = Filter | FilterGroup
HostFilter = MetadataFilter | MetadataFilters

OWN = "_node"
"""The metadata key under which we keep what makes a memory a node."""

OPERATORS = {
    HostOperator.EQ: FilterOperator.EQ,
    HostOperator.NE: FilterOperator.NE,
    HostOperator.GT: FilterOperator.GT,
    HostOperator.GTE: FilterOperator.GTE,
    HostOperator.LT: FilterOperator.LT,
    HostOperator.LTE: FilterOperator.LTE,
    HostOperator.IN: FilterOperator.IN,
    HostOperator.NIN: FilterOperator.NIN,
    HostOperator.ANY: FilterOperator.ANY,
    HostOperator.ALL: FilterOperator.ALL,
    HostOperator.TEXT_MATCH: FilterOperator.TEXT_MATCH,
    HostOperator.TEXT_MATCH_INSENSITIVE: FilterOperator.TEXT_MATCH_INSENSITIVE,
    HostOperator.CONTAINS: FilterOperator.CONTAINS,
    HostOperator.IS_EMPTY: FilterOperator.IS_EMPTY,
}

_CLASHES = re.compile(r"_+node|_*memory\.")
_ESCAPED = re.compile(r"__+node|_+memory\.")


def stored_key(key: str) -> str:
    """Where a key of a node's metadata is kept: keys that look like ours, or like the core's own fields, get a ``_`` more."""
    return f"_{key}" if _CLASHES.match(key) else key


def original_key(key: str) -> str:
    """The inverse of ``stored_key``."""
    return key[1:] if _ESCAPED.match(key) else key


def memory_key(key: str) -> str:
    """Among memories, ``memory.role`` and the like are the memory's own fields."""
    return key if key.startswith("memory.") else stored_key(key)


def translated(given: HostFilter | None, key: Callable[[str], str]) -> AnyFilter | None:
    """The same filter for the core; ``key`` says where a metadata key is kept. None when it admits everything."""
    if given is None or (isinstance(given, MetadataFilters) and not given.filters):
        return None
    return _translated(given, key)


def _translated(given: HostFilter, key: Callable[[str], str]) -> AnyFilter:
    if isinstance(given, MetadataFilter):
        return Filter(field=key(given.key), operator=OPERATORS[given.operator], value=given.value)
    if isinstance(given, MetadataFilters):
        condition = FilterCondition(given.condition.value) if given.condition else FilterCondition.AND
        return FilterGroup(condition=condition, filters=tuple(_translated(item, key) for item in given.filters))
    raise InvalidFilterError(f"filters: must be MetadataFilters, not {type(given).__name__}")


def every(*parts: AnyFilter | None) -> AnyFilter | None:
    """All of them must hold; None when there is none."""
    given = tuple(part for part in parts if part is not None)
    if len(given) < 2:
        return given[0] if given else None
    return FilterGroup(filters=given)


def either(*parts: AnyFilter) -> FilterGroup:
    """One of them must hold."""
    return FilterGroup(condition=FilterCondition.OR, filters=parts)


def among(field: str, values: Sequence[str]) -> Filter:
    """The field is one of the values."""
    return Filter(field=field, operator=FilterOperator.IN, value=list(values))

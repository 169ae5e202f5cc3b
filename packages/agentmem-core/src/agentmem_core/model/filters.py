"""Filters: the one language every host's filters are translated into; what it means stands in ``model/matching.py``.

The operators are LlamaIndex's fourteen (``llama_index.core.vector_stores.types.FilterOperator``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

from pydantic import model_serializer

from agentmem_core.errors import InvalidFilterError
from agentmem_core.model.memory import Memory
from agentmem_core.model.values import Given

OWN_PREFIX = "memory."
OWN_FIELDS = frozenset({
    "id", "content", "type", "entities", "agent_id", "session_id", "role", "name", "importance", "version",
    "occurred_at", "created_at", "updated_at", "expires_at",
})  # fmt: skip
_MAX_DEPTH = 50
_BARE = {"and", "or", "not", "nor"}


class FilterOperator(StrEnum):
    """How a field is compared with the value."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NIN = "nin"
    ANY = "any"
    ALL = "all"
    TEXT_MATCH = "text_match"
    TEXT_MATCH_INSENSITIVE = "text_match_insensitive"
    CONTAINS = "contains"
    IS_EMPTY = "is_empty"


_ALIASES = {"==": "eq", "!=": "ne", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "not_in": "nin"}
_LISTS = {FilterOperator.IN, FilterOperator.NIN, FilterOperator.ANY, FilterOperator.ALL}
_TEXTS = {FilterOperator.TEXT_MATCH, FilterOperator.TEXT_MATCH_INSENSITIVE}


class FilterCondition(StrEnum):
    """How the filters of a group are combined; ``not`` holds when none of them does."""

    AND = "and"
    OR = "or"
    NOT = "not"


class Filter(Given):
    """One field against one value.

    ``field`` is a key of the metadata (dots reach into nested objects, unless the key itself has the dots), or
    ``memory.`` and one of the memory's own fields: ``memory.importance``, ``memory.occurred_at``, ...
    """

    field: str
    operator: FilterOperator = FilterOperator.EQ
    value: Any = None

    @model_serializer(when_used="json")
    def _whole(self) -> dict[str, Any]:
        """With what is default too, as ``parse_filter`` reads it; moments stay moments."""
        return {"field": self.field, "operator": self.operator.value, "value": _marked(self.value)}

    @classmethod
    def _refusal(cls, why: str) -> InvalidFilterError:
        return InvalidFilterError(f"{why}; the operators are {', '.join(FilterOperator)}")


class FilterGroup(Given):
    """Filters combined, to any depth. An empty group matches everything."""

    condition: FilterCondition = FilterCondition.AND
    filters: tuple[Filter | FilterGroup, ...] = ()

    @model_serializer(when_used="json")
    def _whole(self) -> dict[str, Any]:
        return {"condition": self.condition.value, "filters": self.filters}

    @classmethod
    def _refusal(cls, why: str) -> InvalidFilterError:
        return InvalidFilterError(f"{why}; the conditions are {', '.join(FilterCondition)}")


AnyFilter = Filter | FilterGroup

_MOMENT = "$datetime"


def _marked(value: Any) -> Any:
    """In JSON a moment is a text; marked, it is compared as a moment again."""
    if isinstance(value, datetime):
        return {_MOMENT: value.isoformat()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_marked(item) for item in cast("Iterable[Any]", value)]
    return value


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {_MOMENT}:
        moment = as_instant(cast("dict[str, Any]", value)[_MOMENT])
        if moment is None:
            raise InvalidFilterError(f"{_MOMENT} must be an ISO 8601 text, not {value[_MOMENT]!r}")
        return moment
    if isinstance(value, list | tuple | set | frozenset):
        return [_unmarked(item) for item in cast("Iterable[Any]", value)]
    return value


def parse_filter(given: Any) -> AnyFilter | None:
    """The filter that a caller wrote as a value, as a mapping, or as a list of either (all must hold).

    >>> parse_filter({"city": "Lisbon"})
    Filter(field='city', operator=<FilterOperator.EQ: 'eq'>, value='Lisbon')
    >>> parse_filter({"$or": [{"year": {"$gte": 2024}}, {"tags": {"contains": "trip"}}]}).condition
    <FilterCondition.OR: 'or'>
    """
    if given is None:
        return None
    return _parse(given, 0)


def _parse(given: Any, depth: int) -> AnyFilter:
    if depth > _MAX_DEPTH:
        raise InvalidFilterError(f"the filter is nested more than {_MAX_DEPTH} deep; flatten it")
    if isinstance(given, Filter):
        return _checked(given.field, given.operator, given.value)
    if isinstance(given, FilterGroup):
        return FilterGroup(condition=given.condition, filters=tuple(_parse(item, depth + 1) for item in given.filters))
    if isinstance(given, Mapping):
        return _parse_mapping(given, depth)
    if isinstance(given, list | tuple):
        return FilterGroup(filters=tuple(_parse(item, depth + 1) for item in cast("Sequence[Any]", given)))
    raise InvalidFilterError(
        f"a filter is a Filter, a FilterGroup, a dict or a list of them, not {type(given).__name__}; "
        'for example {"city": "Lisbon"} or {"year": {"$gte": 2024}}'
    )


def _parse_mapping(given: Mapping[Any, Any], depth: int) -> AnyFilter:
    if "field" in given and "operator" in given and set(given) <= {"field", "operator", "value"}:
        return _checked(given["field"], given["operator"], given.get("value"))
    if "filters" in given and set(given) <= {"condition", "filters"}:
        return _group(given.get("condition", "and"), given["filters"], depth)
    parts: list[AnyFilter] = []
    for key, value in given.items():
        if key in {"$and", "$or", "$not", "$nor"}:
            items: Any = value if isinstance(value, list | tuple) else [value]
            parts.append(_group("not" if key == "$nor" else key[1:], items, depth))
        elif isinstance(key, str) and (key.startswith("$") or (key.lower() in _BARE and isinstance(value, list))):
            raise InvalidFilterError(f"unknown filter combination {key!r}; use $and, $or, $not, $nor")
        else:
            parts.extend(_field_filters(key, value))
    return parts[0] if len(parts) == 1 else FilterGroup(filters=tuple(parts))


def _group(condition: Any, items: Any, depth: int) -> FilterGroup:
    try:
        kind = FilterCondition(condition)
    except ValueError:
        raise InvalidFilterError(f"unknown filter condition {condition!r}; use and, or, not") from None
    if not isinstance(items, list | tuple):
        raise InvalidFilterError(f"the filters of a group must be a list, not {type(items).__name__}")
    return FilterGroup(condition=kind, filters=tuple(_parse(item, depth + 1) for item in cast("Sequence[Any]", items)))


def _field_filters(field: Any, value: Any) -> Iterator[Filter]:
    """``{"year": {"$gte": 2020, "$lt": 2024}}`` is two filters; a plain value is equality."""
    if isinstance(value, Mapping) and value and all(_is_operator(key) for key in value):
        for operator, operand in value.items():
            yield _checked(field, operator, operand)
    elif isinstance(value, Mapping):
        unknown = next((key for key in value if not _is_operator(key)), None)
        raise InvalidFilterError(
            f'{_unknown_operator(unknown)}. To compare {field!r} with an object, write {{"$eq": ...}}'
        )
    else:
        yield _checked(field, FilterOperator.EQ, value)


def _is_operator(word: Any) -> bool:
    return isinstance(word, str) and (word in _ALIASES or word.removeprefix("$") in set(FilterOperator))


def _unknown_operator(word: Any) -> str:
    return f"unknown filter operator {word!r}; use one of {', '.join(FilterOperator)}"


def _checked(field: Any, operator: Any, value: Any) -> Filter:
    if not isinstance(field, str) or not field:
        raise InvalidFilterError(f"a filter's field must be a non-empty text, not {field!r}")
    if not _is_operator(operator):
        raise InvalidFilterError(_unknown_operator(operator))
    kind = FilterOperator(_ALIASES.get(operator, str(operator).removeprefix("$")))
    if field.startswith(OWN_PREFIX) and field.removeprefix(OWN_PREFIX) not in OWN_FIELDS:
        raise InvalidFilterError(f"no field {field!r}; a memory's own fields are {', '.join(sorted(OWN_FIELDS))}")
    if not isinstance(value, str | int | float | list | tuple | set | frozenset | dict | datetime | None):
        raise InvalidFilterError(f"the value for {field!r} must be JSON or a datetime, not {type(value).__name__}")
    if kind in _LISTS and not isinstance(value, list | tuple | set | frozenset):
        raise InvalidFilterError(f"operator {kind} on {field!r} takes a list, not {type(value).__name__}")
    value = _unmarked(value)
    if kind in _TEXTS and not isinstance(value, str):
        raise InvalidFilterError(f"operator {kind} on {field!r} takes a text, not {type(value).__name__}")
    return Filter(field=field, operator=kind, value=value)


def fields_of(given: AnyFilter) -> set[str]:
    """The fields a filter looks at."""
    if isinstance(given, Filter):
        return {given.field}
    return set[str]().union(*(fields_of(item) for item in given.filters))


def field_value(memory: Memory, field: str) -> Any:
    """What ``memory`` holds in ``field``; None when it is absent."""
    if field.startswith(OWN_PREFIX):
        name = field.removeprefix(OWN_PREFIX)
        value = getattr(memory.scope if name in {"agent_id", "session_id"} else memory, name)
        return list(value) if isinstance(value, tuple) else value
    return metadata_value(memory.metadata, field)


def metadata_value(metadata: Mapping[str, Any], field: str) -> Any:
    """The value under ``field``: the key itself, or the path its dots describe; None when it is absent."""
    if field in metadata or "." not in field:
        return metadata.get(field)
    here: Any = metadata
    for step in field.split("."):
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = cast("Mapping[str, Any]", here)[step]
    return here


def as_instant(value: Any) -> datetime | None:
    """The moment that a value is or spells in ISO 8601, aware; None when it is none."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)

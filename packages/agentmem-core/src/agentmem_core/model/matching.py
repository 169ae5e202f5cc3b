"""What filters mean: the one evaluator of all fourteen operators.

A field that a memory lacks, or holds as null, is *absent*: only ``ne``, ``nin`` and ``is_empty`` match it (and ``eq`` to None).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast

from agentmem_core.model.filters import AnyFilter, Filter, FilterCondition, FilterOperator, as_instant, field_value
from agentmem_core.model.memory import Memory


def matches(given: AnyFilter | None, memory: Memory) -> bool:
    """Whether ``memory`` passes the filter."""
    if given is None:
        return True
    if isinstance(given, Filter):
        return holds(given.operator, field_value(memory, given.field), given.value)
    results = (matches(item, memory) for item in given.filters)
    if given.condition is FilterCondition.AND or not given.filters:
        return all(results)
    return any(results) if given.condition is FilterCondition.OR else not any(results)


def holds(operator: FilterOperator, cell: Any, value: Any) -> bool:
    """What an operator means for the value ``cell`` of one memory."""
    if operator is FilterOperator.IS_EMPTY:
        return cell is None or cell in ("", [])
    if cell is None:
        if operator is FilterOperator.EQ:
            return value is None
        if operator is FilterOperator.NE:
            return value is not None
        return operator is FilterOperator.NIN
    return _MEANINGS[operator](cell, value)


def _same(a: Any, b: Any) -> bool:
    """Equality that keeps booleans apart from numbers, and compares a datetime with its ISO text."""
    if isinstance(a, bool) is not isinstance(b, bool):
        return False
    if isinstance(a, datetime) is not isinstance(b, datetime):
        a, b = as_instant(a), as_instant(b)
        return a is not None and a == b
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        left, right = cast("Sequence[Any]", a), cast("Sequence[Any]", b)
        return len(left) == len(right) and all(_same(x, y) for x, y in zip(left, right, strict=True))
    return bool(a == b)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def holds_between(cell: Any, value: Any) -> bool:
        if isinstance(cell, bool) or isinstance(value, bool):
            return False
        if isinstance(cell, int | float) and isinstance(value, int | float):
            return compare(cell, value)
        if isinstance(cell, str) and isinstance(value, str):
            return compare(cell, value)
        if isinstance(cell, datetime) or isinstance(value, datetime):
            left, right = as_instant(cell), as_instant(value)
            return left is not None and right is not None and compare(left, right)
        return False

    return holds_between


def _items(cell: Any) -> Sequence[Any]:
    return cast("Sequence[Any]", cell) if isinstance(cell, list | tuple) else [cell]


def _contains(cell: Any, value: Any) -> bool:
    if isinstance(cell, str):
        return isinstance(value, str) and value in cell
    return isinstance(cell, list | tuple) and any(_same(item, value) for item in cast("Sequence[Any]", cell))


def _among(cell: Any, values: Sequence[Any]) -> bool:
    return any(_same(cell, value) for value in values)


_MEANINGS: dict[FilterOperator, Callable[[Any, Any], bool]] = {
    FilterOperator.EQ: _same,
    FilterOperator.NE: lambda cell, value: not _same(cell, value),
    FilterOperator.GT: _ordered(lambda cell, value: cell > value),
    FilterOperator.GTE: _ordered(lambda cell, value: cell >= value),
    FilterOperator.LT: _ordered(lambda cell, value: cell < value),
    FilterOperator.LTE: _ordered(lambda cell, value: cell <= value),
    FilterOperator.IN: _among,
    FilterOperator.NIN: lambda cell, value: not _among(cell, value),
    FilterOperator.ANY: lambda cell, value: any(_among(item, value) for item in _items(cell)),
    FilterOperator.ALL: lambda cell, value: all(_among(wanted, _items(cell)) for wanted in value),
    FilterOperator.TEXT_MATCH: lambda cell, value: isinstance(cell, str) and value in cell,
    FilterOperator.TEXT_MATCH_INSENSITIVE: lambda cell, value: (
        isinstance(cell, str) and value.casefold() in cell.casefold()
    ),
    FilterOperator.CONTAINS: _contains,
}

"""A filter over many rows: each field is a column of few distinct values, so the evaluator runs once a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from agentmem_core.model.filters import AnyFilter, Filter, FilterCondition, FilterOperator
from agentmem_core.model.matching import holds
from agentmem_core.recall.view import Mask

_FEW = 8
"""Values of a list up to which a row is compared with each of them."""


class Column:
    """One field of every row: a code a row, and the distinct values the codes stand for."""

    def __init__(self) -> None:
        """An empty one."""
        self._codes: list[int] = []
        self._values: list[object] = []
        self._known: dict[object, int] = {}
        self._array: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """How many rows it covers."""
        return len(self._codes)

    def extend(self, values: Iterable[object]) -> None:
        """Append rows."""
        for value in values:
            self._codes.append(self._code(value))
        self._array = None

    def put(self, position: int, value: object) -> None:
        """Another value for one row."""
        self._codes[position] = self._code(value)
        self._array = None

    def _code(self, value: object) -> int:
        key = _key(value)
        code = self._known.get(key)
        if code is None:
            code = self._known[key] = len(self._values)
            self._values.append(value)
        return code

    def mask(self, test: Callable[[object], bool]) -> Mask:
        """Which rows pass a test of their value."""
        if self._array is None:
            self._array = np.array(self._codes, np.int64)
        passed = np.fromiter(map(test, self._values), np.bool_, len(self._values))
        return passed[self._array] if len(passed) else np.zeros(len(self), np.bool_)


def _key(value: object) -> object:
    """Equal for equal values of one kind only: True, 1 and 1.0 stay apart, and lists and dicts can be keys."""
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return (type(value), value)


def _test(given: Filter) -> Callable[[object], bool]:
    """What ``holds`` says, without comparing every text with every one of many."""
    among = given.operator in {FilterOperator.IN, FilterOperator.NIN} and len(given.value) > _FEW
    if not among or not all(isinstance(value, str) for value in given.value):
        return lambda cell: holds(given.operator, cell, given.value)
    texts, wanted = frozenset(given.value), given.operator is FilterOperator.IN
    return lambda cell: (cell in texts) is wanted if isinstance(cell, str) else holds(given.operator, cell, given.value)


def filter_mask(given: AnyFilter, column: Callable[[str], Column], size: int) -> Mask:
    """Which of ``size`` rows pass the filter; the same meaning as ``model.matching.matches``."""
    if isinstance(given, Filter):
        return column(given.field).mask(_test(given))
    if not given.filters:
        return np.ones(size, np.bool_)
    parts = [filter_mask(item, column, size) for item in given.filters]
    if given.condition is FilterCondition.AND:
        every: Mask = np.logical_and.reduce(parts)
        return every
    either: Mask = np.logical_or.reduce(parts)
    return either if given.condition is FilterCondition.OR else ~either

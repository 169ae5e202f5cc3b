"""Rows as growing arrays, one a column, and names as the numbers that stand in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Codes:
    """Names to small numbers, so that a column of names is an array. None is always 0."""

    def __init__(self) -> None:
        """None alone."""
        self._codes: dict[str | None, int] = {None: 0}
        self._names: tuple[str, ...] = ()

    def code(self, name: str | None) -> int:
        """The number of a name, given on first sight."""
        found = self._codes.get(name)
        if found is None:
            found = self._codes[name] = len(self._codes)
            self._names = ()
        return found

    def known(self, name: str) -> int:
        """The number of a name, or -1 for one never seen."""
        return self._codes.get(name, -1)

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the order of their numbers, without None: the first has 1."""
        if len(self._names) < len(self._codes) - 1:
            self._names = tuple(name for name in self._codes if name is not None)
        return self._names


class Columns:
    """Growing arrays, one value a row."""

    KINDS: tuple[tuple[str, Any], ...] = (
        ("row", np.int64), ("alive", np.bool_), ("type", np.int32), ("agent", np.int32), ("session", np.int32),
        ("turn", np.bool_), ("speaker", np.int32), ("question", np.bool_), ("importance", np.float32),
        ("occurred", np.int64), ("expires", np.int64), ("valid_from", np.int64), ("valid_to", np.int64),
        ("words", np.int64),
    )  # fmt: skip

    def __init__(self) -> None:
        """Empty ones."""
        self._size = 0
        self._arrays: dict[str, NDArray[Any]] = {name: np.empty(64, kind) for name, kind in self.KINDS}

    def __len__(self) -> int:
        """How many rows there are."""
        return self._size

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One column, as long as there are rows."""
        return self._arrays[name][: self._size]

    @property
    def nbytes(self) -> int:
        """How much memory they take."""
        return sum(array.nbytes for array in self._arrays.values())

    def extend(self, values: Sequence[tuple[Any, ...]]) -> None:
        """Append rows, each a tuple in the order of ``KINDS``."""
        size = self._size + len(values)
        for (name, kind), column in zip(self.KINDS, zip(*values, strict=True), strict=True):
            array = self._arrays[name]
            if size > len(array):
                grown = np.empty(max(size, 2 * len(array)), kind)
                grown[: self._size] = array[: self._size]
                array = self._arrays[name] = grown
            with np.errstate(over="ignore"):  # a damaged row may hold any number
                array[self._size : size] = column
        self._size = size

    def put(self, position: int, value: tuple[Any, ...]) -> None:
        """Another value for one row."""
        for (name, _), item in zip(self.KINDS, value, strict=True):
            self._arrays[name][position] = item

"""The names of speakers in a query, taken out of its vector.

The vector of what somebody said holds the speaker's name. A name in the query would bring all that this speaker ever said nearer, and
nearest what says least, since of a short text the name is the larger part. Who is named is told by ``ranking.NAMED``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agentmem_core.ports import Embedder
from agentmem_core.recall.text import words
from agentmem_core.recall.view import as_float32, unit_vector

Floats = NDArray[np.float32]

_KEPT = 4096
"""Names whose vectors are remembered, about a kilobyte each."""
_NOTHING_ELSE = 0.05
"""The square of what a vector keeps, below which it was that of a name alone."""


def named(speakers: tuple[str, ...], asked: AbstractSet[str]) -> list[str]:
    """The parts of speakers' names, as they are written, all of whose words are among those of the query.

    >>> named(("Ana Ruiz", "小明"), {"ana", "tea", "明"})
    ['Ana']
    """
    holding = _holding(speakers)
    found = dict.fromkeys(part for word in asked if word in holding for part in holding[word])
    return [part for part, needed in found if needed <= asked]


@lru_cache(maxsize=1024)
def _holding(speakers: tuple[str, ...]) -> dict[str, list[tuple[str, frozenset[str]]]]:
    """The parts of names by the words in them, with all words of each."""
    found: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for part in dict.fromkeys(part for name in speakers for part in name.split()):
        needed = frozenset(words(part))
        for word in needed:
            found.setdefault(word, []).append((part, needed))
    return found


def without(vector: Floats, directions: Sequence[Floats]) -> Floats:
    """What is left of a unit vector at right angles to these, again of length one; all of it where next to nothing is."""
    left, square = vector, 1.0
    for direction in upright(directions):
        share = float(vector.dot(direction))
        left = left - np.float32(share) * direction
        square -= share * share
    return as_float32(left * np.float32(1 / math.sqrt(square))) if square > _NOTHING_ELSE else vector


def upright(directions: Sequence[Floats]) -> list[Floats]:
    """Unit vectors, each at right angles to those before it; one that they hold already is left out."""
    found: list[Floats] = []
    for direction in directions:
        for before in found:
            direction = direction - direction.dot(before) * before
        if not found or direction.dot(direction) > _NOTHING_ELSE:
            found.append(unit_vector(as_float32(direction)) if found else direction)
    return found


class NameVectors:
    """The unit vectors of names, embedded once by the embedder in use."""

    def __init__(self) -> None:
        """None yet."""
        self._kept: tuple[Embedder | None, dict[str, Floats]] = (None, {})

    def of(
        self, names: Sequence[str], embedder: Embedder, embed: Callable[[list[str]], NDArray[np.float32]]
    ) -> list[Floats]:
        """One a name; ``embed`` asks ``embedder`` for those that are new."""
        mine, kept = self._kept
        if mine is not embedder or len(kept) > _KEPT:
            kept = {}
            self._kept = embedder, kept
        for name in names:
            if name not in kept:
                kept[name] = unit_vector(embed([name])[0])
        return [kept[name] for name in names]

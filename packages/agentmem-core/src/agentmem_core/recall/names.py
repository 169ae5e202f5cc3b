"""The names of speakers: whom a query names, and its vector without them.

The vector of what somebody said holds the speaker's name. A name in the query would bring all that this speaker ever said nearer, and
nearest what says least, since of a short text the name is the larger part. Who is named is told by ``ranking.NAMED``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agentmem_core.ports import Embedder
from agentmem_core.recall.text import words

Floats = NDArray[np.float32]

_KEPT = 4096
"""Names whose vectors are remembered, about a kilobyte each."""
_LITTLE = 0.05
"""The square of what is left of a unit vector, below which the rest is chance."""


def naming_words(name: str) -> set[str]:
    """The words that name somebody: of a Chinese name its pairs of characters, since each single one stands in many names.

    >>> sorted(naming_words("Ana Ruiz")), sorted(naming_words("王小明"))
    (['ana', 'ruiz'], ['小明', '王小'])
    """
    found = set(words(name))
    return {word for word in found if len(word) > 1 or word.isascii()} or found


def named(speakers: tuple[str, ...], asked: Iterable[str]) -> list[str]:
    """The parts of speakers' names, as they are written, that a query of these words names.

    >>> named(("Ana Ruiz", "小明"), ("ana", "tea", "明"))
    ['Ana']
    """
    parts = _parts(speakers)
    found = [part for word in asked if word in parts for part in parts[word]]
    return list(dict.fromkeys(found)) if found else found


@lru_cache(maxsize=1024)
def _parts(speakers: tuple[str, ...]) -> dict[str, list[str]]:
    """The parts of names by the words that name them."""
    found: dict[str, list[str]] = {}
    for part in dict.fromkeys(part for name in speakers for part in name.split()):
        for word in naming_words(part):
            found.setdefault(word, []).append(part)
    return found


def without(vector: Floats, directions: Sequence[Floats]) -> Floats:
    """What is left of a unit vector at right angles to these, again of length one; all of it where next to nothing is."""
    left, square = vector, 1.0
    for direction in _upright(directions):
        share = float(np.vdot(vector, direction))
        left = left - np.float32(share) * direction
        square -= share * share
    return left * np.float32(1 / math.sqrt(square)) if square > _LITTLE else vector


def _upright(directions: Sequence[Floats]) -> list[Floats]:
    """Each at right angles to those before it, without those that they hold nearly."""
    found: list[Floats] = []
    for direction in directions:
        rest = direction
        for before in found:
            rest = np.asarray(rest - np.vdot(rest, before) * before, np.float32)
        if not found or np.vdot(rest, rest) > _LITTLE:
            found.append(_unit(rest) if found else rest)
    return found


def _unit(vector: Floats) -> Floats:
    return vector * np.float32(1 / (math.sqrt(np.vdot(vector, vector)) or 1.0))


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
                kept[name] = _unit(embed([name])[0])
        return [kept[name] for name in names]

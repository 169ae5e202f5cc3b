"""Which turns are neighbours, and what each lends to those near it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

NEAR = (0.8, 0.6, 0.4)
"""What a word found one, two, three turns away counts."""
ANSWER = 1.0
"""What a word of a question counts in the turn after it: who answers does not say it again."""
PAUSE = 6 * 3600 * 1_000_000
"""Microseconds of silence that end a stretch of talk: past it, turns are no longer neighbours."""
_WIDE = 4096
"""Turns beyond which only those near a word are looked at, where few are."""
_BLOCK = 1 << 16
"""Numbers that are worked on together: more fit in no cache."""


@dataclass(frozen=True, slots=True)
class Talk:
    """The turns of all conversations, one behind the other: ``place`` inverts ``order``, and is -1 for what is no turn.

    For each distance, ``shares`` holds what each place lends that far ahead, and what it borrows from there; 0 where another talk begins.
    """

    order: Ints
    place: Ints
    shares: tuple[tuple[Floats, Floats], ...]

    @classmethod
    def of(cls, turns: Ints, session: NDArray[np.int32], occurred: Ints, question: NDArray[np.bool_]) -> Talk:
        """Of the rows that are turns; the columns are those of all rows."""
        order = turns[np.argsort(session[turns], kind="stable")]
        place = np.full(len(session), -1, np.int64)
        place[order] = np.arange(len(order))
        session, occurred = session[order], occurred[order]
        breaks = np.zeros(len(order), np.int64)
        breaks[1:] = (session[1:] != session[:-1]) | (np.abs(occurred[1:] - occurred[:-1]) > PAUSE)
        stretch = np.cumsum(breaks)
        shares: list[tuple[Floats, Floats]] = []
        for distance, share in enumerate(NEAR, 1):
            back = np.zeros(len(order), np.float32)
            back[:-distance] = np.float32(share) * (stretch[distance:] == stretch[:-distance])
            ahead = np.where(question[order] & (back > 0), np.float32(ANSWER), back) if distance == 1 else back
            shares.append((ahead, back))
        return cls(order, place, tuple(shares))

    def lend(self, words: Sequence[tuple[NDArray[np.int32], Floats]], scores: Floats) -> None:
        """Add each word's weights to ``scores``: a turn takes the most of its own and what turns near it lend.

        Of a word that names a row twice the last weight counts. Rows that are no turns take their own.
        """
        placed = [(self.place[rows], weights) for rows, weights in words]
        if len(self.order) < len(self.place):
            for (rows, weights), (places, _) in zip(words, placed, strict=True):
                outside = places < 0
                scores[rows[outside]] += weights[outside]
            placed = [(places[places >= 0], weights[places >= 0]) for places, weights in placed]
        at_once = max(_BLOCK // max(len(self.order), 1), 1)
        for start in range(0, len(placed), at_once):
            self._lend(placed[start : start + at_once], scores)

    def _lend(self, words: Sequence[tuple[Ints, Floats]], scores: Floats) -> None:
        """The same with places for rows, and of a few words."""
        order, shares = self.order, self.shares
        near = self._near([places for places, _ in words])
        if near is not None:
            order, shares = order[near], tuple((ahead[near], back[near]) for ahead, back in shares)
            words = [(np.searchsorted(near, places), weights) for places, weights in words]
        scores[order] += _reach(words, shares, len(order))

    def _near(self, places: Sequence[Ints]) -> Ints | None:
        """The places that the words reach, in order; None where looking at all is no more work."""
        size, reach = len(self.order), len(NEAR)
        if size <= _WIDE or (2 * reach + 1) * sum(map(len, places)) > size:
            return None
        reached = np.zeros(size + 2 * reach, np.bool_)
        for step in range(2 * reach + 1):
            for some in places:
                reached[some + step] = True
        return np.flatnonzero(reached[reach : reach + size])


def _reach(words: Sequence[tuple[Ints, Floats]], shares: Sequence[tuple[Floats, Floats]], size: int) -> Floats:
    """What all the words together count in each place."""
    lent = np.zeros((len(words), size), np.float32)
    for line, (places, weights) in zip(lent, words, strict=True):
        line[places] = weights
    reached = lent.copy()
    for distance, (ahead, back) in enumerate(shares, 1):
        np.maximum(reached[:, distance:], lent[:, :-distance] * ahead[:-distance], out=reached[:, distance:])
        np.maximum(reached[:, :-distance], lent[:, distance:] * back[:-distance], out=reached[:, :-distance])
    total: Floats = reached.sum(0)
    return total

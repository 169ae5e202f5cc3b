"""BM25 over one partition's rows, in memory: an inverted index in flat arrays that grows by a tail.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). ``k1`` and ``b`` are lower than the
usual 1.2 and 0.75 because memories are short: a word's repetition and a sentence's length say little there.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import KeysView, Mapping, Sequence
from itertools import chain, count, islice

import numpy as np
from numpy.typing import NDArray

from agentmem_core.recall.postings import Entries, Floats, Ints, Postings, merged

K1 = 0.9
B = 0.4
_TAIL_MIN = 4096
_AT_ONCE = 8192
"""About so many words are numbered in one step, in which no other thread has its turn."""
_EACH_WORD = 120
"""About what a word takes beside its letters."""

_NOWHERE: Ints = np.empty(0, np.int32)
_NOTHING: Floats = np.empty(0, np.float32)


class Lexicon:
    """Which rows hold which word how often. Rows are positions 0, 1, 2, ... in the order they were appended."""

    def __init__(self) -> None:
        """An empty one."""
        self._terms: defaultdict[str, int] = defaultdict(count().__next__)
        self._letters = 0
        self._postings = Postings()
        self._tail: Entries | None = None
        self._new: list[Entries] = []
        self._lengths: Floats = np.empty(0, np.float32)
        self._damping: Floats | None = None
        self._size = 0
        self._total_length = 0

    def __len__(self) -> int:
        """How many rows there are."""
        return self._size

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        parts: list[Postings | Entries] = [self._postings, *self._new]
        if self._tail is not None:
            parts.append(self._tail)
        return (
            sum(part.nbytes for part in parts)
            + 2 * self._lengths.nbytes
            + _EACH_WORD * len(self._terms)
            + self._letters
        )

    def extend(self, rows: Sequence[Sequence[str]]) -> None:
        """Append rows, each given by its words."""
        if not rows:
            return
        start = self._size
        self._grow(start + len(rows))
        self._size += len(rows)
        self._take(np.arange(start, self._size), rows)

    def replace(self, rows: Mapping[int, Sequence[str]]) -> None:
        """Give rows other words."""
        positions = np.fromiter(rows, np.int64, len(rows))
        self._settle()
        self._postings = self._postings.without(positions)
        self._tail = None if self._tail is None else self._tail.without(positions)
        self._total_length -= int(self._lengths[positions].sum(dtype=np.float64))
        self._take(positions, [*rows.values()])

    @property
    def words(self) -> KeysView[str]:
        """All words that a row holds, or once held."""
        return self._terms.keys()

    def weights(self, word: str, alike: Sequence[tuple[str, float]] = ()) -> tuple[Ints, Floats, float]:
        """The rows that hold a word, its BM25 weight in each, about its idf where it stands once, and its idf.

        The idf says how telling a word is: it is larger for rarer ones, largest for those never seen. Words ``alike`` count as so much of
        it, the most first; a row that holds several comes several times, the one that counts for most last.
        """
        docs, counts = self._held(word)
        idf = self._idf(len(docs))
        weights = self._weighed(docs, counts, idf) if len(docs) else _NOTHING
        for other, share in alike:
            more, counts = self._held(other)
            added = self._weighed(more, counts, share * idf)
            docs, weights = (
                (np.concatenate((more, docs)), np.concatenate((added, weights))) if len(docs) else (more, added)
            )
        return docs, weights, idf

    def _weighed(self, docs: Ints, counts: Floats, idf: float) -> Floats:
        if self._damping is None:
            mean = self._total_length / max(self._size, 1) or 1.0
            self._damping = self._lengths[: self._size] * np.float32(K1 * B / mean) + np.float32(K1 * (1 - B))
        damped = self._damping[docs]
        damped += counts
        weights: Floats = counts * np.float32(idf * (K1 + 1))
        weights /= damped
        return weights

    def _idf(self, holding: int) -> float:
        return math.log(1 + (self._size - holding + 0.5) / (holding + 0.5))

    def _held(self, word: str) -> tuple[Ints, Floats]:
        """The rows that hold a word, and how often each does."""
        term = self._terms.get(word)
        if term is None:
            return _NOWHERE, _NOTHING
        if self._new:
            self._settle()
        docs, counts = self._postings.of(term)
        if self._tail is not None:
            more, their_counts = self._tail.of(term)
            if len(more):
                docs, counts = np.concatenate((docs, more)), np.concatenate((counts, their_counts))
        return docs, counts

    def _take(self, positions: NDArray[np.int64], rows: Sequence[Sequence[str]]) -> None:
        """Take in the words of rows that have none."""
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        total = int(lengths.sum())
        known = len(self._terms)
        step = max(len(rows) * _AT_ONCE // max(total, 1), 1)
        terms = np.concatenate([self._numbered(rows[at : at + step]) for at in range(0, len(rows), step)])
        self._letters += sum(map(len, islice(reversed(self._terms), len(self._terms) - known)))
        self._new.append(Entries.counted(terms, lengths, positions))
        self._lengths[positions] = lengths
        self._total_length += total
        self._damping = None

    def _numbered(self, rows: Sequence[Sequence[str]]) -> NDArray[np.int64]:
        return np.fromiter(map(self._terms.__getitem__, chain.from_iterable(rows)), np.int64)

    def _settle(self) -> None:
        """Put what is new where it can be looked up: with all the rest where that is worth it, else in the tail."""
        if not self._new:
            return
        parts = self._new if self._tail is None else [self._tail, *self._new]
        standing = len(self._postings.docs)
        if not standing or sum(len(part.docs) for part in parts) > max(_TAIL_MIN, standing // 8):
            self._postings = merged([self._postings.entries(), *parts], len(self._terms))
            self._tail = None
        else:
            self._tail = Entries.joined(parts)
        self._new = []

    def _grow(self, size: int) -> None:
        if size > len(self._lengths):
            grown = np.zeros(max(size, 2 * len(self._lengths), 64), np.float32)
            grown[: self._size] = self._lengths[: self._size]
            self._lengths = grown

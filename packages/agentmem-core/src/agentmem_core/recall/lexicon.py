"""BM25 over one partition's rows, in memory: an inverted index in flat arrays that grows by a tail.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). ``k1`` and ``b`` are lower than the
usual 1.2 and 0.75 because memories are short: a word's repetition and a sentence's length say little there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, KeysView, Sequence
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

K1 = 0.9
B = 0.4
_TAIL_MIN = 4096

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]


_NOWHERE: Ints = np.empty(0, np.int32)
_NOTHING: Floats = np.empty(0, np.float32)


class Lexicon:
    """Which rows hold which word how often. Rows are positions 0, 1, 2, ... in the order they were appended."""

    def __init__(self) -> None:
        """An empty one."""
        self._terms: dict[str, int] = {}
        self._number = count()
        self._starts = np.zeros(1, np.int64)
        self._docs: Ints = np.empty(0, np.int32)
        self._counts: Floats = np.empty(0, np.float32)
        self._tail_terms: list[int] = []
        self._tail_docs: list[int] = []
        self._tail_counts: list[int] = []
        self._tail_arrays: tuple[Ints, Ints, Floats] | None = None
        self._lengths: Floats = np.empty(0, np.float32)
        self._damping: Floats | None = None
        self._size = 0
        self._total_length = 0.0

    def __len__(self) -> int:
        """How many rows there are."""
        return self._size

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return self._docs.nbytes + self._counts.nbytes + 2 * self._lengths.nbytes + 120 * len(self._terms)

    def extend(self, rows: Sequence[Sequence[str]]) -> None:
        """Append rows, each given by its words."""
        self._damping = None
        start = self._size
        self._grow(start + len(rows))
        lengths = np.fromiter(map(len, rows), np.float32, len(rows))
        self._lengths[start : start + len(rows)] = lengths
        self._total_length += float(lengths.sum())
        self._size += len(rows)
        if len(rows) > 64:
            self._merge(self._numbered(chain.from_iterable(rows), int(lengths.sum())), start, lengths)
        else:
            for position, row in enumerate(rows, start):
                self._append(position, row)

    def replace(self, position: int, row: Sequence[str]) -> None:
        """Give a row other words."""
        self._damping = None
        self._fold_tail()
        keep = self._docs != position
        terms = self._term_column()[keep]
        self._docs, self._counts = self._docs[keep], self._counts[keep]
        self._starts = np.searchsorted(terms, np.arange(len(self._terms) + 1))
        self._total_length += len(row) - float(self._lengths[position])
        self._lengths[position] = len(row)
        self._append(position, row)

    @property
    def words(self) -> KeysView[str]:
        """All words that a row holds, or once held."""
        return self._terms.keys()

    def weights(self, word: str, alike: Sequence[tuple[str, float]] = ()) -> tuple[Ints, Floats, float]:
        """The rows that hold a word, its BM25 weight in each, about its idf where it stands once, and its idf.

        The idf says how telling a word is: it is larger for rarer ones, largest for those never seen. Words ``alike`` count as so much of
        it, the most first; a row that holds several comes several times, the one that counts for most last.
        """
        docs, counts = self._postings(word)
        idf = self._idf(len(docs))
        weights = self._weighed(docs, counts, idf) if len(docs) else _NOTHING
        for other, share in alike:
            more, counts = self._postings(other)
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

    def _postings(self, word: str) -> tuple[Ints, Floats]:
        number = self._terms.get(word)
        if number is None:
            return _NOWHERE, _NOTHING
        if number + 1 < len(self._starts):
            part = slice(self._starts[number], self._starts[number + 1])
            docs, counts = self._docs[part], self._counts[part]
        else:
            docs, counts = self._docs[:0], self._counts[:0]
        if not self._tail_terms:
            return docs, counts
        if self._tail_arrays is None:
            self._tail_arrays = (
                np.array(self._tail_terms, np.int32),
                np.array(self._tail_docs, np.int32),
                np.array(self._tail_counts, np.float32),
            )
        terms, tail_docs, tail_counts = self._tail_arrays
        found = terms == number
        return np.concatenate((docs, tail_docs[found])), np.concatenate((counts, tail_counts[found]))

    def _append(self, position: int, row: Sequence[str]) -> None:
        counts: dict[str, int] = {}
        for word in row:
            counts[word] = counts.get(word, 0) + 1
        for word, times in counts.items():
            number = self._terms.get(word)
            if number is None:
                number = self._terms[word] = next(self._number)
            self._tail_terms.append(number)
            self._tail_docs.append(position)
            self._tail_counts.append(times)
        self._tail_arrays = None
        if len(self._tail_terms) > max(_TAIL_MIN, len(self._docs) // 8):
            self._fold_tail()

    def _numbered(self, words: Iterable[str], size: int) -> Ints:
        terms, number = self._terms, self._number

        def number_of(word: str) -> int:
            found = terms.get(word)
            if found is None:
                found = terms[word] = next(number)
            return found

        return np.fromiter(map(number_of, words), np.int32, size)

    def _merge(self, terms: Ints, start: int, lengths: Floats) -> None:
        docs = np.repeat(np.arange(start, start + len(lengths), dtype=np.int64), lengths.astype(np.int64))
        keys, times = np.unique(terms.astype(np.int64) << 32 | docs, return_counts=True)
        self._rebuild(keys, times.astype(np.float32))

    def _fold_tail(self) -> None:
        if self._tail_terms or len(self._starts) != len(self._terms) + 1:
            self._rebuild(np.empty(0, np.int64), np.empty(0, np.float32))

    def _rebuild(self, keys: NDArray[np.int64], times: Floats) -> None:
        """Everything sorted by word and row again: what was, the tail, and these keys (word << 32 | row)."""
        base = self._term_column().astype(np.int64) << 32 | self._docs
        tail = np.array(self._tail_terms, np.int64) << 32 | np.array(self._tail_docs, np.int64)
        every = np.concatenate((base, tail, keys))
        counts = np.concatenate((self._counts, np.array(self._tail_counts, np.float32), times))
        order = np.argsort(every, kind="stable")
        every = every[order]
        self._docs = (every & 0xFFFF_FFFF).astype(np.int32)
        self._counts = counts[order]
        self._starts = np.searchsorted(every >> 32, np.arange(len(self._terms) + 1))
        self._tail_terms, self._tail_docs, self._tail_counts, self._tail_arrays = [], [], [], None

    def _term_column(self) -> Ints:
        return np.repeat(np.arange(len(self._starts) - 1, dtype=np.int32), np.diff(self._starts))

    def _grow(self, size: int) -> None:
        if size > len(self._lengths):
            grown = np.zeros(max(size, 2 * len(self._lengths), 64), np.float32)
            grown[: self._size] = self._lengths[: self._size]
            self._lengths = grown

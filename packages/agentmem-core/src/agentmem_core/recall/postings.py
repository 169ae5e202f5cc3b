"""Which rows hold which word how often, as flat arrays in the order of the words' numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

_SMALL = 2**31
"""Numbers below are sorted as int32, in half of the time."""


class Entries(NamedTuple):
    """A word's number, a row that holds it, and how often; one a place, the words in order."""

    terms: Ints
    docs: Ints
    counts: Floats

    @classmethod
    def counted(cls, terms: Longs, lengths: Longs, rows: Longs) -> Entries:
        """Of rows so long, all their words one behind the other, repeated ones included; ``terms`` is used up."""
        terms *= len(rows)
        terms += np.repeat(np.arange(len(rows)), lengths)
        small = terms.max(initial=0) < _SMALL
        keys: NDArray[np.signedinteger]
        keys, times = np.unique(terms.astype(np.int32) if small else terms, return_counts=True)
        numbers, places = np.divmod(keys, len(rows))
        docs = rows[places]
        return cls(numbers.astype(np.int32), docs.astype(np.int32), times.astype(np.float32))

    @classmethod
    def joined(cls, parts: Sequence[Entries]) -> Entries:
        """Few of them, sorted. The rows of a word stand in the order of the parts."""
        terms, docs, counts = map(np.concatenate, zip(*parts, strict=True))
        order = terms.argsort(kind="stable")
        return cls(terms[order], docs[order], counts[order])

    @property
    def nbytes(self) -> int:
        """How much memory they take."""
        return self.terms.nbytes + self.docs.nbytes + self.counts.nbytes

    def of(self, term: int) -> tuple[Ints, Floats]:
        """The rows that hold a word, and how often each does."""
        first, end = self.terms.searchsorted(np.array((term, term + 1), np.int32))
        return self.docs[first:end], self.counts[first:end]

    def without(self, rows: Longs) -> Entries:
        """All but those of some rows."""
        kept = ~_are_among(self.docs, rows)
        return Entries(self.terms[kept], self.docs[kept], self.counts[kept])


class Postings(NamedTuple):
    """The rows of word ``n`` and its counts in them stand from ``starts[n]`` to before ``starts[n + 1]``."""

    starts: Longs = np.zeros(1, np.int64)
    docs: Ints = np.empty(0, np.int32)
    counts: Floats = np.empty(0, np.float32)

    @property
    def nbytes(self) -> int:
        """How much memory they take."""
        return self.starts.nbytes + self.docs.nbytes + self.counts.nbytes

    def of(self, term: int) -> tuple[Ints, Floats]:
        """The rows that hold a word, and how often each does."""
        starts = self.starts
        here = slice(starts[term], starts[term + 1]) if term + 1 < len(starts) else slice(0)
        return self.docs[here], self.counts[here]

    def entries(self) -> Entries:
        """The same one by one."""
        terms = np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))
        return Entries(terms, self.docs, self.counts)

    def without(self, rows: Longs) -> Postings:
        """All but those of some rows."""
        gone = _are_among(self.docs, rows)
        starts, kept = self.starts - np.searchsorted(gone.nonzero()[0], self.starts), ~gone
        return Postings(starts, self.docs[kept], self.counts[kept])


def _are_among(docs: Ints, rows: Longs) -> NDArray[np.bool_]:
    return docs == rows[0] if len(rows) == 1 else np.isin(docs, rows)


def merged(parts: Sequence[Entries], words: int) -> Postings:
    """Parts put together, of words below that number. The rows of a word stand in the order of the parts.

    The place of each entry is counted, not sorted for: that takes little memory beside the parts and what comes of them.
    """
    held = np.zeros(words, np.int64)
    for part in parts:
        held += np.bincount(part.terms, minlength=words)
    starts = np.zeros(words + 1, np.int64)
    np.cumsum(held, out=starts[1:])
    docs, counts = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.float32)
    free = starts[:-1].copy()
    for part in parts:
        here = np.bincount(part.terms, minlength=words)
        places = np.repeat(free - (np.cumsum(here) - here), here)
        places += np.arange(len(places))
        docs[places], counts[places] = part.docs, part.counts
        free += here
    return Postings(starts, docs, counts)

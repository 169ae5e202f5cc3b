"""One partition as arrays: what a search scores, in the order the memories came."""

from __future__ import annotations

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentmem_core.errors import StoreDamagedError
from agentmem_core.ports.ledger import Feature
from agentmem_core.recall.arrays import Codes, Columns
from agentmem_core.recall.lexicon import Lexicon
from agentmem_core.recall.names import naming_words
from agentmem_core.recall.talk import Talk
from agentmem_core.recall.text import QUESTION, words

Mask = NDArray[np.bool_]

NEVER = np.int64(2**62)
_SMALL, _LARGE = 1e-20, 1e20
"""Between these, a sum of squares has neither lost nor overflowed float32."""
_FEW = 8
"""Speakers who are looked for one by one: a search for several at once takes as long as that."""


class View:
    """A partition's rows in memory. Not thread-safe: whoever holds it holds its lock."""

    def __init__(self, dimension: int | None) -> None:
        """An empty one; without a ``dimension`` it keeps no vectors (the partition is too large, an index has them)."""
        self.columns = Columns()
        self.lexicon = Lexicon()
        self.types, self.agents, self.sessions, self.speakers = Codes(), Codes(), Codes(), Codes()
        self._dimension = dimension
        self._vectors: NDArray[np.float32] = np.empty((0, dimension or 0), np.float32)
        self._talk: Talk | None = None
        self._visible: tuple[Mask, int, int] | None = None
        """Which rows exist, from when to before when."""
        self._named: list[tuple[int, set[str]]] = []
        self._name_words: set[str] = set()
        self._naming: set[str] = set()

    def __len__(self) -> int:
        """How many rows it holds, dead ones included."""
        return len(self.columns)

    @property
    def dimension(self) -> int | None:
        """How long its vectors are; None when it keeps none."""
        return self._dimension

    @property
    def dead(self) -> int:
        """How many rows are deleted or erased."""
        return len(self) - int(np.count_nonzero(self.columns["alive"]))

    @property
    def has_vectors(self) -> bool:
        """Whether the vectors are here too."""
        return self._dimension is not None

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Unit vectors, or zeros where a row has none; one a row."""
        return self._vectors[: len(self)]

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return self.columns.nbytes + self.lexicon.nbytes + self._vectors.nbytes

    @property
    def last_row(self) -> int:
        """The newest row's number; 0 when there is none."""
        return int(self.columns["row"][-1]) if len(self) else 0

    def extend(self, features: Sequence[Feature]) -> None:
        """Append rows newer than all that are here."""
        if not features:
            return
        start = len(self)
        split = [feature.words.split() for feature in features]
        self.columns.extend(
            [self._column_values(feature, found) for feature, found in zip(features, split, strict=True)]
        )
        self.lexicon.extend([self._telling(found) for found in split])
        if self.has_vectors:
            self._room(start + len(features))
            self._vectors[start : start + len(features)] = unit_rows(
                [feature.vector for feature in features], self._dimension or 0
            )
        self._talk = self._visible = None

    def replace(self, features: Sequence[Feature], changed: Sequence[int]) -> None:
        """Rows as they stand now; those of ``changed`` that are missing are dead."""
        now = {feature.row: feature for feature in features}
        told: dict[int, list[str]] = {}
        for row in changed:
            position = self.position(row)
            if position is None:
                continue
            feature = now.get(row)
            if feature is None:
                self.columns["alive"][position] = False
                continue
            found = feature.words.split()
            same = self.columns["words"][position] == _mark_of(feature.words)
            self.columns.put(position, self._column_values(feature, found))
            if not same:
                told[position] = self._telling(found)
            if self.has_vectors:
                self._vectors[position] = unit_rows([feature.vector], self._dimension or 0)[0]
        if told:
            self.lexicon.replace(told)
        self._talk = self._visible = None

    def position(self, row: int) -> int | None:
        """Where a row stands; None when it is not here."""
        rows = self.columns["row"]
        position = int(np.searchsorted(rows, row))
        return position if position < len(rows) and rows[position] == row else None

    def positions(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where rows stand, those not here left out."""
        here = self.columns["row"]
        found = np.searchsorted(here, rows)
        inside = found < len(here)
        found, rows = found[inside], rows[inside]
        standing: NDArray[np.int64] = found[here[found] == rows]
        return standing

    def standing(self, *, agent_id: str | None, session_id: str | None, now: int) -> Mask:
        """Which rows live, have not expired and are inside the scope, whatever time they hold for."""
        columns = self.columns
        mask: Mask = columns["alive"] & (columns["expires"] > now)
        if agent_id is not None:
            mask &= columns["agent"] == self.agents.known(agent_id)
        if session_id is not None:
            mask &= columns["session"] == self.sessions.known(session_id)
        return mask

    def visible(
        self, *, agent_id: str | None, session_id: str | None, types: Sequence[str] | None, now: int, as_of: int | None
    ) -> Mask:
        """Which rows exist for a reader: living, not expired, inside the scope, and valid at the time asked about."""
        at = now if as_of is None else as_of
        columns = self.columns
        mask = self.standing(agent_id=agent_id, session_id=session_id, now=now) & (columns["valid_to"] > at)
        if as_of is not None:
            mask &= columns["valid_from"] <= at
        if types is not None:
            mask &= np.isin(columns["type"], [self.types.known(name) for name in types])
        return mask

    def visible_now(self, now: int) -> Mask:
        """Which rows exist for whoever asks for nothing special; kept until a row comes or goes, and not to be changed."""
        if self._visible is None or not self._visible[1] <= now < self._visible[2]:
            mask = self.visible(agent_id=None, session_id=None, types=None, now=now, as_of=None)
            mask.flags.writeable = False
            ends = (self.columns[name][mask].min(initial=NEVER) for name in ("expires", "valid_to"))
            self._visible = mask, now, int(min(ends))
        return self._visible[0]

    def talk(self) -> Talk:
        """Which turns are neighbours."""
        if self._talk is None:
            self._talk = self._find_talk()
        return self._talk

    def spoken_by(self, query_words: set[str]) -> Mask:
        """Which rows were said by somebody the query names."""
        named = [code for code, naming in self._names() if query_words & naming]
        speakers = self.columns["speaker"]
        if len(named) > _FEW:
            return np.isin(speakers, named)
        spoken: Mask = np.zeros(len(self), np.bool_)
        for code in named:
            spoken |= speakers == code
        return spoken

    def speaker_words(self) -> AbstractSet[str]:
        """The words of all speakers' names."""
        self._names()
        return self._name_words

    def naming_words(self) -> AbstractSet[str]:
        """Those of them that name somebody."""
        self._names()
        return self._naming

    def _names(self) -> list[tuple[int, set[str]]]:
        """The speakers with the words that name them."""
        names = self.speakers.names
        for place in range(len(self._named), len(names)):
            naming = naming_words(names[place])
            self._named.append((place + 1, naming))
            self._naming |= naming
            self._name_words.update(words(names[place]))
        return self._named

    def _find_talk(self) -> Talk:
        columns = self.columns
        turns = (columns["turn"] & columns["alive"]).nonzero()[0]
        return Talk.of(turns, columns["session"], columns["occurred"], columns["question"])

    def _column_values(self, feature: Feature, found: list[str]) -> tuple[Any, ...]:
        return (
            feature.row,
            feature.alive,
            self.types.code(feature.type),
            self.agents.code(feature.agent_id),
            self.sessions.code(feature.session_id),
            feature.role is not None,
            self.speakers.code(feature.name if feature.role is not None else None),
            found[-1:] == [QUESTION],
            feature.importance,
            feature.occurred_at,
            NEVER if feature.expires_at is None else feature.expires_at,
            -NEVER if feature.valid_from is None else feature.valid_from,
            NEVER if feature.valid_to is None else feature.valid_to,
            _mark_of(feature.words),
        )

    @staticmethod
    def _telling(found: list[str]) -> list[str]:
        return found[:-1] if found[-1:] == [QUESTION] else found

    def _room(self, size: int) -> None:
        if size > len(self._vectors):
            grown = np.zeros(
                (max(size, min(2 * len(self._vectors), size + 8192), 64), self._dimension or 0), np.float32
            )
            grown[: len(self._vectors)] = self._vectors
            self._vectors = grown


def _mark_of(words_text: str) -> int:
    """Equal for equal words, within one process."""
    return hash(words_text)


def unit_rows(blobs: Sequence[bytes | None], dimension: int) -> NDArray[np.float32]:
    """float32 blobs as rows of length one; zeros where there is no vector."""
    if all(blob is not None for blob in blobs):
        joined = b"".join(blob for blob in blobs if blob)
    else:
        nothing = bytes(4 * dimension)
        joined = b"".join(blob or nothing for blob in blobs)
    if len(joined) != 4 * dimension * len(blobs):
        raise StoreDamagedError(
            f"a vector in the store is not {dimension} numbers long. Copy the folder away, then restore a backup or an export"
        )
    return unit(np.frombuffer(joined, np.float32).reshape(len(blobs), dimension))


def unit(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to length one; a row of zeros stays one. Safe for numbers whose squares overflow float32."""
    peaks = np.abs(matrix).max(axis=1, keepdims=True, initial=0.0)
    scaled = np.divide(matrix, peaks, out=np.zeros_like(matrix), where=peaks > 0)
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    return as_float32(np.divide(scaled, norms, out=scaled, where=norms > 0))


def unit_vector(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """One vector scaled to length one, as ``unit`` does it."""
    square = float(vector.dot(vector))
    if _SMALL < square < _LARGE:
        return as_float32(vector * np.float32(1 / math.sqrt(square)))
    return as_float32(unit(vector[None, :])[0])


def as_float32(numbers: Any) -> NDArray[np.float32]:
    """The same array; what numpy's arithmetic leaves untyped is float32 here."""
    found: NDArray[np.float32] = numbers
    return found


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return int((moment - _EPOCH) // _MICROSECOND)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND = datetime.resolution

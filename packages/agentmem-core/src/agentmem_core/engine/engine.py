"""What every handler works with."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from agentmem_core.engine.background import Background
from agentmem_core.engine.following import Follower
from agentmem_core.engine.learner import Learner
from agentmem_core.engine.views import Views
from agentmem_core.errors import EmbedderError, EmbedderMismatchError, NotFoundError, StoreError
from agentmem_core.model import MemoryType, Scope
from agentmem_core.operations import MEMORIES
from agentmem_core.ports import (
    Blobs,
    Collection,
    Embedder,
    Fingerprint,
    LanguageModel,
    Ledger,
    LedgerReader,
    LedgerWriter,
    Partition,
    Record,
    Vault,
)
from agentmem_core.ports.cancelling import CANCELLATION
from agentmem_core.recall.names import NameVectors
from agentmem_core.recall.view import unit_vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

GIVEN = Fingerprint("given", "")
"""The fingerprint of a collection whose vectors the caller brings."""

_SEEN_KEPT = 1024
_TOUCHES_KEPT = 256
"""Searches after which their uses are written: a commit costs as much as several searches."""
_TOUCHES_GIVEN_BACK = 10_000


def mismatch(name: str, stored: Fingerprint, mine: Fingerprint) -> EmbedderMismatchError:
    """The error that says which embedder made a collection, and both ways out."""
    named = f'embedder="{stored.provider}:{stored.model}"'
    if stored.provider == "callable":
        named = f"embedder= the function {stored.model}"
    return EmbedderMismatchError(
        f"collection {name!r} was embedded by {stored}, this client embeds with {mine}. Either open the store with {named}, or "
        "open it so and call reindex(embedder=...) to embed everything anew"
    )


class Touches:
    """Rows used since the counts were last written."""

    def __init__(self) -> None:
        """None yet."""
        self._lock = threading.RLock()  # a handler of a signal may close
        self._counts: dict[int, tuple[int, datetime]] = {}
        self._uses = 0

    def note(self, rows: Sequence[int], now: datetime) -> int:
        """Count rows; answers how many uses wait to be written."""
        with self._lock:
            for row in rows:
                self._counts[row] = (self._counts.get(row, (0, now))[0] + 1, now)
            self._uses += 1
            return self._uses

    def give_back(self, counts: Sequence[tuple[int, int, datetime]]) -> None:
        """Keep counts that could not be written, as long as there are not too many."""
        with self._lock:
            for row, times, when in counts[:_TOUCHES_GIVEN_BACK]:
                self._counts[row] = (self._counts.get(row, (0, when))[0] + times, when)

    def take(self) -> list[tuple[int, int, datetime]]:
        """What is to be written, which is then no longer kept."""
        with self._lock:
            taken = [(row, times, when) for row, (times, when) in self._counts.items()]
            self._counts.clear()
            self._uses = 0
            return taken


class Seen:
    """Collections as this process last wrote to them, and partitions as it last read them.

    Another process may have changed them since: who relies on one looks again inside a transaction.
    """

    def __init__(self) -> None:
        """None yet."""
        self._kept: dict[tuple[str, str], Collection] = {}
        self._partitions: dict[tuple[str, str, str], Partition] = {}

    def get(self, place: tuple[str, str]) -> Collection | None:
        """The collection of that tenant and name, if it was seen."""
        return self._kept.get(place)

    def keep(self, collection: Collection) -> None:
        """Remember how a collection was."""
        if len(self._kept) >= _SEEN_KEPT:
            self._kept.clear()
        if collection.embedder.dimension is not None:
            self._kept[collection.tenant, collection.name] = collection

    def forget(self, place: tuple[str, str]) -> None:
        """Do not rely on it any more."""
        self._kept.pop(place, None)

    def clear(self) -> None:
        """Rely on nothing any more."""
        self._kept.clear()
        self._partitions.clear()

    def partition(self, place: tuple[str, str, str]) -> Partition | None:
        """The partition of that tenant, collection and user, if it was seen."""
        return self._partitions.get(place)

    def keep_partition(self, place: tuple[str, str, str], partition: Partition | None) -> None:
        """Remember how a partition was, or that it is not there any more."""
        if partition is None:
            self._partitions.pop(place, None)
            return
        if len(self._partitions) >= _SEEN_KEPT:
            self._partitions.clear()
        self._partitions[place] = partition


@dataclass
class Engine:
    """The parts, put together by ``connect``: the ledger, what makes vectors, the caches, the index, the clock, the files.

    ``taught`` are the tenants whose lessons are worked off here: those that asked for it, since their turns go to our model.
    ``vault`` and ``file_limit`` (bytes) are asked when they are needed, so that what is configured then is what counts.
    """

    ledger: Ledger
    embedder: Embedder
    views: Views
    follower: Follower
    clock: Callable[[], datetime]
    find_embedder: Callable[[Any], Embedder]
    model: LanguageModel | None = None
    routes_by_model: LanguageModel | None = None
    learner: Learner | None = None
    background: Background = field(default_factory=Background)
    taught: set[str] = field(default_factory=set)
    touches: Touches = field(default_factory=Touches)
    seen: Seen = field(default_factory=Seen)
    names: NameVectors = field(default_factory=NameVectors)
    blobs: Blobs = field(kw_only=True)
    vault: Callable[[], Vault] = field(kw_only=True)
    file_limit: Callable[[], int] = field(kw_only=True)

    def writing(self) -> AbstractContextManager[LedgerWriter]:
        """A transaction; not begun any more when the caller has given up."""
        cancellation = CANCELLATION.get()
        if cancellation is not None:
            cancellation.begin_write()
        return self.ledger.writing()

    def embed(self, texts: Sequence[str], kind: Literal["document", "query"]) -> NDArray[np.float32]:
        """One finite float32 vector a text."""
        return checked(self.embedder, texts, kind)

    def query_vector(self, text: str) -> NDArray[np.float32]:
        """The unit vector of what a text asks for."""
        return unit_vector(checked(self.embedder, [text], "query")[0])

    def size(self) -> int:
        """Bytes on disk, those of files included."""
        return self.ledger.size() + self.blobs.size()

    def require_fit(self, stored: Fingerprint, name: str = MEMORIES) -> None:
        """Refuse to mix the vectors of two embedders."""
        mine = self.embedder.fingerprint
        if not stored.fits(mine):
            raise mismatch(name, stored, mine)

    def flush_touches(self) -> None:
        """Write the access counts that searches have left behind; a store that cannot be written keeps them waiting."""
        counts = self.touches.take()
        if not counts:
            return
        told: list[tuple[int, int, datetime]] = []
        try:
            with self.ledger.writing() as writer:
                writer.touch(counts)
                told = counts
                self.views.used(told)  # before others can read the rows: whoever did would count these uses twice
        except StoreError:
            self.views.used([(row, -times, when) for row, times, when in told])
            self.touches.give_back(counts)

    def note_use(self, rows: Sequence[int]) -> None:
        """Count rows as used; written now and then, since a search should not cost a commit."""
        if self.note_found(rows):
            self.flush_touches()

    def note_found(self, rows: Sequence[int]) -> bool:
        """Count rows as used; whether it is time to write the counts."""
        return self.touches.note(rows, self.clock()) >= _TOUCHES_KEPT


def checked(embedder: Embedder, texts: Sequence[str], kind: Literal["document", "query"]) -> NDArray[np.float32]:
    """What an embedder answers, if it is one finite float32 vector a text."""
    vectors = np.ascontiguousarray(embedder.embed(texts, kind=kind), np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not _all_finite(vectors):
        raise EmbedderError(
            f"the embedder {embedder.fingerprint} answered shape {vectors.shape} for {len(texts)} texts, or numbers that "
            "are not finite"
        )
    return vectors


def _all_finite(vectors: NDArray[np.float32]) -> bool:
    """A sum of squares that is finite says so at once; where it has overflowed each number is looked at."""
    every = vectors.reshape(-1)
    return math.isfinite(every.dot(every)) or bool(np.isfinite(vectors).all())


def find_record(
    reader: LedgerReader,
    scope: Scope,
    collection: str,
    memory_id: str,
    *,
    now: datetime,
    deleted: bool = False,
    types: Sequence[MemoryType] | None = None,
) -> Record:
    """The row of an id as it exists for a scope; ``deleted`` admits rows in the trash and expired ones."""
    partition = reader.partition(scope.tenant, collection, scope.user_id)
    record = reader.by_id(partition.id, memory_id) if partition else None
    admitted = record is not None and scope.admits(record.memory.scope) and (deleted or exists(record, now))
    if record is None or not admitted or (types is not None and record.memory.type not in types):
        kind = "memory" if types is None else f"{' or '.join(types)} memory"
        raise NotFoundError(
            f"no {kind} {memory_id!r} in this scope (user {scope.user_id!r}, collection {collection!r})"
        )
    return record


def exists(record: Record, now: datetime) -> bool:
    """Whether a row is neither in the trash nor expired."""
    expires = record.memory.expires_at
    return record.deleted_at is None and (expires is None or expires > now)

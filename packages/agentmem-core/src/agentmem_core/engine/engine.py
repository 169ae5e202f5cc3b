"""What every handler works with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from agentmem_core.engine.following import Follower
from agentmem_core.engine.views import Views
from agentmem_core.errors import EmbedderError, EmbedderMismatchError, NotFoundError
from agentmem_core.model import Scope
from agentmem_core.operations import MEMORIES
from agentmem_core.ports import Embedder, Fingerprint, Ledger, LedgerReader, LedgerWriter, Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

GIVEN = Fingerprint("given", "")
"""The fingerprint of a collection whose vectors the caller brings."""

_TOUCHES_KEPT = 256


class Touches:
    """Rows used since the counts were last written."""

    def __init__(self) -> None:
        """None yet."""
        self._lock = threading.Lock()
        self._counts: dict[int, tuple[int, datetime]] = {}

    def note(self, rows: Sequence[int], now: datetime) -> int:
        """Count rows; answers how many wait."""
        with self._lock:
            for row in rows:
                self._counts[row] = (self._counts.get(row, (0, now))[0] + 1, now)
            return len(self._counts)

    def take(self) -> list[tuple[int, int, datetime]]:
        """What is to be written, which is then no longer kept."""
        with self._lock:
            taken = [(row, times, when) for row, (times, when) in self._counts.items()]
            self._counts.clear()
            return taken


@dataclass
class Engine:
    """The parts, put together by ``connect``: the ledger, what makes vectors, the caches, the index, the clock."""

    ledger: Ledger
    embedder: Embedder
    views: Views
    follower: Follower
    clock: Callable[[], datetime]
    find_embedder: Callable[[Any], Embedder]
    touches: Touches = field(default_factory=Touches)

    @contextmanager
    def writing(self) -> Generator[LedgerWriter]:
        """A transaction."""
        with self.ledger.writing() as writer:
            yield writer

    def embed(self, texts: Sequence[str], kind: Literal["document", "query"]) -> NDArray[np.float32]:
        """One finite float32 vector a text."""
        return checked(self.embedder, texts, kind)

    def require_fit(self, stored: Fingerprint, name: str = MEMORIES) -> None:
        """Refuse to mix the vectors of two embedders."""
        mine = self.embedder.fingerprint
        if not stored.fits(mine):
            raise EmbedderMismatchError(
                f"collection {name!r} was embedded by {stored}, this client embeds with {mine}. Either open the store with "
                f'embedder="{stored.provider}", or open it so and call reindex(embedder=...) to embed everything anew'
            )

    def flush_touches(self) -> None:
        """Write the access counts that searches have left behind."""
        counts = self.touches.take()
        if counts:
            with self.ledger.writing() as writer:
                writer.touch(counts)

    def note_use(self, rows: Sequence[int]) -> None:
        """Count rows as used; written now and then, since a search should not cost a commit."""
        if self.touches.note(rows, self.clock()) >= _TOUCHES_KEPT:
            self.flush_touches()


def checked(embedder: Embedder, texts: Sequence[str], kind: Literal["document", "query"]) -> NDArray[np.float32]:
    """What an embedder answers, if it is one finite float32 vector a text."""
    vectors = np.ascontiguousarray(embedder.embed(texts, kind=kind), np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise EmbedderError(
            f"the embedder {embedder.fingerprint} answered shape {vectors.shape} for {len(texts)} texts, or numbers that "
            "are not finite"
        )
    return vectors


def find_record(
    reader: LedgerReader, scope: Scope, collection: str, memory_id: str, *, now: datetime, deleted: bool = False
) -> Record:
    """The row of an id as it exists for a scope; ``deleted`` admits rows in the trash and expired ones."""
    partition = reader.partition(scope.tenant, collection, scope.user_id)
    record = reader.by_id(partition.id, memory_id) if partition else None
    if record is None or not scope.admits(record.memory.scope) or not (deleted or _exists(record, now)):
        raise NotFoundError(
            f"no memory {memory_id!r} in this scope (user {scope.user_id!r}, collection {collection!r})"
        )
    return record


def _exists(record: Record, now: datetime) -> bool:
    expires = record.memory.expires_at
    return record.deleted_at is None and (expires is None or expires > now)

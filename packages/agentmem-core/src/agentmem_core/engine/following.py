"""Keeps the vector index behind the ledger, and asks it.

Only partitions beyond the exact limit are indexed: below it an exact search in memory is faster than any index. What the index
has not seen yet is searched exactly, and whatever goes wrong with it costs a rebuild, never an answer.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentmem_core.errors import AgentMemError, NotSupportedError
from agentmem_core.ports import Ledger, LedgerReader, Near, Partition, VectorIndex
from agentmem_core.recall.view import unit_rows

logger = logging.getLogger("agentmem_core.index")

CHUNK = 128
"""Rows given to the index at a time: it holds the interpreter lock meanwhile, so this bounds how long others wait."""

_PROBES = 5
_MARK = "index:{}"
_RETRY_SECONDS = 2.0


class LostRowsError(AgentMemError):
    """The index holds fewer rows than it was given."""

    code = "index_lost_rows"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the index has followed a partition."""

    space: str
    row: int
    change: int
    count: int = 0

    def dumps(self) -> str:
        """As kept in the ledger's settings."""
        return json.dumps([self.space, self.row, self.change, self.count])

    @staticmethod
    def loads(text: str | None) -> Mark | None:
        """What ``dumps`` wrote."""
        return None if text is None else Mark(*json.loads(text))


def _ending() -> bool:
    """Whether the interpreter ends, and with it the threads that an index works with: that is no damage."""
    return not threading.main_thread().is_alive()


class Follower:
    """One thread that writes to the index, started when the first large partition is met."""

    def __init__(self, ledger: Ledger, index: VectorIndex | None) -> None:
        """Without an index every search is exact."""
        self._ledger = ledger
        self._index = index
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None
        self._wanted: dict[int, str] = {}
        self._marks: dict[int, Mark] = {}
        self._state = "not used yet" if index else "off"
        self._failures = 0
        self._drops = 0

    @property
    def state(self) -> str:
        """In a few words, for health."""
        return self._state

    @property
    def _live(self) -> VectorIndex:
        if self._index is None:
            raise NotSupportedError("there is no index")
        return self._index

    def note(self, partition: Partition) -> None:
        """A large partition was written to or searched."""
        if self._index is None or self._stop.is_set():
            return
        with self._lock:
            self._wanted[partition.id] = space_of(partition)
            self._idle.clear()
            self._wake.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="agentmem-index", daemon=True)
                self._thread.start()

    def near(self, reader: LedgerReader, partition: Partition, vector: NDArray[np.float32], limit: int) -> Near | None:
        """About the nearest rows of the partition as ``reader`` sees it; None when the index cannot tell."""
        self.note(partition)
        with self._lock:
            mark = self._marks.get(partition.id)
            if self._index is None or mark is None or mark.space != space_of(partition):
                return None
            stale = reader.changed(partition.id, after=mark.change)
            tail = reader.vectors_after(partition.id, after=mark.row, limit=10 * CHUNK + 1)
            if stale is None or len(tail) > 10 * CHUNK or len(stale) > limit:
                return None
            found = self._asked(space_of(partition), vector, limit + len(stale), mark.count)
        if found is None:
            self._distrust(partition.id, space_of(partition))
            return None
        fresh = dict(tail) | reader.vectors(stale)
        rows = np.array([*fresh], np.int64)
        kept = ~np.isin(found.rows, stale)
        scores = unit_rows([*fresh.values()], len(vector)) @ vector if fresh else np.empty(0, np.float32)
        return Near(np.concatenate((found.rows[kept], rows)), np.concatenate((found.similarities[kept], scores)))

    def _asked(self, space: str, vector: NDArray[np.float32], limit: int, least: int) -> Near | None:
        """What the index answers; None when it fails, or has lost rows it had, which it does not say by itself."""
        try:
            found = self._live.query(space, vector, limit)
        except Exception:
            return None
        return found if found.held >= least else None

    def wait(self, seconds: float) -> bool:
        """Until the index is level with the ledger; False when the time ran out."""
        return self._idle.wait(seconds)

    def rebuild(self) -> None:
        """Throw the index away; it is built again from the ledger."""
        if self._index is None:
            return
        with self._lock:
            self._marks.clear()
            self._drops += 1
            if self._live.acquire():
                self._live.reset()
        with self._ledger.reading() as reader:
            partitions = [part.id for part in reader.partitions()]
        self._forget_marks(partitions)

    def drop(self, partition: Partition) -> None:
        """Erased rows leave the index with their space; what still stands of the partition is indexed anew."""
        if self._index is None:
            return
        space = space_of(partition)
        with self._lock:
            self._wanted.pop(partition.id, None)
            self._marks.pop(partition.id, None)
            if space not in self._live.spaces():
                return
            if self._live.acquire():
                self._drop_space(space)
        self._forget_marks([partition.id])

    def close(self) -> None:
        """Stop the thread and let go of the index."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=30.0)
        if self._index is not None:
            with suppress(Exception), self._lock:
                if self._live.spaces() and self._live.acquire():
                    self._prune()
            with self._lock:
                self._live.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                busy = self._follow_all()
            except Exception as error:  # the thread must live on: the next search asks again
                if _ending():
                    return
                self._state = f"failing: {error}"
                logger.warning("the index cannot follow: %r", error)
                busy = True
            if busy and not self._stop.wait(_RETRY_SECONDS):
                self._wake.set()

    def _follow_all(self) -> bool:
        """Bring every wanted partition level; True when it must be tried again."""
        if not self._live.acquire():
            self._state = "another process writes the index; this one searches exactly"
            return True
        with self._lock:
            self._prune()
            wanted = [*self._wanted]
        for partition in wanted:
            while not self._stop.is_set() and self._step(partition):
                pass
        with self._lock:
            if not self._wake.is_set():
                self._state = "level with the ledger"
                self._idle.set()
        return False

    def _prune(self) -> None:
        """Drop the spaces of partitions that another process has erased, and of older generations."""
        spaces = self._live.spaces()
        if spaces:
            with self._ledger.reading() as reader:
                standing = {space_of(partition) for partition in reader.partitions()}
            for space in spaces:
                if space not in standing:
                    self._drop_space(space)

    def _step(self, partition_id: int) -> bool:
        """One chunk for one partition; False when there is nothing more to do."""
        started = time.perf_counter()
        with self._ledger.reading() as reader:
            partition = next((part for part in reader.partitions() if part.id == partition_id), None)
            mark = None if partition is None else self._mark(reader, partition)
            drops = self._drops
            if partition is None or mark is None:
                with self._lock:
                    self._wanted.pop(partition_id, None)
                return False
            rows = reader.vectors_after(partition.id, after=mark.row, limit=CHUNK)
            changed = reader.changed(partition.id, after=mark.change)
            if changed is None:
                self._distrust(partition.id, space_of(partition))
                return True
            current = reader.vectors(changed)
            alive = reader.by_rows(changed)
        if not rows and not changed:
            with self._lock:
                self._marks[partition.id] = mark
            return False
        self._state = "following the ledger"
        renewed = {row: vector for row, vector in current.items() if row in alive}
        try:
            self._apply(partition, dict(rows) | renewed, [row for row in changed if row not in renewed])
            with self._lock:
                count = self._live.count(space_of(partition))
            if count < mark.count - len(changed):
                raise LostRowsError(f"the index holds {count} rows of {mark.count}")  # noqa: TRY301 - one way out for damage
            mark = Mark(space_of(partition), rows[-1][0] if rows else mark.row, partition.change, count)
        except Exception as error:
            if _ending():
                return False
            self._state = f"failing, searches are exact: {error}"
            if not self._failures:
                logger.warning("the index is damaged and is built again: %r", error)
            self._distrust(partition.id, space_of(partition))
            self._stop.wait(self._pause())
            return True
        self._failures = 0
        self._keep(partition.id, space_of(partition), mark, drops)
        self._stop.wait(min(time.perf_counter() - started, 0.25))
        return True

    def _pause(self) -> float:
        """Seconds to wait after a failure: longer each time, since a full disk does not go away by asking."""
        self._failures += 1
        return min(0.05 * 2.0**self._failures, 30.0)

    def _apply(self, partition: Partition, vectors: dict[int, bytes], gone: list[int]) -> None:
        space, dimension = space_of(partition), partition.collection.embedder.dimension or 0
        items = [*vectors.items()]
        for start in range(0, len(items), CHUNK):
            part = items[start : start + CHUNK]
            with self._lock:
                self._live.upsert(space, [row for row, _ in part], unit_rows([blob for _, blob in part], dimension))
        if gone:
            with self._lock:
                self._live.remove(space, gone)

    def _mark(self, reader: LedgerReader, partition: Partition) -> Mark:
        """How far the index is, after making sure that it holds what it should."""
        known = self._marks.get(partition.id)
        if known is not None and known.space == space_of(partition):
            return known
        stored = Mark.loads(reader.setting(_MARK.format(partition.id)))
        if stored is not None and stored.space == space_of(partition):
            if self._trusted(reader, partition, stored):
                return stored
            logger.warning("the index of one partition is damaged or missing and is built again")
        with self._lock:
            self._drop_space(space_of(partition))
        return Mark(space_of(partition), 0, partition.change)

    def _trusted(self, reader: LedgerReader, partition: Partition, mark: Mark) -> bool:
        """Whether some rows that should be in the index are found by their own vectors."""
        every = reader.vectors_after(partition.id, after=0, limit=1)
        low = every[0][0] if every else mark.row
        starts = np.linspace(low - 1, mark.row - 1, _PROBES).astype(np.int64)
        probes = [
            found[0] for start in starts if (found := reader.vectors_after(partition.id, after=int(start), limit=1))
        ]
        try:
            with self._lock:
                if self._live.count(space_of(partition)) < mark.count:
                    return False
                hits = sum(self._finds_itself(partition, row, blob) for row, blob in probes if row <= mark.row)
        except Exception:
            return False
        return hits >= (len(probes) + 1) // 2

    def _finds_itself(self, partition: Partition, row: int, blob: bytes) -> bool:
        vector = unit_rows([blob], len(blob) // 4)[0]
        if not vector.any():
            return True
        near = self._live.query(space_of(partition), vector, 10)
        return len(near.rows) > 0 and (row in near.rows or float(near.similarities[0]) > 0.999)

    def _distrust(self, partition_id: int, space: str) -> None:
        """Throw a space away; it is built again if its partition is still wanted."""
        with self._lock:
            self._marks.pop(partition_id, None)
            self._drop_space(space)
            self._idle.clear()
            self._wake.set()
        self._forget_marks([partition_id])

    def _drop_space(self, space: str) -> None:
        self._drops += 1
        try:
            self._live.drop(space)
        except Exception:
            self._live.reset()
            self._marks.clear()

    def _keep(self, partition_id: int, space: str, mark: Mark, drops: int) -> None:
        """In the ledger first; never while our own lock is held, which those who write to the ledger may wait for.

        When a space was dropped since ``drops``, the chunk may have gone with it: then nothing of it is kept.
        """
        with self._ledger.writing() as writer:
            writer.set_setting(_MARK.format(partition_id), mark.dumps())
        with self._lock:
            dropped = drops != self._drops
            if not dropped:
                self._marks[partition_id] = mark
        if dropped:
            self._distrust(partition_id, space)

    def _forget_marks(self, partitions: list[int]) -> None:
        with self._ledger.writing() as writer:
            for partition in partitions:
                writer.set_setting(_MARK.format(partition), None)


def space_of(partition: Partition) -> str:
    """The name of a partition's space in the index: no user's name, another one for every generation and erasure."""
    return f"agentmem-p{partition.id}-g{partition.collection.generation}-e{partition.epoch}"

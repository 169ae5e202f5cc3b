"""The cache of views: partitions in memory, brought up to date from the ledger at every use, bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from agentmem_core.engine.cached import SMALL, CachedView
from agentmem_core.engine.sight import Sight
from agentmem_core.ports import Ledger, LedgerReader, Partition

_SHARE = 4
"""The vectors of one partition may take this part of the budget."""
_LEAST = 32 * 1024 * 1024
"""Or so many bytes, however small that is."""
_MEMORIES_SHARE = 16
"""Memories as they were read may take this part of the budget."""
ROW_BITS = 32
ROW_MASK = (1 << ROW_BITS) - 1


class Views:
    """One view for each partition that was searched lately."""

    def __init__(self, exact_limit: int, budget: int) -> None:
        """Views of large partitions, of over ``exact_limit`` rows, keep no vectors; all together take about ``budget`` bytes."""
        self._exact_limit = exact_limit
        self._budget = budget
        self._largest = max(budget // _SHARE, _LEAST)
        self._lock = threading.RLock()  # a handler of a signal may close
        self._views: OrderedDict[int, CachedView] = OrderedDict()
        self._sizes: dict[int, int] = {}
        self._total = 0
        self._memories = 0

    def current(self, ledger: Ledger, partition: Partition, *, wait: bool = True, lazily: bool = False) -> Sight:
        """The view of a partition for this thread alone, level with its reader; in a ``with``, None when the partition is erased.

        Without ``wait`` it is None too where the view is somebody else's now, or has much to catch up with.

        With ``lazily`` a view that is level with the partition as it was given is taken for it; whether it still is, is found
        out where memories are read.
        """
        return Sight(self, ledger, partition, wait=wait, lazily=lazily)

    def used(self, counts: Sequence[tuple[int, int, datetime]]) -> None:
        """Uses were written: memories that were read before carry them too."""
        for row, times, when in counts:
            cached = self._views.get(row >> ROW_BITS)
            if cached is not None:
                cached.memories.used(row, times, when)

    def is_at_hand(self, partition: Partition) -> bool:
        """Whether the partition is small and in memory, so that a search in it takes about a millisecond."""
        cached = self._views.get(partition.id)
        return (
            cached is not None and not cached.lock.locked() and len(cached.view) <= SMALL and cached.is_near(partition)
        )

    def is_large(self, partition: Partition) -> bool:
        """Whether the partition is beyond an exact search in memory: by its rows, or by what their vectors take."""
        rows = partition.last_row & ROW_MASK
        return rows > self._exact_limit or rows * 4 * (partition.collection.embedder.dimension or 0) > self._largest

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._views.clear()
            self._sizes.clear()
            self._total = self._memories = 0

    def drop(self, partition: int) -> None:
        """Keep nothing of a partition."""
        with self._lock:
            self._remove(partition)

    def entry(self, partition: Partition, *, vectors: bool) -> CachedView:
        """The view of a partition, an empty one where there is none that fits."""
        with self._lock:
            cached = self._views.get(partition.id)
            if cached is None or not cached.fits(partition, vectors=vectors):
                self._uncount(cached)
                cached = self._views[partition.id] = CachedView(partition, vectors=vectors)
            self._views.move_to_end(partition.id)
            return cached

    def put(self, used: CachedView, partition: int) -> None:
        """In place of what is there; whoever made it has its lock already, since from now on others find it."""
        with self._lock:
            self._uncount(self._views.get(partition))
            self._views[partition] = used

    def follows(self, cached: CachedView, reader: LedgerReader, partition: Partition) -> bool:
        """``follow``; a view that failed in the middle of it is of no more use."""
        try:
            return cached.follow(reader, partition)
        except BaseException:
            with self._lock:
                if self._views.get(partition.id) is cached:
                    self._remove(partition.id)
            raise

    def trim(self, used: CachedView, partition: int) -> None:
        """Measure the view that was used, and let the longest unused ones go while all together are too large."""
        if used.memories.nbytes != used.counted:
            self._trim_memories(used, partition)
        level = used.level
        if used.measured == level:
            return
        with self._lock:
            if self._views.get(partition) is not used:
                return
            used.measured = level
            size = used.view.nbytes
            self._total += size - self._sizes.get(partition, 0)
            self._sizes[partition] = size
            while self._total > self._budget and len(self._views) > 1:
                oldest = next(iter(self._views))
                if oldest == partition:
                    return
                self._remove(oldest)

    def _trim_memories(self, used: CachedView, partition: int) -> None:
        """Let memories of the longest unused views go while all together are too many."""
        with self._lock:
            if self._views.get(partition) is not used:
                return
            self._count(used)
            if self._memories <= self._budget // _MEMORIES_SHARE:
                return
            for view in list(self._views.values()):
                view.memories.clear(half=view is used)
                self._count(view)
                if self._memories <= self._budget // _MEMORIES_SHARE:
                    return

    def _count(self, view: CachedView) -> None:
        self._memories += view.memories.nbytes - view.counted
        view.counted = view.memories.nbytes

    def _uncount(self, gone: CachedView | None) -> None:
        self._memories -= 0 if gone is None else gone.counted

    def _remove(self, partition: int) -> None:
        self._uncount(self._views.pop(partition, None))
        self._total -= self._sizes.pop(partition, 0)

"""A partition as one thread sees it: its view for that thread alone, and what is read to go with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Protocol

from agentmem_core.engine.cached import CachedView
from agentmem_core.model import Memory
from agentmem_core.ports import Ledger, LedgerReader, Partition


class Keeper(Protocol):
    """Who keeps the views; each method as ``Views`` has it."""

    def is_large(self, partition: Partition) -> bool: ...
    def entry(self, partition: Partition, *, vectors: bool) -> CachedView: ...
    def put(self, used: CachedView, partition: int) -> None: ...
    def follows(self, cached: CachedView, reader: LedgerReader, partition: Partition) -> bool: ...
    def trim(self, used: CachedView, partition: int) -> None: ...


class MovedError(Exception):
    """The partition is no longer as the view has it; begin again."""


class Sight:
    """``with views.current(...) as sight``: ``sight.cached`` is this thread's, and ``sight.partition`` is as that has it.

    A class, and few steps where there is nothing to catch up with: every search comes by here.
    """

    def __init__(self, views: Keeper, ledger: Ledger, partition: Partition, *, wait: bool, lazily: bool) -> None:
        """See ``Views.current``."""
        self.partition = partition
        self._views = views
        self._ledger = ledger
        self._wait, self._lazily = wait, lazily
        self._vectors = not views.is_large(partition)
        self.cached = views.entry(partition, vectors=self._vectors)
        self._lock = self.cached.lock
        self._holds = self._sees = False
        self._begun: ExitStack | None = None
        self._reader: LedgerReader | None = None

    def __enter__(self) -> Sight | None:
        """Itself, or None where there is nothing to see."""
        self._holds = self._lock.acquire(blocking=self._wait)
        if not self._holds:
            return None
        if self._lazily and self.cached.is_level(self.partition):
            self._sees = True
            return self
        try:
            self._sees = self._catch_up()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self if self._sees else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what was begun; the view is anybody's again."""
        try:
            if self._begun is not None:
                self._begun.__exit__(kind, error, trace)
        finally:
            if self._holds:
                self._holds = False
                self._lock.release()
        if self._sees and kind is None:
            self._views.trim(self.cached, self.partition.id)

    @property
    def reader(self) -> LedgerReader:
        """A reader that sees the partition as the view has it, begun when it is first asked for; else ``MovedError``."""
        if self._reader is None:
            reader = self._begin()
            if reader.again(self.partition) != self.partition:
                raise MovedError
            self._reader = reader
        return self._reader

    def memories(self, rows: Sequence[int]) -> dict[int, Memory]:
        """The living memories of rows, each the caller's own; ``MovedError`` unless the partition is as the view has it.

        To be asked last: without a reader, that is known of this moment alone.
        """
        kept, partition, ledger = self.cached.memories, self.partition, self._ledger
        if self._reader is not None:
            self.cached.fill(self._reader, partition)
        found, missing = kept.known(rows)
        more: dict[int, Memory] = {}
        if self._reader is None:
            read = ledger.glance(partition, missing)
            if read is None:
                raise MovedError
            kept.keep(read.items())
            found.update(read)
        elif missing:
            more = self._reader.by_rows(missing)
        memories = dict(zip(found, ledger.unpack(partition, found.values()), strict=True))
        kept.count(memories)
        return memories | more if more else memories

    def _catch_up(self) -> bool:
        """Level with a reader; whether there is a partition, and little to do where nobody waits.

        The reader begins when the view is ours: an older one could not see rows that another thread has brought in.
        """
        reader = self._begin()
        found = reader.again(self.partition)
        if found is None or not (self._wait or self.cached.is_near(found)):
            return False
        self.partition, self._reader = found, reader
        fits = self.cached.fits(found, vectors=self._vectors)
        if not (fits and self._views.follows(self.cached, reader, found)):
            self.cached = CachedView(found, vectors=self._vectors)
            self._beginning().enter_context(self.cached.lock)
            self._views.put(self.cached, found.id)
            self._views.follows(self.cached, reader, found)
        return True

    def _begin(self) -> LedgerReader:
        return self._beginning().enter_context(self._ledger.reading())

    def _beginning(self) -> ExitStack:
        if self._begun is None:
            self._begun = ExitStack()
        return self._begun

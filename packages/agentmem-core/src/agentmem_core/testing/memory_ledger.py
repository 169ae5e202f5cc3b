"""A ledger in plain Python, for tests: what it holds is gone with it."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

from agentmem_core.errors import StoreClosedError, StoreDamagedError, StoreError
from agentmem_core.model import Memory
from agentmem_core.ports import Packed, Partition
from agentmem_core.testing.memory_reader import MemoryReader, pack
from agentmem_core.testing.memory_state import State
from agentmem_core.testing.memory_writer import MemoryWriter


class MemoryLedger:
    """A ``Ledger`` of dicts. A commit exchanges the whole state, so readers never wait and never see half of it."""

    def __init__(self) -> None:
        """An empty one."""
        self._state = State()
        self._write_lock = threading.RLock()
        self._busy = False
        self._gathered: State | None = None
        self._closed = False

    @contextmanager
    def reading(self) -> Generator[MemoryReader]:
        self._ensure_open()
        yield MemoryReader(self._state)

    @contextmanager
    def writing(self) -> Generator[MemoryWriter]:
        self._ensure_open()
        with self._write_lock:
            self._ensure_open()
            if self._busy:
                raise StoreError("a transaction of this thread is under way; one holds at a time")
            self._busy = True
            try:
                writer = MemoryWriter(self._state if self._gathered is None else self._gathered)
                yield writer
                if self._gathered is None:
                    self._state = writer.state
                else:
                    self._gathered = writer.state
            finally:
                self._busy = False

    @contextmanager
    def gathering(self) -> Generator[None]:
        self._ensure_open()
        with self._write_lock:
            self._gathered = self._state
            try:
                yield
                self._state = self._gathered
            finally:
                self._gathered = None

    def glance(self, partition: Partition, rows: Sequence[int]) -> dict[int, Packed] | None:
        self._ensure_open()
        reader = MemoryReader(self._state)
        if reader.again(partition) != partition:
            return None
        return {row: pack(memory) for row, memory in reader.by_rows(rows).items()}

    def unpack(self, partition: Partition, packed: Iterable[Packed]) -> list[Memory]:
        memories = [Memory.model_validate_json(one) for one in packed]
        if any(memory.scope.user_id != partition.user_id for memory in memories):
            raise StoreDamagedError("a memory of another user")
        return memories

    def is_at_hand(self) -> bool:
        return True

    def scrub(self) -> bool:
        self._ensure_open()
        return True

    def compact(self) -> None:
        self._ensure_open()

    def size(self) -> int:
        self._ensure_open()
        return 0

    def check(self) -> str:
        self._ensure_open()
        return ""

    def close(self) -> None:
        self._closed = True

    def _ensure_open(self) -> None:
        if self._closed:
            raise StoreClosedError("this ledger is closed; make another one")

"""Memories as they were read, for the searches that find them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from agentmem_core.model import Memory
from agentmem_core.ports import LedgerReader

_PLAIN = (str, int, float, bool, type(None))
_EACH, _OF_METADATA = 1_500, 100
"""About what a memory takes beside its text, and an entry of its metadata, in bytes."""
_ONCE = 4_096
"""Rows that were read once, of which it is known: a memory is kept when it is found again."""
_LONG = 8_192
"""Characters of content beyond which a memory is read each time: few of those would fill the room of hundreds."""


class Remembered:
    """The memories of one view, each as its row says it. Whoever uses them holds the view's lock; ``clear`` needs none."""

    def __init__(self) -> None:
        """None yet."""
        self._kept: dict[int, Memory] = {}
        self._once: set[int] = set()
        self.nbytes = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._kept)

    def of(self, rows: Sequence[int], reader: Callable[[], LedgerReader]) -> dict[int, Memory]:
        """The living memories of rows, each the caller's own; ``reader`` is asked for those not seen before."""
        kept, once = self._kept, self._once
        if len(once) > _ONCE:
            once.clear()
        found: dict[int, Memory] = {}
        missing: list[int] = []
        for row in rows:
            memory = kept.get(row)
            if memory is None:
                missing.append(row)
            else:
                found[row] = memory.twin()
        if missing:
            for row, memory in reader().by_rows(missing).items():
                found[row] = memory
                if row not in once:
                    once.add(row)
                elif _fits(memory):
                    kept[row] = memory.twin()
                    self.nbytes += _size(memory)
        return found

    def drop(self, rows: Sequence[int]) -> None:
        """Read these anew."""
        for row in rows:
            gone = self._kept.pop(row, None)
            if gone is not None:
                self.nbytes -= _size(gone)

    def used(self, row: int, times: int, when: datetime) -> None:
        """A use was written to the ledger. What is kept is nobody else's, so it may be changed; it needs no lock."""
        memory = self._kept.get(row)
        if memory is not None:
            last = memory.last_accessed_at
            vars(memory).update(
                access_count=memory.access_count + times, last_accessed_at=when if last is None else max(last, when)
            )

    def clear(self, *, half: bool = False) -> None:
        """Let all of them go, or the half that came first."""
        kept = dict([*self._kept.items()][len(self._kept) // 2 :]) if half else {}
        self._kept = kept
        self.nbytes = sum(map(_size, kept.values()))


def _fits(memory: Memory) -> bool:
    """Whether it is of ordinary size, and a copy of its metadata shares nothing with it."""
    return len(memory.content) <= _LONG and all(type(value) in _PLAIN for value in memory.metadata.values())


def _size(memory: Memory) -> int:
    return _EACH + 2 * len(memory.content) + _OF_METADATA * len(memory.metadata)

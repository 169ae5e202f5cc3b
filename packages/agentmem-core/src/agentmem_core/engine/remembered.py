"""Memories as they were read, packed, for the searches that find them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from agentmem_core.model import Memory
from agentmem_core.ports import Packed

_EACH = 120
"""About what keeping one takes beside its bytes."""
_LONG = 16_384
"""Bytes beyond which a memory is read each time: few of those would fill the room of hundreds."""


class Remembered:
    """The memories of one view, each as its row says it. Whoever uses them holds the view's lock; ``clear`` and ``used`` need none."""

    def __init__(self) -> None:
        """None yet."""
        self._kept: dict[int, Packed] = {}
        self._uses: dict[int, tuple[int, datetime]] = {}
        self.nbytes = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._kept)

    def known(self, rows: Sequence[int]) -> tuple[dict[int, Packed], list[int]]:
        """Those of rows that are kept, and the rows of which none is."""
        kept = self._kept
        found: dict[int, Packed] = {}
        missing: list[int] = []
        for row in rows:
            packed = kept.get(row)
            if packed is None:
                missing.append(row)
            else:
                found[row] = packed
        return found, missing

    def keep(self, read: Iterable[tuple[int, Packed]]) -> None:
        """Keep what was read."""
        for row, packed in read:
            if row not in self._kept and len(packed) <= _LONG:
                self._uses.pop(row, None)  # what was read says them
                self._kept[row] = packed
                self.nbytes += _EACH + len(packed)

    def drop(self, rows: Sequence[int]) -> None:
        """Read these anew."""
        for row in rows:
            gone = self._kept.pop(row, None)
            if gone is not None:
                self._uses.pop(row, None)
                self.nbytes -= _EACH + len(gone)

    def used(self, row: int, times: int, when: datetime) -> None:
        """A use was written to the ledger since its memory was read."""
        if row in self._kept:
            before, last = self._uses.get(row, (0, when))
            self._uses[row] = before + times, max(last, when)

    def count(self, memories: Mapping[int, Memory]) -> None:
        """Bring memories as they were kept, which are nobody else's, up to date with the uses since."""
        for row in self._uses.keys() & memories.keys() if self._uses else ():
            memory, (times, when) = memories[row], self._uses[row]
            last = memory.last_accessed_at
            vars(memory).update(
                access_count=memory.access_count + times, last_accessed_at=when if last is None else max(last, when)
            )

    def clear(self, *, half: bool = False) -> None:
        """Let all of them go, or the half that came first; in place, since others may keep and drop some meanwhile."""
        rows = [*self._kept]
        for row in rows[: len(rows) // 2] if half else rows:
            self._kept.pop(row, None)
            self._uses.pop(row, None)
        self.nbytes = sum(_EACH + len(packed) for packed in [*self._kept.values()])

"""One partition in memory, brought up to date from the ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from agentmem_core.engine.remembered import Remembered
from agentmem_core.model.filters import OWN_PREFIX, AnyFilter, field_value, metadata_value
from agentmem_core.ports import LedgerReader, Packed, Partition
from agentmem_core.recall.columns import Column, filter_mask
from agentmem_core.recall.view import Mask, View

_CHUNK = 4096
_DEAD_SHARE = 0.25
_REPLAYED = 64
"""Changes up to which a view is brought up to date row by row; beyond, reading it anew is faster."""
SMALL = 1024
"""Rows up to which a search is short work, and memories are kept at the first one: they lie beside what is read then."""

_AT_FIRST = 4_000_000
"""Bytes of memories that the first search reads to keep them: thousands of usual ones, and a few that are long."""

_COLUMNS_KEPT = 16


class CachedView:
    """A view with what says how current it is. Whoever uses it holds ``lock``."""

    def __init__(self, partition: Partition, *, vectors: bool) -> None:
        """An empty one."""
        self.lock = threading.Lock()
        self.generation = partition.collection.generation
        self.view = View((partition.collection.embedder.dimension or 0) if vectors else None)
        self._columns: dict[str, tuple[Column, int]] = {}
        self._row = 0
        self._change = -1
        self.memories = Remembered()
        self._filled = False
        self.counted = 0
        self.measured: tuple[int, int, int] = (-1, -1, 0)
        self.then: dict[str, dict[int, object]] = {}

    @property
    def level(self) -> tuple[int, int, int]:
        """What changes whenever it may have grown."""
        return self._row, self._change, len(self._columns)

    def is_near(self, partition: Partition) -> bool:
        """Whether it has been read, and has little to catch up with."""
        behind, changed = partition.last_row - self._row, partition.change - self._change
        return self._change >= 0 and self._row > 0 and behind <= _REPLAYED and changed <= _REPLAYED

    def is_level(self, partition: Partition) -> bool:
        """Whether there is nothing to catch up with."""
        return self._row >= partition.last_row and self._change == partition.change

    def fits(self, partition: Partition, *, vectors: bool) -> bool:
        """Whether it can be brought up to date; otherwise it is to be made anew."""
        dimension = (partition.collection.embedder.dimension or 0) if vectors else None
        return self.generation == partition.collection.generation and self.view.dimension == dimension

    def follow(self, reader: LedgerReader, partition: Partition) -> bool:
        """Take in what is new and what has changed; False when the log of changes no longer tells."""
        if self.is_level(partition):
            return True
        if self._change < 0:
            self._change = partition.change
        while self._row < partition.last_row:
            features = reader.features(partition.id, after=self._row, limit=_CHUNK, vectors=self.view.has_vectors)
            self.view.extend(features)
            self._row = features[-1].row if features else partition.last_row
        if self._change != partition.change:
            changed = reader.changed(partition.id, after=self._change)
            if changed is None or len(changed) > max(_REPLAYED, len(self.view) // 64):
                return False
            self.memories.drop(changed)
            self.view.replace(reader.features_of(changed, vectors=self.view.has_vectors), changed)
            self._change = partition.change
            self._follow_in_columns(reader, changed)
        return not len(self.view) or self.view.dead <= max(64, _DEAD_SHARE * len(self.view))

    def fill(self, reader: LedgerReader, partition: Partition) -> None:
        """Keep the memories, once, where they are few and not long."""
        if not self._filled and len(self.view) <= SMALL:
            self._filled = True
            self.memories.keep(_within(reader.packed(partition.id, limit=SMALL), _AT_FIRST))

    def _follow_in_columns(self, reader: LedgerReader, changed: Sequence[int]) -> None:
        """Columns take in rows that were changed; those of dead rows stay as they are, and are seen by nobody."""
        if not self._columns:
            return
        for row, memory in reader.by_rows(changed).items():
            position = self.view.position(row)
            for field, (column, _) in self._columns.items():
                if position is not None and position < len(column):
                    column.put(position, field_value(memory, field))

    def passing(self, reader: LedgerReader, partition: Partition, given: AnyFilter) -> Mask:
        """Which rows pass a filter."""
        return filter_mask(given, lambda field: self._column(reader, partition, field), len(self.view))

    def where(self, reader: LedgerReader, partition: Partition, field: str, test: Callable[[object], bool]) -> Mask:
        """Which rows have a value in ``field`` that passes ``test``."""
        return self._column(reader, partition, field).mask(test)

    def _column(self, reader: LedgerReader, partition: Partition, field: str) -> Column:
        column, covered = self._columns.get(field, (Column(), 0))
        rows = self.view.columns["row"][len(column) :]
        if len(rows):
            name = field.removeprefix(OWN_PREFIX) if field.startswith(OWN_PREFIX) else "metadata"
            values: dict[int, object] = dict(reader.values(partition.id, name, after=covered))
            values |= self.then.get(name, {})
            cells = (values.get(int(row)) for row in rows)
            if name == "metadata":
                column.extend(metadata_value(cell, field) if isinstance(cell, dict) else None for cell in cells)
            else:
                column.extend(cells)
            self._columns.pop(field, None)
            self._columns[field] = (column, int(rows[-1]))
            if len(self._columns) > _COLUMNS_KEPT:
                del self._columns[next(iter(self._columns))]
        return column


def _within(read: Iterable[tuple[int, Packed]], room: int) -> Iterator[tuple[int, Packed]]:
    """Those that come first, up to so many bytes."""
    for row, packed in read:
        room -= len(packed)
        if room < 0:
            return
        yield row, packed

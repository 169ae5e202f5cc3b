"""The state of a ``MemoryLedger``: plain values that a transaction copies before it writes."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from agentmem_core.model import AuditEntry, Link, Memory, Version
from agentmem_core.ports import Collection, Lesson, Partition, Record

ROW_BITS = 32
"""A row number is ``partition << 32 | n``: the engine reads the partition off it."""

LinkKey = tuple[str, str, str, datetime, str]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Part:
    """One partition's rows with what hangs on them. Records and versions in it are never changed, only exchanged."""

    partition: Partition
    records: dict[int, Record] = field(default_factory=dict)
    versions: dict[int, dict[int, Version]] = field(default_factory=dict)
    links: dict[LinkKey, Link] = field(default_factory=dict)
    rows_by_id: dict[str, int] = field(default_factory=dict)
    rows_by_digest: dict[bytes, int] = field(default_factory=dict)
    log: list[tuple[int, int]] = field(default_factory=list)
    log_from: int = 0

    def copy(self) -> Part:
        """Another one with the same rows, free to be written to."""
        return Part(
            partition=self.partition,
            records=dict(self.records),
            versions=dict(self.versions),
            links=dict(self.links),
            rows_by_id=dict(self.rows_by_id),
            rows_by_digest=dict(self.rows_by_digest),
            log=list(self.log),
            log_from=self.log_from,
        )


@dataclass(slots=True)
class State:
    """Everything that is committed. Numbers given once are not given again."""

    collections: dict[int, Collection] = field(default_factory=dict)
    parts: dict[int, Part] = field(default_factory=dict)
    staging: dict[int, bytes] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    attachments: dict[int, frozenset[str]] = field(default_factory=dict)
    learnt: frozenset[int] = frozenset()
    lessons: dict[int, Lesson] = field(default_factory=dict)
    last_lesson: int = 0
    audit: tuple[AuditEntry, ...] = ()
    last_audit: int = 0
    last_collection: int = 0
    last_partition: int = 0

    def copy(self) -> State:
        """Another one that shares its parts until they are written to."""
        return State(
            collections=dict(self.collections),
            parts=dict(self.parts),
            staging=dict(self.staging),
            settings=dict(self.settings),
            attachments=dict(self.attachments),
            learnt=self.learnt,
            lessons=dict(self.lessons),
            last_lesson=self.last_lesson,
            audit=self.audit,
            last_audit=self.last_audit,
            last_collection=self.last_collection,
            last_partition=self.last_partition,
        )

    def part_of(self, row: int) -> Part | None:
        """The part that a row number belongs to."""
        return self.parts.get(row >> ROW_BITS)

    def record(self, row: int) -> Record | None:
        """The row of that number."""
        part = self.part_of(row)
        return None if part is None else part.records.get(row)

    def partition(self, part: Part) -> Partition:
        """The partition with its collection as it is now."""
        return replace(part.partition, collection=self.collections[part.partition.collection.id])


def micros(moment: datetime | None) -> int | None:
    """Microseconds since 1970."""
    return None if moment is None else (moment - _EPOCH) // datetime.resolution


def own_memory(memory: Memory) -> Memory:
    """The memory with metadata that nobody else holds."""
    if not memory.metadata:
        return memory
    return memory.model_copy(update={"metadata": copy.deepcopy(memory.metadata)})

"""Reading from a ``MemoryLedger``: every method answers from one committed state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from agentmem_core.model import AuditEntry, Link, Memory, Scope, Version
from agentmem_core.model.filters import OWN_FIELDS
from agentmem_core.ports import Collection, Feature, Fingerprint, Listing, Packed, Partition, Record, Tally
from agentmem_core.testing.memory_lessons import MemoryLessonReader
from agentmem_core.testing.memory_state import ROW_BITS, Part, State, micros, own_memory

_NOWHERE = Partition(0, Collection(0, "", "", Fingerprint("", ""), 0), "", last_row=0, change=0)
"""Stands for a partition that does not exist: it holds nothing."""


class MemoryReader(MemoryLessonReader):
    """A consistent view, since a state is never changed once it is committed."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collection(self, tenant: str, name: str) -> Collection | None:
        return next((item for item in self.collections(tenant) if item.name == name), None)

    def collections(self, tenant: str) -> list[Collection]:
        mine = [item for item in self._state.collections.values() if item.tenant == tenant]
        return sorted(mine, key=lambda item: item.name)

    def partition(self, tenant: str, name: str, user_id: str) -> Partition | None:
        found = (part for part in self.partitions(tenant, user_id) if part.collection.name == name)
        return next(found, None)

    def again(self, partition: Partition) -> Partition | None:
        known = partition.collection
        now = self.partition(known.tenant, known.name, partition.user_id)
        return now if now is not None and now.id == partition.id else None

    def partitions(self, tenant: str | None = None, user_id: str | None = None) -> list[Partition]:
        every = (self._state.partition(self._state.parts[number]) for number in sorted(self._state.parts))
        return [part for part in every if tenant in (None, part.collection.tenant) and user_id in (None, part.user_id)]

    def by_id(self, partition: int, memory_id: str) -> Record | None:
        part = self._part(partition)
        return self._shown(part, part.rows_by_id.get(memory_id))

    def by_digest(self, partition: int, digest: bytes) -> Record | None:
        part = self._part(partition)
        found = self._shown(part, part.rows_by_digest.get(digest))
        return found if found is not None and found.deleted_at is None else None

    def by_rows(self, rows: Sequence[int]) -> dict[int, Memory]:
        return {record.row: own_memory(record.memory) for record in self._records_of(rows) if record.deleted_at is None}

    def packed(self, partition: int, *, limit: int) -> list[tuple[int, Packed]]:
        living = (record for record in self._records(partition) if record.deleted_at is None)
        return [(record.row, pack(record.memory)) for record in islice(living, limit)]

    def walk(self, partition: int, listing: Listing) -> list[Record]:
        records = self._records(partition, newest_first=listing.newest_first)
        passing = (_bare(record) for record in records if _is_listed(record, listing))
        return list(islice(passing, listing.limit))

    def features(self, partition: int, *, after: int, limit: int, vectors: bool) -> list[Feature]:
        rows = (record for record in self._records(partition) if record.row > after)
        return [_feature(record, vectors=vectors) for record in islice(rows, limit)]

    def changed(self, partition: int, *, after: int) -> list[int] | None:
        part = self._state.parts.get(partition)
        if part is None or after < part.log_from:
            return None
        return list(dict.fromkeys(row for change, row in part.log if change > after))

    def features_of(self, rows: Sequence[int], *, vectors: bool) -> list[Feature]:
        return [_feature(record, vectors=vectors) for record in self._records_of(rows)]

    def vectors(self, rows: Sequence[int], *, given: bool = False) -> dict[int, bytes]:
        return {
            record.row: record.vector
            for record in self._records_of(rows)
            if record.vector is not None and (record.given or not given)
        }

    def vectors_after(self, partition: int, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        found = (
            (record.row, record.vector)
            for record in self._records(partition)
            if record.row > after and record.vector is not None and record.deleted_at is None
        )
        return list(islice(found, limit))

    def values(self, partition: int, name: str, *, after: int) -> list[tuple[int, object]]:
        return [(record.row, _value(record.memory, name)) for record in self._records(partition) if record.row > after]

    def versions(self, row: int) -> list[Version]:
        part, record = self._state.part_of(row), self._state.record(row)
        if part is None or record is None:
            return []
        kept = {**part.versions.get(row, {}), record.memory.version: version_of(record)}
        return [kept[number].model_copy(deep=True) for number in sorted(kept)]

    def links(
        self,
        partition: int,
        *,
        memory_id: str | None = None,
        source: str | None = None,
        target: str | None = None,
        relation: str | None = None,
        fact: str | None = None,
        open_after: datetime | None = None,
    ) -> list[Link]:
        found = (
            link
            for link in self._part(partition).links.values()
            if memory_id in (None, link.source, link.target)
            and source in (None, link.source)
            and target in (None, link.target)
            and relation in (None, link.relation)
            and fact in (None, link.fact)
            and (open_after is None or link.valid_to is None or link.valid_to > open_after)
        )
        ordered = sorted(found, key=lambda link: (link.valid_from, link.source, link.relation, link.target))
        return [link.model_copy(deep=True) for link in ordered]

    def relations(self, partition: int, source: str) -> list[str]:
        return sorted({link.relation for link in self._part(partition).links.values() if link.source == source})

    def tally(self, partition: int, agent_id: str | None, session_id: str | None, now: datetime) -> Tally:
        narrowed = Listing(0, agent_id=agent_id, session_id=session_id, now=now)
        by_type: dict[str, int] = {}
        sessions: set[str] = set()
        deleted = 0
        for record in self._records(partition):
            if not _is_admitted(record, narrowed):
                continue
            if record.deleted_at is not None:
                deleted += 1
                continue
            by_type[record.memory.type.value] = by_type.get(record.memory.type.value, 0) + 1
            if record.memory.scope.session_id is not None:
                sessions.add(record.memory.scope.session_id)
        links = sum(self._is_admitted_link(partition, link, agent_id, session_id) for link in self.links(partition))
        return Tally(sum(by_type.values()), deleted, links, by_type, len(sessions))

    def embedded(self, collection: int) -> int:
        return sum(record.vector is not None for record in self._records_in(collection))

    def attachments(self, partition: int, rows: Sequence[int] | None = None) -> list[tuple[int, str]]:
        held = self._state.attachments
        wanted = [row for row in held if partition_of(row) == partition] if rows is None else rows
        return sorted((row, digest) for row in wanted for digest in held.get(row, ()))

    def attached(self, digests: Iterable[str]) -> set[str]:
        held = set[str]().union(*self._state.attachments.values())
        return held.intersection(digests)

    def audit(
        self, scope: Scope, *, operation: str | None = None, after: int = 0, limit: int = 1_000
    ) -> list[AuditEntry]:
        found = (
            entry
            for entry in self._state.audit
            if scope.admits(entry.scope) and operation in (None, entry.operation) and entry.number > after
        )
        return [entry.model_copy(deep=True) for entry in islice(found, limit)]

    def setting(self, name: str) -> str | None:
        return self._state.settings.get(name)

    def _is_admitted_link(self, partition: int, link: Link, agent_id: str | None, session_id: str | None) -> bool:
        """Whether the memory that a link comes from is one of the agent's and the session's."""
        part = self._part(partition)
        record = part.records.get(part.rows_by_id.get(link.source, -1))
        return record is not None and _is_admitted(record, Listing(0, agent_id=agent_id, session_id=session_id))

    def _part(self, partition: int) -> Part:
        return self._state.parts.get(partition) or Part(_NOWHERE)

    def _records(self, partition: int, *, newest_first: bool = False) -> Iterator[Record]:
        """A partition's rows; they were put in ascending, and a row that is exchanged keeps its place."""
        records = self._part(partition).records
        return reversed(records.values()) if newest_first else iter(records.values())

    def _records_in(self, collection: int) -> Iterator[Record]:
        for number in sorted(self._state.parts):
            part = self._state.parts[number]
            if part.partition.collection.id == collection:
                yield from part.records.values()

    def _records_of(self, rows: Sequence[int]) -> Iterator[Record]:
        found = (self._state.record(int(row)) for row in rows)
        return (record for record in found if record is not None)

    @staticmethod
    def _shown(part: Part, row: int | None) -> Record | None:
        record = None if row is None else part.records.get(row)
        return None if record is None else record.with_memory(metadata=own_memory(record.memory).metadata)


def pack(memory: Memory) -> Packed:
    """As JSON."""
    return memory.model_dump_json().encode()


def version_of(record: Record) -> Version:
    """How a row stands, as its history tells it."""
    memory = record.memory
    return Version(
        version=memory.version,
        content=memory.content,
        metadata=memory.metadata,
        importance=memory.importance,
        operation=record.operation,
        changed_at=memory.updated_at,
        reason=record.reason,
    )


def partition_of(row: int) -> int:
    """The partition a row number belongs to."""
    return row >> ROW_BITS


def _bare(record: Record) -> Record:
    return Record(
        memory=own_memory(record.memory),
        digest=record.digest,
        operation=record.operation,
        reason=record.reason,
        deleted_at=record.deleted_at,
        row=record.row,
    )


def _is_listed(record: Record, listing: Listing) -> bool:
    if listing.deleted not in (None, record.deleted_at is not None) or not _is_admitted(record, listing):
        return False
    if listing.types is not None and record.memory.type.value not in listing.types:
        return False
    if listing.after is None:
        return True
    return record.row < listing.after if listing.newest_first else record.row > listing.after


def _is_admitted(record: Record, listing: Listing) -> bool:
    memory = record.memory
    expired = listing.now is not None and memory.expires_at is not None and memory.expires_at <= listing.now
    return (
        not expired
        and listing.agent_id in (None, memory.scope.agent_id)
        and listing.session_id in (None, memory.scope.session_id)
    )


def _value(memory: Memory, name: str) -> object:
    if name == "metadata":
        return own_memory(memory).metadata
    if name not in OWN_FIELDS:
        raise KeyError(name)
    value: object = getattr(memory.scope if name in {"agent_id", "session_id"} else memory, name)
    if isinstance(value, tuple):
        return [*value]
    return memory.type.value if name == "type" else value


def _feature(record: Record, *, vectors: bool) -> Feature:
    memory = record.memory
    return Feature(
        row=record.row,
        alive=record.deleted_at is None,
        type=memory.type.value,
        agent_id=memory.scope.agent_id,
        session_id=memory.scope.session_id,
        role=memory.role,
        name=record.speaker,
        importance=memory.importance,
        occurred_at=micros(memory.occurred_at) or 0,
        expires_at=micros(memory.expires_at),
        valid_from=micros(memory.valid_from),
        valid_to=micros(memory.valid_to),
        words=record.words,
        vector=record.vector if vectors else None,
    )

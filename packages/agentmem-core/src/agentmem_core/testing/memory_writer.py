"""Writing to a ``MemoryLedger``: a transaction works on a copy, and copies a part before it writes to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from agentmem_core.errors import StoreError
from agentmem_core.model import AuditEntry, Link, Scope, Version
from agentmem_core.ports import Collection, Erased, Fingerprint, Partition, Record
from agentmem_core.testing.memory_lessons import MemoryLessonWriter
from agentmem_core.testing.memory_reader import MemoryReader, partition_of, version_of
from agentmem_core.testing.memory_state import ROW_BITS, Part, State, own_memory

CHANGES_KEPT = 8192
"""How far the log of changes reaches back."""


class MemoryWriter(MemoryLessonWriter, MemoryReader):
    """The one transaction at a time; its reads see what it has written so far."""

    def __init__(self, state: State) -> None:
        super().__init__(state.copy())
        self._mine: set[int] = set()

    @property
    def state(self) -> State:
        """What is to be committed."""
        return self._state

    def ensure_partition(self, tenant: str, name: str, user_id: str, embedder: Fingerprint) -> Partition:
        collection = self._ensure_collection(tenant, name, embedder)
        found = self.partition(tenant, name, user_id)
        if found is not None:
            return found
        number = self._state.last_partition = self._state.last_partition + 1
        made = Partition(number, collection, user_id, last_row=number << ROW_BITS, change=0)
        self._state.parts[number] = Part(made)
        self._mine.add(number)
        return made

    def insert(self, partition: int, records: Sequence[Record], history: Sequence[Sequence[Version]] = ()) -> list[int]:
        part = self._own(partition)
        rows: list[int] = []
        for row, record in enumerate(records, part.partition.last_row + 1):
            self._put(part, replace(record, row=row))
            rows.append(row)
        for row, versions in zip(rows, history, strict=False):
            if versions:
                part.versions[row] = {version.version: version.model_copy(deep=True) for version in versions}
        part.partition = replace(part.partition, last_row=part.partition.last_row + len(rows))
        return rows

    def append(self, known: Partition, record: Record) -> Partition | None:
        now = self.again(known)
        if now is None or now.collection != known.collection:
            return None
        if self.by_id(known.id, record.memory.id) or (record.digest and self.by_digest(known.id, record.digest)):
            return None
        [row] = self.insert(known.id, [record])
        return replace(now, last_row=row)

    def rewrite(self, record: Record, *, versioned: bool = True) -> None:
        part = self._own(partition_of(record.row))
        before = part.records.get(record.row)
        if before is None:
            return
        if versioned:
            kept = part.versions.get(record.row, {})
            part.versions[record.row] = {**kept, before.memory.version: version_of(before)}
        self._take_out(part, before)
        self._put(part, record)
        self._state.staging.pop(record.row, None)
        self._log(part, [record.row])

    def touch(self, counts: Iterable[tuple[int, int, datetime]]) -> None:
        for row, times, when in counts:
            record = self._state.record(row)
            if record is None:
                continue
            memory = record.memory
            last = when if memory.last_accessed_at is None else max(when, memory.last_accessed_at)
            part = self._own(partition_of(row))
            part.records[row] = record.with_memory(access_count=memory.access_count + times, last_accessed_at=last)

    def link(self, partition: int, link: Link) -> None:
        key = (link.source, link.relation, link.target, link.valid_from, link.fact or "")
        self._own(partition).links[key] = link.model_copy(deep=True)

    def erase(self, partition: int, rows: Sequence[int] | None) -> Erased:
        part = self._own(partition)
        chosen = list(part.records) if rows is None else [int(row) for row in rows]
        records = [record for row in chosen if (record := part.records.get(row)) is not None]
        gone = {record.memory.id for record in records}
        links = [key for key in part.links if rows is None or gone & {key[0], key[2], key[4]}]
        erased = Erased(
            memories=len(records),
            versions=sum(len(part.versions.get(record.row, ())) for record in records),
            vectors=sum(record.vector is not None for record in records),
            links=len(links),
            digests=frozenset(digest for _, digest in self.attachments(partition, None if rows is None else chosen)),
        )
        for key in links:
            del part.links[key]
        for record in records:
            self._take_out(part, record)
            del part.records[record.row]
            part.versions.pop(record.row, None)
            self._state.staging.pop(record.row, None)
            self._state.attachments.pop(record.row, None)
        self._state.learnt -= {record.row for record in records}
        if rows is None:
            del self._state.parts[partition]
        else:
            self._log(part, chosen)
            part.partition = replace(part.partition, epoch=part.partition.epoch + 1)
        return erased

    def trash(self, tenant: str) -> list[tuple[int, list[int]]]:
        found: list[tuple[int, list[int]]] = []
        for partition in self.partitions(tenant):
            rows = [record.row for record in self._records(partition.id) if record.deleted_at is not None]
            if rows:
                found.append((partition.id, rows))
        return found

    def stage(self, vectors: Iterable[tuple[int, bytes]]) -> None:
        self._state.staging.update(vectors)

    def unstaged(self, collection: int, *, after: int, limit: int) -> list[tuple[int, str, str | None]]:
        waiting = [
            (record.row, record.memory.content, record.speaker)
            for record in self._records_in(collection)
            if record.row > after and record.vector is not None and record.row not in self._state.staging
        ]
        return waiting[:limit]

    def staged(self, collection: int) -> int:
        return sum(record.row in self._state.staging for record in self._records_in(collection))

    def unstage(self, collection: int) -> None:
        for record in self._records_in(collection):
            self._state.staging.pop(record.row, None)

    def adopt(self, collection: int, embedder: Fingerprint) -> None:
        for record in list(self._records_in(collection)):
            vector = self._state.staging.pop(record.row, None)
            if vector is not None:
                self._own(partition_of(record.row)).records[record.row] = replace(record, vector=vector, given=False)
        found = self._state.collections[collection]
        self._state.collections[collection] = replace(found, embedder=embedder, generation=found.generation + 1)

    def set_setting(self, name: str, value: str | None) -> None:
        if value is None:
            self._state.settings.pop(name, None)
        else:
            self._state.settings[name] = value

    def rewrite_history(self, row: int, versions: Sequence[Version]) -> None:
        part = self._own(partition_of(row))
        anew = {version.version: version.model_copy(deep=True) for version in versions}
        part.versions[row] = {**part.versions.get(row, {}), **anew}

    def attach(self, row: int, digest: str) -> None:
        self._state.attachments[row] = self._state.attachments.get(row, frozenset()) | {digest}

    def append_audit(self, entry: AuditEntry) -> None:
        number = self._state.last_audit = self._state.last_audit + 1
        self._state.audit = (*self._state.audit, entry.model_copy(update={"number": number}, deep=True))

    def erase_audit(self, scope: Scope, targets: Sequence[str] | None = None) -> None:
        self._state.audit = tuple(
            entry
            for entry in self._state.audit
            if not scope.admits(entry.scope) or (targets is not None and entry.target not in targets)
        )

    def _ensure_collection(self, tenant: str, name: str, embedder: Fingerprint) -> Collection:
        found = self.collection(tenant, name)
        if found is None:
            number = self._state.last_collection = self._state.last_collection + 1
            found = self._state.collections[number] = Collection(number, tenant, name, embedder, generation=1)
        elif found.embedder.dimension is None and embedder.dimension is not None:
            known = replace(found.embedder, dimension=embedder.dimension)
            found = self._state.collections[found.id] = replace(found, embedder=known)
        return found

    def _own(self, partition: int) -> Part:
        """The part of this transaction, copied when it is first written to."""
        part = self._state.parts.get(partition)
        if part is None:
            raise StoreError(f"there is no partition {partition}")
        if partition not in self._mine:
            part = self._state.parts[partition] = part.copy()
            self._mine.add(partition)
        return part

    def _put(self, part: Part, record: Record) -> None:
        """A row into its place; its scope is that of the partition, as in every ledger."""
        memory, where = own_memory(record.memory), part.partition
        owner = {"tenant": where.collection.tenant, "user_id": where.user_id}
        memory = memory.model_copy(update={"scope": memory.scope.model_copy(update=owner)})
        taken = part.rows_by_id.setdefault(memory.id, record.row) != record.row
        if record.digest is not None:
            taken = part.rows_by_digest.setdefault(record.digest, record.row) != record.row or taken
        if taken:
            raise StoreError(f"row {record.row}: another row of the partition has the same id or digest")
        part.records[record.row] = replace(record, memory=memory)

    def _take_out(self, part: Part, record: Record) -> None:
        part.rows_by_id.pop(record.memory.id, None)
        if record.digest is not None:
            part.rows_by_digest.pop(record.digest, None)

    def _log(self, part: Part, rows: Sequence[int]) -> None:
        change = part.partition.change
        part.log.extend(enumerate(rows, change + 1))
        part.partition = replace(part.partition, change=change + len(rows))
        if len(part.log) > 2 * CHANGES_KEPT:
            del part.log[:-CHANGES_KEPT]
            part.log_from = part.log[0][0] - 1

"""Add: everything of one call in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from agentmem_core.engine.drafting import DEFAULT_IMPORTANCE, Draft, draft, embedded, misfit, require_ahead, space_for
from agentmem_core.engine.engine import Engine, mismatch
from agentmem_core.engine.routing import choose
from agentmem_core.errors import AgentMemError, ConflictError, EmbedderMismatchError, VectorMismatchError
from agentmem_core.model import Added, AddedItem, AddOutcome, Memory
from agentmem_core.model.things import require_memory_id
from agentmem_core.model.values import trusting
from agentmem_core.operations import MEMORIES, Add
from agentmem_core.ports import Fingerprint, LedgerWriter, Partition, Record

Within = Callable[[LedgerWriter, Sequence[Memory]], object]
"""What is done in the same transaction, after the rows are in: with the memories that stand for what was given."""


def add(engine: Engine, op: Add, within: Within | None = None) -> Added:
    """Words and vectors are made before the transaction, so that others wait only for the writing itself.

    The collection is not read again when this process has seen it: what was remembered is checked inside the transaction, and
    read anew before anything is refused because of it.
    """
    now = engine.clock()
    choices, warned = choose(engine, op.items, op.collection)
    drafts = [
        draft(item, op.scope, op.collection, now, kind) for item, (kind, _) in zip(op.items, choices, strict=True)
    ]
    items, warnings = _into_known_space(engine, op, drafts, now, within)
    routed = tuple(_routed(item, why) for item, (_, why) in zip(items, choices, strict=True))
    return _added({"items": routed, "warnings": tuple(dict.fromkeys([*warned, *warnings])), "learned": None})


def _routed(item: AddedItem, why: str | None) -> AddedItem:
    return _item(item.outcome, item.memory, item.error, item.error_code, why)


def _item(
    outcome: AddOutcome,
    memory: Memory | None,
    error: str | None = None,
    error_code: str | None = None,
    routed: str | None = None,
) -> AddedItem:
    return _added_item(
        {"outcome": outcome, "memory": memory, "error": error, "error_code": error_code, "routed": routed}
    )


_added = trusting(Added)
_added_item = trusting(AddedItem)


def _into_known_space(
    engine: Engine, op: Add, drafts: Sequence[Draft], now: datetime, within: Within | None
) -> tuple[list[AddedItem], list[str]]:
    """What became of each item, and warnings."""
    place = (op.scope.tenant, op.collection)
    remembered = engine.seen.get(place)
    if remembered is not None:
        try:
            return _add(engine, op, drafts, now, remembered.embedder, within, report=False)
        except (EmbedderMismatchError, VectorMismatchError):  # it may have been embedded anew since
            engine.seen.forget(place)
    with engine.ledger.reading() as reader:
        stored = reader.collection(*place)
    return _add(engine, op, drafts, now, stored.embedder if stored else None, within, report=op.on_error == "report")


def _add(
    engine: Engine,
    op: Add,
    drafts: Sequence[Draft],
    now: datetime,
    stored: Fingerprint | None,
    within: Within | None,
    *,
    report: bool,
) -> tuple[list[AddedItem], list[str]]:
    """Into a collection that ``stored`` embedded; with ``report`` an item that does not fit is a failed one."""
    space = space_for(engine, [item.record for item in drafts], op.collection, stored)
    items: list[AddedItem | None] = [_refused(item, space, op.collection) if report else None for item in drafts]
    usable = [number for number, refused in enumerate(items) if refused is None]
    warnings: list[str] = []
    if usable:
        records = embedded(engine, [drafts[number].record for number in usable], space, op.collection)
        if space.dimension is None:
            space = replace(space, dimension=len(records[0].vector or b"") // 4)
        ready = {number: drafts[number].with_record(record) for number, record in zip(usable, records, strict=True)}
        warnings = _write(engine, op, space, ready, items, now, within)
    return [item for item in items if item is not None], warnings


def _write(
    engine: Engine,
    op: Add,
    space: Fingerprint,
    ready: dict[int, Draft],
    items: list[AddedItem | None],
    now: datetime,
    within: Within | None,
) -> list[str]:
    """Everything in one transaction; fills ``items`` and answers the warnings."""
    warnings: list[str] = []
    partitions: list[Partition] = []
    uses: list[tuple[int, int, datetime]] = []
    with engine.writing() as writer:
        appended = _append(engine, writer, op, space, ready, items)
        if appended is not None:
            partitions.append(appended)
        for user_id, numbers in _by_user({} if appended else ready).items():
            known = engine.seen.partition((op.scope.tenant, op.collection, user_id))
            adding = Adding(writer, op, space, user_id, now, known)
            for number in numbers:
                items[number] = adding.take(ready[number])
            partitions.append(adding.finish())
            warnings.extend(adding.warnings)
            uses.extend(adding.uses)
        if within is not None:
            within(writer, [item.memory for item in items if item is not None and item.memory is not None])
    if uses:
        engine.views.used(uses)
    engine.seen.keep(partitions[0].collection)
    for partition in partitions:
        engine.seen.keep_partition((op.scope.tenant, op.collection, partition.user_id), partition)
        if engine.views.is_large(partition):
            engine.follower.note(partition)
    return warnings


def _append(
    engine: Engine,
    writer: LedgerWriter,
    op: Add,
    space: Fingerprint,
    ready: Mapping[int, Draft],
    items: list[AddedItem | None],
) -> Partition | None:
    """A single text for somebody who was seen before, in two statements; None where it is anything else, or known already."""
    if len(ready) != 1:
        return None
    ((number, item),) = ready.items()
    memory = item.record.memory
    known = engine.seen.partition((op.scope.tenant, op.collection, memory.scope.user_id))
    if (
        item.named
        or item.proposed
        or memory.expires_at is not None
        or known is None
        or known.collection.embedder != space
    ):
        return None
    partition = writer.append(known, item.record)
    if partition is not None:
        items[number] = _item(AddOutcome.CREATED, memory)
    return partition


def _same(old: Memory, new: Memory) -> bool:
    return old.content == new.content and old.type == new.type and old.scope == new.scope and old.role == new.role


def _refused(item: Draft, space: Fingerprint, collection: str) -> AddedItem | None:
    problem = misfit(item.record, space, collection)
    return None if problem is None else _failed(problem)


def _failed(error: AgentMemError) -> AddedItem:
    return _item(AddOutcome.FAILED, None, str(error), error.code)


def _by_user(drafts: Mapping[int, Draft]) -> dict[str, list[int]]:
    users: dict[str, list[int]] = {}
    for number, item in drafts.items():
        users.setdefault(item.memory.scope.user_id, []).append(number)
    return users


class Adding:
    """One user's part of an add: each item is created, known, put in place of an older one, or refused."""

    def __init__(
        self,
        writer: LedgerWriter,
        op: Add,
        space: Fingerprint,
        user_id: str,
        now: datetime,
        known: Partition | None = None,
    ) -> None:
        """``known`` is the partition as it was last seen, if it was."""
        self._writer = writer
        self._op = op
        self._now = now
        found = writer.again(known) if known is not None and known.collection.embedder.dimension is not None else None
        self._partition = found or writer.ensure_partition(op.scope.tenant, op.collection, user_id, space)
        stored = self._partition.collection.embedder
        if not stored.fits(space):
            raise mismatch(op.collection, stored, space)
        self._new: list[Record] = []
        self._by_id: dict[str, int] = {}
        self._by_digest: dict[bytes, int] = {}
        self.warnings: list[str] = []
        self.uses: list[tuple[int, int, datetime]] = []

    def take(self, item: Draft) -> AddedItem:
        try:
            told = self._told_before(item.record) if item.proposed and not item.named else None
            if told is not None:
                return told
            require_ahead(item.memory.expires_at, self._now)
            return self._named(item) if item.named else self._plain(item.record)
        except AgentMemError as error:
            if self._op.on_error == "raise":
                raise
            return _failed(error)

    def finish(self) -> Partition:
        """Write what is new; answers the partition as it is then, but for its count of changes."""
        if not self._new:
            return self._partition
        rows = self._writer.insert(self._partition.id, self._new)
        return replace(self._partition, last_row=rows[-1])

    def _told_before(self, record: Record) -> AddedItem | None:
        """What the same item was answered when it came the first time."""
        if self._op.collection == MEMORIES:
            require_memory_id(record.memory.id)
        waiting = self._by_id.get(record.memory.id)
        found = self._writer.by_id(self._partition.id, record.memory.id) if waiting is None else self._new[waiting]
        if found is None:
            return None
        if waiting is not None or (found.memory.version == 1 and not _same(found.memory, record.memory)):
            raise ConflictError(f"id_if_new: {record.memory.id!r} stands for another memory; give each its own")
        return _item(AddOutcome.CREATED, found.memory)

    def _plain(self, record: Record) -> AddedItem:
        if record.digest is None:
            return self._create(record)
        waiting = self._by_digest.get(record.digest)
        if waiting is not None:
            return self._known(self._new[waiting].memory, record.memory)
        found = self._writer.by_digest(self._partition.id, record.digest)
        if found is None:
            return self._create(record)
        if not self._living(found):
            self._writer.rewrite(replace(found, digest=None), versioned=False)
            return self._create(record)
        use = (found.row, 1, self._now)
        self._writer.touch([use])
        self.uses.append(use)
        memory = found.memory.model_copy(
            update={"access_count": found.memory.access_count + 1, "last_accessed_at": self._now}
        )
        return self._known(memory, record.memory)

    def _named(self, item: Draft) -> AddedItem:
        record = item.record
        if self._op.collection == MEMORIES:
            require_memory_id(record.memory.id)
        waiting = self._by_id.get(record.memory.id)
        if waiting is not None:
            return self._clash(self._new[waiting], record)
        found = self._writer.by_id(self._partition.id, record.memory.id)
        if found is None:
            return self._create(self._without_taken_digest(record))
        if found.deleted_at is None and self._living(found):
            return self._clash(found, record)
        if found.memory.scope != record.memory.scope:
            self._writer.erase(self._partition.id, [found.row])
            self._partition = replace(self._partition, epoch=self._partition.epoch + 1)
            return self._create(self._without_taken_digest(record))
        return self._replace(found, record, "add", AddOutcome.CREATED)

    def _clash(self, found: Record, record: Record) -> AddedItem:
        """The id stands already: the same content is a repetition, another one an error unless it is to replace."""
        old, new = found.memory, record.memory
        if _same(old, new) and (
            self._op.on_conflict == "error"
            or (old.metadata, old.expires_at, found.vector) == (new.metadata, new.expires_at, record.vector)
        ):
            return self._known(old, new)
        if self._op.on_conflict == "replace" and old.scope == new.scope:
            return self._replace(found, record, "update", AddOutcome.REPLACED)
        raise ConflictError(
            f"id {new.id!r} already stands for another content, type or scope; use update({new.id!r}, ...) to change it, "
            "or give the new memory another id"
        )

    def _replace(self, found: Record, record: Record, operation: str, outcome: AddOutcome) -> AddedItem:
        if not found.row:
            return self._replace_waiting(found, record, outcome)
        memory = record.memory.model_copy(
            update={"created_at": found.memory.created_at, "version": found.memory.version + 1}
        )
        record = replace(record, memory=memory, operation=operation, row=found.row)
        self._writer.rewrite(self._without_taken_digest(record))
        return _item(outcome, memory)

    def _replace_waiting(self, found: Record, record: Record, outcome: AddOutcome) -> AddedItem:
        """The same id twice in one add: the first was never stored, so the last simply takes its place."""
        number = self._by_id[record.memory.id]
        if found.digest is not None:
            self._by_digest.pop(found.digest, None)
        record = self._without_taken_digest(record)
        if record.digest is not None:
            self._by_digest[record.digest] = number
        self._new[number] = record
        return _item(outcome, record.memory)

    def _without_taken_digest(self, record: Record) -> Record:
        """A caller's id makes a memory of its own, even where the same text is known under another id."""
        if record.digest is None:
            return record
        found = self._writer.by_digest(self._partition.id, record.digest)
        taken = record.digest in self._by_digest or (found is not None and found.row != record.row)
        return replace(record, digest=None) if taken else record

    def _create(self, record: Record) -> AddedItem:
        number = len(self._new)
        self._new.append(record)
        self._by_id[record.memory.id] = number
        if record.digest is not None:
            self._by_digest[record.digest] = number
        return _item(AddOutcome.CREATED, record.memory)

    def _known(self, old: Memory, new: Memory) -> AddedItem:
        differs = (
            (new.metadata and old.metadata != new.metadata)
            or (new.expires_at and old.expires_at != new.expires_at)
            or new.importance not in {DEFAULT_IMPORTANCE, old.importance}
            or (new.entities and old.entities != new.entities)
        )
        if differs:
            self.warnings.append(
                f"memory {old.id} was known already and keeps its own metadata, dates, entities and importance; use update() "
                "to change them"
            )
        return _item(AddOutcome.KNOWN, old)

    def _living(self, record: Record) -> bool:
        expires, ends = record.memory.expires_at, record.memory.valid_to
        return (expires is None or expires > self._now) and (ends is None or ends > self._now)

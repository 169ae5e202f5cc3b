"""Moving: from a source into a memory, safe to repeat and to stop at any moment."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from agentmem_core.client import AgentMem
from agentmem_core.client.files import FORMAT, VERSION
from agentmem_core.errors import AgentMemError, ConflictError, InvalidInputError, NotFoundError
from agentmem_core.model import Memory
from agentmem_core.moving.identity import Identities
from agentmem_core.moving.record import EMPTY, Found, Misfit, SourceRecord
from agentmem_core.moving.report import KEPT, MoveExample, MoveMisfit, MoveReport
from agentmem_core.moving.source import Source
from agentmem_core.operations import MEMORIES, NewMemory, build
from agentmem_core.operations.agents.core import SetBlock

OnMove = Callable[[int, int | None], object]

_BATCH = 200
_BATCH_CHARACTERS = 2_000_000
_EXAMPLES = 5
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class _Item:
    """A record with its id, its owner and how it is written."""

    record: SourceRecord
    id: str
    user_id: str


def move(
    source: Source,
    memory: AgentMem,
    *,
    user_id: str | None = None,
    dry_run: bool = False,
    progress: OnMove | None = None,
) -> MoveReport:
    """Move what a source holds into a memory; what stands already is left as it is, so it is safe to repeat.

    Users are kept; ``user_id`` gives everything to one instead, and who has none in the source is the client's user. The whole
    source is read once before anything is written, so that a damaged file moves nothing. Each batch is one transaction:
    killed half-way, the next call goes on. ``progress(done, total)`` is called after each. A dry run writes nothing. A source in which
    nothing is a memory is refused.
    """
    if not isinstance(source, Source):
        raise InvalidInputError("source: must be what open_source answers")
    if not isinstance(memory, AgentMem):
        raise InvalidInputError(f"memory: must be an AgentMem, not {type(memory).__name__}")
    if memory.scope.agent_id is not None or memory.scope.session_id is not None:
        raise InvalidInputError(
            "memory: is a client of one agent or session, and a source has its own; give a client without, and "
            "open_source(agent_id=..., session_id=...) for what has none"
        )
    if user_id is not None:
        build(NewMemory, content="x", user_id=user_id)
    total = None if dry_run else sum(1 for _ in source)
    moving = _Moving(source, memory, user_id, dry_run=dry_run)
    try:
        for batch in _batches(source):
            moving.take(batch)
            if progress is not None:
                progress(moving.read, total)
    except AgentMemError as error:
        if moving.moved:
            error.args = (
                f"{error}; {moving.moved:,} memories were moved before this, and a repetition goes on from there",
            )
        raise
    if moving.read and not moving.records:
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in moving.reasons.most_common(3))
        raise InvalidInputError(f"{source.path}: holds nothing that can be moved from {source.kind}: {reasons}")
    return moving.report()


def _batches(source: Source) -> Iterator[list[Found]]:
    batch: list[Found] = []
    size = 0
    for found in source:
        batch.append(found)
        size += len(found.content) if isinstance(found, SourceRecord) else 0
        if len(batch) == _BATCH or size > _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@dataclass(slots=True)
class _Moving:
    """One move under way, and what it counts."""

    source: Source
    memory: AgentMem
    user_id: str | None
    dry_run: bool = field(kw_only=True)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    read: int = 0
    records: int = 0
    moved: int = 0
    known: int = 0
    changed: int = 0
    deleted: int = 0
    undated: int = 0
    raced: int = 0
    first: datetime | None = None
    last: datetime | None = None
    by_type: Counter[str] = field(default_factory=Counter)
    by_user: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    misfits: list[MoveMisfit] = field(default_factory=list)
    examples: list[MoveExample] = field(default_factory=list)
    trash: dict[str, bool] = field(default_factory=dict)
    ids: Identities = field(init=False)

    def __post_init__(self) -> None:
        self.ids = Identities(self.source.kind)

    def take(self, batch: Sequence[Found]) -> None:
        """Write what is new of a batch, in one transaction for all users."""
        self.read += len(batch)
        users: dict[str, dict[str, _Item]] = {}
        for found in batch:
            item = self._item(found)
            if item is None:
                continue
            mine = users.setdefault(item.user_id, {})
            before = mine.get(item.id)
            if before is None:
                mine[item.id] = item
            elif before.record.content == item.record.content:
                self.known += 1
            else:
                self.changed += 1
        new = [item for user, items in users.items() for item in self._unknown(user, items)]
        if new:
            self._write(new)

    def report(self) -> MoveReport:
        """What was done."""
        notes = list(self.source.notes)
        if not self.read:
            notes.append("there is nothing in it")
        if self.undated:
            notes.append(f"{self.undated:,} have no date in the source and got the date of the move")
        if self.raced:
            notes.append(
                f"{self.raced:,} were written by somebody else at the same time; the counts by user and type hold them too"
            )
        return MoveReport(
            kind=self.source.kind, path=str(self.source.path), dry_run=self.dry_run, read=self.read, moved=self.moved,
            known=self.known, changed=self.changed, deleted=self.deleted, misfit_count=self.reasons.total(),
            by_type=dict(self.by_type.most_common()), by_user=dict(self.by_user.most_common()), first=self.first, last=self.last,
            examples=tuple(self.examples), misfits=tuple(self.misfits), reasons=dict(self.reasons.most_common()),
            notes=tuple(notes),
        )  # fmt: skip

    def _item(self, found: Found) -> _Item | None:
        """What is to be written, or None for what does not fit; that has its place in the order all the same."""
        if isinstance(found, Misfit):
            self._refuse(found.place, found.reason, found.original_id)
            return None
        self.records += 1
        user_id = self.user_id or found.user_id or self.memory.scope.user_id
        problem = self._problem(found, user_id)
        if problem is None:
            return _Item(found, self.ids.of(found, user_id), user_id)
        if found.label is None:
            self.ids.of(found, user_id)
        self._refuse(found.place, problem, found.original_id)
        return None

    def _problem(self, record: SourceRecord, user_id: str) -> str | None:
        """Why a record cannot be a memory."""
        if not record.content.strip():
            return EMPTY
        if record.expires_at is not None and record.expires_at <= self.now:
            return "it had expired"
        try:
            if record.label is not None:
                build(SetBlock, label=record.label, text=record.content)
            build(
                NewMemory, content=record.content, type=record.type, metadata=_metadata(self.source.kind, record),
                importance=record.importance, role=record.role, name=record.name, entities=record.entities,
                user_id=user_id, agent_id=record.agent_id, session_id=record.session_id,
            )  # fmt: skip
        except InvalidInputError as error:
            return str(error)
        return None

    def _refuse(self, place: str, reason: str, original_id: str | None) -> None:
        self.reasons[reason] += 1
        if len(self.misfits) < KEPT:
            self.misfits.append(MoveMisfit(place=place, reason=reason, original_id=original_id))

    def _unknown(self, user_id: str, items: dict[str, _Item]) -> Iterator[_Item]:
        """Those that neither stand nor were deleted here."""
        standing = {known.id: known for known in self.memory.get_many([*items], user_id=user_id)}
        for memory_id, item in items.items():
            found = standing.get(memory_id)
            if found is not None:
                self._meet(found, item)
            elif self._is_gone(item):
                self.deleted += 1
            else:
                yield item

    def _meet(self, found: Memory, item: _Item) -> None:
        if found.content == item.record.content:
            self.known += 1
        else:
            self.changed += 1

    def _is_gone(self, item: _Item) -> bool:
        """Whether it was here, and was deleted or has expired; of a user who is new here nothing was."""
        if item.user_id not in self.trash:
            stats = self.memory.stats(user_id=item.user_id)
            self.trash[item.user_id] = bool(stats.deleted or stats.memories)
        if not self.trash[item.user_id] and item.record.expires_at is None:
            return False
        try:
            return bool(self.memory.history(item.id, user_id=item.user_id))
        except NotFoundError:
            return False

    def _write(self, items: list[_Item]) -> None:
        if self.dry_run:
            for item in items:
                self._count(item)
            return
        try:
            self._import(items)
        except (InvalidInputError, ConflictError) as error:
            if len(items) == 1:
                self._refuse(items[0].record.place, str(error), items[0].record.original_id)
                return
            for item in items:
                self._write([item])

    def _import(self, items: list[_Item]) -> None:
        header = {"format": FORMAT, "version": VERSION}
        lines = [json.dumps(line) for line in (header, *(self._line(item) for item in items))]
        done = self.memory.import_(lines, user_id=self.user_id, keep_users=self.user_id is None)
        for item in items:
            self._count(item)
        self.moved -= done.skipped
        self.known += done.skipped
        self.raced += done.skipped

    def _count(self, item: _Item) -> None:
        record = item.record
        self.moved += 1
        self.by_type[record.type.value] += 1
        self.by_user[item.user_id] += 1
        at = record.occurred_at
        if at is None:
            self.undated += 1
        else:
            self.first = at if self.first is None else min(self.first, at)
            self.last = at if self.last is None else max(self.last, at)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(
                MoveExample(
                    id=item.id,
                    original_id=record.original_id,
                    user_id=item.user_id,
                    type=record.type.value,
                    occurred_at=at,
                    text=record.content[:_SHOWN],
                )
            )

    def _line(self, item: _Item) -> dict[str, Any]:
        """The record as an export of ours would say it."""
        record = item.record
        occurred = record.occurred_at or self.now
        told = record.history[0].changed_at if record.history else occurred
        metadata = _metadata(self.source.kind, record)
        importance = 0.5 if record.importance is None else record.importance
        line: dict[str, Any] = {
            "kind": "memory", "collection": MEMORIES, "user_id": item.user_id, "id": item.id, "content": record.content,
            "type": record.type.value, "metadata": metadata, "importance": importance, "entities": record.entities,
            "occurred_at": occurred, "created_at": told, "updated_at": record.updated_at or told, "valid_from": occurred,
            "last_accessed_at": self.now,  # it came just now: maintain() is not to put it away as long unused
            "version": len(record.history) + 1, "operation": "update" if record.history else "add",
        }  # fmt: skip
        for name in ("agent_id", "session_id", "role", "name", "expires_at", "valid_to"):
            value = getattr(record, name)
            if value is not None:
                line[name] = value
        line["history"] = [
            {
                "version": number, "content": earlier.content, "metadata": metadata, "importance": importance,
                "operation": earlier.operation, "changed_at": earlier.changed_at,
            }
            for number, earlier in enumerate(record.history, 1)
        ]  # fmt: skip
        return {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in _plain(line).items()
        }


def _plain(line: dict[str, Any]) -> dict[str, Any]:
    history = [{**earlier, "changed_at": earlier["changed_at"].isoformat()} for earlier in line["history"]]
    return {**line, "history": history}


def _metadata(kind: str, record: SourceRecord) -> dict[str, Any]:
    """What the source said besides, where it came from, and its id there."""
    mine: dict[str, Any] = {"moved_from": kind}
    if record.original_id is not None:
        mine["original_id"] = record.original_id
    if record.label is not None:
        mine |= {"label": record.label}
    theirs = {key: value for key, value in record.metadata.items() if key in mine}
    return {**record.metadata, **mine, **({"original_metadata": theirs} if theirs else {})}

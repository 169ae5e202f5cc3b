"""Update, delete, restore, relate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from agentmem_core.engine.attached import chunks_of
from agentmem_core.engine.drafting import (
    digest_of,
    embedded,
    require_ahead,
    require_dimension,
    require_same_space,
    with_words,
)
from agentmem_core.engine.engine import GIVEN, Engine, find_record
from agentmem_core.engine.evidence import end_by_hand
from agentmem_core.engine.kept import respecting
from agentmem_core.errors import ConflictError, InvalidInputError, NotFoundError, VectorMismatchError
from agentmem_core.model import FilterGroup, Link, Memory, MemoryType, Version
from agentmem_core.model.matching import matches
from agentmem_core.operations import MEMORIES, Delete, Relate, Restore, Update
from agentmem_core.ports import LedgerWriter, Record
from agentmem_core.recall.view import micros

_FIELDS = (
    "content", "metadata", "importance", "type", "occurred_at", "expires_at", "valid_from", "valid_to", "entities",
)  # fmt: skip

_ENDING = {"archive", "supersede", "retract"}


def update(engine: Engine, op: Update) -> Memory:
    """A new version; the words and the vector follow the content."""
    changes: dict[str, Any] = {name: getattr(op, name) for name in _FIELDS if getattr(op, name) is not None}
    changes |= dict.fromkeys(op.clear)
    if not changes and op.vector is None:
        raise InvalidInputError("update: give at least one field to change")
    require_ahead(op.expires_at, engine.clock())
    with engine.ledger.reading() as reader:
        before = find_record(reader, op.scope, op.collection, op.id, now=engine.clock(), types=op.types)
        space = reader.collection(op.scope.tenant, op.collection)
    content = changes.get("content", before.memory.content)
    drafted = with_words(
        replace(before, memory=before.memory.model_copy(update={"content": content}), vector=op.vector, given=True)
    )
    if space is not None:
        require_dimension(op.vector, space.embedder.dimension, op.collection)
    if op.vector is None and content == before.memory.content:
        drafted = replace(drafted, vector=before.vector, given=before.given)
    elif op.vector is None and space is not None:
        if space.embedder.provider == GIVEN.provider:
            raise VectorMismatchError(
                f"collection {op.collection!r} holds vectors that its callers bring; give the new content a vector= too"
            )
        engine.require_fit(space.embedder, op.collection)
        drafted = embedded(engine, [drafted], space.embedder, op.collection)[0]
    with engine.writing() as writer:
        require_same_space(writer, op.scope.tenant, op.collection, space)
        record = find_record(writer, op.scope, op.collection, op.id, now=engine.clock(), types=op.types)
        if op.expected_version is not None and record.memory.version != op.expected_version:
            raise ConflictError(
                f"memory {op.id!r} is at version {record.memory.version}, not {op.expected_version}; read it again first"
            )
        if record.memory.version != before.memory.version and "content" not in changes:
            drafted = record if op.vector is None else replace(record, vector=op.vector, given=True)
        if op.marks:
            changes["metadata"] = {**changes.get("metadata", record.memory.metadata), **op.marks}
        memory = next_version(record, engine.clock(), respecting(record.memory, changes))
        changed = replace(
            record, memory=memory, words=drafted.words, speaker=drafted.speaker, vector=drafted.vector, given=drafted.given,
            operation="update", reason=op.reason,
        )  # fmt: skip
        writer.rewrite(_with_digest(writer, changed, op.collection))
        if "valid_to" in changes:
            _close_links(writer, record, memory.valid_to)
            end_by_hand(writer, record, memory.valid_to)
    return memory


def delete(engine: Engine, op: Delete) -> int:
    """Into the trash: unseen by every other verb, until it is restored or the store is compacted."""
    if isinstance(op.filters, FilterGroup) and not op.filters.filters:
        raise InvalidInputError("delete: the filter is empty and would take everything; to erase a user use forget()")
    if (op.ids is None) == (op.filters is None):
        raise InvalidInputError("delete: give either ids or filters; to erase a whole user or session use forget()")
    now = engine.clock()
    candidates = _candidates(engine, op)
    with engine.writing() as writer:
        records = _to_delete(writer, engine, op, candidates)
        for record in [*records, *chunks_of(writer, records)]:
            retire(writer, record, now, reason=op.reason)
    return len(records)


def retire(writer: LedgerWriter, record: Record, now: datetime, *, reason: str | None) -> None:
    """One whole record into the trash."""
    memory = next_version(record, now, {})
    writer.rewrite(replace(record, memory=memory, digest=None, deleted_at=now, operation="delete", reason=reason))


def alter(
    writer: LedgerWriter, record: Record, now: datetime, *, operation: str, reason: str | None, **changes: Any
) -> Memory:
    """Change fields of one whole record other than its content, as a new version."""
    memory = next_version(record, now, changes)
    writer.rewrite(replace(record, memory=memory, operation=operation, reason=reason))
    return memory


def restore(engine: Engine, op: Restore) -> Memory:
    """An earlier version's content, metadata and importance, as a new version of a living memory."""
    with engine.ledger.reading() as reader:
        before = find_record(reader, op.scope, op.collection, op.id, now=engine.clock(), deleted=True)
        versions = {version.version: version for version in reader.versions(before.row)}
        space = reader.collection(op.scope.tenant, op.collection)
    wanted = versions.get(op.version)
    if wanted is None:
        raise NotFoundError(f"memory {op.id!r} has no version {op.version}; it has {min(versions)} to {max(versions)}")
    changes: dict[str, Any] = {
        "content": wanted.content,
        "metadata": wanted.metadata,
        "importance": wanted.importance,
    }
    ended = _ended_since(before, versions.values(), op.version)
    if ended:
        changes["valid_to"] = None
    if before.memory.expires_at is not None and before.memory.expires_at <= engine.clock():
        changes["expires_at"] = None
    drafted = with_words(replace(before, memory=before.memory.model_copy(update=changes)))
    given = space is not None and space.embedder.provider == GIVEN.provider
    if wanted.content != before.memory.content and given:
        raise VectorMismatchError(
            f"collection {op.collection!r} holds vectors that its callers bring, and versions keep none; "
            "use update(content=..., vector=...) instead"
        )
    if wanted.content != before.memory.content and space is not None:
        engine.require_fit(space.embedder, op.collection)
        drafted = embedded(engine, [replace(drafted, vector=None)], space.embedder, op.collection)[0]
    with engine.writing() as writer:
        require_same_space(writer, op.scope.tenant, op.collection, space)
        record = find_record(writer, op.scope, op.collection, op.id, now=engine.clock(), deleted=True)
        if "runs" in record.memory.metadata and record.memory.type is MemoryType.PROCEDURAL:
            changes["metadata"] = {**wanted.metadata, "runs": record.memory.metadata["runs"]}
        memory = next_version(record, engine.clock(), changes)
        if ended:
            _close_links(writer, record, None)
        restored = replace(
            drafted, memory=memory, deleted_at=None, operation="restore", reason=f"version {op.version}", row=record.row
        )
        writer.rewrite(_with_digest(writer, restored, op.collection))
        for chunk in chunks_of(writer, [record], deleted=True):
            if chunk.deleted_at == record.deleted_at:
                back = next_version(chunk, engine.clock(), {})
                writer.rewrite(
                    replace(chunk, memory=back, deleted_at=None, operation="restore", reason=restored.reason)
                )
    return memory


def _ended_since(record: Record, versions: Iterable[Version], wanted: int) -> bool:
    """Whether a living memory was archived or superseded after that version; what is in the trash comes back as it was."""
    if record.operation == "archive":
        return True
    later = any(version.operation in _ENDING and version.version > wanted for version in versions)
    return later and record.deleted_at is None and record.memory.valid_to is not None


def _close_links(writer: LedgerWriter, record: Record, at: datetime | None) -> None:
    """The links of a fact end when it does now; those that had ended otherwise stay as they are."""
    for link in writer.links(record.row >> 32, fact=record.memory.id):
        if link.valid_to == _end_of(link, record.memory.valid_to):
            writer.link(record.row >> 32, link.model_copy(update={"valid_to": _end_of(link, at)}))


def _end_of(link: Link, at: datetime | None) -> datetime | None:
    return None if at is None else max(at, link.valid_from)


def relate(engine: Engine, op: Relate) -> Link:
    """Both ends must exist in the scope; the relation that stands already is changed, not doubled."""
    now = engine.clock()
    with engine.writing() as writer:
        source = find_record(writer, op.scope, MEMORIES, op.source, now=now)
        find_record(writer, op.scope, MEMORIES, op.target, now=now)
        partition = source.row >> 32
        standing = next(
            (
                link
                for link in writer.links(partition, source=op.source, target=op.target, relation=op.relation)
                if link.valid_to is None
            ),
            None,
        )
        link = Link(
            source=op.source,
            relation=op.relation,
            target=op.target,
            weight=op.weight,
            metadata=op.metadata,
            valid_from=standing.valid_from if standing else op.valid_from or now,
        )
        writer.link(partition, link)
    return link


def _to_delete(writer: LedgerWriter, engine: Engine, op: Delete, candidates: Sequence[str]) -> list[Record]:
    if op.ids is not None:
        found: dict[int, Record] = {}
        for memory_id in op.ids:
            try:
                record = find_record(writer, op.scope, op.collection, memory_id, now=engine.clock(), types=op.types)
            except NotFoundError:
                if op.missing == "error":
                    raise
                continue
            found[record.row] = record
        return list(found.values())
    passing: list[Record] = []
    for memory_id in candidates:
        try:
            record = find_record(writer, op.scope, op.collection, memory_id, now=engine.clock(), types=op.types)
        except NotFoundError:
            continue
        if matches(op.filters, record.memory):
            passing.append(record)
    return passing


def _candidates(engine: Engine, op: Delete) -> list[str]:
    """The ids of rows that pass the filter now, found in memory before others have to wait for the transaction."""
    if op.filters is None:
        return []
    with engine.ledger.reading() as reader:
        partition = reader.partition(op.scope.tenant, op.collection, op.scope.user_id)
    if partition is None:
        return []
    with engine.views.current(engine.ledger, partition) as current:
        if current is None:
            return []
        reader, cached = current.reader, current.cached
        mask = cached.view.standing(
            agent_id=op.scope.agent_id, session_id=op.scope.session_id, now=micros(engine.clock())
        )
        mask &= cached.passing(reader, current.partition, op.filters)
        rows = [int(row) for row in cached.view.columns["row"][mask]]
        memories = reader.by_rows(rows)
    return [memories[row].id for row in rows if row in memories]


def next_version(record: Record, now: datetime, changes: dict[str, Any]) -> Memory:
    """The memory of a record with changes, a version later."""
    return record.memory.model_copy(update={**changes, "version": record.memory.version + 1, "updated_at": now})


def _with_digest(writer: LedgerWriter, record: Record, collection: str) -> Record:
    """The digest of the content as it is now, unless another memory says the same already."""
    if collection != MEMORIES or record.memory.role is not None:
        return record
    digest = digest_of(record.memory)
    found = writer.by_digest(record.row >> 32, digest)
    return replace(record, digest=digest if found is None or found.row == record.row else None)

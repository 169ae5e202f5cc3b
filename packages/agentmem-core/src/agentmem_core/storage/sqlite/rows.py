"""Between the rows of the tables and the words of the model."""

from __future__ import annotations

import json
import marshal
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic_core import from_json

from agentmem_core.errors import StoreDamagedError
from agentmem_core.model import AuditEntry, Link, Memory, MemoryType, Scope, Version
from agentmem_core.model.values import trusting
from agentmem_core.ports import Lesson, Packed, Partition, Record
from agentmem_core.storage.sqlite.schema import ROW_BITS

UNREADABLE = (ValueError, TypeError, OverflowError, AttributeError, RecursionError)
"""What reading a damaged row may raise."""
_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

STORED = ("words", "speaker", "vector", "given")
"""What stands beside a memory in its row."""

MEMORY_COLUMNS = (
    "row", "partition", "id", "content", "type", "agent_id", "session_id", "metadata", "importance", "entities", "source",
    "role", "name", "occurred_at", "created_at", "updated_at", "expires_at", "valid_from", "valid_to", "version",
    "access_count", "last_accessed_at", "operation", "reason", "deleted_at", "digest",
)  # fmt: skip
AUDIT_COLUMNS = (
    "at", "operation", "tenant", "user_id", "agent_id", "session_id", "subject", "target", "reason", "details",
)  # fmt: skip
LESSON_COLUMNS = (
    "tenant", "user_id", "agent_id", "session_id", "turns", "queued_at", "due_at", "attempts", "holder", "failed", "error",
)  # fmt: skip
_NUMBERS = frozenset({
    "row", "partition", "occurred_at", "created_at", "updated_at", "expires_at", "valid_from", "valid_to", "version",
    "access_count", "last_accessed_at",
})  # fmt: skip
_NULLABLE = frozenset({
    "agent_id", "session_id", "role", "name", "expires_at", "valid_from", "valid_to", "last_accessed_at",
})  # fmt: skip
_USES = {"access_count": "coalesce(u.count, 0)", "last_accessed_at": "u.at"}
ROW_COLUMNS = tuple(column for column in MEMORY_COLUMNS if column not in _USES)
"""Those that stand in ``memories``; the others in ``uses``."""
MEMORIES = "memories m LEFT JOIN uses u ON u.row = m.row"
"""What ``SELECTED`` is selected from."""
OF_MEMORY = MEMORY_COLUMNS.index("last_accessed_at") + 1
"""How many of them the memory itself is in."""
_SELECTED = [_USES.get(column, f"m.{column}") for column in MEMORY_COLUMNS]
SELECTED = ", ".join(_SELECTED)
SELECTED_MEMORY = ", ".join(_SELECTED[:OF_MEMORY])
WITHIN = """tenant = :tenant AND user_id = :user AND (:agent IS NULL OR agent_id = :agent)
AND (:session IS NULL OR session_id = :session)"""
"""Values by name, not ``?1``: to Python 3.12.0 to 3.12.3 that is a name without one, and deprecated."""


@contextmanager
def readable() -> Generator[None]:
    """What the ledger wrote can be read back; a row that cannot was changed by something else."""
    try:
        yield
    except UNREADABLE as error:
        raise damaged_row(error) from error


def damaged_row(error: Exception) -> StoreDamagedError:
    """What is said of a row that cannot be read."""
    return StoreDamagedError(
        f"a row of the store is damaged ({type(error).__name__}). Nothing was changed. Copy the folder away, then restore a "
        "backup or an export; health() says whether more is damaged"
    )


def to_micros(moment: datetime | None) -> int | None:
    """Microseconds since 1970."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def to_set_micros(moment: datetime) -> int:
    """Microseconds since 1970, of a moment that is never missing."""
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(micros: int | None) -> datetime | None:
    """The moment, in UTC."""
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def bounds(partition: int) -> tuple[int, int]:
    """The smallest and the largest row number of a partition."""
    return partition << ROW_BITS, (partition + 1 << ROW_BITS) - 1


@lru_cache(maxsize=4096)
def scope_of(tenant: str, user_id: str, agent_id: str | None, session_id: str | None) -> Scope:
    """One scope value for all rows that share it."""
    return Scope(tenant=tenant, user_id=user_id, agent_id=agent_id, session_id=session_id)


def within(scope: Scope) -> dict[str, Any]:
    """The values of ``WITHIN``."""
    return {"tenant": scope.tenant, "user": scope.user_id, "agent": scope.agent_id, "session": scope.session_id}


def encode_json(value: Any) -> str:
    """Compact JSON."""
    return _COMPACT.encode(value) if value else ""


def to_set_moment(micros: int) -> datetime:
    """The moment of a column that is never null."""
    return _EPOCH + timedelta(microseconds=micros)


def decode_json(text: str, empty: Any) -> Any:
    """What ``encode_json`` wrote; nothing stands for an empty value."""
    return from_json(text) if text else empty


def decode_object(text: str) -> dict[str, Any]:
    """A JSON object."""
    found = from_json(text)
    if type(found) is not dict:
        raise TypeError("not a JSON object")
    return found


def decode_names(text: str) -> tuple[str, ...]:
    """A JSON list of texts."""
    found = from_json(text)
    if type(found) is not list or not all(type(name) is str for name in found):
        raise TypeError("not a JSON list of texts")
    return tuple(found)


def memory_values(partition: int, row: int, record: Record) -> tuple[Any, ...]:
    """A record as a row of ``memories``, in the order of ``ROW_COLUMNS`` and ``STORED``."""
    memory = record.memory
    occurred, created, updated = memory.occurred_at, memory.created_at, memory.updated_at
    then = to_set_micros(created)
    return (
        row, partition, memory.id, memory.content, memory.type._value_, memory.scope.agent_id, memory.scope.session_id,
        encode_json(memory.metadata), memory.importance, encode_json(memory.entities), encode_json(memory.source),
        memory.role, memory.name, then if occurred is created else to_set_micros(occurred), then,
        then if updated is created else to_set_micros(updated), to_micros(memory.expires_at), to_micros(memory.valid_from), to_micros(memory.valid_to), memory.version,
        record.operation, record.reason, to_micros(record.deleted_at), record.digest, record.words, record.speaker,
        record.vector, record.given,
    )  # fmt: skip


def uses_of(row: int, memory: Memory) -> tuple[int, int, int | None] | None:
    """A memory's row of ``uses``; None where it was never used."""
    if not memory.access_count and memory.last_accessed_at is None:
        return None
    return row, memory.access_count, to_micros(memory.last_accessed_at)


def memory_of(row: tuple[Any, ...], tenant: str, user_id: str) -> Memory:
    """The memory in a row selected as ``SELECTED``; what the ledger holds was checked when it came in.

    A value of another type or size than we write is damage: something else has changed a byte of the file.
    """
    shape = tuple(map(type, row[:OF_MEMORY]))
    if shape not in _SHAPES:
        _require_ours(shape)
        _SHAPES.add(shape)
    if not (0.0 <= row[8] <= 1.0 and row[19] >= 0 and row[20] >= 0 and row[0] >> ROW_BITS == row[1]):
        raise ValueError("a number is out of its bounds")
    occurred, created, updated = row[13], row[14], row[15]
    moment = to_set_moment(occurred)
    created_at = moment if created == occurred else to_set_moment(created)
    expires, valid_from, valid_to, used = row[16], row[17], row[18], row[21]
    return _memory(
        {
            "id": row[2],
            "content": row[3],
            "type": _TYPES.get(row[4]) or MemoryType(row[4]),
            "scope": scope_of(tenant, user_id, row[5], row[6]),
            "metadata": decode_object(row[7]) if row[7] else {},
            "importance": row[8],
            "entities": decode_names(row[9]) if row[9] else (),
            "source": decode_names(row[10]) if row[10] else (),
            "role": row[11],
            "name": row[12],
            "occurred_at": moment,
            "created_at": created_at,
            "updated_at": created_at if updated == created else to_set_moment(updated),
            "expires_at": None if expires is None else to_set_moment(expires),
            "valid_from": moment if valid_from == occurred else to_moment(valid_from),
            "valid_to": None if valid_to is None else to_set_moment(valid_to),
            "version": row[19],
            "access_count": row[20],
            "last_accessed_at": None if used is None else to_set_moment(used),
        }
    )


def pack(row: tuple[Any, ...]) -> Packed:
    """A row selected as ``SELECTED_MEMORY``, in a third of the room and one piece; nothing is checked."""
    return marshal.dumps(row)


def unpack(partition: Partition, packed: Iterable[Packed]) -> list[Memory]:
    """The memories that were packed."""
    tenant, user_id = partition.collection.tenant, partition.user_id
    memories: list[Memory] = []
    try:
        for one in packed:
            row = marshal.loads(one)  # noqa: S302 - made by ``pack`` in this process
            if row[1] != partition.id:
                raise ValueError("a row of another partition")
            memories.append(memory_of(row, tenant, user_id))
    except UNREADABLE as error:
        raise damaged_row(error) from error
    return memories


def _require_ours(shape: tuple[type, ...]) -> None:
    """Types that the tables take. The file itself does not hold to them: one bit makes a text a blob."""
    for column, kind in zip(MEMORY_COLUMNS, shape, strict=False):
        nothing = column in _NULLABLE and kind is type(None)
        if kind is not (int if column in _NUMBERS else float if column == "importance" else str) and not nothing:
            raise TypeError(f"{column} is {kind.__name__}")


_memory = trusting(Memory)
_SHAPES: set[tuple[type, ...]] = set()
"""The types of the values of rows that are as we write them; there are a few dozen."""
_TYPES = {kind.value: kind for kind in MemoryType}


def record_of(row: tuple[Any, ...], tenant: str, user_id: str) -> Record:
    """The record in a row selected as ``SELECTED``, without words and vector."""
    return Record(
        memory=memory_of(row, tenant, user_id),
        digest=row[25],
        operation=row[22],
        reason=row[23],
        deleted_at=to_moment(row[24]),
        row=row[0],
    )


def version_of(row: tuple[Any, ...]) -> Version:
    """The version in (version, content, metadata, importance, operation, changed_at, reason)."""
    return Version(
        version=row[0],
        content=row[1],
        metadata=decode_json(row[2], {}),
        importance=row[3],
        operation=row[4],
        changed_at=to_set_moment(row[5]),
        reason=row[6],
    )


def link_of(row: tuple[Any, ...]) -> Link:
    """The link in (source, relation, target, weight, metadata, valid_from, valid_to, fact)."""
    return Link(
        source=row[0],
        relation=row[1],
        target=row[2],
        weight=row[3],
        metadata=decode_json(row[4], {}),
        valid_from=to_set_moment(row[5]),
        valid_to=to_moment(row[6]),
        fact=row[7] or None,
    )


def audit_values(entry: AuditEntry) -> tuple[Any, ...]:
    """An entry as a row of ``audit``, in the order of ``AUDIT_COLUMNS``."""
    scope = entry.scope
    return (
        to_micros(entry.at), entry.operation, scope.tenant, scope.user_id, scope.agent_id, scope.session_id, entry.subject,
        entry.target, entry.reason, encode_json(entry.details),
    )  # fmt: skip


def audit_entry_of(row: tuple[Any, ...]) -> AuditEntry:
    """The entry in ``AUDIT_COLUMNS`` and its number."""
    return AuditEntry(
        at=to_set_moment(row[0]),
        operation=row[1],
        scope=Scope(tenant=row[2], user_id=row[3], agent_id=row[4], session_id=row[5]),
        subject=row[6],
        target=row[7],
        reason=row[8],
        details=decode_json(row[9], {}),
        number=row[10],
    )


def lesson_values(lesson: Lesson) -> tuple[Any, ...]:
    """A lesson as a row of ``lessons``, in the order of ``LESSON_COLUMNS``."""
    scope = lesson.scope
    return (
        scope.tenant, scope.user_id, scope.agent_id, scope.session_id, encode_json(lesson.turns), to_micros(lesson.queued_at),
        to_micros(lesson.due_at), lesson.attempts, lesson.holder, lesson.failed, lesson.error,
    )  # fmt: skip


def lesson_of(row: tuple[Any, ...]) -> Lesson:
    """The lesson in ``LESSON_COLUMNS`` and its number."""
    return Lesson(
        scope=scope_of(row[0], row[1], row[2], row[3]),
        turns=tuple(decode_json(row[4], ())),
        queued_at=to_set_moment(row[5]),
        due_at=to_set_moment(row[6]),
        attempts=row[7],
        holder=row[8],
        failed=bool(row[9]),
        error=row[10],
        number=row[11],
    )

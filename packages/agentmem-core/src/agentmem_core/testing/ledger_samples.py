"""Records to put into a ledger under test."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agentmem_core.model import Memory, MemoryType, Scope, new_id
from agentmem_core.ports import Fingerprint, Ledger, Partition, Record

NOON = datetime(2024, 5, 3, 12, 0, 0, 123456, tzinfo=UTC)
HASHING = Fingerprint("hashing", "4", 4)


def blob(*numbers: float) -> bytes:
    """A vector as a ledger keeps it."""
    return array("f", numbers).tobytes()


def a_record(
    content: str = "a text",
    *,
    agent_id: str | None = None,
    session_id: str | None = None,
    vector: bytes | None = b"",
    digest: bytes | None = None,
    speaker: str | None = None,
    deleted_at: datetime | None = None,
    **fields: Any,
) -> Record:
    """A record with everything that can be set; ``vector`` is made up unless given, and None leaves it out."""
    values: dict[str, Any] = {
        "id": new_id(),
        "content": content,
        "type": MemoryType.SEMANTIC,
        "scope": Scope(agent_id=agent_id, session_id=session_id),
        "occurred_at": NOON,
        "created_at": NOON,
        "updated_at": NOON,
        **fields,
    }
    memory = Memory(**values)
    return Record(
        memory=memory,
        words=content.casefold(),
        speaker=speaker,
        vector=blob(1.0, 0.0, 0.0, 0.0) if vector == b"" else vector,
        digest=digest,
        deleted_at=deleted_at,
    )


def edited(record: Record, content: str, *, later: int = 1, **changes: Any) -> Record:
    """The record as an update leaves it, ``later`` minutes after its last state."""
    memory = record.memory
    moved = {"version": memory.version + 1, "updated_at": memory.updated_at + timedelta(minutes=later)}
    return Record(
        memory=memory.model_copy(update={"content": content, **moved, **changes}),
        words=content.casefold(),
        speaker=record.speaker,
        vector=record.vector,
        digest=record.digest,
        operation="update",
        row=record.row,
    )


def a_partition(
    ledger: Ledger,
    user_id: str = "ana",
    *,
    tenant: str = "acme",
    name: str = "memories",
    embedder: Fingerprint = HASHING,
) -> Partition:
    """One user's part of a collection, as it is now."""
    with ledger.writing() as writer:
        return writer.ensure_partition(tenant, name, user_id, embedder)


def put(ledger: Ledger, partition: Partition, *records: Record) -> list[Record]:
    """Insert in one transaction; the records as the ledger gives them back."""
    with ledger.writing() as writer:
        writer.insert(partition.id, records)
    return stored(ledger, partition, records)


def stored(ledger: Ledger, partition: Partition, records: Sequence[Record]) -> list[Record]:
    """The records of these ids as they stand."""
    with ledger.reading() as reader:
        found = [reader.by_id(partition.id, record.memory.id) for record in records]
    return [record for record in found if record is not None]

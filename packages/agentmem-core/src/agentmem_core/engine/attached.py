"""Files behind memories: the chunks that belong to them, and bytes that nothing refers to any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agentmem_core.engine.engine import Engine
from agentmem_core.engine.kept import is_chunk, is_file
from agentmem_core.engine.reading import every
from agentmem_core.model import MemoryType, Scope
from agentmem_core.ports import LedgerReader, Record


def chunks_of(
    reader: LedgerReader, scope: Scope, records: Sequence[Record], *, deleted: bool | None = False
) -> list[Record]:
    """The chunks of those of the records that are files, without the records themselves; not yet with words and vectors."""
    files = {record.memory.id for record in records if is_file(record.memory)}
    known = {record.row for record in records}
    if not files:
        return []
    found = every(reader, scope, types=(MemoryType.RESOURCE,), deleted=deleted)
    return [
        record
        for record in found
        if is_chunk(record.memory) and record.memory.metadata["resource"] in files and record.row not in known
    ]


def whole(reader: LedgerReader, records: Iterable[Record]) -> list[Record]:
    """The records with their words and vectors, so that they can be written again."""
    found = (reader.by_id(record.row >> 32, record.memory.id) for record in records)
    return [record for record in found if record is not None]


def drop_loose(engine: Engine, digests: Iterable[str] | None = None) -> int:
    """Delete those bytes (None: of the whole store) that no memory holds; answers how many.

    This is a transaction of its own, after the one that erased: bytes must not go when that could still be rolled back. It is
    a write transaction, so that nobody puts the same bytes meanwhile.
    """
    with engine.writing() as writer:
        if digests is None:
            engine.blobs.tidy()
        candidates = set(engine.blobs.digests() if digests is None else digests)
        loose = candidates - writer.attached(candidates)
        for digest in sorted(loose):
            engine.blobs.delete(digest)
    return len(loose)

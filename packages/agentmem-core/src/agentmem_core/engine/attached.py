"""Files behind memories: the chunks that belong to them, and bytes that nothing refers to any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from agentmem_core.engine.engine import Engine
from agentmem_core.engine.kept import is_chunk, is_file
from agentmem_core.ports import LedgerReader, Record

_GAP = 1_000
"""Chunks that were forgotten one by one leave gaps; after as many as this there is none more."""


def chunks_of(
    reader: LedgerReader, records: Sequence[Record], *, deleted: bool | None = False, beyond: int = 0
) -> list[Record]:
    """The chunks of those of the records that are files, without the records themselves; those past number ``beyond``."""
    known = {record.row for record in records}
    found: list[Record] = []
    for file in records:
        if is_file(file.memory):
            found += [chunk for chunk in _chunks(reader, file, beyond) if chunk.row not in known]
    return [chunk for chunk in found if deleted is None or (chunk.deleted_at is not None) is deleted]


def chunk_id(file_id: str, number: int) -> str:
    """The id of a file's chunk, from 1."""
    return f"{file_id}-{number}"


def _chunks(reader: LedgerReader, file: Record, beyond: int) -> Iterator[Record]:
    """By their ids: a walk over all memories would cost the more, the more other files there are."""
    file_id, count = file.memory.id, file.memory.metadata["chunks"]
    number, missing = beyond + 1, 0
    while missing <= _GAP and (number <= count or not missing):
        chunk = reader.by_id(file.row >> 32, chunk_id(file_id, number))
        missing = missing + 1 if chunk is None else 0
        if chunk is not None and is_chunk(chunk.memory) and chunk.memory.metadata["resource"] == file_id:
            yield chunk
        number += 1


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

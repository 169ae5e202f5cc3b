"""Files: each a memory of type resource that holds the bytes, and one more for every chunk of its text."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any

from agentmem_core.agents.keyed import Keyed
from agentmem_core.engine.adding import add
from agentmem_core.engine.attached import chunk_id, chunks_of, drop_loose
from agentmem_core.engine.changing import retire
from agentmem_core.engine.engine import Engine, exists
from agentmem_core.engine.erasing import Chosen, erase
from agentmem_core.engine.kept import CHUNK, FILE, is_chunk, is_file
from agentmem_core.errors import InvalidInputError, NotFoundError, StoreDamagedError
from agentmem_core.model import Memory, MemoryType, Scope
from agentmem_core.model.files import FileBytes, StoredFile
from agentmem_core.operations import MEMORIES, Add, NewMemory, build
from agentmem_core.operations.agents.resource import DeleteFile, GetFile, ListFiles, OpenFile, PutFile
from agentmem_core.ports import LedgerReader, LedgerWriter, Record
from agentmem_core.recall.documents import Document, described_document, read_document
from agentmem_core.recall.media import ending_of, media_type_of
from agentmem_core.recall.passages import SIZE, Passage

_FILES = Keyed(MemoryType.RESOURCE, "name", "file")


def put(engine: Engine, op: PutFile) -> StoredFile:
    """The same bytes under the same name are the same file; putting them again mends what is missing of it."""
    _require_size(op.data, engine.file_limit())
    digest = sha256(op.data).hexdigest()
    media_type = op.media_type or media_type_of(op.name, op.data)
    name = op.name or f"{digest[:16]}{ending_of(media_type)}"
    file_id = _FILES.id_of(op.scope, f"{digest}\x00{name}")
    known = _mended(engine, op, file_id, media_type)
    if known is not None:
        return known
    document, description = _read(op, media_type)
    before = _standing(engine, op.scope, file_id)
    if description is None and before is not None:
        description = before.description
    about = {
        "kind": FILE, "name": name, "media_type": media_type, "sha256": digest, "size": len(op.data),
        "chunks": len(document.parts), "warnings": list(document.warnings),
    }  # fmt: skip
    items = [_item(file_id, description or name, about), *_chunks(file_id, name, document.parts)]

    def keep_bytes(writer: LedgerWriter, _: Sequence[Memory]) -> None:
        record = _row(writer, op.scope, file_id)
        if record is None:
            raise NotFoundError(f"file {name!r} was erased while it was being put; put it again")
        if before is not None and before.chunks > len(document.parts):
            _retire_beyond(engine, writer, record, len(document.parts))
        writer.attach(record.row, engine.blobs.put(op.data))

    added = add(engine, build(Add, scope=op.scope, items=tuple(items), on_conflict="replace"), keep_bytes)
    return _stored(added.memories[0])


def get_file(engine: Engine, op: GetFile) -> StoredFile:
    with engine.ledger.reading() as reader:
        return _stored(_find(engine, reader, op.scope, op.id)[0].memory)


def files(engine: Engine, op: ListFiles) -> list[StoredFile]:
    with engine.ledger.reading() as reader:
        found = [_stored(memory) for memory in _memories(engine, reader, op.scope)]
    return (found if op.order == "oldest" else found[::-1])[: op.limit]


def open_file(engine: Engine, op: OpenFile) -> FileBytes:
    with engine.ledger.reading() as reader:
        record, digest = _find(engine, reader, op.scope, op.id)
    try:
        return FileBytes(file=_stored(record.memory), data=engine.blobs.get(digest))
    except NotFoundError:
        get_file(engine, GetFile(scope=op.scope, id=op.id))
        raise StoreDamagedError(
            f"the bytes of file {op.id!r} are gone from the store's folder; put the file again, or restore a backup"
        ) from None


def delete_file(engine: Engine, op: DeleteFile) -> int:
    def chosen(writer: LedgerWriter) -> Chosen:
        partition = writer.partition(op.scope.tenant, MEMORIES, op.scope.user_id)
        record = _to_delete(engine, writer, op)
        if partition is not None:
            yield partition, [item.row for item in (record, *chunks_of(writer, [record], deleted=None))]

    done = erase(engine, chosen)
    if done.digests:
        drop_loose(engine, done.digests)
    return len(done.touched)


def _require_size(data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise InvalidInputError(
            f"file: is {len(data):,} bytes, the limit is {limit:,}; raise it with AGENTMEM_FILE_LIMIT (bytes), or keep a part"
        )


def _read(op: PutFile, media_type: str) -> tuple[Document, str | None]:
    """What the file says, and its description: a short text that somebody made of it is the description itself."""
    if op.text is None:
        return read_document(op.data, media_type), op.description
    described = described_document(op.text)
    if op.description is None and len(op.text) <= SIZE:
        return Document(), op.text
    return described, op.description


def _mended(engine: Engine, op: PutFile, file_id: str, media_type: str) -> StoredFile | None:
    """The file, if it stands with all that a put would write, its bytes surely there; None when there is more to do."""
    if op.text is not None:
        return None
    with engine.writing() as writer:
        record = _row(writer, op.scope, file_id)
        if record is None or not exists(record, engine.clock()) or not is_file(record.memory):
            return None
        file = _stored(record.memory)
        if file.warnings or file.media_type != media_type or op.description not in (None, file.description):
            return None
        if len(chunks_of(writer, [record])) != file.chunks:
            return None
        writer.attach(record.row, engine.blobs.put(op.data))
    return file


def _standing(engine: Engine, scope: Scope, file_id: str) -> StoredFile | None:
    with engine.ledger.reading() as reader, suppress(NotFoundError):
        return _stored(_find(engine, reader, scope, file_id)[0].memory)
    return None


def _item(item_id: str, content: str, metadata: dict[str, Any], source: tuple[str, ...] = ()) -> NewMemory:
    return build(NewMemory, id=item_id, content=content, type=MemoryType.RESOURCE, metadata=metadata, source=source)


def _chunks(file_id: str, name: str, parts: Sequence[Passage]) -> list[NewMemory]:
    items: list[NewMemory] = []
    for number, part in enumerate(parts, 1):
        place = {key: value for key, value in (("page", part.page), ("line", part.line)) if value is not None}
        about = {"kind": CHUNK, "resource": file_id, "name": name, "number": number, **place}
        items.append(_item(chunk_id(file_id, number), part.text, about, (file_id,)))
    return items


def _retire_beyond(engine: Engine, writer: LedgerWriter, record: Record, count: int) -> None:
    """Chunks of a former reading of the same file that the new one has no more."""
    for chunk in chunks_of(writer, [record], beyond=count):
        retire(writer, chunk, engine.clock(), reason="read again")


def _row(reader: LedgerReader, scope: Scope, memory_id: str) -> Record | None:
    partition = reader.partition(scope.tenant, MEMORIES, scope.user_id)
    return None if partition is None else reader.by_id(partition.id, memory_id)


def _memories(engine: Engine, reader: LedgerReader, scope: Scope) -> list[Memory]:
    """All memories of the scope that hold bytes, in the order they were made."""
    partition = reader.partition(scope.tenant, MEMORIES, scope.user_id)
    rows = [] if partition is None else [row for row, _ in reader.attachments(partition.id)]
    held = reader.by_rows(rows)
    now = engine.clock()
    found = (held[row] for row in rows if row in held)
    return [memory for memory in found if scope.admits(memory.scope) and not _expired(memory, now) and is_file(memory)]


def _expired(memory: Memory, now: Any) -> bool:
    return memory.expires_at is not None and memory.expires_at <= now


def _find(engine: Engine, reader: LedgerReader, scope: Scope, word: str) -> tuple[Record, str]:
    """The file of that id, of that chunk's id, or the newest of that name; with the digest of its bytes."""
    found = _by_id(engine, reader, scope, word)
    if found is not None and is_chunk(found.memory):
        found = _by_id(engine, reader, scope, str(found.memory.metadata["resource"]))
    if found is None:
        named = [memory for memory in _memories(engine, reader, scope) if _FILES.word_of(memory) == word]
        found = _by_id(engine, reader, scope, named[-1].id) if named else None
    held = [] if found is None else reader.attachments(found.row >> 32, [found.row])
    if found is None or not held or not is_file(found.memory):
        raise _unknown(engine, reader, scope, word)
    return found, held[0][1]


def _by_id(engine: Engine, reader: LedgerReader, scope: Scope, memory_id: str) -> Record | None:
    record = _row(reader, scope, memory_id)
    if record is None or record.memory.type is not MemoryType.RESOURCE or not scope.admits(record.memory.scope):
        return None
    return record if exists(record, engine.clock()) else None


def _unknown(engine: Engine, reader: LedgerReader, scope: Scope, word: str) -> NotFoundError:
    names = ", ".join(_FILES.word_of(memory) for memory in _memories(engine, reader, scope)[-20:])
    return NotFoundError(f"no file {word!r} in this scope; there {'are ' + names if names else 'is none yet'}")


def _to_delete(engine: Engine, reader: LedgerReader, op: DeleteFile) -> Record:
    """A file by its id, or by a name that only one has; or a note that was added without a file."""
    record = _by_id(engine, reader, op.scope, op.id)
    if record is not None and is_chunk(record.memory):
        raise InvalidInputError(f"id: {op.id!r} is a chunk of file {record.memory.metadata['resource']!r}; delete that")
    if record is not None:
        return record
    named = [memory.id for memory in _memories(engine, reader, op.scope) if _FILES.word_of(memory) == op.id]
    if len(named) > 1:
        raise InvalidInputError(f"id: {len(named)} files are named {op.id!r}; delete one by its id: {', '.join(named)}")
    return _find(engine, reader, op.scope, op.id)[0]


def _stored(memory: Memory) -> StoredFile:
    about = memory.metadata
    name = _FILES.word_of(memory)
    return StoredFile(
        id=memory.id,
        name=name,
        media_type=about["media_type"],
        size=about["size"],
        sha256=about["sha256"],
        description=None if memory.content == name else memory.content,
        chunks=about["chunks"],
        warnings=tuple(about["warnings"]),
        created_at=memory.created_at,
        scope=memory.scope,
    )

"""The bytes of files in an export, each once for a user, and back."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any

from pydantic import Field

from agentmem_core.engine.engine import Engine
from agentmem_core.engine.kept import is_file
from agentmem_core.engine.reading import every
from agentmem_core.errors import InvalidInputError, NotFoundError, StoreDamagedError
from agentmem_core.model import MemoryType, Scope
from agentmem_core.model.values import Name, Value
from agentmem_core.operations import MEMORIES, Import
from agentmem_core.ports import LedgerReader, LedgerWriter, Partition


class FileRecord(Value):
    """The bytes of a file in base64, and the memories (of one user) that hold it."""

    kind: str
    user_id: Name
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    memories: tuple[Name, ...]
    data: Annotated[str, Field(repr=False)]


def files_of(reader: LedgerReader, scope: Scope, partition: Partition) -> list[tuple[str, list[str]]]:
    """The digests of a user's files, and the ids of the memories in the scope that hold each."""
    held = reader.attachments(partition.id)
    if not held:
        return []
    within = scope.model_copy(update={"user_id": partition.user_id})
    ids = {record.row: record.memory.id for record in every(reader, within, types=(MemoryType.RESOURCE,), deleted=None)}
    files: dict[str, list[str]] = defaultdict(list)
    for row, digest in held:
        if row in ids:
            files[digest].append(ids[row])
    return sorted(files.items())


def exported_file(engine: Engine, partition: Partition, digest: str, memories: list[str]) -> dict[str, Any]:
    """One file as a record."""
    try:
        data = engine.blobs.get(digest)
    except NotFoundError as error:
        raise StoreDamagedError(
            f"the bytes of file {memories[0]!r} of user {partition.user_id!r} are gone; put the file again or delete it, then "
            "export again"
        ) from error
    encoded = base64.b64encode(data).decode()
    return {"kind": "file", "user_id": partition.user_id, "sha256": digest, "memories": memories, "data": encoded}


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file as it came, checked against its digest."""

    user_id: str
    digest: str
    memories: tuple[str, ...]
    data: bytes = field(repr=False)


def imported_file(engine: Engine, op: Import, item: FileRecord) -> ImportedFile:
    """The bytes prove that whoever imports may have them: a digest alone gives nothing."""
    try:
        data = base64.b64decode(item.data, validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidInputError(f"file {item.sha256}: its data is not base64") from error
    if sha256(data).hexdigest() != item.sha256:
        raise InvalidInputError(
            f"file {item.sha256}: its bytes have another digest; the export was changed or cut short"
        )
    limit = engine.file_limit()
    if len(data) > limit:
        raise InvalidInputError(
            f"file {item.sha256}: is {len(data):,} bytes, the limit is {limit:,}; raise it with AGENTMEM_FILE_LIMIT (bytes)"
        )
    return ImportedFile(item.user_id if op.keep_users else op.scope.user_id, item.sha256, item.memories, data)


def attached(engine: Engine, writer: LedgerWriter, tenant: str, file: ImportedFile) -> bool:
    """Keep the bytes, where a memory that came before stands for them."""
    partition = writer.partition(tenant, MEMORIES, file.user_id)
    found = [writer.by_id(partition.id, memory_id) for memory_id in file.memories] if partition else []
    rows = [
        record.row
        for record in found
        if record is not None and is_file(record.memory) and record.memory.metadata["sha256"] == file.digest
    ]
    for row in rows:
        writer.attach(row, file.digest)
    if rows:
        engine.blobs.put(file.data)
    return bool(rows)

"""Export and import: everything of a scope as JSON records, and back, so that a round trip is the identity.

The bytes of files follow the memories of their user, each once.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agentmem_core.engine.drafting import digest_of, embedded, require_same_space, space_for, with_words
from agentmem_core.engine.engine import Engine, mismatch
from agentmem_core.engine.file_transfer import (
    FileRecord,
    ImportedFile,
    attached,
    exported_file,
    files_of,
    imported_file,
)
from agentmem_core.engine.transfer_records import LinkRecord, MemoryRecord
from agentmem_core.errors import ConflictError, InvalidInputError
from agentmem_core.model import Link, Memory, Scope, Transferred, Version
from agentmem_core.model.explaining import explain
from agentmem_core.model.things import require_memory_id
from agentmem_core.model.values import Vector
from agentmem_core.operations import MEMORIES, Export, Import
from agentmem_core.ports import Collection, Fingerprint, LedgerReader, LedgerWriter, Listing, Partition, Record

_VECTOR: TypeAdapter[bytes] = TypeAdapter(Vector)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an export goes on: partitions by id, in each the rows, deleted ones too, then the links, then the files one by one."""

    partition: int = 0
    phase: int = 0
    row: int = 0

    def dumps(self) -> str:
        return json.dumps([self.partition, self.phase, self.row])

    @staticmethod
    def loads(cursor: str | None) -> _Place:
        if cursor is None:
            return _Place()
        try:
            return _Place(*map(int, json.loads(cursor)))
        except (TypeError, ValueError, RecursionError):
            raise InvalidInputError("cursor: is not one that an export gave; begin without a cursor") from None


def export(engine: Engine, op: Export) -> tuple[tuple[dict[str, Any], ...], str | None]:
    """The next records; each call sees one consistent state."""
    place = _Place.loads(op.cursor)
    with engine.ledger.reading() as reader:
        partitions = reader.partitions(op.scope.tenant, None if op.everyone else op.scope.user_id)
        for partition in partitions:
            if partition.id < place.partition:
                continue
            if partition.id > place.partition:
                place = _Place(partition.id)
            if place.phase == 0:
                listing = Listing(
                    op.limit,
                    place.row or None,
                    agent_id=op.scope.agent_id,
                    session_id=op.scope.session_id,
                    deleted=None,
                )
                records = reader.walk(partition.id, listing)
                if records:
                    following = replace(place, row=records[-1].row)
                    return tuple(_exported(reader, partition, records)), following.dumps()
            if place.phase == 0:
                links = [] if op.scope.agent_id or op.scope.session_id else reader.links(partition.id)
                place = _Place(partition.id, 1)
                if links:
                    return tuple(_exported_links(partition, links)), place.dumps()
            files = files_of(reader, op.scope, partition)
            if place.row < len(files):
                digest, memories = files[place.row]
                exported = exported_file(engine, partition, digest, memories)
                return (exported,), replace(place, row=place.row + 1).dumps()
            place = _Place(partition.id + 1)
    return (), None


def _exported(reader: LedgerReader, partition: Partition, records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    vectors = reader.vectors([record.row for record in records], given=True)
    for record in records:
        memory = record.memory
        shown = memory.model_dump(mode="json", exclude={"scope"}, exclude_defaults=True)
        shown |= {"kind": "memory", "collection": partition.collection.name, "user_id": partition.user_id}
        shown |= {
            name: value for name in ("agent_id", "session_id") if (value := getattr(memory.scope, name)) is not None
        }
        extra = {
            "operation": record.operation,
            "reason": record.reason,
            "deleted_at": record.deleted_at and record.deleted_at.isoformat(),
        }
        shown |= {name: value for name, value in extra.items() if value is not None}
        history = reader.versions(record.row)[:-1] if memory.version > 1 else []
        if history:
            shown["history"] = [version.model_dump(mode="json") for version in history]
        if record.row in vectors:
            shown["vector"] = base64.b64encode(vectors[record.row]).decode()
        yield shown


def _exported_links(partition: Partition, links: Sequence[Link]) -> Iterator[dict[str, Any]]:
    for link in links:
        yield {"kind": "link", "user_id": partition.user_id, "link": link.model_dump(mode="json")}


def import_(engine: Engine, op: Import) -> Transferred:
    """All records of one call in one transaction; a memory that stands already with the same content is skipped."""
    memories: dict[tuple[str, str], list[MemoryRecord]] = defaultdict(list)
    links: list[tuple[str, Link]] = []
    files: list[ImportedFile] = []
    for given in op.records:
        kind = given.get("kind")
        try:
            if kind == "memory":
                record = MemoryRecord(**given)
                _require_past(record)
                memories[record.collection, record.user_id if op.keep_users else op.scope.user_id].append(record)
            elif kind == "link":
                found = LinkRecord(**given)
                link = Link(**found.link.model_dump())
                links.append((found.user_id if op.keep_users else op.scope.user_id, link))
            elif kind == "file":
                files.append(imported_file(engine, op, FileRecord(**given)))
            else:
                raise InvalidInputError(f"a record of an export is a memory, a link or a file, not {kind!r}")
        except ValidationError as error:
            raise InvalidInputError(f"record {given.get('id', '?')!r}: {explain(error)}") from None
    prepared = [_prepared(engine, op.scope, key, records) for key, records in memories.items()]
    return _write(engine, op, prepared, links, files)


@dataclass(frozen=True, slots=True)
class _Prepared:
    collection: str
    user_id: str
    space: Fingerprint
    records: list[Record]
    history: list[tuple[Version, ...]]
    before: Collection | None


def _prepared(engine: Engine, scope: Scope, key: tuple[str, str], given: Sequence[MemoryRecord]) -> _Prepared:
    collection, user_id = key
    with engine.ledger.reading() as reader:
        stored = reader.collection(scope.tenant, collection)
    if collection == MEMORIES:
        for item in given:
            require_memory_id(item.id)
    records = [_record(item, scope.tenant, user_id) for item in given]
    space = space_for(engine, records, collection, stored.embedder if stored else None)
    filled = embedded(engine, records, space, collection)
    return _Prepared(
        collection,
        user_id,
        replace(space, dimension=len(filled[0].vector or b"") // 4),
        filled,
        [tuple(Version(**version.model_dump()) for version in item.history) for item in given],
        stored,
    )


def _require_past(item: MemoryRecord) -> None:
    numbers = [version.version for version in item.history]
    if numbers != sorted(set(numbers)) or (numbers and numbers[-1] >= item.version):
        raise InvalidInputError(f"record {item.id!r}: the versions of its history must ascend and stay below its own")


def _record(item: MemoryRecord, tenant: str, user_id: str) -> Record:
    scope = Scope(tenant=tenant, user_id=user_id, agent_id=item.agent_id, session_id=item.session_id)
    fields = {name: getattr(item, name) for name in Memory.model_fields if name != "scope"}
    memory = Memory(scope=scope, **fields)
    record = Record(
        memory,
        vector=None if item.vector is None else _decoded(item.vector),
        given=item.vector is not None,
        operation=item.operation,
        reason=item.reason,
        deleted_at=item.deleted_at,
    )
    if item.collection == MEMORIES and item.role is None and item.deleted_at is None:
        record = replace(record, digest=digest_of(memory))
    return with_words(record)


def _decoded(vector: str) -> bytes:
    try:
        return _VECTOR.validate_python(base64.b64decode(vector, validate=True))
    except ValueError as error:
        raise InvalidInputError(f"vector: is not one that an export wrote ({error})") from None


def _write(
    engine: Engine,
    op: Import,
    prepared: Sequence[_Prepared],
    links: Sequence[tuple[str, Link]],
    files: Sequence[ImportedFile],
) -> Transferred:
    written = versions = skipped = 0
    large: list[Partition] = []
    with engine.writing() as writer:
        for part in prepared:
            require_same_space(writer, op.scope.tenant, part.collection, part.before)
            partition = writer.ensure_partition(op.scope.tenant, part.collection, part.user_id, part.space)
            if not partition.collection.embedder.fits(part.space):
                raise mismatch(part.collection, partition.collection.embedder, part.space)
            new, history, revived = _unknown(writer, partition, part)
            writer.insert(partition.id, new, history)
            for record in revived:
                writer.rewrite(record)
            written += len(new) + len(revived)
            versions += sum(map(len, history))
            skipped += len(part.records) - len(new) - len(revived)
            large.append(partition)
        for user_id, link in links:
            partition = writer.ensure_partition(op.scope.tenant, MEMORIES, user_id, engine.embedder.fingerprint)
            writer.link(partition.id, link)
        kept = sum(attached(engine, writer, op.scope.tenant, file) for file in files)
    for partition in large:
        if engine.views.is_large(partition):
            engine.follower.note(partition)
    return Transferred(memories=written, versions=versions, links=len(links), files=kept, skipped=skipped)


def _unknown(
    writer: LedgerWriter, partition: Partition, part: _Prepared
) -> tuple[list[Record], list[tuple[Version, ...]], list[Record]]:
    new: list[Record] = []
    history: list[tuple[Version, ...]] = []
    digests: set[bytes] = set()
    contents: dict[str, str] = {}
    revived: list[Record] = []
    for record, versions in zip(part.records, part.history, strict=True):
        memory = record.memory
        found = writer.by_id(partition.id, memory.id)
        standing = contents.get(memory.id) if found is None else found.memory.content
        if standing is not None:
            if found is not None and found.deleted_at is not None and record.deleted_at is None:
                revived.append(_revived(record, found))
                continue
            if standing != memory.content:
                raise ConflictError(f"id {memory.id!r} stands for two contents; nothing of this batch was imported")
            continue
        digest = record.digest
        if digest is not None and (digest in digests or writer.by_digest(partition.id, digest) is not None):
            record = replace(record, digest=None)  # noqa: PLW2901 - the same text twice keeps both ids
        elif digest is not None:
            digests.add(digest)
        contents[memory.id] = memory.content
        new.append(record)
        history.append(versions)
    return new, history, revived


def _revived(record: Record, found: Record) -> Record:
    """What comes back takes the place of what is in the trash, as the newest version."""
    memory = record.memory.model_copy(
        update={"version": max(record.memory.version, found.memory.version) + 1, "scope": found.memory.scope}
    )
    return replace(record, memory=memory, operation="restore", reason="import", row=found.row, digest=None)

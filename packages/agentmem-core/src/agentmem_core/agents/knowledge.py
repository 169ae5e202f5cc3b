"""Sealed values: each a memory of type knowledge under its name, found by its description, opened only by ``reveal``."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from agentmem_core.agents.keyed import Keyed
from agentmem_core.engine.adding import add
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.kept import is_sealed
from agentmem_core.engine.reading import every
from agentmem_core.errors import InvalidInputError, NotFoundError, VaultError
from agentmem_core.model import AuditEntry, Memory, MemoryType, Scope
from agentmem_core.model.knowledge import KnowledgeEntry, Sensitivity
from agentmem_core.operations import MEMORIES, Add, NewMemory, build
from agentmem_core.operations.agents.knowledge import (
    DeleteEntry,
    GetEntry,
    ListEntries,
    PutEntry,
    ReadAudit,
    RevealEntry,
    RotateKey,
)
from agentmem_core.ports import LedgerWriter, Partition, Record, Vault

REVEAL = "knowledge.reveal"
_ENTRIES = Keyed(MemoryType.KNOWLEDGE, "name", "entry")
_MINE = (MemoryType.KNOWLEDGE,)


def put(engine: Engine, op: PutEntry) -> KnowledgeEntry:
    sealed = engine.vault().seal(op.value.get_secret_value().encode(), _bound_to(op.scope, op.name))
    before = _standing(engine, op)
    description = op.description or (before.description if before else None)
    level = op.sensitivity or (before.sensitivity if before else Sensitivity.INTERNAL)
    item = build(
        NewMemory, id=_ENTRIES.id_of(op.scope, op.name), content=description or op.name, type=MemoryType.KNOWLEDGE,
        metadata={"name": op.name, "sensitivity": level.value, "sealed": sealed},
    )  # fmt: skip
    return _entry(add(engine, build(Add, scope=op.scope, items=(item,), on_conflict="replace")).memories[0])


def reveal(engine: Engine, op: RevealEntry) -> str:
    """The audit is written in the transaction that opens the value, and before anybody sees it."""
    vault = engine.vault()
    with engine.writing() as writer:
        memory = _ENTRIES.record(writer, op.scope, op.name, engine.clock()).memory
        if not is_sealed(memory):
            raise InvalidInputError(
                f"name: {op.name!r} is a plain note without a sealed value; its content says it all"
            )
        name = _ENTRIES.word_of(memory)
        plain = vault.open(memory.metadata["sealed"], _bound_to(memory.scope, name)).decode()
        details = {
            "entry_agent": memory.scope.agent_id,
            "entry_session": memory.scope.session_id,
            "version": memory.version,
        }
        writer.append_audit(
            AuditEntry(
                at=engine.clock(), operation=REVEAL, scope=op.scope, subject=name, target=memory.id, reason=op.reason,
                details={key: value for key, value in details.items() if value is not None},
            )
        )  # fmt: skip
    return plain


def get_entry(engine: Engine, op: GetEntry) -> KnowledgeEntry:
    return _entry(_ENTRIES.find(engine, op.scope, op.name).memory)


def entries(engine: Engine, op: ListEntries) -> list[KnowledgeEntry]:
    with engine.ledger.reading() as reader:
        return [_entry(record.memory) for record in _ENTRIES.records(reader, op.scope, engine.clock())]


def rotate_key(engine: Engine, op: RotateKey) -> int:
    """All in one transaction: when one value does not open, nothing is changed. Then no file keeps the former sealing."""
    vault = engine.vault()
    count = 0
    with engine.writing() as writer:
        for partition in writer.partitions(op.scope.tenant):
            if partition.collection.name == MEMORIES:
                count += _rotated(writer, vault, partition)
    engine.ledger.scrub()
    return count


def delete_entry(engine: Engine, op: DeleteEntry) -> int:
    return _ENTRIES.delete(engine, op.scope, op.name)


def audit(engine: Engine, op: ReadAudit) -> list[AuditEntry]:
    with engine.ledger.reading() as reader:
        return reader.audit(op.scope, operation=REVEAL, after=op.after, limit=op.limit)


def _rotated(writer: LedgerWriter, vault: Vault, partition: Partition) -> int:
    """Seal the values of one user anew, those in the trash and in the history too."""
    count = 0
    everyone = Scope(tenant=partition.collection.tenant, user_id=partition.user_id)
    for found in [*every(writer, everyone, types=_MINE, deleted=None)]:
        *earlier, _ = writer.versions(found.row)
        anew = [
            version.model_copy(update={"metadata": _sealed_anew(vault, found.memory, version.metadata)})
            for version in earlier
            if isinstance(version.metadata.get("sealed"), str)
        ]
        writer.rewrite_history(found.row, anew)
        count += len(anew)
        record: Record | None = writer.by_id(partition.id, found.memory.id) if is_sealed(found.memory) else None
        if record is not None:
            metadata = _sealed_anew(vault, record.memory, record.memory.metadata)
            memory = record.memory.model_copy(update={"metadata": metadata})
            writer.rewrite(replace(record, memory=memory), versioned=False)
            count += 1
    return count


def _sealed_anew(vault: Vault, memory: Memory, metadata: dict[str, Any]) -> dict[str, Any]:
    bound = _bound_to(memory.scope, str(metadata.get("name")))
    try:
        plain = vault.open(metadata["sealed"], bound)
    except VaultError as error:
        raise VaultError(
            f"nothing was changed, because of {memory.id!r} of user {memory.scope.user_id!r}: {error}. If its value is lost, "
            "forget it"
        ) from error
    return {**metadata, "sealed": vault.seal(plain, bound)}


def _bound_to(scope: Scope, name: str) -> bytes:
    """What a sealed value belongs to, so that it opens nowhere else."""
    parts = ["agentmem", scope.tenant, scope.user_id, scope.agent_id, scope.session_id, name]
    return json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode()


def _standing(engine: Engine, op: PutEntry) -> KnowledgeEntry | None:
    """The entry of that name in exactly this scope."""
    try:
        found = _ENTRIES.find(engine, op.scope, op.name).memory
    except NotFoundError:
        return None
    return _entry(found) if found.id == _ENTRIES.id_of(op.scope, op.name) else None


def _entry(memory: Memory) -> KnowledgeEntry:
    name = _ENTRIES.word_of(memory)
    level = memory.metadata.get("sensitivity")
    return KnowledgeEntry(
        id=memory.id,
        name=name,
        sensitivity=Sensitivity(level) if level in set(Sensitivity) else Sensitivity.INTERNAL,
        description=None if memory.content == name else memory.content,
        sealed=is_sealed(memory),
        version=memory.version,
        updated_at=memory.updated_at,
        scope=memory.scope,
    )

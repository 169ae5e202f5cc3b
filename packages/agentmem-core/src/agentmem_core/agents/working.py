"""The scratchpad: memories of type working, with a priority and a time to live."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from agentmem_core.engine.adding import add
from agentmem_core.engine.changing import delete, retire, update
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.reading import every, get
from agentmem_core.errors import InvalidInputError, NotFoundError, StoreBusyError, StoreError
from agentmem_core.model import AddOutcome, Memory, MemoryType
from agentmem_core.operations import Add, Delete, Get, NewMemory, Update, build
from agentmem_core.operations.agents.working import ClearItems, PromoteItem, PushItem, SweepItems, WorkingItems

_MINE = (MemoryType.WORKING,)
_NO_TARGETS = (MemoryType.WORKING, MemoryType.RESOURCE, MemoryType.KNOWLEDGE)
_PATIENCE = 50


def push(engine: Engine, op: PushItem) -> Memory:
    expires_at = None if op.ttl is None else engine.clock() + op.ttl
    for _ in range(_PATIENCE):
        with suppress(NotFoundError):
            return _push(engine, op, expires_at)
    raise StoreBusyError("push: what is pushed is cleared by others again and again; try again")


def _push(engine: Engine, op: PushItem, expires_at: datetime | None) -> Memory:
    """``NotFoundError`` when somebody takes the known item away before it is renewed."""
    item = build(
        NewMemory, content=op.text, type=MemoryType.WORKING, metadata={"priority": op.priority}, expires_at=expires_at
    )
    (added,) = add(engine, Add(scope=op.scope, items=(item,))).items
    memory = added.memory
    if memory is None:
        raise StoreError("the ledger took an item and answered none")
    if added.outcome is not AddOutcome.KNOWN:
        return memory
    changes: dict[str, Any] = {"clear": ("expires_at",)} if expires_at is None else {"expires_at": expires_at}
    metadata = {**memory.metadata, "priority": op.priority}
    return update(
        engine, build(Update, scope=op.scope, id=memory.id, metadata=metadata, reason="pushed again", **changes)
    )


def items(engine: Engine, op: WorkingItems) -> list[Memory]:
    with engine.ledger.reading() as reader:
        found = [record.memory for record in every(reader, op.scope, types=_MINE, now=engine.clock())]
    if op.min_priority is not None:
        found = [memory for memory in found if _priority(memory) >= op.min_priority]
    found.reverse()
    return sorted(found, key=lambda memory: -_priority(memory))


def promote(engine: Engine, op: PromoteItem) -> Memory:
    if op.to in _NO_TARGETS:
        why = "is working memory already" if op.to is MemoryType.WORKING else f"is not what {op.to} memory is made of"
        raise InvalidInputError(f"to: an item {why}; promote it to another type, for example semantic")
    found = get(engine, Get(scope=op.scope, ids=(op.id,), types=_MINE))
    if not found:
        raise NotFoundError(f"no working memory {op.id!r} in this scope; it may have expired")
    metadata = {key: value for key, value in found[0].metadata.items() if key != "priority"}
    return update(
        engine,
        build(
            Update, scope=op.scope, id=op.id, type=op.to, metadata=metadata, clear=("expires_at",), types=_MINE,
            reason=f"promoted to {op.to}",
        ),
    )  # fmt: skip


def clear(engine: Engine, op: ClearItems) -> int:
    with engine.ledger.reading() as reader:
        ids = tuple(record.memory.id for record in every(reader, op.scope, types=_MINE, now=engine.clock()))
    gone = Delete(scope=op.scope, ids=ids, missing="ignore", types=_MINE, reason="cleared")
    return delete(engine, gone) if ids else 0


def sweep(engine: Engine, op: SweepItems) -> int:
    """Rows go straight into the trash: a deletion by id would not find what has expired."""
    now = engine.clock()
    swept = 0
    with engine.writing() as writer:
        for found in [*every(writer, op.scope, types=_MINE)]:
            expires = found.memory.expires_at
            record = writer.by_id(found.row >> 32, found.memory.id)
            if record is not None and expires is not None and expires <= now:
                retire(writer, record, now, reason="expired")
                swept += 1
    return swept


def _priority(memory: Memory) -> int:
    found = memory.metadata.get("priority", 0)
    return found if isinstance(found, int) else 0

"""Maintenance: plan over a user's memories, then do as planned; what changed meanwhile is left alone."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from agentmem_core.engine.changing import alter, retire
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.reading import every
from agentmem_core.model import Memory, Scope
from agentmem_core.model.agents import Maintained, Upkeep, UpkeepStep
from agentmem_core.operations import MEMORIES, Maintain
from agentmem_core.ports import LedgerWriter, Record
from agentmem_core.recall.lifecycle import merged_fields, plan

_AT_ONCE = 500


def maintain(engine: Engine, op: Maintain) -> Maintained:
    """Each user's part is planned from one consistent state."""
    engine.flush_touches()
    now = engine.clock()
    steps: list[UpkeepStep] = []
    scanned = 0
    for scope in scopes_of(engine, op):
        with engine.ledger.reading() as reader:
            memories = [record.memory for record in every(reader, scope)]
        scanned += len(memories)
        planned = plan(memories, now)
        steps += (
            planned if op.dry_run else _done(engine, scope, planned, {memory.id: memory for memory in memories}, now)
        )
    return Maintained(dry_run=op.dry_run, steps=tuple(steps), scanned=scanned)


def scopes_of(engine: Engine, op: Maintain) -> list[Scope]:
    """The users that are maintained."""
    if not op.everyone:
        return [op.scope]
    with engine.ledger.reading() as reader:
        partitions = reader.partitions(op.scope.tenant)
    return [
        Scope(tenant=op.scope.tenant, user_id=partition.user_id)
        for partition in partitions
        if partition.collection.name == MEMORIES
    ]


def _done(
    engine: Engine, scope: Scope, steps: list[UpkeepStep], seen: dict[str, Memory], now: datetime
) -> list[UpkeepStep]:
    """The steps that were done; all of one merge go into one transaction."""
    merges: dict[str, list[UpkeepStep]] = defaultdict(list)
    for step in steps:
        merges[step.into or step.id].append(step)
    groups = list(merges.values())
    done: list[UpkeepStep] = []
    for start in range(0, len(groups), _AT_ONCE):
        with engine.writing() as writer:
            for group in groups[start : start + _AT_ONCE]:
                done += _do(writer, scope, group, seen, now)
    return done


def _do(
    writer: LedgerWriter, scope: Scope, group: list[UpkeepStep], seen: dict[str, Memory], now: datetime
) -> list[UpkeepStep]:
    done: list[UpkeepStep] = []
    merged: list[Memory] = []
    into = next((step.into for step in group if step.into is not None), None)
    kept = None if into is None else _unchanged(writer, scope, into, seen)
    for step in group:
        record = _unchanged(writer, scope, step.id, seen)
        if record is None or (step.action is Upkeep.MERGE and kept is None):
            continue
        if step.action is Upkeep.MERGE:
            merged.append(record.memory)
        if step.action in {Upkeep.EXPIRE, Upkeep.MERGE}:
            retire(writer, record, now, reason=step.reason)
        elif step.action is Upkeep.ARCHIVE:
            alter(writer, record, now, operation="archive", reason=step.reason, valid_to=now)
        else:
            alter(writer, record, now, operation="decay", reason=step.reason, importance=step.importance_after)
        done.append(step)
    if kept is not None and merged:
        alter(
            writer,
            kept,
            now,
            operation="merge",
            reason=f"{len(merged)} merged into it",
            **merged_fields(kept.memory, merged),
        )
        hand_over(writer, kept, {memory.id for memory in merged})
    return done


def hand_over(writer: LedgerWriter, kept: Record, merged: set[str]) -> None:
    """What was linked to a memory that is gone is linked to the one that is kept, too."""
    partition, heir = kept.row >> 32, kept.memory.id
    for name in sorted(merged):
        for link in writer.links(partition, memory_id=name):
            ends = {end: heir if getattr(link, end) in merged else getattr(link, end) for end in ("source", "target")}
            if ends["source"] != ends["target"]:
                writer.link(partition, link.model_copy(update=ends))


def _unchanged(writer: LedgerWriter, scope: Scope, memory_id: str, seen: dict[str, Memory]) -> Record | None:
    """The row as it was planned for; None when somebody has changed it since."""
    partition = writer.partition(scope.tenant, MEMORIES, scope.user_id)
    record = None if partition is None else writer.by_id(partition.id, memory_id)
    if record is None or record.deleted_at is not None or record.memory.version != seen[memory_id].version:
        return None
    return record

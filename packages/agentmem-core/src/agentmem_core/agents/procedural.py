"""Skills: each a memory of type procedural under its name, with how its runs went."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from agentmem_core.agents.keyed import Change, Keyed
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.searching import search
from agentmem_core.errors import ConflictError, NotFoundError
from agentmem_core.model import Memory, MemoryType
from agentmem_core.model.agents import Procedure, Skill
from agentmem_core.operations import Search
from agentmem_core.operations.agents.procedural import (
    BestProcedures,
    DeleteProcedure,
    GetProcedure,
    ListProcedures,
    RecordRun,
    ReviseProcedure,
    TeachProcedure,
)
from agentmem_core.recall.skills import skill_score, wilson

_SKILLS = Keyed(MemoryType.PROCEDURAL, "name", "procedure")
_NOTES_KEPT = 20


def teach(engine: Engine, op: TeachProcedure) -> Procedure:
    """A name that stands for something else is not overwritten, not even when two are taught at once."""
    change = _described(op.name, op.steps, op.when, {})
    try:
        known = _SKILLS.find(engine, op.scope, op.name).memory
    except NotFoundError:
        with suppress(ConflictError):
            return _procedure(_SKILLS.put(engine, op.scope, op.name, change, on_conflict="error"))
        known = None
    standing = None if known is None else _procedure(known)
    if standing is None or standing.steps != op.steps:
        raise ConflictError(
            f"procedure {op.name!r} has other steps already; change them with revise({op.name!r}, steps)"
        )
    if op.when not in (None, standing.when):
        raise ConflictError(
            f"procedure {op.name!r} is for another when= already; change it with revise({op.name!r}, steps, when=...)"
        )
    return standing


def revise(engine: Engine, op: ReviseProcedure) -> Procedure:
    def revised(memory: Memory) -> Change:
        when = op.when if op.when is not None else _procedure(memory).when
        kept = {name: value for name, value in memory.metadata.items() if name != "runs"}
        return _described(_procedure(memory).name, op.steps, when, kept)

    return _procedure(_SKILLS.change(engine, op.scope, op.name, revised))


def record_run(engine: Engine, op: RecordRun) -> Procedure:
    """Counts are no new version: the history is that of the steps."""
    with engine.writing() as writer:
        record = _SKILLS.record(writer, op.scope, op.name, engine.clock())
        runs = _runs(record.memory.metadata)
        runs["count"] += 1
        runs["successes"] += op.success
        if op.seconds is not None:
            runs["timed"] += 1
            runs["seconds"] += op.seconds
        if op.note is not None:
            runs["notes"] = [*runs["notes"], op.note][-_NOTES_KEPT:]
        memory = record.memory.model_copy(update={"metadata": {**record.memory.metadata, "runs": runs}})
        writer.rewrite(replace(record, memory=memory), versioned=False)
    return _procedure(memory)


def get_procedure(engine: Engine, op: GetProcedure) -> Procedure:
    return _procedure(_SKILLS.find(engine, op.scope, op.name).memory)


def procedures(engine: Engine, op: ListProcedures) -> list[Procedure]:
    with engine.ledger.reading() as reader:
        return [_procedure(record.memory) for record in _SKILLS.records(reader, op.scope, engine.clock())]


def best(engine: Engine, op: BestProcedures) -> list[Skill]:
    wanted = Search(scope=op.scope, query=op.task, types=(MemoryType.PROCEDURAL,), limit=max(20, 4 * op.limit))
    found: list[Skill] = []
    for hit in search(engine, wanted):
        procedure = _procedure(hit.memory)
        success = wilson(procedure.successes, procedure.runs)
        score = skill_score(hit.score, procedure.successes, procedure.runs)
        found.append(Skill(procedure=procedure, score=score, relevance=hit.score, success=success))
    return sorted(found, key=lambda skill: -skill.score)[: op.limit]


def delete_procedure(engine: Engine, op: DeleteProcedure) -> int:
    return _SKILLS.delete(engine, op.scope, op.name)


def _described(name: str, steps: tuple[str, ...], when: str | None, metadata: dict[str, Any]) -> Change:
    lines = [name, *([when] if when else []), *(f"{number}. {step}" for number, step in enumerate(steps, 1))]
    return Change("\n".join(lines), {**metadata, "name": name, "steps": list(steps), "when": when})


def _procedure(memory: Memory) -> Procedure:
    """What callers wrote into the metadata themselves is taken only where it fits."""
    runs, steps, when = _runs(memory.metadata), memory.metadata.get("steps"), memory.metadata.get("when")
    several = isinstance(steps, list) and steps and all(isinstance(step, str) for step in steps)
    return Procedure(
        id=memory.id,
        name=_SKILLS.word_of(memory),
        steps=tuple(steps) if steps is not None and several else (memory.content,),
        when=when if isinstance(when, str) else None,
        version=memory.version,
        runs=runs["count"],
        successes=runs["successes"],
        mean_seconds=runs["seconds"] / runs["timed"] if runs["timed"] else None,
        notes=tuple(runs["notes"]),
        updated_at=memory.updated_at,
        scope=memory.scope,
    )


def _runs(metadata: dict[str, Any]) -> dict[str, Any]:
    runs: dict[str, Any] = {"count": 0, "successes": 0, "timed": 0, "seconds": 0.0, "notes": []}
    found = metadata.get("runs")
    fits = isinstance(found, dict) and all(
        isinstance(found.get(name, value), int | float if name != "notes" else list) for name, value in runs.items()
    )
    return {**runs, **found} if fits and found is not None else runs

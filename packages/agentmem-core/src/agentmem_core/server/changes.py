"""What an operation changed, read from what it answered: which memories, of whom, never what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from agentmem_core.model import Added, AddOutcome, Receipt, Scope, Transferred
from agentmem_core.model.agents import Maintained, Upkeep
from agentmem_core.model.learning import Action, Learned
from agentmem_core.operations import Add, Delete, Forget, Import, Learn, Maintain, Op, Restore, Update
from agentmem_core.operations.base import AgentOp

Kind = Literal["added", "updated", "deleted", "forgotten"]


@dataclass(frozen=True, slots=True)
class Change:
    """Memories of a user that changed alike; ``ids`` is empty where an operation says only how many they are."""

    kind: Kind
    tenant: str
    user_id: str
    count: int
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def said(self) -> dict[str, Any]:
        """What readers of events are told."""
        return {"user_id": self.user_id, "count": self.count, "ids": self.ids, "types": self.types}


def changes(op: Op[Any], answer: Any, begun: datetime) -> list[Change]:
    """The changes of an operation that began then and has succeeded."""
    if type(op).access == "read":
        return []
    read = _READERS.get(type(op))
    if read is not None:
        return list(read(op, answer))
    return list(_of_agent(op, answer, begun)) if isinstance(op, AgentOp) else []


def _added(op: Add, answer: Added) -> Iterable[Change]:
    found: dict[tuple[Kind, str], list[tuple[str, str]]] = {}
    kinds: Mapping[AddOutcome, Kind] = {AddOutcome.CREATED: "added", AddOutcome.REPLACED: "updated"}
    for item in answer.items:
        if item.memory is not None and item.outcome in kinds:
            place = (kinds[item.outcome], item.memory.scope.user_id)
            found.setdefault(place, []).append((item.memory.id, item.memory.type))
    for (kind, user_id), memories in found.items():
        yield _change(kind, op.scope.tenant, user_id, memories)
    if answer.learned is not None:
        yield from _learnt(op, answer.learned)


def _learnt(op: Add | Learn, answer: Learned) -> Iterable[Change]:
    """What stands for a new fact is added; whatever else was written for a fact is only known by its id, so it is updated."""
    found: dict[tuple[Kind, str], dict[str, None]] = {}
    for decision in answer.decisions:
        whose = op.scope.user_id if decision.memory is None else decision.memory.scope.user_id
        for memory_id in decision.changed:
            stands = decision.memory is not None and decision.memory.id == memory_id
            new = decision.action is Action.ADD and stands
            found.setdefault(("added" if new else "updated", whose), {})[memory_id] = None
    for (kind, user_id), ids in found.items():
        yield Change(kind, op.scope.tenant, user_id, len(ids), tuple(ids))


def _updated(op: Update | Restore, answer: Any) -> Iterable[Change]:
    yield _change("updated", op.scope.tenant, op.scope.user_id, [(answer.id, answer.type)])


def _deleted(op: Delete, answer: int) -> Iterable[Change]:
    return _counted("deleted", op.scope, answer, op.ids)


def _forgotten(op: Forget, answer: Receipt) -> Iterable[Change]:
    return _counted("forgotten", op.scope, answer.memories, op.ids)


def _counted(kind: Kind, scope: Scope, count: int, ids: tuple[str, ...] | None) -> Iterable[Change]:
    """The ids that were given are those that changed only when it was all of them."""
    known = tuple(dict.fromkeys(ids or ()))
    if count:
        yield Change(kind, scope.tenant, scope.user_id, count, known if len(known) == count else ())


def _imported(op: Import, answer: Transferred) -> Iterable[Change]:
    """Where some stood already it is not known which, so then there are no ids, and at most ``count`` are new."""
    if not answer.memories:
        return
    found: dict[str, list[tuple[str, str]]] = {}
    for record in op.records:
        if record.get("kind") == "memory":
            user_id = record["user_id"] if op.keep_users else op.scope.user_id
            found.setdefault(user_id, []).append((record["id"], record["type"]))
    for user_id, memories in found.items():
        change = _change("added", op.scope.tenant, user_id, memories)
        yield replace(change, ids=(), types=()) if answer.skipped else change


def _maintained(op: Maintain, answer: Maintained) -> Iterable[Change]:
    if answer.dry_run:
        return
    found: dict[tuple[Kind, str], list[str]] = {}
    for step in answer.steps:
        gone = step.action in {Upkeep.EXPIRE, Upkeep.MERGE}
        found.setdefault(("deleted" if gone else "updated", step.user_id), []).append(step.id)
        if step.into is not None:
            found.setdefault(("updated", step.user_id), []).append(step.into)
    for (kind, user_id), given in found.items():
        ids = tuple(dict.fromkeys(given))
        yield Change(kind, op.scope.tenant, user_id, len(ids), ids)


def _of_agent(op: AgentOp[Any], answer: Any, begun: datetime) -> Iterable[Change]:
    """What has an id and a scope is a memory in its agent's words; what is older than the call was known before."""
    tenant, user_id = op.scope.tenant, op.scope.user_id
    if isinstance(answer, int):
        if answer and op.verb in {"delete", "clear", "sweep"}:
            yield Change("deleted", tenant, user_id, answer, (), (op.agent,))
        return
    written = next((at for name in _WRITTEN if (at := getattr(answer, name, None)) is not None), None)
    if hasattr(answer, "id") and written is not None and written >= begun:
        kind: Kind = "added" if getattr(answer, "version", 1) == 1 else "updated"
        yield _change(kind, tenant, answer.scope.user_id, [(answer.id, getattr(answer, "type", op.agent))])


_WRITTEN = ("updated_at", "set_at", "created_at")


def _change(kind: Kind, tenant: str, user_id: str, memories: list[tuple[str, str]]) -> Change:
    ids, types = zip(*memories, strict=True)
    return Change(kind, tenant, user_id, len(ids), ids, tuple(str(kind) for kind in types))


_READERS: Mapping[type[Op[Any]], Callable[[Any, Any], Iterable[Change]]] = {
    Add: _added,
    Delete: _deleted,
    Forget: _forgotten,
    Import: _imported,
    Learn: _learnt,
    Maintain: _maintained,
    Restore: _updated,
    Update: _updated,
}

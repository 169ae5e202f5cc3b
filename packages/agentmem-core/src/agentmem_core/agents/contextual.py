"""The state around the user: each key a memory of type contextual, whose versions are its changes."""

from __future__ import annotations

import json

from agentmem_core.agents.keyed import Change, Keyed
from agentmem_core.engine.engine import Engine
from agentmem_core.model import Memory, MemoryType, Version
from agentmem_core.model.agents import State, StateChange
from agentmem_core.operations.agents.contextual import (
    CompileStates,
    CurrentStates,
    DeleteState,
    GetState,
    SetState,
    StateChanges,
)
from agentmem_core.recall.rendering import estimate_tokens

_STATES = Keyed(MemoryType.CONTEXTUAL, "key", "state")


def set_state(engine: Engine, op: SetState) -> State:
    now = engine.clock()
    value = op.value["value"]
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    metadata = {"value": value} | ({} if op.source is None else {"source": op.source})
    expires_at = None if op.ttl is None else now + op.ttl
    return _state(_STATES.put(engine, op.scope, op.key, Change(f"{op.key}: {shown}", metadata), expires_at=expires_at))


def get_state(engine: Engine, op: GetState) -> State:
    return _state(_STATES.find(engine, op.scope, op.key).memory)


def current(engine: Engine, op: CurrentStates) -> list[State]:
    with engine.ledger.reading() as reader:
        found = [_state(record.memory) for record in _STATES.records(reader, op.scope, engine.clock())]
    return sorted(found, key=lambda state: state.key)


def changes(engine: Engine, op: StateChanges) -> list[StateChange]:
    now = engine.clock()
    found: list[StateChange] = []
    with engine.ledger.reading() as reader:
        for record in _STATES.records(reader, op.scope, None, deleted=None):
            memory = record.memory
            versions = reader.versions(record.row)
            found += [
                _change(_STATES.word_of(memory), version) for version in versions if version.changed_at >= op.since
            ]
            expires = memory.expires_at
            if record.deleted_at is None and expires is not None and op.since <= expires <= now:
                found.append(StateChange(key=_STATES.word_of(memory), value=None, at=expires, operation="expire"))
    return sorted(found, key=lambda change: change.at)


def delete_state(engine: Engine, op: DeleteState) -> int:
    return _STATES.delete(engine, op.scope, op.key)


def compile_states(engine: Engine, op: CompileStates) -> str:
    lines: list[str] = []
    room = op.max_tokens
    for state in sorted(current(engine, CurrentStates(scope=op.scope)), key=lambda state: state.set_at, reverse=True):
        shown = state.value if isinstance(state.value, str) else json.dumps(state.value, ensure_ascii=False)
        line = f"- {state.key}: {' '.join(shown.split())} (since {state.set_at:%Y-%m-%d %H:%M} UTC)"
        if room is not None:
            room -= estimate_tokens(line) + 1
            if room < 0:
                break
        lines.append(line)
    return "\n".join(lines)


def _state(memory: Memory) -> State:
    source = memory.metadata.get("source")
    return State(
        id=memory.id,
        key=_STATES.word_of(memory),
        value=memory.metadata.get("value", memory.content),
        source=source if isinstance(source, str) else None,
        set_at=memory.updated_at,
        expires_at=memory.expires_at,
        version=memory.version,
        scope=memory.scope,
    )


def _change(key: str, version: Version) -> StateChange:
    gone = version.operation == "delete"
    source = version.metadata.get("source")
    return StateChange(
        key=key,
        value=None if gone else version.metadata.get("value", version.content),
        at=version.changed_at,
        operation=version.operation,
        source=source if isinstance(source, str) else None,
    )

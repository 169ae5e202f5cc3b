"""The state around the user now."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from agentmem_core.model.agents import State, StateChange
from agentmem_core.model.values import Instant, Metadata, Name
from agentmem_core.operations.agents.working import Lifetime
from agentmem_core.operations.base import Access, AgentOp


def _wrapped(value: Any) -> Any:
    return {"value": value}


def _bare(value: dict[str, Any]) -> Any:
    return value["value"]


Json = Annotated[
    Metadata, BeforeValidator(_wrapped), PlainSerializer(_bare, return_type=Any, when_used="json"), WithJsonSchema({})
]
"""Any JSON value; kept as an object that holds it."""


class SetState(AgentOp[State]):
    """Say what holds now under a key; ``ttl`` is how long."""

    agent: ClassVar[str] = "contextual"
    verb: ClassVar[str] = "set"
    repeatable: ClassVar[bool] = True

    key: Name
    value: Json
    ttl: Lifetime | None = None
    source: Name | None = None


class GetState(AgentOp[State]):
    """What holds under a key, or the state of that id."""

    agent: ClassVar[str] = "contextual"
    verb: ClassVar[str] = "get"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    key: Name


class CurrentStates(AgentOp[list[State]]):
    """All that holds now, by key."""

    agent: ClassVar[str] = "contextual"
    verb: ClassVar[str] = "current"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True


class StateChanges(AgentOp[list[StateChange]]):
    """What changed since a moment, oldest first."""

    agent: ClassVar[str] = "contextual"
    verb: ClassVar[str] = "changes"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    since: Instant


class DeleteState(AgentOp[int]):
    """Take away what holds under a key, or the state of that id."""

    agent: ClassVar[str] = "contextual"
    verb: ClassVar[str] = "delete"

    key: Name


class CompileStates(AgentOp[str]):
    """All that holds now as prompt text, a line a key."""

    agent: ClassVar[str] = "contextual"
    verb: ClassVar[str] = "compile"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    max_tokens: Annotated[int, Field(ge=1)] | None = None

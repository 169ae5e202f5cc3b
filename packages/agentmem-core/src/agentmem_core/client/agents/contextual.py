"""The state around the user now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Unpack

from agentmem_core.client.agents.base import Agent, Within
from agentmem_core.model import MemoryType
from agentmem_core.model.agents import State, StateChange
from agentmem_core.operations.agents.contextual import (
    CompileStates,
    CurrentStates,
    DeleteState,
    GetState,
    SetState,
    StateChanges,
)

States = list[State]
Changes = list[StateChange]


class ContextualAgent(Agent):
    """What holds around the user now, a value a key, and how it changed."""

    name: ClassVar[str] = "contextual"
    type: ClassVar[MemoryType] = MemoryType.CONTEXTUAL

    def set(
        self,
        key: str,
        value: Any,
        *,
        ttl: timedelta | float | None = None,
        source: str | None = None,
        **scope: Unpack[Within],
    ) -> State:
        """Say what holds now under a key: any JSON value. ``ttl``, a timedelta or seconds, is how long."""
        return self._run(self._op(SetState, scope, key=key, value=value, ttl=ttl, source=source))

    async def aset(
        self,
        key: str,
        value: Any,
        *,
        ttl: timedelta | float | None = None,
        source: str | None = None,
        **scope: Unpack[Within],
    ) -> State:
        """``set`` without blocking the event loop."""
        return await self._arun(self._op(SetState, scope, key=key, value=value, ttl=ttl, source=source))

    def get(self, key: str, **scope: Unpack[Within]) -> State:
        """What holds under a key."""
        return self._run(self._op(GetState, scope, key=key))

    async def aget(self, key: str, **scope: Unpack[Within]) -> State:
        """``get`` without blocking the event loop."""
        return await self._arun(self._op(GetState, scope, key=key))

    def current(self, **scope: Unpack[Within]) -> States:
        """All that holds now, by key."""
        return self._run(self._op(CurrentStates, scope))

    async def acurrent(self, **scope: Unpack[Within]) -> States:
        """``current`` without blocking the event loop."""
        return await self._arun(self._op(CurrentStates, scope))

    def changes(self, since: datetime | str, **scope: Unpack[Within]) -> Changes:
        """What changed since a moment, oldest first."""
        return self._run(self._op(StateChanges, scope, since=since))

    async def achanges(self, since: datetime | str, **scope: Unpack[Within]) -> Changes:
        """``changes`` without blocking the event loop."""
        return await self._arun(self._op(StateChanges, scope, since=since))

    def delete(self, key: str, **scope: Unpack[Within]) -> int:
        """Take away what holds under a key."""
        return self._run(self._op(DeleteState, scope, key=key))

    async def adelete(self, key: str, **scope: Unpack[Within]) -> int:
        """``delete`` without blocking the event loop."""
        return await self._arun(self._op(DeleteState, scope, key=key))

    def compile(self, *, max_tokens: int | None = None, **scope: Unpack[Within]) -> str:
        """All that holds now as prompt text, the newest first, a line a key."""
        return self._run(self._op(CompileStates, scope, max_tokens=max_tokens))

    async def acompile(self, *, max_tokens: int | None = None, **scope: Unpack[Within]) -> str:
        """``compile`` without blocking the event loop."""
        return await self._arun(self._op(CompileStates, scope, max_tokens=max_tokens))

"""A scratchpad."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Unpack

from agentmem_core.client.agents.base import ByIdAgent, Within
from agentmem_core.model import Memory, MemoryType
from agentmem_core.operations.agents.working import DAY, ClearItems, PromoteItem, PushItem, SweepItems, WorkingItems

Memories = list[Memory]


class WorkingAgent(ByIdAgent):
    """What matters for now: items with a priority and a time to live. What has expired is never shown."""

    name: ClassVar[str] = "working"
    type: ClassVar[MemoryType] = MemoryType.WORKING

    def push(
        self, text: str, *, priority: int = 0, ttl: timedelta | float | None = DAY, **scope: Unpack[Within]
    ) -> Memory:
        """Note something for now; ``ttl`` is a timedelta or seconds, None keeps it. The same text again renews it."""
        return self._run(self._op(PushItem, scope, text=text, priority=priority, ttl=ttl))

    async def apush(
        self, text: str, *, priority: int = 0, ttl: timedelta | float | None = DAY, **scope: Unpack[Within]
    ) -> Memory:
        """``push`` without blocking the event loop."""
        return await self._arun(self._op(PushItem, scope, text=text, priority=priority, ttl=ttl))

    def items(self, *, min_priority: int | None = None, **scope: Unpack[Within]) -> Memories:
        """What is on the scratchpad: the highest priority first, then the newest."""
        return self._run(self._op(WorkingItems, scope, min_priority=min_priority))

    async def aitems(self, *, min_priority: int | None = None, **scope: Unpack[Within]) -> Memories:
        """``items`` without blocking the event loop."""
        return await self._arun(self._op(WorkingItems, scope, min_priority=min_priority))

    def promote(self, id: str, to: str = "semantic", **scope: Unpack[Within]) -> Memory:
        """Keep an item for good, as a memory of another type."""
        return self._run(self._op(PromoteItem, scope, id=id, to=to))

    async def apromote(self, id: str, to: str = "semantic", **scope: Unpack[Within]) -> Memory:
        """``promote`` without blocking the event loop."""
        return await self._arun(self._op(PromoteItem, scope, id=id, to=to))

    def clear(self, **scope: Unpack[Within]) -> int:
        """Take everything off the scratchpad, into the trash; answers how many."""
        return self._run(self._op(ClearItems, scope))

    async def aclear(self, **scope: Unpack[Within]) -> int:
        """``clear`` without blocking the event loop."""
        return await self._arun(self._op(ClearItems, scope))

    def sweep(self, **scope: Unpack[Within]) -> int:
        """Put items whose time is over into the trash; answers how many."""
        return self._run(self._op(SweepItems, scope))

    async def asweep(self, **scope: Unpack[Within]) -> int:
        """``sweep`` without blocking the event loop."""
        return await self._arun(self._op(SweepItems, scope))

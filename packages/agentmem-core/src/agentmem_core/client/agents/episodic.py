"""What happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Unpack

from agentmem_core.client.agents.base import ByIdAgent, Within
from agentmem_core.model import Memory, MemoryType
from agentmem_core.model.agents import Period
from agentmem_core.operations.agents.episodic import EventsAround, EventsBetween, RecordEvent, Timeline

Memories = list[Memory]
Periods = list[Period]
Moment = datetime | str


class EpisodicAgent(ByIdAgent):
    """What happened, and when: events and the turns of conversations."""

    name: ClassVar[str] = "episodic"
    type: ClassVar[MemoryType] = MemoryType.EPISODIC

    def record(
        self,
        text: str,
        *,
        occurred_at: Moment | None = None,
        actor: str | None = None,
        event: str | None = None,
        importance: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        **scope: Unpack[Within],
    ) -> Memory:
        """Keep something that happened; the same words at another time are another event."""
        return self._run(
            self._op(
                RecordEvent,
                scope,
                text=text,
                occurred_at=occurred_at,
                actor=actor,
                event=event,
                importance=importance,
                metadata=metadata,
            )
        )

    async def arecord(
        self,
        text: str,
        *,
        occurred_at: Moment | None = None,
        actor: str | None = None,
        event: str | None = None,
        importance: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        **scope: Unpack[Within],
    ) -> Memory:
        """``record`` without blocking the event loop."""
        return await self._arun(
            self._op(
                RecordEvent,
                scope,
                text=text,
                occurred_at=occurred_at,
                actor=actor,
                event=event,
                importance=importance,
                metadata=metadata,
            )
        )

    def between(self, start: Moment, end: Moment, *, limit: int = 1_000, **scope: Unpack[Within]) -> Memories:
        """What happened from ``start`` on and before ``end``, in the order of time."""
        return self._run(self._op(EventsBetween, scope, start=start, end=end, limit=limit))

    async def abetween(self, start: Moment, end: Moment, *, limit: int = 1_000, **scope: Unpack[Within]) -> Memories:
        """``between`` without blocking the event loop."""
        return await self._arun(self._op(EventsBetween, scope, start=start, end=end, limit=limit))

    def timeline(
        self,
        *,
        by: str = "day",
        start: Moment | None = None,
        end: Moment | None = None,
        zone: str = "UTC",
        limit: int = 1_000,
        **scope: Unpack[Within],
    ) -> Periods:
        """The newest ``limit`` events in stretches of an hour, day, week, month or year of a time zone; empty ones are left out."""
        return self._run(self._op(Timeline, scope, by=by, start=start, end=end, zone=zone, limit=limit))

    async def atimeline(
        self,
        *,
        by: str = "day",
        start: Moment | None = None,
        end: Moment | None = None,
        zone: str = "UTC",
        limit: int = 1_000,
        **scope: Unpack[Within],
    ) -> Periods:
        """``timeline`` without blocking the event loop."""
        return await self._arun(self._op(Timeline, scope, by=by, start=start, end=end, zone=zone, limit=limit))

    def around(self, id: str, before: int = 3, after: int = 3, **scope: Unpack[Within]) -> Memories:
        """An event with those before and after it, in the same session if it belongs to one."""
        return self._run(self._op(EventsAround, scope, id=id, before=before, after=after))

    async def aaround(self, id: str, before: int = 3, after: int = 3, **scope: Unpack[Within]) -> Memories:
        """``around`` without blocking the event loop."""
        return await self._arun(self._op(EventsAround, scope, id=id, before=before, after=after))

"""A clock that a test moves, and a memory that goes by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from agentmem_core import AgentMem
from agentmem_core.testing import in_memory_backend

NOON = datetime(2024, 5, 3, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Clock:
    """What time it is; it stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, time: timedelta) -> datetime:
        self.now += time
        return self.now


def remembering(clock: Clock | None = None, *, user_id: str = "ana", **options: Any) -> AgentMem:
    """A memory in memory."""
    return AgentMem(backend=in_memory_backend(clock=clock or Clock(), **options), user_id=user_id)

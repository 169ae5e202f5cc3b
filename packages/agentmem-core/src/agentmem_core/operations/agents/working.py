"""A scratchpad."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from agentmem_core.model.memory import Memory
from agentmem_core.model.values import Content, Name
from agentmem_core.operations.base import Access, AgentOp
from agentmem_core.operations.memories import Kind

DAY = timedelta(hours=24)


def _lifetime(value: timedelta) -> timedelta:
    if not timedelta(0) < value <= timedelta(days=36_500):
        raise ValueError("must be longer than nothing and at most 36,500 days; None keeps it")
    return value


Lifetime = Annotated[timedelta, AfterValidator(_lifetime)]
"""How long something holds; given as a timedelta, or as seconds."""

Priority = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]


class PushItem(AgentOp[Memory]):
    """Note something for now; pushing the same text again renews its time and takes the new priority."""

    agent: ClassVar[str] = "working"
    verb: ClassVar[str] = "push"
    repeatable: ClassVar[bool] = True

    text: Content
    priority: Priority = 0
    ttl: Lifetime | None = DAY


class WorkingItems(AgentOp[list[Memory]]):
    """What is on the scratchpad: the highest priority first, then the newest."""

    agent: ClassVar[str] = "working"
    verb: ClassVar[str] = "items"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    min_priority: Priority | None = None


class PromoteItem(AgentOp[Memory]):
    """Keep an item for good, as a memory of another type."""

    agent: ClassVar[str] = "working"
    verb: ClassVar[str] = "promote"

    id: Name
    to: Kind


class ClearItems(AgentOp[int]):
    """Take everything off the scratchpad; answers how many."""

    agent: ClassVar[str] = "working"
    verb: ClassVar[str] = "clear"


class SweepItems(AgentOp[int]):
    """Put items whose time is over into the trash; answers how many. They were not shown before either."""

    agent: ClassVar[str] = "working"
    verb: ClassVar[str] = "sweep"
    repeatable: ClassVar[bool] = True

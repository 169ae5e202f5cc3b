"""What happened."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.agents import Period
from agentmem_core.model.memory import Memory
from agentmem_core.model.values import Content, Importance, Instant, Limit, Metadata, Name
from agentmem_core.operations.base import Access, AgentOp

BY = ("hour", "day", "week", "month", "year")


def _unit(value: Any) -> Any:
    if value not in BY:
        raise InvalidInputError(f"by: unknown unit {value!r}; use one of {', '.join(BY)}")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"is no time zone of this machine ({value!r}); use a name like Europe/Lisbon") from None
    return value


class RecordEvent(AgentOp[Memory]):
    """Keep something that happened, with who did it and what kind of event it was."""

    agent: ClassVar[str] = "episodic"
    verb: ClassVar[str] = "record"

    text: Content
    occurred_at: Instant | None = None
    actor: Name | None = None
    event: Name | None = None
    importance: Importance | None = None
    metadata: Metadata = Field(default_factory=dict)


class EventsBetween(AgentOp[list[Memory]]):
    """What happened from ``start`` on and before ``end``, in the order of time."""

    agent: ClassVar[str] = "episodic"
    verb: ClassVar[str] = "between"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    start: Instant
    end: Instant
    limit: Limit = 1_000


class Timeline(AgentOp[list[Period]]):
    """What happened, in stretches of time that are not empty; the newest ``limit`` events."""

    agent: ClassVar[str] = "episodic"
    verb: ClassVar[str] = "timeline"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    by: Annotated[Literal["hour", "day", "week", "month", "year"], BeforeValidator(_unit)] = "day"
    start: Instant | None = None
    end: Instant | None = None
    zone: Annotated[Name, AfterValidator(_zone)] = "UTC"
    limit: Limit = 1_000


class EventsAround(AgentOp[list[Memory]]):
    """An event with what happened before and after it, in the same session if it belongs to one."""

    agent: ClassVar[str] = "episodic"
    verb: ClassVar[str] = "around"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    id: Name
    before: Annotated[int, Field(ge=0, le=1_000)] = 3
    after: Annotated[int, Field(ge=0, le=1_000)] = 3

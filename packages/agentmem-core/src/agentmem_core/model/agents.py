"""What the eight agents answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from agentmem_core.model.memory import Memory, MemoryType
from agentmem_core.model.results import Link
from agentmem_core.model.scope import Scope
from agentmem_core.model.usage import Usage
from agentmem_core.model.values import Given, Moment, Name, Value

OWN_FIELDS: dict[MemoryType, tuple[str, ...]] = {
    MemoryType.CORE: ("label", "limit"),
    MemoryType.CONTEXTUAL: ("key", "value"),
    MemoryType.PROCEDURAL: ("name", "steps", "when", "runs"),
}
"""What agents keep of their own in the metadata of their memories."""

SAID_BY_CONTENT: dict[MemoryType, str] = {MemoryType.CONTEXTUAL: "value", MemoryType.PROCEDURAL: "steps"}
"""The field of these that says the same as the content."""


class Block(Value):
    """A labelled text that is always in context; ``limit`` is how many characters it may hold."""

    id: str
    label: str
    text: str
    limit: int
    version: int
    updated_at: Moment
    scope: Scope


class Neighbour(Value):
    """What a link leads to: a thing by its name, or a memory by its id; ``depth`` is how many links away it is."""

    node: str
    memory: Memory | None = None
    relation: str
    outgoing: bool
    weight: float
    depth: int = 1
    link: Link


class Walk(Value):
    """The shortest way between two things or memories over links, whatever their direction; false when there is none."""

    nodes: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is a way."""
        return bool(self.nodes)

    def __len__(self) -> int:
        """How many links it takes."""
        return len(self.links)


class Period(Value):
    """What happened in one stretch of time, ``start`` included and ``end`` not; both are in the zone that was asked for."""

    start: datetime
    end: datetime
    memories: tuple[Memory, ...]

    def __len__(self) -> int:
        """How much happened."""
        return len(self.memories)


class Procedure(Value):
    """A skill as steps, with how its runs went."""

    id: str
    name: str
    steps: tuple[str, ...]
    when: str | None = None
    version: int
    runs: int = 0
    successes: int = 0
    mean_seconds: float | None = None
    notes: tuple[str, ...] = ()
    updated_at: Moment
    scope: Scope


class Skill(Value):
    """A procedure that fits a task. ``success`` is the Wilson lower bound of its success rate, ``score`` weighs both."""

    procedure: Procedure
    score: float
    relevance: float
    success: float


class State(Value):
    """One thing that holds around the user now."""

    id: str
    key: str
    value: Any
    source: str | None = None
    set_at: Moment
    expires_at: Moment | None = None
    version: int
    scope: Scope


class StateChange(Value):
    """How one thing around the user changed; ``value`` is None when it was taken away."""

    key: str
    value: Any
    at: Moment
    operation: str
    source: str | None = None


class AgentTask(Given):
    """A call of an agent by name: ``type`` is the agent, ``operation`` its verb, ``timeout`` in seconds."""

    type: Name
    operation: Name
    parameters: dict[str, Any] = Field(default_factory=dict)
    priority: int = 0
    timeout: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What it is told of the knowledge agent may be a secret, and is not shown."""
        return _discreet(super().__repr_args__(), "parameters", hidden=self.type == MemoryType.KNOWLEDGE)


class AgentReply(Value):
    """How a task went. ``error`` says why it failed; ``timed_out`` with ``success`` means that it was late, but was done."""

    success: bool
    data: Any = None
    error: str | None = None
    error_code: str | None = None
    seconds: float
    agent: str
    attempts: int = 1
    timed_out: bool = False

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What the knowledge agent reveals is not shown."""
        hidden = self.agent == MemoryType.KNOWLEDGE and isinstance(self.data, str)
        return _discreet(super().__repr_args__(), "data", hidden=hidden)


def _discreet(
    fields: Iterable[tuple[str | None, Any]], field: str, *, hidden: bool
) -> Iterator[tuple[str | None, Any]]:
    return ((name, "***" if hidden and name == field else value) for name, value in fields)


class Upkeep(StrEnum):
    """What maintenance does to a memory."""

    EXPIRE = "expire"
    MERGE = "merge"
    ARCHIVE = "archive"
    DECAY = "decay"
    SUMMARISE = "summarise"


class UpkeepStep(Value):
    """One change of a maintenance, done or only planned."""

    action: Upkeep
    id: str
    user_id: str
    reason: str
    into: str | None = None
    importance_before: float | None = None
    importance_after: float | None = None


class Maintained(Value):
    """What a maintenance did, or with ``dry_run`` would do; as text, a line for every change."""

    dry_run: bool
    steps: tuple[UpkeepStep, ...] = ()
    scanned: int = 0
    warnings: tuple[str, ...] = ()
    usage: Usage = Field(default_factory=Usage)
    """What a model cost that summarised."""

    def count(self, action: Upkeep | str) -> int:
        """How many steps of one kind there are."""
        return sum(step.action == action for step in self.steps)

    def __str__(self) -> str:
        """A summary, then a line for every change."""
        shown = [action for action in Upkeep if action is not Upkeep.SUMMARISE or self.count(action)]
        kinds = ", ".join(f"{self.count(action)} {action}" for action in shown)
        head = f"{'would change' if self.dry_run else 'changed'} {len(self.steps)} of {self.scanned} memories: {kinds}"
        return "\n".join([head, *(f"{step.action} {step.user_id}/{step.id}: {step.reason}" for step in self.steps)])

"""Facts and how they relate."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from agentmem_core.model.agents import Neighbour, Walk
from agentmem_core.model.memory import Memory
from agentmem_core.model.results import Link
from agentmem_core.model.values import Content, Importance, Instant, Limit, Metadata, Name
from agentmem_core.operations.base import Access, AgentOp

Depth = Annotated[int, Field(ge=1, le=10)]
Weight = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


class LearnFact(AgentOp[Memory]):
    """Keep a fact. With subject, predicate and object it is also a link, and ends what contradicts it.

    ``exclusive`` says whether a subject has one such object at a time (it lives in one town) or many (it likes many things);
    None lets the predicate decide.
    """

    agent: ClassVar[str] = "semantic"
    verb: ClassVar[str] = "learn"
    repeatable: ClassVar[bool] = True

    text: Content
    subject: Name | None = None
    predicate: Name | None = None
    object: Name | None = None
    confidence: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)] = 1.0
    exclusive: bool | None = None
    valid_from: Instant | None = None
    importance: Importance | None = None
    metadata: Metadata = Field(default_factory=dict)
    source: tuple[Name, ...] = ()


class RelateThings(AgentOp[Link]):
    """Link two memories by their ids, or two things by their names; the same relation again takes the new weight."""

    agent: ClassVar[str] = "semantic"
    verb: ClassVar[str] = "relate"
    repeatable: ClassVar[bool] = True

    a: Name
    relation: Name
    b: Name
    weight: Weight = 1.0
    metadata: Metadata = Field(default_factory=dict)
    valid_from: Instant | None = None


class NeighboursOf(AgentOp[list[Neighbour]]):
    """What links lead to from a memory or a thing, up to ``depth`` links away: the nearest first, then the heaviest."""

    agent: ClassVar[str] = "semantic"
    verb: ClassVar[str] = "neighbours"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    of: Name
    relation: Name | None = None
    depth: Depth = 1
    as_of: Instant | None = None
    limit: Limit = 1_000


class PathBetween(AgentOp[Walk]):
    """The fewest links from one memory or thing to another, whatever their direction; at most ``max_depth``."""

    agent: ClassVar[str] = "semantic"
    verb: ClassVar[str] = "path"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    a: Name
    b: Name
    max_depth: Depth = 6
    as_of: Instant | None = None


class AboutThing(AgentOp[list[Memory]]):
    """The facts that hold about a thing, newest first."""

    agent: ClassVar[str] = "semantic"
    verb: ClassVar[str] = "about"
    access: ClassVar[Access] = "read"
    repeatable: ClassVar[bool] = True

    entity: Name
    as_of: Instant | None = None
    limit: Limit = 100

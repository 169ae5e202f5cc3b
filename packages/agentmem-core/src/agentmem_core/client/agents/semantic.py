"""Facts and how they relate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Unpack

from agentmem_core.client.agents.base import ByIdAgent, Within
from agentmem_core.model import Link, Memory, MemoryType, Page
from agentmem_core.model.agents import Neighbour, Walk
from agentmem_core.operations import List
from agentmem_core.operations.agents.semantic import AboutThing, LearnFact, NeighboursOf, PathBetween, RelateThings

Memories = list[Memory]
Neighbours = list[Neighbour]
Moment = datetime | str


class SemanticAgent(ByIdAgent):
    """Facts, with the time they hold for, and the links between things and memories."""

    name: ClassVar[str] = "semantic"
    type: ClassVar[MemoryType] = MemoryType.SEMANTIC

    def learn(
        self,
        text: str,
        *,
        subject: str | None = None,
        predicate: str | None = None,
        object: str | None = None,
        confidence: float = 1.0,
        exclusive: bool | None = None,
        valid_from: Moment | None = None,
        importance: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        source: Sequence[str] = (),
        **scope: Unpack[Within],
    ) -> Memory:
        """Keep a fact. With subject, predicate and object it is a link too, and ends the interval of what it contradicts."""
        return self._run(
            self._op(
                LearnFact,
                scope,
                text=text,
                subject=subject,
                predicate=predicate,
                object=object,
                confidence=confidence,
                exclusive=exclusive,
                valid_from=valid_from,
                importance=importance,
                metadata=metadata,
                source=source,
            )
        )

    async def alearn(
        self,
        text: str,
        *,
        subject: str | None = None,
        predicate: str | None = None,
        object: str | None = None,
        confidence: float = 1.0,
        exclusive: bool | None = None,
        valid_from: Moment | None = None,
        importance: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        source: Sequence[str] = (),
        **scope: Unpack[Within],
    ) -> Memory:
        """``learn`` without blocking the event loop."""
        return await self._arun(
            self._op(
                LearnFact,
                scope,
                text=text,
                subject=subject,
                predicate=predicate,
                object=object,
                confidence=confidence,
                exclusive=exclusive,
                valid_from=valid_from,
                importance=importance,
                metadata=metadata,
                source=source,
            )
        )

    def list(  # pyright: ignore[reportIncompatibleMethodOverride]  # one argument more, with a default
        self,
        *,
        limit: int = 100,
        cursor: str | None = None,
        filters: Any = None,
        order: str = "oldest",
        ended: bool = False,
        **scope: Unpack[Within],
    ) -> Page:
        """A page of the facts that hold, in the order they were added; with ``ended`` also those that do no longer (``valid_to``)."""
        return self._run(self._listing(scope, limit=limit, cursor=cursor, filters=filters, order=order, ended=ended))

    async def alist(  # pyright: ignore[reportIncompatibleMethodOverride]  # the same
        self,
        *,
        limit: int = 100,
        cursor: str | None = None,
        filters: Any = None,
        order: str = "oldest",
        ended: bool = False,
        **scope: Unpack[Within],
    ) -> Page:
        """``list`` without blocking the event loop."""
        return await self._arun(
            self._listing(scope, limit=limit, cursor=cursor, filters=filters, order=order, ended=ended)
        )

    def relate(
        self,
        a: str,
        relation: str,
        b: str,
        *,
        weight: float = 1.0,
        metadata: Mapping[str, Any] | None = None,
        valid_from: Moment | None = None,
        **scope: Unpack[Within],
    ) -> Link:
        """Link two memories by their ids, or two things by their names; again takes the new weight."""
        return self._run(
            self._op(
                RelateThings,
                scope,
                a=a,
                relation=relation,
                b=b,
                weight=weight,
                metadata=metadata,
                valid_from=valid_from,
            )
        )

    async def arelate(
        self,
        a: str,
        relation: str,
        b: str,
        *,
        weight: float = 1.0,
        metadata: Mapping[str, Any] | None = None,
        valid_from: Moment | None = None,
        **scope: Unpack[Within],
    ) -> Link:
        """``relate`` without blocking the event loop."""
        return await self._arun(
            self._op(
                RelateThings,
                scope,
                a=a,
                relation=relation,
                b=b,
                weight=weight,
                metadata=metadata,
                valid_from=valid_from,
            )
        )

    def neighbours(
        self,
        of: str,
        *,
        relation: str | None = None,
        depth: int = 1,
        as_of: Moment | None = None,
        limit: int = 1_000,
        **scope: Unpack[Within],
    ) -> Neighbours:
        """What links lead to from a memory's id or a thing's name, the nearest first."""
        return self._run(self._op(NeighboursOf, scope, of=of, relation=relation, depth=depth, as_of=as_of, limit=limit))

    async def aneighbours(
        self,
        of: str,
        *,
        relation: str | None = None,
        depth: int = 1,
        as_of: Moment | None = None,
        limit: int = 1_000,
        **scope: Unpack[Within],
    ) -> Neighbours:
        """``neighbours`` without blocking the event loop."""
        return await self._arun(
            self._op(NeighboursOf, scope, of=of, relation=relation, depth=depth, as_of=as_of, limit=limit)
        )

    def path(self, a: str, b: str, *, max_depth: int = 6, as_of: Moment | None = None, **scope: Unpack[Within]) -> Walk:
        """The fewest links from one memory or thing to another, whatever their direction; false when there is no way."""
        return self._run(self._op(PathBetween, scope, a=a, b=b, max_depth=max_depth, as_of=as_of))

    async def apath(
        self, a: str, b: str, *, max_depth: int = 6, as_of: Moment | None = None, **scope: Unpack[Within]
    ) -> Walk:
        """``path`` without blocking the event loop."""
        return await self._arun(self._op(PathBetween, scope, a=a, b=b, max_depth=max_depth, as_of=as_of))

    def about(self, entity: str, *, as_of: Moment | None = None, limit: int = 100, **scope: Unpack[Within]) -> Memories:
        """The facts that hold about a thing, newest first."""
        return self._run(self._op(AboutThing, scope, entity=entity, as_of=as_of, limit=limit))

    async def aabout(
        self, entity: str, *, as_of: Moment | None = None, limit: int = 100, **scope: Unpack[Within]
    ) -> Memories:
        """``about`` without blocking the event loop."""
        return await self._arun(self._op(AboutThing, scope, entity=entity, as_of=as_of, limit=limit))

    def _listing(self, scope: Within, **how: Any) -> List:
        return self._op(List, scope, types=(self.type,), **how)

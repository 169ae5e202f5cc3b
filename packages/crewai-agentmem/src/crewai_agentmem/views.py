"""Short-term and long-term memory as views of one store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from crewai.memory.types import MemoryMatch, MemoryRecord

from agentmem_core import InvalidInputError
from crewai_agentmem.bound import Bound, Item, Kind
from crewai_agentmem.census import awalk, newest, walk
from crewai_agentmem.fields import aware, number
from crewai_agentmem.filters import AnyFilter, below, both, of_run, of_view, within
from crewai_agentmem.question import question
from crewai_agentmem.recall import matches
from crewai_agentmem.records import record_of

MEMORIES = "memories"
_BEST = 10.0
"""The best quality: CrewAI's evaluator gives marks from 0 to 10."""
Matches = list[MemoryMatch]


class View:
    """One of the three: recall, list and count of its own rows."""

    NAME: ClassVar[str]

    def __init__(self, bound: Bound) -> None:
        """A view of one crew's store in one run."""
        self._bound = bound

    def recall(self, query: str, *, limit: int = 10, scope: str | None = None) -> Matches:
        """The rows of this view that answer ``query``, best first."""
        asked = self._question(query, limit, scope)
        return [] if asked is None else self._matches(query, self._bound.client.search(**asked), limit)

    async def arecall(self, query: str, *, limit: int = 10, scope: str | None = None) -> Matches:
        """``recall`` without blocking the event loop."""
        asked = self._question(query, limit, scope)
        return [] if asked is None else self._matches(query, await self._bound.client.asearch(**asked), limit)

    def list(self, limit: int = 200, offset: int = 0) -> Sequence[MemoryRecord]:
        """The rows of this view, newest first."""
        rows = walk(self._bound.client, self._rows(), MEMORIES)
        return [record_of(memory) for memory in newest(rows, limit, offset)]

    async def alist(self, limit: int = 200, offset: int = 0) -> Sequence[MemoryRecord]:
        """``list`` without blocking the event loop."""
        rows = await awalk(self._bound.client, self._rows(), MEMORIES)
        return [record_of(memory) for memory in newest(rows, limit, offset)]

    def count(self) -> int:
        """How many rows this view has."""
        return len(walk(self._bound.client, self._rows(), MEMORIES))

    async def acount(self) -> int:
        """``count`` without blocking the event loop."""
        return len(await awalk(self._bound.client, self._rows(), MEMORIES))

    def _keep(self, item: Item) -> MemoryRecord | None:
        return None if self._bound.read_only else record_of(self._bound.keep([item])[0])

    async def _akeep(self, item: Item) -> MemoryRecord | None:
        return None if self._bound.read_only else record_of((await self._bound.akeep([item]))[0])

    def _rows(self, scope: str | None = None) -> AnyFilter | None:
        bound = self._bound
        return both(of_view(self.NAME), of_run(bound.run), within(below(bound.root, scope)))

    def _question(self, query: str, limit: int, scope: str | None) -> dict[str, Any] | None:
        bound = self._bound
        return question(
            query, bound.run, limit, scope=below(bound.root, scope), view=self.NAME, min_score=bound.min_score
        )

    def _matches(self, query: str, hits: Any, limit: int) -> Matches:
        return matches(query, hits, self._bound.run, limit, {}, self._bound.min_score)


class ShortTermView(View):
    """What the crew is doing in this run: working notes, and what happened. Another run does not see it."""

    NAME = "short_term"

    def remember(
        self,
        content: str,
        *,
        kind: Kind = "episodic",
        agent: str | None = None,
        categories: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        scope: str | None = None,
    ) -> MemoryRecord | None:
        """Keep what happened (``episodic``) or a note (``working``); None where the memory is read-only."""
        return self._keep(self._item(content, kind, agent, categories, metadata, importance, scope))

    async def aremember(
        self,
        content: str,
        *,
        kind: Kind = "episodic",
        agent: str | None = None,
        categories: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        scope: str | None = None,
    ) -> MemoryRecord | None:
        """``remember`` without blocking the event loop."""
        return await self._akeep(self._item(content, kind, agent, categories, metadata, importance, scope))

    def _item(
        self, content: str, kind: Kind, agent: str | None, categories: Any, metadata: Any, importance: Any, scope: Any
    ) -> Item:
        if kind not in {"working", "episodic"}:
            raise InvalidInputError(f'kind: must be "working" or "episodic", not {kind!r}')
        return self._bound.passing(
            content, kind, agent=agent, categories=categories, metadata=metadata, importance=importance, scope=scope
        )


class LongTermView(View):
    """What the crew has learnt over its runs, with the task it learnt it from, how good the result was, and when."""

    NAME = "long_term"

    def remember(
        self,
        content: str,
        *,
        task: str | None = None,
        quality: float | None = None,
        date: datetime | None = None,
        agent: str | None = None,
        categories: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        scope: str | None = None,
    ) -> MemoryRecord | None:
        """Keep what was learnt; the same again is kept once, with the last quality (0..10) and date. A naive date is in UTC."""
        return self._keep(self._item(content, task, quality, date, agent, categories, metadata, importance, scope))

    async def aremember(
        self,
        content: str,
        *,
        task: str | None = None,
        quality: float | None = None,
        date: datetime | None = None,
        agent: str | None = None,
        categories: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        scope: str | None = None,
    ) -> MemoryRecord | None:
        """``remember`` without blocking the event loop."""
        return await self._akeep(
            self._item(content, task, quality, date, agent, categories, metadata, importance, scope)
        )

    def _item(
        self, content: str, task: str | None, quality: float | None, date: datetime | None, agent: str | None,
        categories: Any, metadata: Any, importance: Any, scope: Any,
    ) -> Item:  # fmt: skip
        if quality is not None:
            number("quality", quality, _BEST)
        if date is not None and not isinstance(date, datetime):
            raise InvalidInputError(f"date: must be a datetime, not {type(date).__name__}")
        moment = aware(date) if date else datetime.now(UTC)
        item = self._bound.lasting(
            content, task=task, quality=quality, date=moment.isoformat(), agent=agent, categories=categories,
            metadata=metadata, importance=importance, scope=scope,
        )  # fmt: skip
        return item | {"occurred_at": moment.isoformat()} if date else item

"""Entity memory: who and what a crew met, and how they are related."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crewai.memory.types import MemoryRecord

from agentmem_core import InvalidInputError
from crewai_agentmem.bound import Bound
from crewai_agentmem.entity import Relations, named, pairs
from crewai_agentmem.entity_book import EntityBook, Told
from crewai_agentmem.records import record_of
from crewai_agentmem.views import View


class EntityView(View):
    """Who and what the crew met over its runs: one row an entity, which grows with what is told of it.

    An entity is known by its name, whatever its case, in its scope. A relation is part of both the text of the one that has
    it and of the core's links, so that either way finds it.
    """

    NAME = "entity"

    def __init__(self, bound: Bound) -> None:
        """A view of one crew's store."""
        super().__init__(bound)
        self._book = EntityBook(bound)

    def remember(
        self,
        name: str,
        description: str = "",
        *,
        kind: str | None = None,
        relations: Relations | None = None,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        scope: str | None = None,
    ) -> MemoryRecord | None:
        """Tell something of an entity; ``relations={"works at": "Rodela"}`` also makes Rodela known."""
        told = _told(name, description, kind, relations, metadata, importance, scope)
        return None if self._bound.read_only else record_of(self._book.tell(told))

    async def aremember(
        self,
        name: str,
        description: str = "",
        *,
        kind: str | None = None,
        relations: Relations | None = None,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        scope: str | None = None,
    ) -> MemoryRecord | None:
        """``remember`` without blocking the event loop."""
        told = _told(name, description, kind, relations, metadata, importance, scope)
        return None if self._bound.read_only else record_of(await self._book.atell(told))

    def relate(self, name: str, relation: str, other: str, *, scope: str | None = None) -> MemoryRecord | None:
        """Say how two entities are related; both are made known."""
        return self.remember(name, relations={relation: other}, scope=scope)

    async def arelate(self, name: str, relation: str, other: str, *, scope: str | None = None) -> MemoryRecord | None:
        """``relate`` without blocking the event loop."""
        return await self.aremember(name, relations={relation: other}, scope=scope)

    def get(self, name: str, *, scope: str | None = None) -> MemoryRecord | None:
        """The entity of that name; None when it was never met."""
        found = self._bound.client.get_many([self._book.mark(named(name), scope)])
        return record_of(found[0]) if found else None

    async def aget(self, name: str, *, scope: str | None = None) -> MemoryRecord | None:
        """``get`` without blocking the event loop."""
        found = await self._bound.client.aget_many([self._book.mark(named(name), scope)])
        return record_of(found[0]) if found else None

    def relations(self, name: str, *, scope: str | None = None) -> set[tuple[str, str, str]]:
        """How an entity is related, in both directions: who, how, with whom."""
        return self._book.relations(named(name), scope)

    async def arelations(self, name: str, *, scope: str | None = None) -> set[tuple[str, str, str]]:
        """``relations`` without blocking the event loop."""
        return await self._book.arelations(named(name), scope)


def _told(
    name: str,
    description: str,
    kind: str | None,
    relations: Relations | None,
    metadata: Mapping[str, Any] | None,
    importance: float | None,
    scope: str | None,
) -> Told:
    if not isinstance(description, str):
        raise InvalidInputError(f"description: must be text (str), not {type(description).__name__}")
    return Told(named(name), kind, description.strip(), tuple(pairs(relations)), metadata, importance, scope)

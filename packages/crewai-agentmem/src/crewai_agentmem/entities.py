"""Entity memory: who and what a crew met, and how they are related."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentmem_core import AddedItem, AddOutcome, ConflictError, Memory, StoreBusyError
from crewai.memory.types import MemoryRecord
from crewai_agentmem import filters
from crewai_agentmem.bound import Item
from crewai_agentmem.entity import Entity, Relations, named, pairs
from crewai_agentmem.fields import folded, lasting_id, tag_of, tagged
from crewai_agentmem.records import record_of
from crewai_agentmem.views import View

_TRIES = 200
Told = tuple[str | None, str, list[tuple[str, str]]]
"""What is told of an entity: its kind, a description, its relations."""


class EntityView(View):
    """Who and what the crew met over its runs: one row an entity, which grows with what is told of it.

    An entity is known by its name, whatever its case, in its scope. A relation is part of both the text of the one that has
    it and of the core's links, so that either way finds it.
    """

    NAME = "entity"

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
        if self._bound.read_only:
            return None
        related = pairs(relations)
        memory = self._tell(named(name), (kind, description, related), scope, metadata, importance)
        for relation, other in related:
            end = self._tell(other, (None, "", []), scope)
            self._bound.client.relate(memory.id, relation, end.id)
        return record_of(memory)

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
        if self._bound.read_only:
            return None
        related = pairs(relations)
        memory = await self._atell(named(name), (kind, description, related), scope, metadata, importance)
        for relation, other in related:
            end = await self._atell(other, (None, "", []), scope)
            await self._bound.client.arelate(memory.id, relation, end.id)
        return record_of(memory)

    def relate(self, name: str, relation: str, other: str, *, scope: str | None = None) -> MemoryRecord | None:
        """Say how two entities are related; both are made known."""
        return self.remember(name, relations={relation: other}, scope=scope)

    async def arelate(self, name: str, relation: str, other: str, *, scope: str | None = None) -> MemoryRecord | None:
        """``relate`` without blocking the event loop."""
        return await self.aremember(name, relations={relation: other}, scope=scope)

    def get(self, name: str, *, scope: str | None = None) -> MemoryRecord | None:
        """The entity of that name; None when it was never met."""
        found = self._bound.client.get_many([self._id(named(name), scope)])
        return record_of(found[0]) if found else None

    async def aget(self, name: str, *, scope: str | None = None) -> MemoryRecord | None:
        """``get`` without blocking the event loop."""
        found = await self._bound.client.aget_many([self._id(named(name), scope)])
        return record_of(found[0]) if found else None

    def relations(self, name: str, *, scope: str | None = None) -> set[tuple[str, str, str]]:
        """How an entity is related, in both directions: who, how, with whom."""
        mark = self._id(named(name), scope)
        if not self._bound.client.get_many([mark]):
            return set()
        links = self._bound.client.links(mark)
        ends = self._bound.client.get_many(list({end for link in links for end in (link.source, link.target)}))
        names = {memory.id: Entity.of(memory).name for memory in ends if "name" in tag_of(memory)}
        return {
            (names[link.source], link.relation, names[link.target])
            for link in links
            if link.source in names and link.target in names
        }

    def _tell(
        self, name: str, told: Told, scope: str | None, metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
    ) -> Memory:  # fmt: skip
        """Read, decide, write; and again when somebody else wrote in between."""
        mark = self._id(name, scope)
        for _ in range(_TRIES):
            found = self._bound.client.get_many([mark])
            change = self._change(found[0] if found else None, mark, name, told, scope, metadata, importance)
            if found and not change:
                return found[0]
            try:
                if found:
                    return self._bound.client.update(mark, expected_version=found[0].version, **change)
                answer = self._bound.client.add([change]).items[0]
            except ConflictError:
                continue
            if (memory := _new(answer)) is not None:
                return memory
        raise _busy(name)

    async def _atell(
        self, name: str, told: Told, scope: str | None, metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
    ) -> Memory:  # fmt: skip
        """``_tell`` without blocking the event loop."""
        mark = self._id(name, scope)
        for _ in range(_TRIES):
            found = await self._bound.client.aget_many([mark])
            change = self._change(found[0] if found else None, mark, name, told, scope, metadata, importance)
            if found and not change:
                return found[0]
            try:
                if found:
                    return await self._bound.client.aupdate(mark, expected_version=found[0].version, **change)
                answer = (await self._bound.client.aadd([change])).items[0]
            except ConflictError:
                continue
            if (memory := _new(answer)) is not None:
                return memory
        raise _busy(name)

    def _change(
        self, old: Memory | None, mark: str, name: str, told: Told, scope: str | None,
        metadata: Mapping[str, Any] | None, importance: float | None,
    ) -> Item:  # fmt: skip
        """The arguments of an add or an update; nothing when all of it is known."""
        before = Entity(name) if old is None else Entity.of(old)
        entity = before.learning(*told)
        own = {} if old is None else {key: value for key, value in old.metadata.items() if key != "crewai"}
        fields = tagged({**own, **(metadata or {})}, "entity", scope=self._path(scope), **entity.fields)
        change: Item = {"content": entity.text, "metadata": fields}
        if importance is not None:
            change["importance"] = importance
        if old is None:
            return change | {"id": mark, "type": "semantic", "entities": (entity.name[:256],)}
        return {key: value for key, value in change.items() if getattr(old, key) != value}

    def _id(self, name: str, scope: str | None) -> str:
        mine = self._bound.client.scope
        return lasting_id("entity", mine.agent_id, mine.session_id, self._path(scope), folded(name))

    def _path(self, scope: str | None) -> str:
        return filters.below(self._bound.root, scope)


def _new(answer: AddedItem) -> Memory | None:
    """What was added; None when another told of it first, and its row is to be read."""
    return answer.memory if answer.outcome is AddOutcome.CREATED else None


def _busy(name: str) -> StoreBusyError:
    return StoreBusyError(f"entity {name!r} was changed by others {_TRIES} times while it was told of; call again")

"""Telling of entities and reading what is known of them, on the core's plain verbs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agentmem_core import AddedItem, AddOutcome, ConflictError, Link, Memory, StoreBusyError
from crewai_agentmem.bound import Bound, Item
from crewai_agentmem.entity import Entity
from crewai_agentmem.fields import folded, lasting_id, own_metadata, tag_of, tagged
from crewai_agentmem.filters import below

_TRIES = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of an entity now; ``ended`` are relations that hold no longer."""

    name: str
    kind: str | None = None
    description: str = ""
    relations: tuple[tuple[str, str], ...] = ()
    metadata: Mapping[str, Any] | None = None
    importance: float | None = None
    scope: str | None = None
    ended: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EntityBook:
    """One row an entity, which grows with what is told of it; safe for many threads and processes at once."""

    bound: Bound

    def tell(self, told: Told) -> Memory:
        """Keep what is told, and link it with those it is related to, who become known too."""
        memory = self._write(told)
        for relation, other in told.relations:
            end = self._write(Told(other, scope=told.scope))
            self.bound.client.relate(memory.id, relation, end.id)
        return memory

    async def atell(self, told: Told) -> Memory:
        """``tell`` without blocking the event loop."""
        memory = await self._awrite(told)
        for relation, other in told.relations:
            end = await self._awrite(Told(other, scope=told.scope))
            await self.bound.client.arelate(memory.id, relation, end.id)
        return memory

    def mark(self, name: str, scope: str | None) -> str:
        """The id of the entity of that name."""
        mine = self.bound.client.scope
        return lasting_id("entity", mine.agent_id, mine.session_id, self._path(scope), folded(name))

    def relations(self, name: str, scope: str | None) -> set[tuple[str, str, str]]:
        """Who, how, with whom: in both directions."""
        mark = self.mark(name, scope)
        if not self.bound.client.get_many([mark]):
            return set()
        links = self.bound.client.links(mark)
        ends = self.bound.client.get_many(list({end for link in links for end in (link.source, link.target)}))
        return _named_links(links, ends)

    async def arelations(self, name: str, scope: str | None) -> set[tuple[str, str, str]]:
        """``relations`` without blocking the event loop."""
        mark = self.mark(name, scope)
        if not await self.bound.client.aget_many([mark]):
            return set()
        links = await self.bound.client.alinks(mark)
        ends = await self.bound.client.aget_many(list({end for link in links for end in (link.source, link.target)}))
        return _named_links(links, ends)

    def _write(self, told: Told) -> Memory:
        """Read, decide, write; and again when somebody else wrote in between."""
        mark = self.mark(told.name, told.scope)
        for _ in range(_TRIES):
            found = self.bound.client.get_many([mark])
            change = self._change(found[0] if found else None, mark, told)
            if found and not change:
                return found[0]
            try:
                if found:
                    return self.bound.client.update(mark, expected_version=found[0].version, **change)
                answer = self.bound.client.add([change]).items[0]
            except ConflictError:
                continue
            if (memory := _new(answer)) is not None:
                return memory
        raise _busy(told.name)

    async def _awrite(self, told: Told) -> Memory:
        """``_write`` without blocking the event loop."""
        mark = self.mark(told.name, told.scope)
        for _ in range(_TRIES):
            found = await self.bound.client.aget_many([mark])
            change = self._change(found[0] if found else None, mark, told)
            if found and not change:
                return found[0]
            try:
                if found:
                    return await self.bound.client.aupdate(mark, expected_version=found[0].version, **change)
                answer = (await self.bound.client.aadd([change])).items[0]
            except ConflictError:
                continue
            if (memory := _new(answer)) is not None:
                return memory
        raise _busy(told.name)

    def _change(self, old: Memory | None, mark: str, told: Told) -> Item:
        """The arguments of an add or an update; nothing when all of it is known."""
        before = Entity(told.name) if old is None else Entity.of(old)
        entity = before.without(told.ended).learning(told.kind, told.description, told.relations)
        own = {} if old is None else own_metadata(old)
        fields = tagged(
            {**own, **(told.metadata or {})}, "entity", scope=self._path(told.scope), verbatim=True, **entity.fields
        )
        change: Item = {"content": entity.text, "metadata": fields}
        if told.importance is not None:
            change["importance"] = told.importance
        if old is None:
            return change | {"id": mark, "type": "semantic", "entities": (entity.name[:256],)}
        return {key: value for key, value in change.items() if getattr(old, key) != value}

    def _path(self, scope: str | None) -> str:
        return below(self.bound.root, scope)


def _named_links(links: list[Link], ends: list[Memory]) -> set[tuple[str, str, str]]:
    """Links stay when a relation has ended; what the entity itself tells is what holds."""
    known = {memory.id: Entity.of(memory) for memory in ends if "name" in tag_of(memory)}
    found = [link for link in links if link.source in known and link.target in known]
    return {
        (known[link.source].name, link.relation, known[link.target].name)
        for link in found
        if known[link.source].tells(link.relation, known[link.target].name)
    }


def _new(answer: AddedItem) -> Memory | None:
    """What was added; None when another told of it first, and its row is to be read."""
    return answer.memory if answer.outcome is AddOutcome.CREATED else None


def _busy(name: str) -> StoreBusyError:
    return StoreBusyError(f"entity {name!r} was changed by others {_TRIES} times while it was told of; call again")

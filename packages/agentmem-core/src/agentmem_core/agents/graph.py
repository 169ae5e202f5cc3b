"""Walking over links."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agentmem_core.engine.engine import exists
from agentmem_core.engine.reading import visible_links
from agentmem_core.model import Link, Memory, Scope
from agentmem_core.model.agents import Neighbour, Walk
from agentmem_core.model.things import is_thing, named_link, same_name, thing_key
from agentmem_core.operations import MEMORIES
from agentmem_core.ports import LedgerReader, Record

_NODES = 10_000
"""Where a walk gives up: past so many nodes an answer would say nothing."""


@dataclass(frozen=True, slots=True)
class Graph:
    """The links of one user that exist for a scope and hold at a moment."""

    reader: LedgerReader
    partition: int
    scope: Scope
    at: datetime

    @classmethod
    def of(cls, reader: LedgerReader, scope: Scope, at: datetime) -> Graph | None:
        """None where the user has no memories at all."""
        partition = reader.partition(scope.tenant, MEMORIES, scope.user_id)
        return None if partition is None else cls(reader, partition.id, scope, at)

    def node(self, given: str) -> str:
        """A memory's id as it is, anything else as the name of a thing."""
        return given if self._record(given) is not None else thing_key(given)

    def neighbours(self, of: str, relation: str | None, depth: int) -> list[Neighbour]:
        """Each node once, by the first link that leads there."""
        start = self.node(of)
        seen = {start}
        level, found = [start], list[Neighbour]()
        for distance in range(1, depth + 1):
            reached: list[Neighbour] = []
            following: list[str] = []
            for node in level:
                for link, other in self._steps(node, relation):
                    if other in seen or len(seen) >= _NODES:
                        continue
                    seen.add(other)
                    following.append(other)
                    reached.append(self._neighbour(link, node, other, distance))
            found += sorted(reached, key=lambda neighbour: -neighbour.weight)
            level = following
        return found

    def path(self, a: str, b: str, max_depth: int) -> Walk:
        """Breadth first, the heaviest links before the others."""
        start, goal = self.node(a), self.node(b)
        came: dict[str, tuple[str, Link] | None] = {start: None}
        waiting = deque([(start, 0)])
        while waiting and goal not in came:
            node, distance = waiting.popleft()
            if distance == max_depth or len(came) >= _NODES:
                continue
            for link, other in sorted(self._steps(node, None), key=lambda step: -step[0].weight):
                if other not in came:
                    came[other] = (node, link)
                    waiting.append((other, distance + 1))
        if goal not in came or start == goal:
            return Walk()
        links: list[Link] = []
        nodes = [goal]
        while (step := came[nodes[-1]]) is not None:
            nodes.append(step[0])
            links.append(step[1])
        named = [named_link(link) for link in reversed(links)]
        return Walk(nodes=tuple(self._names(list(reversed(nodes)), named)), links=tuple(named))

    def _steps(self, node: str, relation: str | None) -> Iterator[tuple[Link, str]]:
        wanted = None if relation is None else same_name(relation)
        links = [
            link
            for link in self.reader.links(self.partition, memory_id=node)
            if link.valid_from <= self.at
            and (link.valid_to is None or link.valid_to > self.at)
            and (wanted is None or same_name(link.relation) == wanted)
        ]
        for link in visible_links(self.reader, self.scope, self.partition, links, self.at):
            other = link.target if link.source == node else link.source
            if is_thing(other) or self._record(other) is not None:
                yield link, other

    def _neighbour(self, link: Link, node: str, other: str, depth: int) -> Neighbour:
        named = named_link(link)
        outgoing = link.source == node
        return Neighbour(
            node=named.target if outgoing else named.source,
            memory=self._memory(other),
            relation=link.relation,
            outgoing=outgoing,
            weight=link.weight,
            depth=depth,
            link=named,
        )

    def _names(self, nodes: list[str], links: list[Link]) -> Iterator[str]:
        """What people call the nodes of a path: as the links on it do."""
        for number, node in enumerate(nodes):
            link = links[number] if number < len(links) else links[-1]
            yield next((end for end in (link.source, link.target) if end == node or thing_key(end) == node), node)

    def _record(self, memory_id: str) -> Record | None:
        if is_thing(memory_id):
            return None
        record = self.reader.by_id(self.partition, memory_id)
        alive = record is not None and exists(record, self.at) and self.scope.admits(record.memory.scope)
        return record if alive else None

    def _memory(self, node: str) -> Memory | None:
        record = self._record(node)
        return None if record is None else record.memory

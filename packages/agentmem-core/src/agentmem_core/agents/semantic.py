"""Facts: memories of type semantic; with subject, predicate and object they are links between things, too."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import numpy as np

from agentmem_core.agents.graph import Graph
from agentmem_core.engine.adding import Adding
from agentmem_core.engine.changing import alter, relate
from agentmem_core.engine.drafting import Draft, draft, embedded, require_same_space, space_for
from agentmem_core.engine.engine import Engine, find_record
from agentmem_core.engine.facts import Fact, Triple, state
from agentmem_core.errors import InvalidInputError, NotFoundError
from agentmem_core.model import Link, Memory, MemoryType, Scope
from agentmem_core.model.agents import Neighbour, Walk
from agentmem_core.model.things import named_link, same_name, thing_key, thing_metadata
from agentmem_core.operations import MEMORIES, Add, NewMemory, Relate, build
from agentmem_core.operations.agents.semantic import AboutThing, LearnFact, NeighboursOf, PathBetween, RelateThings
from agentmem_core.ports import LedgerWriter, Partition
from agentmem_core.recall.view import micros

_AN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def learn(engine: Engine, op: LearnFact) -> Memory:
    """The fact, its link and the end of what it contradicts, in one transaction."""
    memory, _ = _learn(engine, op, weight=1.0, link_metadata={})
    return memory


def relate_things(engine: Engine, op: RelateThings) -> Link:
    """Between memories a link; between things a fact that says so."""
    with engine.ledger.reading() as reader:
        graph = Graph.of(reader, op.scope, engine.clock())
        ends = [graph.node(end) if graph else thing_key(end) for end in (op.a, op.b)]
    for given, end in zip((op.a, op.b), ends, strict=True):
        if end != given and _AN_ID.fullmatch(given):
            raise NotFoundError(f"no memory {given!r} in this scope; give the id of one that exists, or a name")
    things = [end != given for given, end in zip((op.a, op.b), ends, strict=True)]
    if not any(things):
        return relate(
            engine,
            build(
                Relate, scope=op.scope, source=op.a, relation=op.relation, target=op.b, weight=op.weight,
                metadata=op.metadata, valid_from=op.valid_from,
            ),
        )  # fmt: skip
    if not all(things):
        return _tie(engine, op, ends, things)
    fact = build(
        LearnFact, scope=op.scope, text=f"{op.a} {op.relation} {op.b}", subject=op.a, predicate=op.relation, object=op.b,
        exclusive=False, valid_from=op.valid_from,
    )  # fmt: skip
    _, link = _learn(engine, fact, weight=op.weight, link_metadata=op.metadata)
    if link is None:
        raise InvalidInputError("relate: nothing was linked")
    return named_link(link)


def neighbours(engine: Engine, op: NeighboursOf) -> list[Neighbour]:
    now = engine.clock()
    with engine.ledger.reading() as reader:
        graph = Graph.of(reader, op.scope, op.as_of or now)
        return [] if graph is None else graph.neighbours(op.of, op.relation, op.depth)[: op.limit]


def path(engine: Engine, op: PathBetween) -> Walk:
    now = engine.clock()
    with engine.ledger.reading() as reader:
        graph = Graph.of(reader, op.scope, op.as_of or now)
        return Walk() if graph is None else graph.path(op.a, op.b, op.max_depth)


def about(engine: Engine, op: AboutThing) -> list[Memory]:
    """Every semantic memory that names the thing among its entities."""
    with engine.ledger.reading() as reader:
        partition = reader.partition(op.scope.tenant, MEMORIES, op.scope.user_id)
    if partition is None:
        return []
    wanted = same_name(op.entity)
    with engine.views.current(engine.ledger, partition) as current:
        if current is None:
            return []
        reader, cached = current.reader, current.cached
        mask = cached.view.visible(
            agent_id=op.scope.agent_id, session_id=op.scope.session_id, types=[MemoryType.SEMANTIC.value],
            now=micros(engine.clock()), as_of=None if op.as_of is None else micros(op.as_of),
        )  # fmt: skip
        mask &= cached.where(reader, current.partition, "memory.entities", lambda cell: _names(cell, wanted))
        chosen = np.flatnonzero(mask)
        newest = chosen[np.argsort(-cached.view.columns["valid_from"][chosen], kind="stable")][: op.limit]
        rows = [int(row) for row in cached.view.columns["row"][newest]]
        found = reader.by_rows(rows)
    return [found[row] for row in rows if row in found]


def _names(cell: object, wanted: str) -> bool:
    return isinstance(cell, list) and any(isinstance(name, str) and same_name(name) == wanted for name in cell)


def _learn(
    engine: Engine, op: LearnFact, *, weight: float, link_metadata: dict[str, object]
) -> tuple[Memory, Link | None]:
    _require_whole(op)
    now = engine.clock()
    item = _draft(op, now)
    with engine.ledger.reading() as reader:
        stored = reader.collection(op.scope.tenant, MEMORIES)
    space = space_for(engine, [item.record], MEMORIES, stored.embedder if stored else None)
    (record,) = embedded(engine, [item.record], space, MEMORIES)
    space = replace(space, dimension=len(record.vector or b"") // 4)
    with engine.writing() as writer:
        require_same_space(writer, op.scope.tenant, MEMORIES, stored)
        adding = Adding(writer, Add(scope=op.scope, items=()), space, op.scope.user_id, now)
        added = adding.take(replace(item, record=record)).memory
        partition = adding.finish()
        if added is None:
            raise InvalidInputError("learn: the fact was not taken")
        added = _told_again(writer, partition, added, item.memory, now)
        link = None
        if op.subject and op.predicate and op.object:
            triple = Triple(op.subject, op.predicate, op.object)
            added = Fact(writer, partition, op.scope, triple, added, now).settle(exclusive=op.exclusive)
            link = state(writer, partition.id, triple, added, weight, **link_metadata)
    if engine.views.is_large(partition):
        engine.follower.note(partition)
    return added, link


def _require_whole(op: LearnFact) -> None:
    given = [name for name in ("subject", "predicate", "object") if getattr(op, name) is not None]
    if given == ["subject"] or not given or len(given) == 3:
        return
    missing = sorted({"subject", "predicate", "object"} - set(given))
    raise InvalidInputError(
        f"learn: {' and '.join(given)} without {' and '.join(missing)}; give all three, or the text alone"
    )


def _told_again(writer: LedgerWriter, partition: Partition, known: Memory, told: Memory, now: datetime) -> Memory:
    """A fact that was known takes what is said about it now."""
    metadata = {**known.metadata, **told.metadata}
    entities = tuple(dict.fromkeys([*known.entities, *told.entities]))
    if known.id == told.id or (metadata, entities) == (known.metadata, known.entities):
        return known
    record = writer.by_id(partition.id, known.id)
    if record is None:
        return known
    return alter(writer, record, now, operation="update", reason="learned again", metadata=metadata, entities=entities)


def _draft(op: LearnFact, now: datetime) -> Draft:
    triple = {name: value for name in ("subject", "predicate", "object") if (value := getattr(op, name)) is not None}
    entities = dict.fromkeys(name for name in (op.subject, op.object) if name is not None)
    item = build(
        NewMemory, content=op.text, type=MemoryType.SEMANTIC, metadata={**op.metadata, **triple, "confidence": op.confidence},
        importance=op.importance, entities=tuple(entities), source=op.source, valid_from=op.valid_from,
    )  # fmt: skip
    return draft(item, op.scope, MEMORIES, now, MemoryType.SEMANTIC)


def _tie(engine: Engine, op: RelateThings, ends: list[str], things: list[bool]) -> Link:
    """A link between a memory and a thing; it goes with the memory."""
    now = engine.clock()
    with engine.writing() as writer:
        partition = _partition(writer, op.scope)
        for end, thing in zip(ends, things, strict=True):
            if not thing:
                find_record(writer, op.scope, MEMORIES, end, now=now)
        names = [given if thing else None for given, thing in zip((op.a, op.b), things, strict=True)]
        standing = next(
            (
                link
                for link in writer.links(partition.id, source=ends[0], target=ends[1], relation=op.relation)
                if link.valid_to is None
            ),
            None,
        )
        link = Link(
            source=ends[0],
            relation=op.relation,
            target=ends[1],
            weight=op.weight,
            metadata={**op.metadata, **thing_metadata(*names)},
            valid_from=standing.valid_from if standing else op.valid_from or now,
        )
        writer.link(partition.id, link)
    return named_link(link)


def _partition(writer: LedgerWriter, scope: Scope) -> Partition:
    found = writer.partition(scope.tenant, MEMORIES, scope.user_id)
    if found is None:
        raise NotFoundError(f"user {scope.user_id!r} has no memories yet")
    return found

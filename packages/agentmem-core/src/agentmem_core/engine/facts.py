"""Facts in a transaction: the link that a fact with subject, predicate and object is, and the end of facts that hold no longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agentmem_core.engine.changing import alter
from agentmem_core.engine.engine import exists
from agentmem_core.engine.evidence import SUPERSEDES, ended_before
from agentmem_core.model import Link, Memory, Scope
from agentmem_core.model.things import thing_key, thing_metadata
from agentmem_core.ports import LedgerReader, LedgerWriter, Partition, Record
from agentmem_core.recall.facts import holds_many, same_predicate


@dataclass(frozen=True, slots=True)
class Triple:
    """What a fact says, in the words it was told in."""

    subject: str
    predicate: str
    object: str


class Fact:
    """A fact that is stored, among those that say something else of the same subject."""

    def __init__(
        self, writer: LedgerWriter, partition: Partition, scope: Scope, triple: Triple, memory: Memory, now: datetime
    ) -> None:
        """``scope`` is that of the caller: what it does not admit is left as it is."""
        self._writer, self._partition, self._scope, self._now = writer, partition, scope, now
        self._triple, self._memory = triple, memory
        self._since = memory.valid_from or now

    def settle(self, *, exclusive: bool | None) -> Memory:
        """End the interval of what is contradicted; a fact about earlier times ends where the later one begins."""
        if not (not holds_many(self._triple.predicate) if exclusive is None else exclusive):
            return self._memory
        ends: datetime | None = None
        for record in self._rivals():
            begins = record.memory.valid_from or record.memory.created_at
            if begins > self._since:
                ends = begins if ends is None else min(ends, begins)
                continue
            supersede(self._writer, record, self._memory, self._since, self._now)
        if ends is None or self._memory.valid_to is not None:
            return self._memory
        mine = self._writer.by_id(self._partition.id, self._memory.id)
        if mine is None:
            return self._memory
        self._memory = self._memory.model_copy(update={"valid_to": ends})
        self._writer.rewrite(replace(mine, memory=self._memory), versioned=False)
        return self._memory

    def _rivals(self) -> Iterator[Record]:
        """The facts that hold, or will hold, of the same subject and predicate with another object."""
        relation, thing = same_predicate(self._triple.predicate), thing_key(self._triple.object)
        subject = thing_key(self._triple.subject)
        for link in told_alike(self._writer, self._partition.id, subject, relation, open_after=self._since):
            record = None if link.target == thing else fact_of(self._writer, self._partition.id, link)
            if record is not None and exists(record, self._now) and self._scope.admits(record.memory.scope):
                yield record


def told_alike(
    reader: LedgerReader, partition: int, subject: str, predicate: str, *, open_after: datetime
) -> Iterator[Link]:
    """The links from a thing whose predicates say the same, without those that had ended; no others are read."""
    for relation in reader.relations(partition, subject):
        if same_predicate(relation) == predicate:
            yield from reader.links(partition, source=subject, relation=relation, open_after=open_after)


def fact_of(reader: LedgerReader, partition: int, link: Link) -> Record | None:
    """The fact that a link stands for, where there is one."""
    return None if link.fact is None else reader.by_id(partition, link.fact)


def state(
    writer: LedgerWriter, partition: int, triple: Triple, memory: Memory, weight: float = 1.0, **metadata: Any
) -> Link:
    """The link that a fact stands for, for as long as the fact holds."""
    link = Link(
        source=thing_key(triple.subject),
        relation=triple.predicate,
        target=thing_key(triple.object),
        weight=weight,
        metadata={**metadata, **thing_metadata(triple.subject, triple.object)},
        valid_from=memory.valid_from or memory.created_at,
        valid_to=memory.valid_to,
        fact=memory.id,
    )
    writer.link(partition, link)
    return link


def supersede(writer: LedgerWriter, record: Record, later: Memory, at: datetime, now: datetime) -> None:
    """A fact has ended where a later one begins; a link from that one to it says so."""
    end(writer, record, at, now, operation="supersede", reason=f"superseded by {later.id}")
    said = ended_before(record.memory.valid_to)
    link = Link(source=later.id, relation=SUPERSEDES, target=record.memory.id, metadata=said, valid_from=now)
    writer.link(record.row >> 32, link)


def end(
    writer: LedgerWriter, record: Record, at: datetime, now: datetime, *, operation: str, reason: str | None
) -> Memory:
    """A fact holds no longer: its interval closes, and that of its link."""
    begins = record.memory.valid_from or record.memory.created_at
    closed = max(at, begins)
    for link in links_of(writer, record):
        if link.valid_to is None or link.valid_to > closed:
            writer.link(record.row >> 32, link.model_copy(update={"valid_to": max(closed, link.valid_from)}))
    return alter(writer, record, now, operation=operation, reason=reason, valid_to=closed)


def links_of(reader: LedgerReader, record: Record) -> list[Link]:
    """The links that a fact stands for."""
    return reader.links(record.row >> 32, fact=record.memory.id)

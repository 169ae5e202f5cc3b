"""Evidence: which turns state a fact, and what becomes of it when they are erased.

A fact's ``source`` are the turns it was learnt from. Links from it name those that told of it later: ``stated in`` said it again,
``retold in`` gave it another text, ``ended in`` said that it holds no longer; a summary ``summarises`` its turns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from agentmem_core.engine.reading import every
from agentmem_core.model import Link, Memory, MemoryType, Scope
from agentmem_core.ports import LedgerReader, LedgerWriter, Partition, Record

STATED_IN = "stated in"
RETOLD_IN = "retold in"
ENDED_IN = "ended in"

SUMMARISES = "summarises"
SUPERSEDES = "supersedes"
UNTIL = "until"
"""In a link to what ended a fact: the end that the fact had before, where it had one."""

_TOLD = frozenset({STATED_IN, RETOLD_IN, ENDED_IN, SUMMARISES})
_MADE_OF_ALL = (RETOLD_IN, SUMMARISES)
"""What links a text to turns that it was made of together: it goes with any of them."""


def note(
    writer: LedgerWriter, partition: int, fact: Memory, relation: str, turns: Iterable[Memory], **metadata: str
) -> None:
    """Turns that told of a fact that stands."""
    for turn in turns:
        if relation != STATED_IN or turn.id not in fact.source:
            writer.link(
                partition,
                Link(source=fact.id, relation=relation, target=turn.id, metadata=metadata, valid_from=turn.occurred_at),
            )


def ended_before(until: datetime | None) -> dict[str, str]:
    """What a link says of the end that a fact had already."""
    return {} if until is None else {UNTIL: until.isoformat()}


def end_by_hand(writer: LedgerWriter, record: Record, at: datetime | None) -> None:
    """What had ended a fact says that it has this end without it: whatever becomes of that, the end that was given stays."""
    fact_id = record.memory.id
    for link in writer.links(record.row >> 32, memory_id=fact_id):
        if fact_id == (
            link.target if link.relation == SUPERSEDES else link.source if link.relation == ENDED_IN else None
        ):
            writer.link(record.row >> 32, link.model_copy(update={"metadata": ended_before(at)}))


def told_of(reader: LedgerReader, partition: int, fact: Memory) -> dict[str, set[str]]:
    """The ids of the turns that told of a fact later, by how they did."""
    found: dict[str, set[str]] = defaultdict(set)
    for link in reader.links(partition, memory_id=fact.id):
        if link.source == fact.id and link.relation in _TOLD:
            found[link.relation].add(link.target)
    return found


@dataclass
class Bereft:
    """What lost evidence: ``erased`` goes with it, ``poorer`` stays, since other turns state it."""

    erased: list[Record] = field(default_factory=list)
    poorer: list[Record] = field(default_factory=list)


def bereave(writer: LedgerWriter, partition: Partition, gone: Collection[str], *, keep: bool = False) -> Bereft:
    """What is to be erased with these memories; the facts that stay name them no longer, nor why they once changed.

    A fact stays while one turn that states it does, a text that was made of several turns only while all do. ``keep`` lets all stay.
    """
    mourning = _Mourning(writer, partition, set(gone), keep=keep)
    mourning.spread()
    for record in mourning.bereft.poorer:
        mourning.console(record)
    return mourning.bereft


class _Mourning:
    def __init__(self, writer: LedgerWriter, partition: Partition, lost: set[str], *, keep: bool) -> None:
        self._writer, self._partition, self._lost, self._keep = writer, partition, lost, keep
        scope = Scope(tenant=partition.collection.tenant, user_id=partition.user_id)
        self._facts = {
            record.memory.id: record
            for record in every(writer, scope, types=(MemoryType.SEMANTIC,), deleted=None)
            if record.memory.id not in lost
        }
        self._told: dict[str, list[str]] = defaultdict(list)
        for fact_id, record in self._facts.items():
            for source in record.memory.source:
                self._told[source].append(fact_id)
        self.bereft = Bereft()

    def spread(self) -> None:
        """From what is erased to what was learnt from it, and from that to what was learnt from that."""
        waiting = sorted(self._lost)
        touched: dict[str, None] = {}
        while waiting:
            source = waiting.pop()
            for fact_id in (*self._told.get(source, ()), *self._linked(source)):
                record = self._facts.get(fact_id)
                if record is None or fact_id in self._lost:
                    continue
                touched[fact_id] = None
                if not self._keep and self._is_orphan(record):
                    self._lost.add(fact_id)
                    self.bereft.erased.append(record)
                    waiting.append(fact_id)
        self.bereft.poorer += [self._facts[fact_id] for fact_id in touched if fact_id not in self._lost]

    def console(self, fact: Record) -> None:
        """A fact that stays, without what is erased."""
        record = self._writer.by_id(self._partition.id, fact.memory.id)
        if record is None:
            return
        source = tuple(self._standing(record.memory)) or tuple(sorted(self._told_again(record.memory)))
        versions = self._writer.versions(record.row)[:-1]
        silenced = [version.model_copy(update={"reason": None}) for version in versions if version.reason is not None]
        self._writer.rewrite_history(record.row, silenced)
        self._writer.rewrite(replace(record.with_memory(source=source), reason=None), versioned=False)

    def _linked(self, turn: str) -> list[str]:
        links = self._writer.links(self._partition.id, memory_id=turn)
        return [link.source for link in links if link.target == turn and link.relation in _TOLD]

    def _is_orphan(self, record: Record) -> bool:
        memory = record.memory
        told = told_of(self._writer, self._partition.id, memory)
        stating = {*memory.source, *told[STATED_IN], *told[RETOLD_IN], *told[SUMMARISES]}
        if not stating & self._lost:
            return False
        if any(told[relation] for relation in _MADE_OF_ALL):
            return True
        return not self._standing(memory) and not self._told_again(memory)

    def _standing(self, memory: Memory) -> list[str]:
        """Its sources that are left; those that were emptied out of the trash earlier are not."""
        left = (source for source in memory.source if source not in self._lost)
        return [source for source in left if self._writer.by_id(self._partition.id, source) is not None]

    def _told_again(self, memory: Memory) -> set[str]:
        told = told_of(self._writer, self._partition.id, memory)
        return (told[STATED_IN] | told[RETOLD_IN]) - self._lost

"""Facts that hold again: what had ended them was forgotten, and nothing that is left ends them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from agentmem_core.engine.changing import alter
from agentmem_core.engine.evidence import ENDED_IN, SUPERSEDES, UNTIL, ended_before
from agentmem_core.engine.facts import fact_of, links_of, told_alike
from agentmem_core.model import Link, Memory, MemoryType
from agentmem_core.model.things import thing_key
from agentmem_core.ports import LedgerWriter, Partition, Record
from agentmem_core.recall.facts import holds_many, same_predicate

_REASON = "what had ended it was forgotten"


@dataclass(slots=True)
class _Lost:
    """What ended a fact and goes: until when it would have held without, and the facts that took the place of what goes."""

    untils: list[datetime | None] = field(default_factory=list)
    heirs: set[str] = field(default_factory=set)


def reopen(writer: LedgerWriter, partition: Partition, gone: Collection[str], now: datetime) -> int:
    """Before these memories are erased: what they alone had ended holds again, until what is left takes its place.

    Answers how many facts it were. What was archived, or given another end by hand, stays as it is.
    """
    lost = _Losses(writer, partition.id, set(gone))
    return sum(_reopened(writer, partition.id, fact_id, lost, now) for fact_id in sorted(lost.of))


class _Losses:
    """By the ids of facts that stay: what of that which ended them goes."""

    def __init__(self, writer: LedgerWriter, partition: int, gone: set[str]) -> None:
        self._writer, self._partition, self.gone = writer, partition, gone
        self.of: defaultdict[str, _Lost] = defaultdict(_Lost)
        for memory_id in sorted(gone):
            for link in writer.links(partition, memory_id=memory_id):
                ended = _ended_by(link, memory_id)
                if ended is not None and ended not in gone:
                    self.of[ended].untils.append(_until(link))
                    self.of[ended].heirs |= self._heirs(memory_id, {memory_id})

    def _heirs(self, memory_id: str, seen: set[str]) -> set[str]:
        """The facts that stay of those that took a fact's place, or the place of one that did."""
        found: set[str] = set()
        for link in self._writer.links(self._partition, memory_id=memory_id, relation=SUPERSEDES):
            if link.target == memory_id and link.source not in seen:
                seen.add(link.source)
                found |= self._heirs(link.source, seen) if link.source in self.gone else {link.source}
        return found


def _ended_by(link: Link, memory_id: str) -> str | None:
    """The fact that a link says was ended by a memory."""
    if link.relation == SUPERSEDES and link.source == memory_id:
        return link.target
    return link.source if link.relation == ENDED_IN and link.target == memory_id else None


def _until(link: Link) -> datetime | None:
    said = link.metadata.get(UNTIL)
    return datetime.fromisoformat(said) if isinstance(said, str) else None


def _reopened(writer: LedgerWriter, partition: int, fact_id: str, lost: _Losses, now: datetime) -> bool:
    record = writer.by_id(partition, fact_id)
    if record is None or not _closed_by_another(writer, record):
        return False
    found = lost.of[fact_id]
    until = _latest(found.untils)
    left = [link for link in writer.links(partition, memory_id=fact_id) if _ends(link, fact_id, lost.gone)]
    if left:
        until = _latest([until, *map(_until, left)])
        for link in left:  # which one of them will be the last to go is not known
            writer.link(partition, link.model_copy(update={"metadata": ended_before(until)}))
        return False
    later = {
        record.memory.id: record.memory for record in _later(writer, partition, record.memory, found.heirs, lost.gone)
    }
    ends = min(filter(None, (until, *map(_begins, later.values()))), default=None)
    if ends == record.memory.valid_to:
        return False
    for link in links_of(writer, record):
        if link.valid_to == record.memory.valid_to:
            writer.link(partition, link.model_copy(update={"valid_to": ends}))
    for memory in later.values():
        said = ended_before(until)
        writer.link(
            partition, Link(source=memory.id, relation=SUPERSEDES, target=fact_id, metadata=said, valid_from=now)
        )
    alter(writer, record, now, operation="restore", reason=_REASON, valid_to=ends)
    return True


def _closed_by_another(writer: LedgerWriter, record: Record) -> bool:
    """Whether a living fact has the end that its links have, and was not put away by other means."""
    end = record.memory.valid_to
    if end is None or record.deleted_at is not None or record.operation == "archive":
        return False
    links = links_of(writer, record)
    return not links or any(link.valid_to == end for link in links)


def _ends(link: Link, fact_id: str, gone: set[str]) -> bool:
    """Whether a link says that a turn or a fact that stays ended this one."""
    ender = link.source if link.relation == SUPERSEDES else link.target
    return ender not in gone and _ended_by(link, ender) == fact_id


def _latest(untils: list[datetime | None]) -> datetime | None:
    """When a fact would have ended by itself, of the ends that it had before each of what ended it; None for never."""
    stated = [until for until in untils if until is not None]
    return max(stated) if len(stated) == len(untils) else None


def _later(writer: LedgerWriter, partition: int, memory: Memory, heirs: set[str], gone: set[str]) -> Iterator[Record]:
    """What is left that takes a fact's place: the heirs, and what began later where there is one thing at a time."""
    for heir in sorted(heirs):
        record = writer.by_id(partition, heir)
        if record is not None and record.deleted_at is None:
            yield record
    subject, predicate, thing = (memory.metadata.get(name) for name in ("subject", "predicate", "object"))
    if not isinstance(subject, str) or not isinstance(predicate, str) or holds_many(predicate):
        return
    alike = told_alike(writer, partition, thing_key(subject), same_predicate(predicate), open_after=_begins(memory))
    for link in alike:
        record = None if link.target == thing_key(str(thing)) else fact_of(writer, partition, link)
        if record is None or record.deleted_at is not None or record.memory.id in gone:
            continue
        rival = record.memory
        if rival.type is MemoryType.SEMANTIC and _begins(rival) > _begins(memory) and rival.scope.admits(memory.scope):
            yield record


def _begins(memory: Memory) -> datetime:
    return memory.valid_from or memory.created_at

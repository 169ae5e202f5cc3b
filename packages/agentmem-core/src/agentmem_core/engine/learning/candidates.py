"""What is known that may concern a fact: found by its subject, by its words and meaning, and by its text."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from agentmem_core.engine.drafting import digest_of
from agentmem_core.engine.engine import Engine, exists
from agentmem_core.engine.facts import fact_of, told_alike
from agentmem_core.engine.searching import look_up
from agentmem_core.learning.deciding import Known, Stated, triple_of
from agentmem_core.model import Link, MemoryType, Scope
from agentmem_core.operations import Search
from agentmem_core.ports import LedgerReader, Partition, Record
from agentmem_core.recall.facts import holds_many, same_predicate

SUMMARY = "summary"
"""What ``metadata["kind"]`` says of the summary of a session."""

VERBATIM = "verbatim"
"""A memory whose metadata says ``true`` under this name is no fact, and not compared with facts."""

AT_ONCE = 6
"""Memories that are looked at for one fact."""

_RIVALS = 50
"""As many facts of one kind are looked at, of those that had not ended when the one in question begins."""

_NEAR_MEANING = 0.5
_NEAR_WORDS = 0.3
"""What concerns the same thing is as near as this, measured with the default embedder; what does not, hardly ever is."""


def near_ids(engine: Engine, scope: Scope, record: Record) -> tuple[str, ...]:
    """The ids of the memories whose text is near that of a fact, which ``record`` holds with its vector."""
    hits = look_up(
        engine,
        Search(
            scope=scope,
            query=record.memory.content,
            vector=record.vector,
            limit=AT_ONCE,
            types=(MemoryType.SEMANTIC,),
        ),
    )
    return tuple(
        hit.memory.id for hit in hits if hit.signals.dense >= _NEAR_MEANING or hit.signals.lexical >= _NEAR_WORDS
    )


def known_about(
    reader: LedgerReader,
    partition: Partition,
    scope: Scope,
    stated: Stated,
    record: Record,
    near: Iterable[str],
    now: datetime,
    fresh: Iterable[str] = (),
    *,
    again: bool,
) -> list[Known]:
    """What is known now, each once: closed intervals too, because a fact may be about what was.

    What had ended before the fact begins decides nothing, and is left out: however often somebody has moved, it is as much to read.
    But when its turns are read ``again``, all that says the same is looked at, since they may have told of any of it.
    ``near`` are the ids of what was found by its text, ``fresh`` those of what says the same and was learnt just now.
    """
    found: dict[str, Known] = {}
    for other in _candidates(reader, partition, scope, stated, record, now, again=again):
        found[other.memory.id] = known_of(other)
    for memory_id, is_near in (*((name, True) for name in near), *((name, False) for name in fresh)):
        named = None if memory_id in found else reader.by_id(partition.id, memory_id)
        if named is not None and _counts(named, scope, now):
            found[memory_id] = known_of(named, near=is_near)
    return list(found.values())


def known_of(record: Record, *, near: bool = False) -> Known:
    """A memory as deciding looks at it."""
    memory = record.memory
    words = [memory.metadata.get(name) for name in ("subject", "predicate", "object")]
    subject, predicate, thing = (word if isinstance(word, str) and word.strip() else None for word in words)
    return Known(
        id=memory.id,
        version=memory.version,
        text=memory.content,
        scope=memory.scope,
        since=memory.valid_from or memory.created_at,
        until=memory.valid_to,
        triple=triple_of(subject, predicate, thing),
        near=near,
    )


def _candidates(
    reader: LedgerReader,
    partition: Partition,
    scope: Scope,
    stated: Stated,
    record: Record,
    now: datetime,
    *,
    again: bool,
) -> Iterator[Record]:
    """By the triple: what says the same or the opposite, and what says another thing of which there is one at a time."""
    triple, fact = stated.triple, stated.fact
    if triple is not None and fact.predicate is not None:
        subject, predicate, _ = triple
        yield from _of_one_thing(reader, partition, scope, stated, now, again=again)
        if fact.exclusive or fact.retracted or not holds_many(fact.predicate):
            alike = told_alike(reader, partition.id, subject, predicate, open_after=stated.since)
            for link in _nearest(list(alike), stated.since):
                other = fact_of(reader, partition.id, link)
                if other is not None and _counts(other, scope, now):
                    yield other
    same = reader.by_digest(partition.id, record.digest or digest_of(record.memory))
    if same is not None and _counts(same, scope, now):
        yield same


def _of_one_thing(
    reader: LedgerReader, partition: Partition, scope: Scope, stated: Stated, now: datetime, *, again: bool
) -> Iterator[Record]:
    """What says something of the same subject and object. Of what had ended the first says that it was known once; others add nothing."""
    subject, _, thing = stated.triple or ("", "", "")
    seen: set[str] = set()
    for link in reader.links(partition.id, source=subject, target=thing):
        kind = same_predicate(link.relation)
        if not again and kind in seen and link.valid_to is not None and link.valid_to < stated.since:
            continue
        other = fact_of(reader, partition.id, link)
        if other is not None and _counts(other, scope, now):
            seen.add(kind)
            yield other


def _nearest(links: Sequence[Link], since: datetime) -> Sequence[Link]:
    """Those that begin nearest to when a fact does, and the latest."""
    if len(links) <= _RIVALS:
        return links
    ordered = sorted(links, key=lambda link: link.valid_from)
    begun = bisect_right(ordered, since, key=lambda link: link.valid_from)
    first = max(0, min(begun - _RIVALS // 2, len(ordered) - _RIVALS))
    return [*ordered[first : first + _RIVALS - 1], ordered[-1]]


def _counts(record: Record, scope: Scope, now: datetime) -> bool:
    memory = record.memory
    return (
        memory.type is MemoryType.SEMANTIC
        and memory.role is None
        and exists(record, now)
        and scope.admits(memory.scope)
        and memory.metadata.get("kind") != SUMMARY
        and not _is_verbatim(memory.metadata)
    )


def _is_verbatim(metadata: Mapping[str, object]) -> bool:
    """Whether a memory is to stay as it was told: its metadata says so, or the part of it that an adapter keeps."""
    parts = (metadata, *(part for part in metadata.values() if isinstance(part, Mapping)))
    return any(part.get(VERBATIM) is True for part in parts)

"""What learning a crew's work comes to: which facts are marked as the crew's, and what is told of entities; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentmem_core import Decision, Memory, Version
from crewai_agentmem.bound import WORK
from crewai_agentmem.entity_book import Told
from crewai_agentmem.fields import KEY, own_metadata, tag_of, tagged

_TRIPLE = ("subject", "predicate", "object")
_PASSED_ON = ("scope", "categories", "source", "private", "task", "agent")


def turns_of(memories: Sequence[Memory]) -> list[dict[str, Any]]:
    """The work among what was kept, as the core's add takes what stands already."""
    return [
        {
            "id": memory.id, "content": memory.content, "type": memory.type.value, "role": memory.role, "name": memory.name,
            "session_id": memory.scope.session_id, "metadata": memory.metadata, "importance": memory.importance,
        }
        for memory in memories
        if memory.role == WORK and memory.scope.session_id is not None
    ]  # fmt: skip


def mark_of(decision: Decision, fact: Memory, turn: Memory) -> dict[str, Any] | None:
    """The metadata that makes a fact the crew's whose ``turn`` states it; None when it is already, or is another program's.

    A fact that crews of two scopes state is seen by both, and private only while both keep it so.
    """
    about, mark = tag_of(turn), tag_of(fact)
    if not mark:
        if fact.id not in decision.changed or fact.version > 1:
            return None
        return tagged(own_metadata(fact), "long_term", **{name: about[name] for name in _PASSED_ON if name in about})
    steps = list(dict.fromkeys([*mark.get("within", ()), *about.get("within", ())]))
    private = bool(mark.get("private")) and bool(about.get("private"))
    if steps == mark.get("within") and private == bool(mark.get("private")):
        return None
    return {**fact.metadata, KEY: {**mark, "within": steps, "private": private}}


def told_of(fact: Memory | None, ended: Sequence[Mapping[str, Any]], turn: Memory) -> list[Told]:
    """What is told of entities: the relation that holds now, and those that hold no longer. Nothing of what is private.

    ``ended`` is the metadata of what held before.
    """
    if tag_of(turn).get("private"):
        return []
    told: list[Told] = []
    for before in ended:
        relation = relation_of(before)
        if relation is not None:
            told.append(Told(relation[0], ended=(relation[1:],)))
    relation = None if fact is None or fact.valid_to is not None else relation_of(fact.metadata)
    if relation is not None:
        told.append(Told(relation[0], relations=(relation[1:],)))
    return told


def is_retold(decision: Decision, fact: Memory) -> bool:
    """Whether a fact was told anew in place, so that what it said before is in its history."""
    return fact.version > 1 and fact.id in decision.changed


def before_of(fact: Memory, history: Sequence[Version]) -> list[dict[str, Any]]:
    """What a fact that is told anew said before."""
    return [version.metadata for version in history if version.version == fact.version - 1]


def relation_of(metadata: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Who, how, with whom, as a fact says it in short."""
    subject, predicate, thing = (metadata.get(name) for name in _TRIPLE)
    if not (isinstance(subject, str) and isinstance(predicate, str) and isinstance(thing, str)):
        return None
    if not (subject.strip() and predicate.strip() and thing.strip()):
        return None
    return subject.strip(), predicate.strip(), thing.strip()

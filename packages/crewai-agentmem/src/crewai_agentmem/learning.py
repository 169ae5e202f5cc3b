"""The core's learning at work for a crew: its facts into long-term memory, who and what they name into the entities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentmem_core import AgentMemError, ConflictError, Decision, Learned, Memory, NotFoundError
from crewai_agentmem.bound import Bound
from crewai_agentmem.entity_book import EntityBook
from crewai_agentmem.lesson import before_of, is_retold, mark_of, told_of, turns_of

_TRIES = 20
Complain = Callable[[str], None]
_Rows = dict[str, Memory]


@dataclass(frozen=True, slots=True)
class Learning:
    """Learns from what a task left behind; what fails is told to ``complain``, never raised: the task is kept already."""

    bound: Bound
    complain: Complain
    book: EntityBook = field(init=False)

    def __post_init__(self) -> None:
        """The entities are those of the whole crew, whichever agent met them."""
        object.__setattr__(self, "book", EntityBook(self.bound))

    def study(self, kept: Sequence[Memory]) -> None:
        """Learn from the work among what was kept: two calls of the model at most, however many facts there are."""
        if turns := turns_of(kept):
            try:
                self.take(self.bound.client.add(turns, infer=True).learned or Learned())
            except AgentMemError as error:
                self.complain(str(error))

    async def astudy(self, kept: Sequence[Memory]) -> None:
        """``study`` without blocking the event loop."""
        if turns := turns_of(kept):
            try:
                await self.atake((await self.bound.client.aadd(turns, infer=True)).learned or Learned())
            except AgentMemError as error:
                self.complain(str(error))

    def take(self, learned: Learned) -> None:
        """Make the facts the crew's, and tell of the entities they name."""
        for warning in learned.warnings:
            self.complain(warning)
        client = self.bound.client
        rows = _by_id(client.get_many(named) if (named := _named(learned)) else [])
        for decision in learned.decisions:
            if (turn := _turn(decision, rows)) is None:
                continue
            fact = None if decision.memory is None else rows.get(decision.memory.id)
            ended = _ended(decision, rows)
            if fact is not None:
                ended += before_of(fact, client.history(fact.id)) if is_retold(decision, fact) else []
                self._mark(decision, fact, turn)
            for told in told_of(fact, ended, turn):
                self.book.tell(told)

    async def atake(self, learned: Learned) -> None:
        """``take`` without blocking the event loop."""
        for warning in learned.warnings:
            self.complain(warning)
        client = self.bound.client
        rows = _by_id(await client.aget_many(named) if (named := _named(learned)) else [])
        for decision in learned.decisions:
            if (turn := _turn(decision, rows)) is None:
                continue
            fact = None if decision.memory is None else rows.get(decision.memory.id)
            ended = _ended(decision, rows)
            if fact is not None:
                ended += before_of(fact, await client.ahistory(fact.id)) if is_retold(decision, fact) else []
                await self._amark(decision, fact, turn)
            for told in told_of(fact, ended, turn):
                await self.book.atell(told)

    def _mark(self, decision: Decision, fact: Memory, turn: Memory) -> None:
        for _ in range(_TRIES):
            metadata = mark_of(decision, fact, turn)
            if metadata is None:
                return
            try:
                self.bound.client.update(fact.id, metadata=metadata, expected_version=fact.version)
                return
            except NotFoundError:
                return  # somebody forgot it meanwhile
            except ConflictError:
                fact = next(iter(self.bound.client.get_many([fact.id])), fact)

    async def _amark(self, decision: Decision, fact: Memory, turn: Memory) -> None:
        for _ in range(_TRIES):
            metadata = mark_of(decision, fact, turn)
            if metadata is None:
                return
            try:
                await self.bound.client.aupdate(fact.id, metadata=metadata, expected_version=fact.version)
                return
            except NotFoundError:
                return
            except ConflictError:
                fact = next(iter(await self.bound.client.aget_many([fact.id])), fact)


def _named(learned: Learned) -> list[str]:
    """All memories that the decisions are about."""
    ids: dict[str, None] = {}
    for decision in learned.decisions:
        ids.update(dict.fromkeys((*decision.turns, *decision.changed)))
        if decision.memory is not None:
            ids[decision.memory.id] = None
    return list(ids)


def _by_id(memories: Sequence[Memory]) -> _Rows:
    return {memory.id: memory for memory in memories}


def _turn(decision: Decision, rows: _Rows) -> Memory | None:
    return next((rows[name] for name in decision.turns if name in rows), None)


def _ended(decision: Decision, rows: _Rows) -> list[dict[str, Any]]:
    """The metadata of what holds no longer by this decision."""
    standing = None if decision.memory is None else decision.memory.id
    found = (rows.get(name) for name in decision.changed if name != standing)
    return [memory.metadata for memory in found if memory is not None and memory.valid_to is not None]

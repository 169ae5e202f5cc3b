"""One store as one crew uses it in one run: the core's plain verbs, and nothing of CrewAI's classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from agentmem_core import AddedItem, AddOutcome, AgentMem, ConflictError, InvalidInputError, Memory
from crewai_agentmem.fields import View, lasting_id, passing_id, tagged
from crewai_agentmem.filters import below
from crewai_agentmem.outcome import TaskOutcome

Kind = Literal["working", "episodic"]
WORK = "agent"
"""The role of what an agent found out, for the core's learning."""
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bound:
    """Whose store, which run, below which scope; ``min_score`` is for recall, ``learns`` says that work is learnt from."""

    client: AgentMem
    run: str
    root: str | None = None
    read_only: bool = False
    min_score: float | None = None
    learns: bool = False

    def passing(self, content: str, kind: Kind = "episodic", *, importance: float | None = None, **about: Any) -> Item:
        """What the crew is doing: a row of this run, each time anew."""
        return self._item(content, "short_term", importance, about) | {
            "id": passing_id(), "type": kind, "session_id": self.run,
        }  # fmt: skip

    def lasting(self, content: str, view: View = "long_term", *, importance: float | None = None, **about: Any) -> Item:
        """What the crew has learnt: a row for every run, once for each scope, source and text."""
        item = self._item(content, view, importance, about)
        tag = item["metadata"]["crewai"]
        agent, session = self.client.scope.agent_id, self.client.scope.session_id
        mark = lasting_id(view, agent, session, tag["scope"], tag.get("source"), tag["private"], content)
        return item | {"id": mark, "type": "semantic"}

    def rows(self, contents: Sequence[str], **about: Any) -> list[Item]:
        """A lasting row a text; of the outcome of a task also what happened in this run, right after it."""
        items: list[Item] = []
        for content in contents:
            if not isinstance(content, TaskOutcome):
                items.append(self.lasting(content, **about))
                continue
            told: dict[str, Any] = about | {"task": content.task, "agent": about.get("agent") or content.agent}
            today = datetime.now(UTC).isoformat()
            items.append(
                self.lasting(content, expected_output=content.expected_output, date=today, verbatim=True, **told)
            )
            passing = self.passing(content, **told)
            items.append(passing | self._worker(told["agent"]) if self.learns else passing)
        return items

    def keep(self, items: Sequence[Item]) -> list[Memory]:
        """All of them in one transaction, on disk when this returns; what is known already learns what is new about it."""
        try:
            added = self.client.add(items)
        except ConflictError:
            added = self.client.add(_renamed(items))
        kept: list[Memory] = []
        for item, answer in zip(items, added.items, strict=True):
            news = _news(item, answer)
            memory = _stored(answer)
            kept.append(self.client.update(memory.id, **news) if news else memory)
        return kept

    async def akeep(self, items: Sequence[Item]) -> list[Memory]:
        """``keep`` without blocking the event loop."""
        try:
            added = await self.client.aadd(items)
        except ConflictError:
            added = await self.client.aadd(_renamed(items))
        kept: list[Memory] = []
        for item, answer in zip(items, added.items, strict=True):
            news = _news(item, answer)
            memory = _stored(answer)
            kept.append(await self.client.aupdate(memory.id, **news) if news else memory)
        return kept

    def _worker(self, agent: object) -> Item:
        """Who did it, for the core's learning."""
        name = " ".join(str(agent or "").split())[:200]
        return {"role": WORK} | ({"name": name} if name else {})

    def _item(self, content: str, view: View, importance: float | None, about: Mapping[str, Any]) -> Item:
        if not isinstance(content, str):
            raise InvalidInputError(f"content: must be text (str), not {type(content).__name__}")
        said = dict(about)
        scope = below(said.pop("root_scope", None) or self.root, said.pop("scope", None))
        metadata = tagged(said.pop("metadata", None), view, scope=scope, **said)
        item: Item = {"content": str(content), "metadata": metadata}
        return item if importance is None else item | {"importance": importance}


def _renamed(items: Sequence[Item]) -> list[Item]:
    """With ids of their own, since one of the ids stands for a text that was changed since."""
    return [item | {"id": passing_id()} for item in items]


def _news(item: Item, answer: AddedItem) -> dict[str, Any]:
    """What a memory that was known already does not know yet."""
    memory = _stored(answer)
    if answer.outcome is not AddOutcome.KNOWN:
        return {}
    news: dict[str, Any] = {}
    metadata = {**memory.metadata, **item["metadata"]}
    if metadata != memory.metadata:
        news["metadata"] = metadata
    importance = item.get("importance")
    if importance is not None and importance != memory.importance:
        news["importance"] = importance
    return news


def _stored(answer: AddedItem) -> Memory:
    if answer.memory is None:  # an add raises for what it refuses, so each item has its memory
        raise InvalidInputError(f"content: {answer.error}")
    return answer.memory

"""CrewAI's ``Memory`` over the core: what a crew does, learns and meets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal, Self
from uuid import uuid4

from crewai.llms.base_llm import BaseLLM
from crewai.memory.types import MemoryMatch, MemoryRecord
from pydantic import PrivateAttr

from agentmem_core import AgentMem, InvalidInputError, Learned
from crewai_agentmem.bound import Bound, Item
from crewai_agentmem.embeddings import AgentMemEmbedding
from crewai_agentmem.entities import EntityView
from crewai_agentmem.events import asking, complaining, saving
from crewai_agentmem.fields import listed, number
from crewai_agentmem.filters import path as scope_path
from crewai_agentmem.learning import Learning
from crewai_agentmem.models import as_core_model
from crewai_agentmem.outcome import outcomes
from crewai_agentmem.question import question
from crewai_agentmem.recall import checked_weights, matches
from crewai_agentmem.records import record_of, retagged
from crewai_agentmem.shelf import Shelf
from crewai_agentmem.storage import AgentMemStorage
from crewai_agentmem.views import MEMORIES, LongTermView, ShortTermView
from crewai_agentmem.who_learns import WhoLearns

Depth = Literal["shallow", "deep"]


class AgentMemMemory(Shelf):
    """Short-term, long-term and entity memory of a crew: ``Crew(agents=..., tasks=..., memory=AgentMemMemory())``.

    Recall is the core's hybrid recall over the query's text and makes no model call; ``depth`` has no meaning here. What is
    saved is on disk when the call returns, ``remember_many`` included. One object is one run, unless ``session_id`` names
    it or ``start_run`` begins the next.
    """

    _weights: dict[str, float] = PrivateAttr()
    _min_score: float | None = PrivateAttr()
    _learns: WhoLearns = PrivateAttr()

    def __init__(
        self,
        client: AgentMem | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        api_key: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        llm: object = None,
        learner: str | None = None,
        root_scope: str | None = None,
        read_only: bool = False,
        weights: Mapping[str, float] | None = None,
        min_score: float | None = None,
    ) -> None:
        """The memory of ``user_id`` in the store of ``client`` or at ``path``.

        ``session_id`` is the run. ``root_scope`` keeps crews of one user apart. ``weights`` multiplies the scores of
        ``short_term``, ``long_term`` and ``entity``, each 0..1. ``min_score`` 0..1 drops weaker matches; without it only
        those go that share no word with the query and hardly resemble it.

        ``llm`` (a name, a model of CrewAI or a ``LanguageModel``) learns facts and entities from every task, with two calls at
        most; ``learner="rules"`` does so without a model, from what tasks say in the first person. A ``client`` that learns does
        so here, too. Otherwise no model is ever asked.
        """
        model = as_core_model(llm) if isinstance(llm, BaseLLM) else llm
        root = None if root_scope is None else scope_path(root_scope)
        chosen = checked_weights(weights)
        floor = None if min_score is None else number("min_score", min_score)
        store = AgentMem.shared(
            client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, llm=model,
            learner=learner,
        )  # fmt: skip
        super().__init__(
            storage=AgentMemStorage(store, collection=MEMORIES),
            embedder=AgentMemEmbedding(store),
            root_scope=root,
            read_only=bool(read_only),
        )
        self._client = store
        self._run = store.scoped(session_id=session_id).scope.session_id or _new_run()
        self._weights = chosen
        self._min_score = floor
        told = llm is not None or learner is not None
        self._learns = WhoLearns(store, known=True if told else None if client is not None else False)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Another memory of the same store and run: a crew is copied, what it knows is not."""
        return self.__copy__()

    @property
    def client(self) -> AgentMem:
        """The store, for what CrewAI has no word for: history, restore, export."""
        return self._client

    @property
    def run(self) -> str:
        """The run that short-term memory belongs to."""
        return self._run

    def start_run(self, run: str | None = None) -> str:
        """Begin another run, named or new: what was short-term is left behind."""
        self._run = _new_run() if run is None else run
        return self._run

    @property
    def short_term(self) -> ShortTermView:
        """What the crew is doing in this run."""
        return ShortTermView(self._bound())

    @property
    def long_term(self) -> LongTermView:
        """What the crew has learnt over its runs."""
        return LongTermView(self._bound())

    @property
    def entities(self) -> EntityView:
        """Who and what the crew has met."""
        return EntityView(self._bound())

    def extract_memories(self, content: str) -> list[str]:
        """CrewAI's account of a task as what is to be remembered of it: its result, verbatim. No model is asked."""
        if not isinstance(content, str):
            raise InvalidInputError(f"content: must be text (str), not {type(content).__name__}")
        return outcomes(content)

    async def aextract_memories(self, content: str) -> list[str]:
        """``extract_memories``, which waits for nothing."""
        return self.extract_memories(content)

    def remember(
        self,
        content: str,
        scope: str | None = None,
        categories: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        importance: float | None = None,
        source: str | None = None,
        private: bool = False,
        agent_role: str | None = None,
        root_scope: str | None = None,
    ) -> MemoryRecord | None:
        """Keep a text for every run; the outcome of a task also for this one. None where the memory is read-only."""
        if self.read_only:
            return None
        self._learns.ask()
        items = self._items([content], scope, categories, metadata, importance, source, private, agent_role, root_scope)
        with saving(self, content, metadata, agent_role):
            kept = self._bound().keep(items)
        self._learning(metadata, agent_role).study(kept)
        return record_of(kept[0])

    async def aremember(
        self,
        content: str,
        scope: str | None = None,
        categories: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        importance: float | None = None,
        source: str | None = None,
        private: bool = False,
    ) -> MemoryRecord | None:
        """``remember`` without blocking the event loop."""
        if self.read_only:
            return None
        await self._learns.aask()
        items = self._items([content], scope, categories, metadata, importance, source, private, None, None)
        with saving(self, content, metadata, None):
            kept = await self._bound().akeep(items)
        await self._learning(metadata, None).astudy(kept)
        return record_of(kept[0])

    def remember_many(
        self,
        contents: list[str],
        scope: str | None = None,
        categories: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        importance: float | None = None,
        source: str | None = None,
        private: bool = False,
        agent_role: str | None = None,
        root_scope: str | None = None,
    ) -> list[MemoryRecord]:
        """Keep several texts in one transaction, on disk when this returns; the records, one a text."""
        texts = listed("contents", contents)
        if self.read_only or not texts:
            return []
        self._learns.ask()
        items = self._items(texts, scope, categories, metadata, importance, source, private, agent_role, root_scope)
        with saving(self, _summary(texts), metadata, agent_role):
            kept = self._bound().keep(items)
        self._learning(metadata, agent_role).study(kept)
        return [record_of(memory) for memory, item in zip(kept, items, strict=True) if _is_lasting(item)]

    async def aremember_many(
        self,
        contents: list[str],
        scope: str | None = None,
        categories: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        importance: float | None = None,
        source: str | None = None,
        private: bool = False,
        agent_role: str | None = None,
    ) -> list[MemoryRecord]:
        """``remember_many`` without blocking the event loop."""
        texts = listed("contents", contents)
        if self.read_only or not texts:
            return []
        await self._learns.aask()
        items = self._items(texts, scope, categories, metadata, importance, source, private, agent_role, None)
        with saving(self, _summary(texts), metadata, agent_role):
            kept = await self._bound().akeep(items)
        await self._learning(metadata, agent_role).astudy(kept)
        return [record_of(memory) for memory, item in zip(kept, items, strict=True) if _is_lasting(item)]

    def recall(
        self,
        query: str,
        scope: str | None = None,
        categories: list[str] | None = None,
        limit: int = 10,
        depth: Depth = "deep",
        source: str | None = None,
        include_private: bool = False,
    ) -> list[MemoryMatch]:
        """The best of all three views and of what other programs told the same store, weighed and labelled."""
        asked = self._question(query, scope, categories, limit, source, include_private)
        if asked is None:
            return []
        with asking(self, query, limit) as found:
            found.extend(matches(query, self._client.search(**asked), self._run, limit, self._weights, self._min_score))
        return found

    async def arecall(
        self,
        query: str,
        scope: str | None = None,
        categories: list[str] | None = None,
        limit: int = 10,
        depth: Depth = "deep",
        source: str | None = None,
        include_private: bool = False,
    ) -> list[MemoryMatch]:
        """``recall`` without blocking the event loop."""
        asked = self._question(query, scope, categories, limit, source, include_private)
        if asked is None:
            return []
        with asking(self, query, limit) as found:
            found.extend(
                matches(query, await self._client.asearch(**asked), self._run, limit, self._weights, self._min_score)
            )
        return found

    def update(
        self,
        record_id: str,
        content: str | None = None,
        scope: str | None = None,
        categories: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        importance: float | None = None,
    ) -> MemoryRecord:
        """Change what is given, as a new version; the record as it stands where the memory is read-only.

        ``NotFoundError`` when there is no such record.
        """
        stored = self._client.get(record_id)
        changes: dict[str, Any] = {"content": content, "importance": importance}
        if scope is not None or categories is not None or metadata is not None:
            changes["metadata"] = retagged(stored, self._run, scope=scope, categories=categories, metadata=metadata)
        said = {name: value for name, value in changes.items() if value is not None}
        if self.read_only or not said:
            return record_of(stored)
        return record_of(self._client.update(record_id, **said))

    def learn(self, run: str | None = None, *, again: bool = False) -> Learned:
        """Learn from work of this run, or another, that nothing was learnt from yet: what a failure of the model left.

        ``again`` reads all of it anew. ``NotConfiguredError`` without anybody who learns.
        """
        learned = self._client.learn(session_id=run or self._run, again=again)
        self._learning().take(learned)
        return learned

    async def alearn(self, run: str | None = None, *, again: bool = False) -> Learned:
        """``learn`` without blocking the event loop."""
        learned = await self._client.alearn(session_id=run or self._run, again=again)
        await self._learning().atake(learned)
        return learned

    def drain_writes(self) -> None:
        """Nothing is ever under way: every save is on disk when its call returns."""

    def close(self) -> None:
        """Let go of the store."""
        self._client.close()
        super().close()

    def _bound(self) -> Bound:
        return Bound(self._client, self._run, self.root_scope, self.read_only, self._min_score, bool(self._learns))

    def _learning(self, metadata: Mapping[str, Any] | None = None, agent_role: str | None = None) -> Learning:
        return Learning(self._bound(), complaining(self, metadata, agent_role))

    def _question(
        self,
        query: str,
        scope: str | None,
        categories: list[str] | None,
        limit: int,
        source: str | None,
        include_private: bool,
    ) -> dict[str, Any] | None:
        return question(
            query, self._run, limit, scope=self._path(scope), categories=categories, source=source,
            include_private=include_private, min_score=self._min_score,
        )  # fmt: skip

    def _items(
        self,
        contents: list[str],
        scope: str | None,
        categories: list[str] | None,
        metadata: dict[str, Any] | None,
        importance: float | None,
        source: str | None,
        private: bool,
        agent_role: str | None,
        root_scope: str | None,
    ) -> list[Item]:
        return self._bound().rows(
            contents, scope=scope, root_scope=root_scope, categories=categories, metadata=metadata, source=source,
            private=private, importance=importance, agent=agent_role,
        )  # fmt: skip


def _is_lasting(item: Item) -> bool:
    return bool(item["type"] == "semantic")


def _summary(contents: list[str]) -> str:
    return contents[0] if len(contents) == 1 else f"{len(contents)} memories"


def _new_run() -> str:
    return f"run-{uuid4().hex}"

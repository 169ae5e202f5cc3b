"""AgentMem as LangGraph's store: items under names, kept on disk, found again by meaning."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, cast

from langgraph.store.base import (
    BaseStore,
    IndexConfig,
    Op,
    Result,
    TTLConfig,
    ensure_embeddings,
    tokenize_path,
)

from agentmem_core import AgentMem, InvalidInputError, NotFoundError
from langchain_agentmem.answering import Answering, Ask
from langchain_agentmem.opening import opened


class AgentMemStore(BaseStore):
    """Items of one user in one collection; what ``InMemoryStore`` and the SQL stores answer, this answers, from disk.

    ``index`` is LangGraph's ``IndexConfig``: with it items are ranked by the cosine of its embeddings, the best of their fields.
    Without it the client's own embedder and the words of all texts of an item rank them. Those that a query does not rank follow,
    newest first, with no score. ``ttl`` is LangGraph's ``TTLConfig``, in minutes; an expired item is not seen any more.
    Values are JSON, up to 1 MB.
    """

    supports_ttl = True

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
        collection: str = "langgraph",
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
    ) -> None:
        """Nothing is read yet. A collection that was filled with an ``index`` is read with one of equal dimension."""
        if collection == "memories":
            raise InvalidInputError("collection: 'memories' holds what is remembered; give the store one of its own")
        self.client = opened(
            client,
            path=path,
            api_url=api_url,
            api_key=api_key,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
        )
        self.collection = collection
        self.ttl_config = ttl
        self.index_config = index
        self.embeddings = ensure_embeddings(index.get("embed")) if index else None
        fields = (index.get("fields") or ["$"]) if index else None
        self._answering = Answering(
            collection,
            None if fields is None else [field if field == "$" else tokenize_path(field) for field in fields],
            index.get("dims") if index else None,
        )

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """The answers in the order of the operations.

        Reads see what stood before the batch; of several puts of one key the last holds.
        """
        work = self._answering.answers(list(ops))
        try:
            ask = next(work)
            while True:
                try:
                    answer = self._target(ask)(*ask.args, **ask.options)
                except NotFoundError as error:
                    ask = work.throw(error)
                else:
                    ask = work.send(answer)
        except StopIteration as done:
            return cast("list[Result]", done.value)

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """``batch`` without blocking the event loop."""
        work = self._answering.answers(list(ops))
        try:
            ask = next(work)
            while True:
                try:
                    answer = await self._target(ask, "a")(*ask.args, **ask.options)
                except NotFoundError as error:
                    ask = work.throw(error)
                else:
                    ask = work.send(answer)
        except StopIteration as done:
            return cast("list[Result]", done.value)

    def _target(self, ask: Ask, colour: str = "") -> Callable[..., Any]:
        return cast("Callable[..., Any]", getattr(getattr(self, ask.of), f"{colour}{ask.verb}"))

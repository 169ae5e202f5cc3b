"""Verbs that find again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from agentmem_core.client.base import Verbs, require_callable
from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Context, Hit
from agentmem_core.model.values import is_text
from agentmem_core.operations import MEMORIES, Search, build
from agentmem_core.recall.rendering import estimate_tokens, render
from agentmem_core.recall.telling import worth_telling

Counter = Callable[[str], int]


class RecallVerbs(Verbs):
    """search and context, each with its ``a...`` twin."""

    def search(
        self,
        query: str | None = None,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        limit: int = 10,
        types: Sequence[str] | None = None,
        filters: Any = None,
        mode: str = "hybrid",
        as_of: datetime | str | None = None,
        now: datetime | str | None = None,
        min_score: float | None = None,
        vector: Sequence[float] | None = None,
        collection: str = MEMORIES,
    ) -> list[Hit]:
        """The memories that answer ``query``, best first.

        ``mode`` is hybrid, dense (cosine alone) or lexical (words alone). ``filters`` as in ``parse_filter``. ``as_of`` answers
        from what was valid then. ``min_score`` 0..1 drops weaker hits. Without a query and a vector: the newest that pass.
        Times that the query names ("last May", 去年五月) are told from ``now``: by default ``as_of``, or else the clock.
        """
        return self._run(
            self._search(
                query, user_id, agent_id, session_id, limit=limit, types=types, filters=filters, mode=mode, as_of=as_of, now=now,
                min_score=min_score, vector=vector, collection=collection,
            )
        )  # fmt: skip

    async def asearch(
        self,
        query: str | None = None,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        limit: int = 10,
        types: Sequence[str] | None = None,
        filters: Any = None,
        mode: str = "hybrid",
        as_of: datetime | str | None = None,
        now: datetime | str | None = None,
        min_score: float | None = None,
        vector: Sequence[float] | None = None,
        collection: str = MEMORIES,
    ) -> list[Hit]:
        """``search`` without blocking the event loop."""
        return await self._arun(
            self._search(
                query, user_id, agent_id, session_id, limit=limit, types=types, filters=filters, mode=mode, as_of=as_of, now=now,
                min_score=min_score, vector=vector, collection=collection,
            )
        )  # fmt: skip

    def context(
        self,
        query: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        max_tokens: int = 1000,
        limit: int = 20,
        types: Sequence[str] | None = None,
        filters: Any = None,
        as_of: datetime | str | None = None,
        now: datetime | str | None = None,
        min_score: float | None = None,
        count_tokens: Counter | None = None,
    ) -> Context:
        """What is remembered about ``query`` as prompt text of at most ``max_tokens``; empty when nothing is.

        What is said twice stands there once. What shares no word with ``query`` and hardly resembles it is left out, unless
        ``min_score`` says what is: then that alone counts, and 0 lets all in.
        Tokens are estimated unless ``count_tokens`` counts them as your model does.
        """
        _require_room(max_tokens)
        require_callable("count_tokens", count_tokens)
        hits = self.search(
            query, user_id=user_id, agent_id=agent_id, session_id=session_id, limit=limit, types=types, filters=filters,
            as_of=as_of, now=now, min_score=min_score,
        )  # fmt: skip
        return _render(worth_telling(hits, min_score, query=query), max_tokens, count_tokens)

    async def acontext(
        self,
        query: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        max_tokens: int = 1000,
        limit: int = 20,
        types: Sequence[str] | None = None,
        filters: Any = None,
        as_of: datetime | str | None = None,
        now: datetime | str | None = None,
        min_score: float | None = None,
        count_tokens: Counter | None = None,
    ) -> Context:
        """``context`` without blocking the event loop."""
        _require_room(max_tokens)
        require_callable("count_tokens", count_tokens)
        hits = await self.asearch(
            query, user_id=user_id, agent_id=agent_id, session_id=session_id, limit=limit, types=types, filters=filters,
            as_of=as_of, now=now, min_score=min_score,
        )  # fmt: skip
        return _render(worth_telling(hits, min_score, query=query), max_tokens, count_tokens)

    def _search(
        self,
        query: str | None,
        user_id: str | None,
        agent_id: str | None,
        session_id: str | None,
        *,
        limit: int,
        types: Any,
        filters: Any,
        mode: str,
        as_of: Any,
        now: Any,
        min_score: float | None,
        vector: Any,
        collection: str,
    ) -> Search:
        if isinstance(query, str) and not query.strip():
            raise InvalidInputError("query: must not be empty or blank; leave it out to get the newest memories")
        scope = self._within(user_id, agent_id, session_id)
        if types is None and filters is None and as_of is None and now is None and vector is None and is_text(query):
            kinds = type(limit), type(mode), type(collection), type(min_score)
            if kinds in (_PLAIN, _PLAIN_WITH_SCORE):
                return _asking(limit, mode, min_score, collection).about(query, scope)
        return build(
            Search, scope=scope, query=query, limit=limit, types=types, filters=filters, mode=mode, as_of=as_of, now=now,
            min_score=min_score, vector=vector, collection=collection,
        )  # fmt: skip


_PLAIN = (int, str, str, type(None))
_PLAIN_WITH_SCORE = (int, str, str, float)


@lru_cache(maxsize=256)
def _asking(limit: int, mode: str, min_score: float | None, collection: str) -> Search:
    """A search like many others, whose options are checked once; for plain values alone, since others may say they are equal."""
    return build(Search, limit=limit, mode=mode, min_score=min_score, collection=collection)


def _require_room(max_tokens: Any) -> None:
    if not isinstance(max_tokens, int) or isinstance(max_tokens, bool) or max_tokens < 1:
        raise InvalidInputError(f"max_tokens: must be at least 1, got {max_tokens!r}")


def _render(hits: Sequence[Hit], max_tokens: int, count: Counter | None) -> Context:
    return render(hits, max_tokens=max_tokens, count=count or estimate_tokens)

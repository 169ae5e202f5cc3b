"""Verbs on vectors, for hosts that compare by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from agentmem_core.client.base import Verbs
from agentmem_core.errors import InvalidInputError
from agentmem_core.operations import MEMORIES, Embed, Vectors, build

Kind = Literal["document", "query"]


class VectorVerbs(Verbs):
    """embed and vectors, each with its ``a...`` twin."""

    def embed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[list[float]]:
        """What the store's embedder makes of texts that are stored (``document``) or asked (``query``); one vector a text."""
        return self._run(self._embed(texts, kind))

    async def aembed(self, texts: Sequence[str], *, kind: Kind = "document") -> list[list[float]]:
        """``embed`` without blocking the event loop."""
        return await self._arun(self._embed(texts, kind))

    def vectors(
        self,
        ids: Sequence[str],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
    ) -> dict[str, list[float]]:
        """The vectors of the memories of these ids; those that do not exist in the scope are left out."""
        return self._run(self._vectors(ids, user_id, agent_id, session_id, collection))

    async def avectors(
        self,
        ids: Sequence[str],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
    ) -> dict[str, list[float]]:
        """``vectors`` without blocking the event loop."""
        return await self._arun(self._vectors(ids, user_id, agent_id, session_id, collection))

    def _embed(self, texts: Any, kind: str) -> Embed:
        return build(Embed, scope=self._scope, texts=_several("texts", texts), kind=kind)

    def _vectors(
        self, ids: Any, user_id: str | None, agent_id: str | None, session_id: str | None, collection: str
    ) -> Vectors:
        scope = self._within(user_id, agent_id, session_id)
        return build(Vectors, scope=scope, ids=_several("ids", ids), collection=collection)


def _several(name: str, given: Any) -> tuple[Any, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidInputError(f"{name}: must be a list, not {type(given).__name__}")
    return tuple(given)

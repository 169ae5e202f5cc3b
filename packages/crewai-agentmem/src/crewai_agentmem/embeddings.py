"""The store's own embedder, for CrewAI's ``embedder=``."""

from __future__ import annotations

import os
from collections.abc import Sequence

from agentmem_core import AgentMem


class AgentMemEmbedding:
    """A function from texts to vectors that needs no key and no network: ``Memory(..., embedder=AgentMemEmbedding())``."""

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
    ) -> None:
        """The embedder of ``client``, or of the store at ``path``; all users of a store have the same one."""
        self._client = AgentMem.shared(
            client,
            path=path,
            api_url=api_url,
            api_key=api_key,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
        )

    def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, in order."""
        return self._client.embed(texts)

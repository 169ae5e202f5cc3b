"""The memory block: what is remembered, as a part of LlamaIndex's own ``Memory``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ClassVar

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import Field
from llama_index.core.memory import BaseMemoryBlock

from agentmem_core import AgentMem, estimate_tokens, worth_telling
from llamaindex_agentmem.learning import Infer, Learning, tell
from llamaindex_agentmem.messages import ARCHIVED, BY_BLOCK, as_turn, own_of, same_turn, text_of, without
from llamaindex_agentmem.recall import breadth, rendered, searchable, unseen

SESSION = "default"
_PAGE = 1_000


class AgentMemBlock(Learning, BaseMemoryBlock[str]):
    """A block for ``Memory.from_defaults(memory_blocks=[...])``: recalls what matters for the conversation.

    LlamaIndex hands a block the turns that its window no longer holds, so a short chat never gets here: to keep every turn, give
    the ``Memory`` an ``AgentMemChatStore`` too (and the block ``accept_short_term_memory=False``, since the turns are kept
    already), or use ``AgentMemMemory``.
    """

    _in_session: ClassVar[bool] = False

    session_id: str | None = None
    name: str = "agentmem"
    description: str | None = "What is remembered from earlier conversations."
    limit: int = Field(default=5, ge=1)
    max_tokens: int = Field(default=1_000, ge=1)
    min_score: float | None = Field(default=None, ge=0.0, le=1.0)
    count_tokens: Callable[[str], int] = Field(default=estimate_tokens, exclude=True)

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
        llm: Any = None,
        learner: str | None = None,
        infer: Infer | None = None,
        **fields: Any,
    ) -> None:
        """``session_id`` is where turns go that come without one; those of a ``Memory`` bring theirs.

        ``llm``, ``learner`` and ``infer`` learn facts from the turns that come, as ``AgentMemMemory`` does.
        """
        super().__init__(
            client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id,
            session_id=session_id, llm=llm, learner=learner, infer=infer, **fields,
        )  # fmt: skip

    async def _aget(self, messages: list[ChatMessage] | None = None, **block_kwargs: Any) -> str:
        """What is remembered about the last thing the user said, except what is among ``messages`` anyway."""
        seen = messages or []
        query = searchable(text_of(seen))
        if query is None:
            return ""
        limit = breadth(self.limit, len(seen))
        hits = await self._client.asearch(query, limit=limit, min_score=self.min_score)
        worth = worth_telling(hits, self.min_score, query=query)
        fresh = unseen(worth, self.limit, texts=[message.content for message in seen])
        return str(rendered(fresh, self.max_tokens, self.count_tokens))

    async def _aput(self, messages: list[ChatMessage]) -> None:
        """Write turns, each in the session that LlamaIndex noted in it; one that an ``AgentMemChatStore`` keeps stays the one."""
        turns = [self._turn(message) for message in messages]
        kept = {session: await self._kept(session) for session in {turn["session_id"] for turn in turns}}
        new = [turn for turn in turns if same_turn(turn) not in kept[turn["session_id"]]]
        if new:
            tell(await self._client.aadd(new, infer=self.infer))

    async def atruncate(self, content: str, tokens_to_truncate: int) -> str | None:
        """The content without the oldest lines that make up so many tokens; None when nothing but the heading is left."""
        lines = content.splitlines()
        while len(lines) > 1 and tokens_to_truncate > 0:
            tokens_to_truncate -= self.count_tokens("\n" + lines.pop(1))
        return "\n".join(lines) if len(lines) > 1 else None

    def _turn(self, message: ChatMessage) -> dict[str, Any]:
        noted = message.additional_kwargs.get("session_id")
        session = noted if isinstance(noted, str) else self.session_id
        return as_turn(without(message, "session_id"), session or SESSION, archived=BY_BLOCK)

    async def _kept(self, session_id: str) -> set[tuple[str, ...]]:
        """The turns of a session that a chat store has archived."""
        found: set[tuple[str, ...]] = set()
        cursor: str | None = None
        while True:
            page = await self._client.alist(session_id=session_id, limit=_PAGE, cursor=cursor)
            found |= {same_turn(turn.model_dump()) for turn in page.items if own_of(turn).get(ARCHIVED) is True}
            cursor = page.next_cursor
            if cursor is None:
                return found

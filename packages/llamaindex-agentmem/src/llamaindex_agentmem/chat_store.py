"""The chat store: the turns of LlamaIndex's own ``Memory``, kept as every adapter of the suite keeps turns."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.storage.chat_store.base_db import AsyncDBChatStore, MessageStatus

from agentmem_core import AgentMem, InvalidInputError, Memory
from llamaindex_agentmem.learning import Infer, Learning, tell
from llamaindex_agentmem.messages import ARCHIVED, OWN, as_message, as_turn, own_of

_PAGE = 1_000


class AgentMemChatStore(Learning, AsyncDBChatStore):
    """A store for ``Memory.from_defaults(chat_store=...)``; a key is a session of the user.

    Turns that leave the window are archived, not removed: they are recalled like any other memory.
    """

    _in_session: ClassVar[bool] = False

    def __init__(
        self,
        client: AgentMem | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        api_key: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        llm: Any = None,
        learner: str | None = None,
        infer: Infer | None = None,
        **fields: Any,
    ) -> None:
        """``llm``, ``learner`` and ``infer`` learn facts from the messages that are added, as ``AgentMemMemory`` does."""
        super().__init__(
            client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, llm=llm,
            learner=learner, infer=infer, **fields,
        )  # fmt: skip

    @classmethod
    def class_name(cls) -> str:
        return "AgentMemChatStore"

    async def get_messages(
        self,
        key: str,
        status: MessageStatus | None = MessageStatus.ACTIVE,
        limit: int | None = None,
        offset: int | None = None,
    ) -> list[ChatMessage]:
        """Messages of a session, oldest first; of every status when ``status`` is None."""
        turns = await self._turns(key, status)
        start = offset or 0
        return [as_message(turn) for turn in turns[start : None if limit is None else start + limit]]

    async def count_messages(self, key: str, status: MessageStatus | None = MessageStatus.ACTIVE) -> int:
        return len(await self._turns(key, status))

    async def add_message(self, key: str, message: ChatMessage, status: MessageStatus = MessageStatus.ACTIVE) -> None:
        await self.add_messages(key, [message], status)

    async def add_messages(
        self, key: str, messages: Sequence[ChatMessage], status: MessageStatus = MessageStatus.ACTIVE
    ) -> None:
        """Add messages in their order, all or none of them."""
        if messages:
            archived = status is MessageStatus.ARCHIVED
            turns = [as_turn(message, key, archived=archived) for message in messages]
            tell(await self._client.aadd(turns, infer=self.infer))

    async def set_messages(
        self, key: str, messages: Sequence[ChatMessage], status: MessageStatus = MessageStatus.ACTIVE
    ) -> None:
        """Put these in the place of all messages of the session; killed half-way, no message is lost."""
        old = await self._turns(key, None)
        await self.add_messages(key, messages, status)
        await self._delete(old)

    async def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Delete the message at a place among the active ones; None when there is none."""
        turns = await self._turns(key, MessageStatus.ACTIVE)
        if not 0 <= idx < len(turns):
            return None
        await self._delete([turns[idx]])
        return as_message(turns[idx])

    async def delete_messages(self, key: str, status: MessageStatus | None = None) -> None:
        """Delete the messages of a session that have this status, or all."""
        await self._delete(await self._turns(key, status))

    async def delete_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Delete the oldest active messages; answers them."""
        oldest = (await self._turns(key, MessageStatus.ACTIVE))[: max(n, 0)]
        await self._delete(oldest)
        return [as_message(turn) for turn in oldest]

    async def archive_oldest_messages(self, key: str, n: int) -> list[ChatMessage]:
        """Take the oldest active messages out of the window; answers them."""
        oldest = (await self._turns(key, MessageStatus.ACTIVE))[: max(n, 0)]
        for turn in oldest:
            metadata = {**turn.metadata, OWN: {**own_of(turn), ARCHIVED: True}}
            await self._client.aupdate(turn.id, metadata=metadata, reason="archived")
        return [as_message(turn) for turn in oldest]

    async def get_keys(self) -> list[str]:
        """The sessions of the user that have turns, the oldest first."""
        return list(dict.fromkeys(turn.scope.session_id for turn in await self._read(None) if turn.scope.session_id))

    async def _delete(self, turns: Sequence[Memory]) -> None:
        if turns:
            await self._client.adelete([turn.id for turn in turns], missing="ignore")

    async def _turns(self, key: str, status: MessageStatus | None) -> list[Memory]:
        if not key.strip():
            raise InvalidInputError(f"key: must be the name of a session, not {key!r}")
        turns = await self._read(key)
        if status is None:
            return turns
        archived = status is MessageStatus.ARCHIVED
        return [turn for turn in turns if bool(own_of(turn).get(ARCHIVED)) is archived]

    async def _read(self, session_id: str | None) -> list[Memory]:
        found: list[Memory] = []
        cursor: str | None = None
        while True:
            page = await self._client.alist(session_id=session_id, limit=_PAGE, cursor=cursor)
            found += [item for item in page.items if item.role is not None]
            cursor = page.next_cursor
            if cursor is None:
                return found

"""The turns of one session, as LangChain's chat history."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import BaseMessage, ToolMessage

from agentmem_core import AgentMem, InvalidInputError, Memory, Page
from langchain_agentmem.learning import Infer, how_to_learn, tell
from langchain_agentmem.messages import message_of, turns_of
from langchain_agentmem.opening import opened

SESSION = "default"
"""The session of turns when nobody names one: without any, all sessions of the user would be one conversation."""
_PAGE = 500


class AgentMemChatMessageHistory(BaseChatMessageHistory):
    """The messages of one session of one user, each kept as a turn and given back equal, in the order they were added.

    ``window`` gives back only so many of the newest; all of them are kept. Turns that the core or another framework wrote in the
    session are part of it. Made anew for every request it stays cheap: the store stays open between them.
    """

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
        window: int | None = None,
    ) -> None:
        """Nothing is read yet; ``InvalidInputError`` for names or a window that cannot be.

        ``llm`` (a chat model of LangChain, a name, a ``LanguageModel``) learns facts from what is added, ``learner="rules"`` does
        without a model. ``infer="background"`` learns later; ``infer=True`` lets a ``client`` learn that can.
        """
        super().__init__()
        if window is not None and (type(window) is not int or window < 1):
            raise InvalidInputError(f"window: must be at least 1, or None for all messages, got {window!r}")
        self.infer: Infer = how_to_learn(infer, llm=llm, learner=learner)
        self.client = opened(
            client,
            path=path,
            api_url=api_url,
            api_key=api_key,
            user_id=user_id,
            agent_id=agent_id,
            llm=llm,
            learner=learner,
        )
        """The user's memory; of one session only when the client that was given was made for one."""
        named = session_id if session_id is not None else self.client.scope.session_id or SESSION
        self.session_id = self.client.scoped(session_id=named).scope.session_id or named
        self.window = window

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]  # "a property or attribute", says the base
        """The messages, oldest first."""
        return [message_of(turn) for turn in self.turns(self.window)]

    async def aget_messages(self) -> list[BaseMessage]:
        """``messages`` without blocking the event loop."""
        return [message_of(turn) for turn in await self.aturns(self.window)]

    def turns(self, newest: int | None = None) -> list[Memory]:
        """The turns themselves, oldest first; with ``newest`` only so many, read from the end of the session.

        A part never begins with the result of a tool whose call lies before it: models refuse that.
        """
        reading = _Reading(newest)
        for options in reading:
            reading.take(self.client.list(session_id=self.session_id, types=["episodic"], **options))
        return reading.turns()

    async def aturns(self, newest: int | None = None) -> list[Memory]:
        """``turns`` without blocking the event loop."""
        reading = _Reading(newest)
        for options in reading:
            reading.take(await self.client.alist(session_id=self.session_id, types=["episodic"], **options))
        return reading.turns()

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Keep these messages, in order, in one transaction."""
        if turns := turns_of(messages):
            tell(self.client.add(turns, session_id=self.session_id, infer=self.infer))

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """``add_messages`` without blocking the event loop."""
        if turns := turns_of(messages):
            tell(await self.client.aadd(turns, session_id=self.session_id, infer=self.infer))

    def clear(self) -> None:
        """Erase this session for good, as ``forget`` does, with what was learnt from it alone: it is not expected to be read again."""
        self.client.forget(**self._session())

    async def aclear(self) -> None:
        """``clear`` without blocking the event loop."""
        await self.client.aforget(**self._session())

    def _session(self) -> dict[str, Any]:
        """Whole: ``forget`` takes nothing from the client but the user."""
        scope = self.client.scope
        return {
            "user_id": scope.user_id, "agent_id": scope.agent_id, "session_id": self.session_id, "collection": "memories",
        }  # fmt: skip

    def __repr__(self) -> str:
        """Whose history it is; nothing of what was said."""
        return f"{type(self).__name__}(user_id={self.client.scope.user_id!r}, session_id={self.session_id!r})"


class _Reading:
    """Reads a session by pages: iterate over the options of each, give back what came."""

    def __init__(self, newest: int | None) -> None:
        self._newest = newest
        self._found: list[Memory] = []
        self._cursor: str | None = None
        self._done = newest == 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while not self._done:
            wanted = _PAGE if self._newest is None else min(self._newest - len(self._found), _PAGE)
            yield {
                "limit": wanted, "cursor": self._cursor, "order": "oldest" if self._newest is None else "newest",
            }  # fmt: skip

    def take(self, page: Page) -> None:
        self._found += [memory for memory in page.items if memory.role is not None]
        self._cursor = page.next_cursor
        self._done = page.next_cursor is None or (self._newest is not None and len(self._found) >= self._newest)

    def turns(self) -> list[Memory]:
        if self._newest is None:
            return self._found
        turns = self._found[::-1]
        while len(turns) == self._newest and turns and isinstance(message_of(turns[0]), ToolMessage):
            del turns[0]
        return turns

"""The chat memory: every turn is kept, and what fits into the model's window is the newest of them and what matters of the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.bridge.pydantic import Field
from llama_index.core.llms import LLM
from llama_index.core.memory import BaseMemory
from llama_index.core.utils import get_tokenizer

from agentmem_core import AgentMem, Context, Hit, InvalidInputError, worth_telling
from llamaindex_agentmem.learning import Infer, Learning, tell
from llamaindex_agentmem.messages import TURNS, as_message, as_turn, text_of
from llamaindex_agentmem.recall import as_system, breadth, rendered, searchable, unseen
from llamaindex_agentmem.window import Turn, Window

SESSION = "default"
TOKEN_LIMIT = 3_000
RECALL_LIMIT = 5
RECALL_SHARE = 0.25
"""The part of the token limit that recalled memories may take."""
WINDOW_SHARE = 0.75
"""The part of a model's context that its conversation may take, where the limit comes from the model."""
_PAGE = 100
_PAGE_OF_ALL = 1_000


class AgentMemMemory(Learning, BaseMemory):
    """The memory of one user's conversations. Every turn that is put is written at once, and never lost to a limit.

    ``get`` answers the newest turns of the session ``session_id`` that fit into ``token_limit``, behind a system message with
    older memories of the user, from any session, that matter for ``input`` (or for the last thing the user said). A new process
    with the same ids goes on where the last one stopped.

    ``llm`` (an LLM of LlamaIndex, a name, a ``LanguageModel``) learns facts from what is put, ``learner="rules"`` does without a
    model. ``infer="background"`` learns later; ``infer=True`` lets a ``client`` learn that can.
    """

    _in_session: ClassVar[bool] = False

    session_id: str = SESSION
    token_limit: int = Field(default=TOKEN_LIMIT, ge=1)
    recall_limit: int = Field(default=RECALL_LIMIT, ge=0)
    min_score: float | None = Field(default=None, ge=0.0, le=1.0)
    tokenizer_fn: Callable[[str], list[Any]] = Field(default_factory=get_tokenizer, exclude=True)

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
        token_limit: int = TOKEN_LIMIT,
        recall_limit: int = RECALL_LIMIT,
        min_score: float | None = None,
        tokenizer_fn: Callable[[str], list[Any]] | None = None,
        **fields: Any,
    ) -> None:
        if session_id is None:
            session_id = (client.scope.session_id if isinstance(client, AgentMem) else None) or SESSION
        super().__init__(
            client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, session_id=session_id,
            llm=llm, learner=learner, infer=infer, token_limit=token_limit, recall_limit=recall_limit, min_score=min_score,
            tokenizer_fn=tokenizer_fn or get_tokenizer(), **fields,
        )  # fmt: skip

    @classmethod
    def class_name(cls) -> str:
        return "AgentMemMemory"

    @classmethod
    def from_defaults(
        cls,
        client: AgentMem | None = None,
        *,
        chat_history: Sequence[ChatMessage] | None = None,
        llm: LLM | None = None,
        token_limit: int | None = None,
        infer: Infer | None = None,
        **kwargs: Any,
    ) -> Self:
        """A memory; ``chat_history`` takes the place of the session's turns, ``llm`` tells the limit that is not given.

        With ``infer`` the ``llm`` learns from what is put, too, unless a client or ``learner`` does.
        """
        if token_limit is None:
            token_limit = int(llm.metadata.context_window * WINDOW_SHARE) if llm else TOKEN_LIMIT
        learns = llm if infer and client is None and kwargs.get("learner") is None else None
        memory = cls(client, token_limit=token_limit, llm=learns, infer=infer, **kwargs)
        if chat_history is not None:
            memory.set(list(chat_history))
        return memory

    def put(self, message: ChatMessage) -> None:
        """Write a turn; it is on disk when this returns."""
        self.put_messages([message])

    async def aput(self, message: ChatMessage) -> None:
        await self.aput_messages([message])

    def put_messages(self, messages: Sequence[ChatMessage]) -> None:
        """Write turns in their order, all or none of them."""
        if messages:
            tell(self._client.add([as_turn(message, self.session_id) for message in messages], infer=self.infer))

    async def aput_messages(self, messages: Sequence[ChatMessage]) -> None:
        if messages:
            turns = [as_turn(message, self.session_id) for message in messages]
            tell(await self._client.aadd(turns, infer=self.infer))

    def get(self, input: str | ChatMessage | None = None, **kwargs: Any) -> list[ChatMessage]:  # noqa: A002 - LlamaIndex's word
        """What a model should see now; ``initial_token_count=`` tokens are taken off the limit."""
        window = Window(self._room(kwargs), self._count)
        cursor: str | None = None
        while window.wants_more:
            page = self._client.list(session_id=self.session_id, order="newest", limit=_PAGE, cursor=cursor)
            cursor = window.take(page)
        search = self._search(input, window)
        return self._seen(input, window, self._client.search(**search) if search else [])

    async def aget(self, input: str | ChatMessage | None = None, **kwargs: Any) -> list[ChatMessage]:  # noqa: A002
        window = Window(self._room(kwargs), self._count)
        cursor: str | None = None
        while window.wants_more:
            page = await self._client.alist(session_id=self.session_id, order="newest", limit=_PAGE, cursor=cursor)
            cursor = window.take(page)
        search = self._search(input, window)
        return self._seen(input, window, await self._client.asearch(**search) if search else [])

    def get_all(self) -> list[ChatMessage]:
        """Every turn of the session, oldest first, whatever the limit."""
        return [as_message(turn) for turn in self._turns()]

    async def aget_all(self) -> list[ChatMessage]:
        return [as_message(turn) for turn in await self._aturns()]

    def set(self, messages: Sequence[ChatMessage]) -> None:
        """Put these in the place of the session's turns; killed half-way, no turn is lost."""
        old = [turn.id for turn in self._turns()]
        self.put_messages(messages)
        if old:
            self._client.delete(old, missing="ignore")

    async def aset(self, messages: Sequence[ChatMessage]) -> None:
        old = [turn.id for turn in await self._aturns()]
        await self.aput_messages(messages)
        if old:
            await self._client.adelete(old, missing="ignore")

    def reset(self) -> None:
        """Delete the turns of this session; other sessions, and what was learnt, stay."""
        self._client.delete(filters=TURNS, session_id=self.session_id)

    async def areset(self) -> None:
        await self._client.adelete(filters=TURNS, session_id=self.session_id)

    def _turns(self) -> list[Turn]:
        found: list[Turn] = []
        cursor: str | None = None
        while True:
            page = self._client.list(session_id=self.session_id, limit=_PAGE_OF_ALL, cursor=cursor)
            found += [item for item in page.items if item.role is not None]
            cursor = page.next_cursor
            if cursor is None:
                return found

    async def _aturns(self) -> list[Turn]:
        found: list[Turn] = []
        cursor: str | None = None
        while True:
            page = await self._client.alist(session_id=self.session_id, limit=_PAGE_OF_ALL, cursor=cursor)
            found += [item for item in page.items if item.role is not None]
            cursor = page.next_cursor
            if cursor is None:
                return found

    def _room(self, kwargs: dict[str, Any]) -> int:
        return max(self.token_limit - int(kwargs.get("initial_token_count") or 0), 0)

    def _count(self, text: str) -> int:
        return len(self.tokenizer_fn(text))

    def _query(self, given: str | ChatMessage | None, window: Window) -> str | None:
        return searchable(_text(given) or text_of(window.messages))

    def _search(self, given: str | ChatMessage | None, window: Window) -> dict[str, Any] | None:
        """What to look for in everything that is remembered; None when nothing is asked."""
        query = self._query(given, window)
        if query is None or not self.recall_limit:
            return None
        limit = breadth(self.recall_limit, len(window))
        return {"query": query, "limit": limit, "min_score": self.min_score}

    def _seen(self, given: str | ChatMessage | None, window: Window, hits: Sequence[Hit]) -> list[ChatMessage]:
        """What was recalled, then the turns; the room that recalling does not need is the turns'."""
        spared = int(window.room * RECALL_SHARE)
        narrow = window.fitting(window.room - spared)
        texts = [_text(given), *(message.content for _, message in narrow)]
        worth = worth_telling(hits, self.min_score, query=self._query(given, window))
        fresh = unseen(worth, self.recall_limit, ids=[turn.id for turn, _ in narrow], texts=texts)
        recalled: Context = rendered(fresh, spared, self._count)
        wide = window.fitting(window.room - recalled.tokens)
        shown = {turn.id for turn, _ in wide}
        turns = narrow if any(hit.memory.id in shown for hit in recalled.hits) else wide
        return [*as_system(recalled), *(message for _, message in turns)]


def _text(given: str | ChatMessage | None) -> str:
    if isinstance(given, ChatMessage):
        return given.content or ""
    if given is None or isinstance(given, str):
        return given or ""
    raise InvalidInputError(f"input: must be text or a ChatMessage, not {type(given).__name__}")

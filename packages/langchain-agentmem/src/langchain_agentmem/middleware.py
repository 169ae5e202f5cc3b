"""Memory for agents made by ``create_agent``: recalled before the model is asked, saved when the agent is done."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, cast

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage
from langgraph.config import get_config
from langgraph.runtime import Runtime, get_runtime

from agentmem_core import AgentMem, Context, Hit, InvalidInputError, estimate_tokens, render, worth_telling
from langchain_agentmem.chat_history import SESSION
from langchain_agentmem.learning import Infer, how_to_learn, tell
from langchain_agentmem.messages import text_of, turns_of
from langchain_agentmem.models import counter_of
from langchain_agentmem.opening import opened
from langchain_agentmem.tools import NAMES, ToolName, tools_for

_LOOKED_BACK = 50
"""So many hits more than wanted are asked for, since what the conversation shows already is not told again."""


class AgentMemMiddleware(AgentMiddleware[AgentState[Any], Any]):
    """What an agent remembers of the user it talks to.

    Before each call of the model up to ``recall_limit`` memories that fit the last question, of at least ``min_score`` each where that is given (else those that ``worth_telling`` takes), of at most ``max_tokens`` together, are put
    behind the system message; the state stays as it was. When the agent is done, its last exchange is kept: what the user said
    and what the agent answered, without the calls of tools between them. ``tools`` gives the model ``remember``,
    ``recall`` and ``forget``, or those that are named.

    Whose memory it is, a run may say: ``user_id``, ``agent_id`` and ``session_id`` of its context (``context_schema``) go before
    those given here. Without any, the thread of the checkpointer is the session.
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
        recall_limit: int = 5,
        min_score: float | None = None,
        max_tokens: int = 1000,
        tools: bool | Sequence[ToolName] = False,
        save: bool = True,
    ) -> None:
        """Nothing is read yet.

        ``llm`` (a chat model of LangChain, a name, a ``LanguageModel``) learns facts from what is saved, ``learner="rules"`` does
        without a model. ``infer="background"`` learns later; ``infer=True`` lets a ``client`` learn that can.
        """
        super().__init__()
        for name, number, least in (("recall_limit", recall_limit, 0), ("max_tokens", max_tokens, 1)):
            if type(number) is not int or number < least:
                raise InvalidInputError(f"{name}: must be a whole number of at least {least}, got {number!r}")
        if min_score is not None and (type(min_score) not in {int, float} or not 0 <= min_score <= 1):
            raise InvalidInputError(f"min_score: must be a number from 0 to 1, got {min_score!r}")
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
        self.session_id = self.client.scoped(session_id=session_id).scope.session_id
        self.recall_limit, self.min_score, self.max_tokens, self.save = recall_limit, min_score, max_tokens, save
        names = tools if not isinstance(tools, bool) else NAMES if tools else ()
        self.tools = tools_for(lambda: self._client(get_runtime()), names)

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """The model is asked with what is remembered about the last question."""
        query = self._query(request.messages)
        hits = (
            self._client(request.runtime).search(query, limit=self._wanted(), min_score=self.min_score) if query else []
        )
        return handler(self._told(request, query, hits))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """``wrap_model_call`` without blocking the event loop."""
        query = self._query(request.messages)
        hits = (
            await self._client(request.runtime).asearch(query, limit=self._wanted(), min_score=self.min_score)
            if query
            else []
        )
        return await handler(self._told(request, query, hits))

    def after_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """Keep the last exchange; the same one again, as after a retry, is known."""
        session = self._session(runtime)
        if self.save and (turns := _turns(state["messages"], session)):
            tell(self._client(runtime).add(turns, session_id=session, on_conflict="replace", infer=self.infer))

    async def aafter_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """``after_agent`` without blocking the event loop."""
        session = self._session(runtime)
        if self.save and (turns := _turns(state["messages"], session)):
            tell(await self._client(runtime).aadd(turns, session_id=session, on_conflict="replace", infer=self.infer))

    def _client(self, runtime: Runtime[Any]) -> AgentMem:
        user_id, agent_id = _said(runtime, "user_id"), _said(runtime, "agent_id")
        if user_id is None and agent_id is None:
            return self.client
        return self.client.scoped(user_id=user_id, agent_id=agent_id)

    def _session(self, runtime: Runtime[Any]) -> str:
        said = _said(runtime, "session_id")
        if said is not None:
            return said
        thread = get_config().get("configurable", {}).get("thread_id")
        return self.session_id or (SESSION if thread is None else str(thread))

    def _query(self, messages: Sequence[AnyMessage]) -> str | None:
        asked = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
        return asked.text if asked is not None and self.recall_limit and asked.text.strip() else None

    def _wanted(self) -> int:
        return self.recall_limit + _LOOKED_BACK

    def _told(self, request: ModelRequest[Any], query: str | None, hits: Sequence[Hit]) -> ModelRequest[Any]:
        """The request with what is remembered, but for what its messages say already."""
        shown = {text_of(message) for message in request.messages}
        older: list[Hit] = []
        for hit in worth_telling(hits, self.min_score, query=query):
            if hit.memory.content not in shown:
                shown.add(hit.memory.content)
                older.append(hit)
        count = counter_of(request.model) or estimate_tokens
        told = render(older[: self.recall_limit], max_tokens=self.max_tokens, count=count)
        return _with_system(request, told) if told else request


def _with_system(request: ModelRequest[Any], told: Context) -> ModelRequest[Any]:
    if not hasattr(request, "system_message"):  # LangChain 1.0 knows the text alone
        said = request.system_prompt
        return cast("Any", request).override(system_prompt=f"{said}\n\n{told}" if said else str(told))  # type: ignore[no-any-return]
    before: SystemMessage | None = request.system_message
    if before is None:
        return request.override(system_message=SystemMessage(content=str(told)))
    if isinstance(before.content, str):
        content: Any = f"{before.content}\n\n{told}" if before.content else str(told)
    else:
        content = [*before.content, {"type": "text", "text": str(told)}]
    return request.override(system_message=before.model_copy(update={"content": content}))


def _said(runtime: Runtime[Any], name: str) -> str | None:
    """What the context of a run says; None where it says nothing."""
    context: object = runtime.context
    if isinstance(context, Mapping):
        return cast("Mapping[str, str | None]", context).get(name)
    return cast("str | None", getattr(context, name, None))


def _turns(messages: Sequence[BaseMessage], session: str) -> list[dict[str, Any]]:
    """The last exchange: from the first of the user's messages that nothing answered before it, to the end."""
    start = next((n for n in range(len(messages) - 1, -1, -1) if isinstance(messages[n], HumanMessage)), None)
    if start is None:
        return []
    while start and isinstance(messages[start - 1], HumanMessage):
        start -= 1
    said = [
        message
        for message in messages[start:]
        if isinstance(message, HumanMessage) or (isinstance(message, AIMessage) and message.text.strip())
    ]
    return [
        {**turn, "id": _row_id(session, message.id)} if message.id else turn
        for turn, message in zip(turns_of(said), said, strict=True)
    ]


def _row_id(session: str, message_id: str) -> str:
    return blake2b(json.dumps([session, message_id]).encode(), digest_size=16).hexdigest()

"""Memory for LangChain's chains: what was just said, and what matters of everything said before."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Sequence
from typing import Any, cast

from langchain_classic.memory.chat_memory import BaseChatMemory
from langchain_core.language_models import BaseLanguageModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, get_buffer_string
from pydantic import ConfigDict, Field, SkipValidation, ValidationError

from agentmem_core import AgentMem, Context, Hit, InvalidInputError, Memory, estimate_tokens, render, worth_telling
from langchain_agentmem.chat_history import AgentMemChatMessageHistory
from langchain_agentmem.learning import Infer, how_to_learn
from langchain_agentmem.messages import message_of
from langchain_agentmem.models import Counter, counter_of


class AgentMemMemory(BaseChatMemory):
    """What a chain is told of the past: the newest turns of its session, and older memories of its user that fit the input.

    ``window`` is the number of turns (a question and its answer are two), ``recall_limit`` the number of older memories, from any
    session of the user, of at least ``min_score`` where that is given, else those that ``worth_telling`` takes; both together take at most ``max_tokens``, the newest turns first. Tokens are counted by ``llm`` where
    that has a counter of its own, else estimated. A memory stands in the history once, under a line that says it is remembered.

    ``learner="rules"`` learns facts from what is saved, without a model; so does ``llm`` with ``infer=True`` (or ``"background"``),
    and a ``client`` that can learn. What learning could not do is in the log; the turns are kept.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    memory_key: str = "history"
    human_prefix: str = "Human"
    ai_prefix: str = "AI"
    recall_limit: int = Field(default=5, ge=0, le=1000)
    min_score: float | None = Field(default=None, ge=0, le=1)
    window: int = Field(default=10, ge=0, le=10_000)
    max_tokens: int = Field(default=2000, ge=1)
    llm: SkipValidation[BaseLanguageModel[Any] | None] = None

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
        learner: str | None = None,
        infer: Infer | None = None,
        **options: Any,
    ) -> None:
        """``options`` are the other fields (memory_key, window, ...); ``InvalidInputError`` for any that is none."""
        known = set(type(self).model_fields) - {"chat_memory"}
        if unknown := sorted(options.keys() - known):
            named = known | set(inspect.signature(AgentMemMemory.__init__).parameters) - {"self", "options"}
            raise InvalidInputError(
                f"{unknown[0]}: is not an argument of {type(self).__name__}; it takes {', '.join(sorted(named))}"
            )
        if not isinstance(options.get("llm"), BaseLanguageModel | None):
            raise InvalidInputError(f"llm: must be a language model of LangChain, not {type(options['llm']).__name__}")
        history = AgentMemChatMessageHistory(
            client,
            path=path,
            api_url=api_url,
            api_key=api_key,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
            llm=options.get("llm") if infer and client is None and learner is None else None,
            learner=learner,
            infer=how_to_learn(infer, llm=None, learner=learner),
        )
        try:
            super().__init__(chat_memory=history, **options)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            raise InvalidInputError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None

    @property
    def history(self) -> AgentMemChatMessageHistory:
        """The turns of the session."""
        return cast("AgentMemChatMessageHistory", self.chat_memory)

    @property
    def memory_variables(self) -> list[str]:
        """The one key that ``load_memory_variables`` answers."""
        return [self.memory_key]

    def load_memory_variables(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The history for these inputs: messages with ``return_messages``, else a text."""
        recent = self.history.turns(self.window)
        query = self._query(inputs)
        hits = self.history.client.search(query, limit=self._wanted(recent), min_score=self.min_score) if query else []
        return {self.memory_key: self._told(query, recent, hits)}

    async def aload_memory_variables(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """``load_memory_variables`` without blocking the event loop."""
        recent = await self.history.aturns(self.window)
        query = self._query(inputs)
        hits = (
            await self.history.client.asearch(query, limit=self._wanted(recent), min_score=self.min_score)
            if query
            else []
        )
        return {self.memory_key: self._told(query, recent, hits)}

    def save_context(self, inputs: dict[str, Any], outputs: dict[str, str]) -> None:
        """Keep what was asked and answered, in one transaction."""
        self.history.add_messages(self._exchange(inputs, outputs))

    async def asave_context(self, inputs: dict[str, Any], outputs: dict[str, str]) -> None:
        """``save_context`` without blocking the event loop."""
        await self.history.aadd_messages(self._exchange(inputs, outputs))

    def _query(self, inputs: dict[str, Any]) -> str | None:
        """What the chain is asked; None where nothing, or not one text, is asked: then nothing is recalled."""
        if not self.recall_limit:
            return None
        asked = {key: value for key, value in inputs.items() if key not in {self.memory_key, "stop"}}
        given = asked.get(self.input_key) if self.input_key is not None else None
        if self.input_key is None and len(asked) == 1:
            (given,) = asked.values()
        text = _text(given)
        return text if text.strip() else None

    def _wanted(self, recent: Sequence[Memory]) -> int:
        """As many hits as could be in the window, and those that are told, each of which a crew keeps twice."""
        return min(2 * self.recall_limit + len(recent), 10_000)

    def _told(self, query: str | None, recent: Sequence[Memory], hits: Sequence[Hit]) -> str | list[BaseMessage]:
        count = counter_of(self.llm) or estimate_tokens
        told, said, used = self._newest_that_fit([message_of(turn) for turn in recent], count)
        remembered = self._remembered(
            recent, worth_telling(hits, self.min_score, query=query), self.max_tokens - used, count
        )
        if self.return_messages:
            return [SystemMessage(content=str(remembered)), *told] if remembered else told
        return "\n".join(part for part in (str(remembered), said) if part)

    def _newest_that_fit(self, recent: list[BaseMessage], count: Counter) -> tuple[list[BaseMessage], str, int]:
        """The end of the window that fits into ``max_tokens``, and what it takes with the break behind what is remembered."""
        for start in range(len(recent)):
            told = recent[start:]
            said = self._text_of(told)
            if (used := count(said)) <= self.max_tokens:
                return told, said, used + 1
        return [], "", 0

    def _remembered(self, recent: Sequence[Memory], hits: Sequence[Hit], room: int, count: Counter) -> Context:
        shown = {turn.id for turn in recent} | {(turn.role, turn.content) for turn in recent}
        older: list[Hit] = []
        for hit in hits:
            said = (hit.memory.role, hit.memory.content)
            told = bool(hit.memory.source) and shown.issuperset(hit.memory.source)  # by the turns that state it
            if not told and hit.memory.id not in shown and said not in shown:
                shown.add(said)
                older.append(hit)
        return render(older[: self.recall_limit], max_tokens=room, count=count) if room > 0 else Context("")

    def _text_of(self, messages: Sequence[BaseMessage]) -> str:
        return get_buffer_string(messages, human_prefix=self.human_prefix, ai_prefix=self.ai_prefix)

    def _exchange(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> list[BaseMessage]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of several outputs "output" is taken, as documented
                asked, answered = self._get_input_output(inputs, outputs)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInputError(
                f"inputs, outputs: {error}; set input_key and output_key to the texts that are to be remembered"
            ) from error
        return [*_said(asked, HumanMessage), *_said(answered, AIMessage)]


def _said(given: object, speaker: type[HumanMessage | AIMessage]) -> list[BaseMessage]:
    """What a chain took or gave as messages: a text, a message, or a list of messages."""
    if isinstance(given, str):
        return [speaker(content=given)]
    if isinstance(given, BaseMessage):
        return [given]
    if isinstance(given, list) and all(isinstance(item, BaseMessage) for item in cast("list[object]", given)):
        return cast("list[BaseMessage]", given)
    raise InvalidInputError(f"what is remembered of a chain must be text or messages, not {type(given).__name__}")


def _text(given: object) -> str:
    if isinstance(given, list):
        return "\n".join(_text(item) for item in cast("list[object]", given))
    if isinstance(given, BaseMessage):
        return given.text
    return given if isinstance(given, str) else ""

"""What another memory of LangChain holds, taken over."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import BaseMessage

from agentmem_core import AgentMem, InvalidInputError
from langchain_agentmem.chat_history import AgentMemChatMessageHistory
from langchain_agentmem.messages import turns_of

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore, PutOp

    from langchain_agentmem.store import AgentMemStore

_PAGE = 500


def import_history(
    source: object,
    client: AgentMem | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    api_url: str | None = None,
    api_key: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    session_id: str | None = None,
) -> int:
    """Take a conversation over into a session, and answer how many turns and summaries are new.

    ``source`` is a list of messages, a chat message history, or a memory with one (``ConversationBufferMemory``,
    ``ConversationSummaryMemory`` and their kin); a summary becomes a memory of the user. The same again is known and changes nothing.
    """
    history = AgentMemChatMessageHistory(
        client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, session_id=session_id
    )
    items = _items(source, _messages(source), history.session_id)
    return history.client.add(items, session_id=history.session_id).created if items else 0


async def aimport_history(
    source: object,
    client: AgentMem | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    api_url: str | None = None,
    api_key: str | None = None,
    user_id: str | None = None,
    agent_id: str | None = None,
    session_id: str | None = None,
) -> int:
    """``import_history`` without blocking the event loop."""
    history = AgentMemChatMessageHistory(
        client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, session_id=session_id
    )
    kept = _history_of(source)
    messages = _messages(source) if kept is None else await kept.aget_messages()
    items = _items(source, messages, history.session_id)
    return (await history.client.aadd(items, session_id=history.session_id)).created if items else 0


def import_store(source: BaseStore, target: AgentMemStore) -> int:
    """Copy the items of any LangGraph store, LangMem's memories among them; answers how many. What stands already is replaced."""
    copied = 0
    while page := source.search((), limit=_PAGE, offset=copied, refresh_ttl=False):
        target.batch(_puts(page))
        copied += len(page)
    return copied


async def aimport_store(source: BaseStore, target: AgentMemStore) -> int:
    """``import_store`` without blocking the event loop."""
    copied = 0
    while page := await source.asearch((), limit=_PAGE, offset=copied, refresh_ttl=False):
        await target.abatch(_puts(page))
        copied += len(page)
    return copied


def _puts(page: Iterable[Any]) -> list[PutOp]:
    from langgraph.store.base import PutOp

    return [PutOp(item.namespace, item.key, item.value) for item in page]


def _history_of(source: object) -> BaseChatMessageHistory | None:
    found = source if isinstance(source, BaseChatMessageHistory) else getattr(source, "chat_memory", None)
    return found if isinstance(found, BaseChatMessageHistory) else None


def _messages(source: object) -> Sequence[BaseMessage]:
    history = _history_of(source)
    if history is not None:
        return history.messages
    if isinstance(source, list | tuple):
        return cast("Sequence[BaseMessage]", source)
    raise InvalidInputError(
        f"source: must be a list of messages, a chat message history or a memory that has one, not {type(source).__name__}"
    )


def _items(source: object, messages: Sequence[BaseMessage], session: str) -> list[dict[str, Any]]:
    """The summary, then the turns, each with an id that says what it is and where it stands: so a repetition is known."""
    items: list[dict[str, Any]] = []
    for name in ("moving_summary_buffer", "buffer"):  # ConversationSummaryBufferMemory, ConversationSummaryMemory
        summary = getattr(source, name, None) if name in getattr(type(source), "model_fields", {}) else None
        if isinstance(summary, str) and summary.strip():
            items.append({"content": summary, "metadata": {"summary_of": session}})
    items += turns_of(messages)
    return [{**item, "id": _id(session, number, item)} for number, item in enumerate(items)]


def _id(session: str, number: int, item: dict[str, Any]) -> str:
    said = json.dumps([session, number, item], sort_keys=True, default=str)
    return blake2b(said.encode(), digest_size=16).hexdigest()

"""A chat message as a turn, and back, equal.

A turn is what every adapter of the suite reads and writes: role and content, in a session. What else a message has (blocks, tool
calls, ...) is one JSON text in the turn's metadata, under a key of ours; a message of plain text has nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock
from pydantic import ValidationError

from agentmem_core import Filter, FilterCondition, FilterGroup, FilterOperator, InvalidInputError, Memory
from llamaindex_agentmem.nodes import NO_TEXT, as_json

OWN = "llamaindex"
"""The metadata key under which we keep what a role and a text do not say."""
MESSAGE, ARCHIVED = "message", "archived"
BY_BLOCK = "block"
"""What ``archived`` says of a turn that a memory block wrote; a chat store says True."""

TURNS = FilterGroup(
    condition=FilterCondition.NOT, filters=(Filter(field="memory.role", operator=FilterOperator.IS_EMPTY),)
)
"""Admits turns alone."""

_ROLES = {"human": MessageRole.USER, "ai": MessageRole.ASSISTANT}


def as_turn(message: ChatMessage, session_id: str, *, archived: bool | str = False) -> dict[str, Any]:
    """What ``add`` takes for a message."""
    if not isinstance(message, ChatMessage):
        raise InvalidInputError(f"message: must be a ChatMessage, not {type(message).__name__}")
    content = (message.content or "").replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
    content = content if content.strip() else NO_TEXT
    own: dict[str, Any] = {ARCHIVED: archived} if archived else {}
    if message != _plain(message.role, content):
        own[MESSAGE] = _dumped(message, content)
    turn: dict[str, Any] = {"role": message.role.value, "content": content, "session_id": session_id}
    return {**turn, "metadata": {OWN: own}} if own else turn


def as_message(memory: Memory) -> ChatMessage:
    """The message that a turn is, whoever wrote it."""
    kept = own_of(memory).get(MESSAGE)
    if not isinstance(kept, str):
        return _plain(_role(memory.role), memory.content)
    data = json.loads(kept)
    if "blocks" not in data:
        data["blocks"] = [TextBlock(text=memory.content)]
    try:
        return ChatMessage(role=_role(memory.role), **data)
    except ValidationError as error:
        raise InvalidInputError(
            f"turn {memory.id!r} holds a message that this LlamaIndex cannot read: {error}"
        ) from error


def own_of(memory: Memory) -> Mapping[str, Any]:
    """What we keep beside role and content; empty for turns of others."""
    own = memory.metadata.get(OWN)
    return own if isinstance(own, Mapping) else {}


def same_turn(turn: Mapping[str, Any]) -> tuple[str, ...]:
    """Equal for turns that are the same message."""
    own = (turn.get("metadata") or {}).get(OWN) or {}
    return (turn["role"], turn["content"], own.get(MESSAGE) or "")


def without(message: ChatMessage, *names: str) -> ChatMessage:
    """A copy without some of its ``additional_kwargs``."""
    kept = {name: value for name, value in message.additional_kwargs.items() if name not in names}
    return message.model_copy(update={"additional_kwargs": kept})


def text_of(messages: Sequence[ChatMessage]) -> str:
    """What the last user among the messages said; empty when nobody said anything."""
    for message in reversed(messages):
        if message.role is MessageRole.USER and (message.content or "").strip():
            return message.content or ""
    return ""


def _plain(role: MessageRole, content: str) -> ChatMessage:
    return ChatMessage(role=role, blocks=[TextBlock(text=content)])


def _dumped(message: ChatMessage, content: str) -> str:
    """The message as JSON without its role, and without its text where that is the turn's content as it stands."""
    try:
        data = message.model_dump(mode="json", exclude={"role"})
        if [TextBlock(text=content)] == message.blocks:
            del data["blocks"]
        return as_json(data)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"message: cannot be written as JSON ({error}); keep values in additional_kwargs to JSON and pydantic models"
        ) from error


def _role(role: str | None) -> MessageRole:
    if role in _ROLES:
        return _ROLES[role]
    try:
        return MessageRole(role)
    except ValueError:
        return MessageRole.USER

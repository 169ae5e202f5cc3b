"""Chat messages of LangChain as turns of the core, and back: what goes in comes out equal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    ChatMessageChunk,
    FunctionMessage,
    FunctionMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
)

from agentmem_core import InvalidInputError, Memory

KEPT = "langchain"
"""The key of a turn's metadata under which stands what its text and role do not say."""
SILENT = "…"
"""The text of a turn that says nothing, which the core would not keep; the message keeps its own content."""

_ROLES = {"human": "user", "ai": "assistant", "system": "system", "tool": "tool", "function": "function"}
_PLAIN: dict[str, type[BaseMessage]] = {"user": HumanMessage, "assistant": AIMessage, "system": SystemMessage}
_SPEAKERS: dict[str, type[BaseMessage]] = {**_PLAIN, "human": HumanMessage, "ai": AIMessage}
_CLASSES: dict[str, type[BaseMessage]] = {
    kind.model_fields["type"].default: kind
    for kind in (
        AIMessage, AIMessageChunk, ChatMessage, ChatMessageChunk, FunctionMessage, FunctionMessageChunk, HumanMessage,
        HumanMessageChunk, SystemMessage, SystemMessageChunk, ToolMessage, ToolMessageChunk,
    )
}  # fmt: skip
_DOCUMENT = "langchain_document"
_NAME_LENGTH = 256


def turns_of(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """One turn for each message, for ``AgentMem.add``; ``InvalidInputError`` for what could not come back equal."""
    if isinstance(messages, str | Mapping | BaseMessage) or not isinstance(messages, Iterable):
        raise InvalidInputError(f"messages: must be a list of messages, not {type(messages).__name__}")
    return [_turn(number, message) for number, message in enumerate(cast("Iterable[object]", messages))]


def message_of(memory: Memory) -> BaseMessage:
    """The message that a turn was made of; a turn that another framework wrote becomes one by its role."""
    kept: Any = memory.metadata.get(KEPT)
    kind = _CLASSES.get(str(kept.get("type"))) if isinstance(kept, Mapping) else None
    if kind is not None:
        fields: dict[str, Any] = {"content": memory.content, **kept.get("data", {})}
        if "artifact" in fields:
            fields["artifact"] = _unpacked(fields["artifact"])
        return kind(**fields)
    speaker = _SPEAKERS.get(memory.role or "user")
    if speaker is None:
        return ChatMessage(content=memory.content, role=memory.role or "user", name=memory.name)
    return speaker(content=memory.content, name=memory.name)


def text_of(message: BaseMessage) -> str:
    """What a message is found by: its text, the calls it makes, and a mark for what is neither."""
    parts = [message.content] if isinstance(message.content, str) else [_block(block) for block in message.content]
    if isinstance(message, AIMessage):
        calls = [*message.tool_calls, *message.invalid_tool_calls]
        parts += [f"{call['name']}({json.dumps(call['args'], ensure_ascii=False, default=str)})" for call in calls]
    said = "\n".join(part for part in parts if part.strip()).replace(
        "\x00", " "
    )  # the core keeps no NUL; the message does
    return said if said.strip() else SILENT


def _turn(number: int, message: object) -> dict[str, Any]:
    if not isinstance(message, BaseMessage):
        raise InvalidInputError(f"messages: number {number} is no message of LangChain but {type(message).__name__}")
    if _CLASSES.get(message.type) is None:
        raise InvalidInputError(
            f"messages: number {number} is a {type(message).__name__}, which is no turn of a conversation; leave it out"
        )
    text = text_of(message)
    turn: dict[str, Any] = {"role": _role(message), "content": text}
    if message.name and message.name.strip() and len(message.name) <= _NAME_LENGTH:
        turn["name"] = message.name
    if kept := _kept(message, turn, number):
        turn["metadata"] = {KEPT: kept}
    return turn


def _role(message: BaseMessage) -> str:
    if isinstance(message, ChatMessage):
        return message.role if message.role.strip() and len(message.role) <= _NAME_LENGTH else "chat"
    return _ROLES[message.type.removesuffix("MessageChunk").lower()]


def _kept(message: BaseMessage, turn: Mapping[str, Any], number: int) -> dict[str, Any] | None:
    """What the turn's text, role and name do not say; None when they say all, so that plain turns are plain in the store."""
    if type(message) is _PLAIN.get(turn["role"]) and message.content == turn["content"] and _says_no_more(message):
        return None
    data = message.model_dump(exclude_defaults=True, exclude={"type", "artifact"})
    if message.content == turn["content"]:
        data.pop("content", None)
    else:
        data["content"] = message.content
    if (artifact := getattr(message, "artifact", None)) is not None:
        data["artifact"] = _packed(artifact, number)
    return {"type": message.type, "data": data}


def _says_no_more(message: BaseMessage) -> bool:
    """Whether all but the text is as it is when nobody says anything."""
    fields = message.__dict__.items()
    return not message.model_extra and not any(value for name, value in fields if name not in {"content", "type"})


def _block(block: str | dict[Any, Any]) -> str:
    if isinstance(block, str):
        return block
    kind = block.get("type")
    text = block.get("text")
    if kind in {"text", "text-plain", "reasoning"} or isinstance(text, str):
        return text if isinstance(text, str) else ""
    return "" if kind in {"tool_use", "tool_call"} else f"[{kind}]"


def _packed(value: Any, number: int) -> Any:
    """A tool's artifact as JSON; documents, which retriever tools hand over, are marked to become documents again."""
    if isinstance(value, Document):
        return {_DOCUMENT: {"id": value.id, "page_content": value.page_content, "metadata": value.metadata}}
    if isinstance(value, Mapping):
        return {key: _packed(item, number) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_packed(item, number) for item in cast("Sequence[Any]", value)]
    if value is None or isinstance(value, str | int | float):
        return value
    raise InvalidInputError(
        f"messages: the artifact of number {number} holds a {type(value).__name__}, which is no JSON; give it as JSON or leave it out"
    )


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    if set(fields) == {_DOCUMENT}:
        return Document(**fields[_DOCUMENT])
    return {key: _unpacked(item) for key, item in fields.items()}

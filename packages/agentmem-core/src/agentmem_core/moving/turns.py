"""Messages as most programs write them: ``role`` and ``content`` under one name or another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentmem_core.model import MemoryType
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import is_lasting, known_role, listed, mapping, rest, role_of, said_in, text_or_none
from agentmem_core.moving.record import Found, Misfit, SourceRecord

_LISTS = ("messages", "conversations", "conversation", "turns", "dialog")
_ROLE = ("role", "sender", "from", "author", "speaker")
_CONTENT = ("content", "text", "message", "value")
_NAME = ("name", "speaker", "author_name")
_USER = ("user_id", "user")
_AGENT = ("agent_id", "agent")
_SESSION = ("session_id", "conversation_id", "thread_id", "chat_id", "session")
_ID = ("id", "message_id", "uuid")
_TIME = ("occurred_at", "created_at", "timestamp", "time", "date", "datetime", "ts")
_OWN = (*_ROLE, *_CONTENT, *_NAME, *_USER, *_AGENT, *_SESSION, *_ID, *_TIME, "metadata")


def conversation(item: dict[str, Any], place: str, source: Reading) -> Iterator[Found]:
    """The messages of a conversation, or the one message that an object is."""
    key = next((key for key in _LISTS if isinstance(item.get(key), list)), None)
    if key is None:
        yield message(item, place, source, {})
        return
    name = text_or_none(_first(item, _ID))
    around = {
        "session_id": _first(item, _SESSION) or name or f"{_stem(source)} {place}",
        "user_id": _first(item, _USER),
        "agent_id": _first(item, _AGENT),
    }
    for number, given in enumerate(listed(item[key])):
        yield message(mapping(given), f"{place}.{key}[{number}]", source, around)


def message(item: dict[str, Any], place: str, source: Reading, around: dict[str, Any]) -> Found:
    """One message; ``around`` is what the conversation says of it."""
    original = text_or_none(_first(item, _ID))
    content = next((item[key] for key in _CONTENT if key in item), None)
    said_by = _first(item, _ROLE)
    said_by = mapping(said_by).get("role") if isinstance(said_by, dict) else said_by
    if content is None or (said_by is None and "content" not in item):
        return Misfit(place, "it is no message: role and content are wanted", original)
    said = said_in(content)
    if not said.text.strip():
        return Misfit(place, said.why_empty(), original)
    role = known_role(said_by) or (role_of(item["role"]) if text_or_none(item.get("role")) else "user")
    speaker = next((text for key in _NAME if (text := text_or_none(item.get(key)))), None)
    if speaker is None and known_role(said_by) is None and "role" not in item:
        speaker = text_or_none(said_by)
    metadata = item.get("metadata")
    return SourceRecord(
        place=place,
        content=said.text,
        type=MemoryType.EPISODIC,
        original_id=original,
        lasting=is_lasting(original),
        role=role,
        name=speaker,
        user_id=text_or_none(_first(item, _USER)) or text_or_none(around.get("user_id")),
        agent_id=text_or_none(_first(item, _AGENT)) or text_or_none(around.get("agent_id")),
        session_id=text_or_none(_first(item, _SESSION))
        or text_or_none(around.get("session_id"))
        or source.session_id
        or _stem(source),
        occurred_at=source.moments.read(_first(item, _TIME)),
        metadata={
            **mapping(metadata),
            **rest(item, *_OWN),
            **({"metadata": metadata} if metadata and not isinstance(metadata, dict) else {}),
            **({"left_out": list(said.others)} if said.others else {}),
        },
    )


def _first(item: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((item[key] for key in keys if item.get(key) not in (None, "")), None)


def _stem(source: Reading) -> str:
    return source.path.name.partition(".")[0] or source.path.name

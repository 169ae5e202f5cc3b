"""Claude's export: each conversation a list of messages, with the text that was taken out of attached files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentmem_core.model import MemoryType
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import Said, is_lasting, listed, mapping, role_of, said_in, text_or_none
from agentmem_core.moving.record import Found, Misfit, SourceRecord

_TOOLS = {"tool_use", "tool_result", "token_budget"}


def conversation(item: dict[str, Any], place: str, source: Reading) -> Iterator[Found]:
    """The turns, each followed by what was attached to it."""
    session = text_or_none(item.get("uuid")) or text_or_none(item.get("name"))
    if not isinstance(item.get("chat_messages"), list):
        yield Misfit(place, "its chat_messages are no list", text_or_none(item.get("uuid")))
    for number, given in enumerate(listed(item.get("chat_messages"))):
        message = mapping(given)
        yield _turn(message, f"{place}.chat_messages[{number}]", session, item, source)
        for count, attached in enumerate(listed(message.get("attachments"))):
            found = _attachment(
                mapping(attached),
                message,
                f"{place}.chat_messages[{number}].attachments[{count}]",
                session,
                source,
                count,
            )
            if found is not None:
                yield found


def _turn(message: dict[str, Any], place: str, session: str | None, item: dict[str, Any], source: Reading) -> Found:
    original = text_or_none(message.get("uuid"))
    said = _said(message)
    files = [name for file in listed(message.get("files")) if (name := text_or_none(mapping(file).get("file_name")))]
    if not said.text.strip():
        return Misfit(place, said.why_empty(), original)
    about = {"title": item.get("name"), "account": mapping(item.get("account")).get("uuid"), "files": files}
    return SourceRecord(
        place=place,
        content=said.text,
        type=MemoryType.EPISODIC,
        original_id=original,
        lasting=is_lasting(original),
        role=role_of(message.get("sender")),
        session_id=session,
        occurred_at=source.moments.read(message.get("created_at") or item.get("created_at")),
        updated_at=source.moments.read(message.get("updated_at")),
        metadata={
            **{key: value for key, value in about.items() if value},
            **({"left_out": list(said.others)} if said.others else {}),
        },
    )


def _said(message: dict[str, Any]) -> Said:
    """The text parts; the message's own text where it has no parts, which in older exports is all there is."""
    parts = [part for part in listed(message.get("content")) if mapping(part)]
    spoken = said_in([part for part in parts if text_or_none(part.get("type")) not in _TOOLS])
    tools = tuple(str(part.get("type")) for part in parts if text_or_none(part.get("type")) in _TOOLS)
    text = message.get("text")
    whole = spoken.text if spoken.text.strip() else text if isinstance(text, str) and not parts else ""
    return Said(whole, (*spoken.others, *tools))


def _attachment(
    attached: dict[str, Any], message: dict[str, Any], place: str, session: str | None, source: Reading, number: int
) -> Found | None:
    text, name = attached.get("extracted_content"), text_or_none(attached.get("file_name"))
    original = text_or_none(message.get("uuid"))
    identity = None if original is None else f"{original}/attachment/{number}"
    if not isinstance(text, str) or not text.strip():
        return Misfit(place, "the attachment has no text", identity)
    return SourceRecord(
        place=place,
        content=text,
        type=MemoryType.EPISODIC,
        original_id=identity,
        session_id=session,
        occurred_at=source.moments.read(message.get("created_at")),
        metadata={"attached_to": original, **({"file_name": name} if name else {})},
    )

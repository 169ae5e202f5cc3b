"""Letta: agent files (``.af``) of both layouts, and the JSON its server answers for passages and messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.model import MemoryType
from agentmem_core.moving.files import json_of
from agentmem_core.moving.json_stream import JsonStream
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import is_lasting, listed, mapping, rest, role_of, said_in, text_or_none
from agentmem_core.moving.record import EMPTY, Found, Misfit, Records, SourceRecord

_PASSAGES = ("passages", "archival_memory", "archival_passages")
_LISTS = ("agents", "blocks", "files", "sources", *_PASSAGES)
_LARGEST_LIMIT = 1_000_000


@dataclass(slots=True)
class _File:
    """What must be known of the whole file: whose each block is."""

    names: list[str] = field(default_factory=list)
    owners: dict[str, list[str]] = field(default_factory=dict)
    blocks: list[tuple[str, Any]] = field(default_factory=list)


def read(source: Reading) -> Records:
    """Blocks as core blocks, messages as turns, passages as facts."""
    with json_of(source.path, source.encoding) as stream:
        opening = stream.peek()
        if opening == "[":
            for number in stream.elements():
                yield _listed(stream.value(), f"[{number}]", source)
        elif opening == "{":
            yield from _of_file(stream, source)
        else:
            raise InvalidInputError(f"{source.path}: is no agent file; it begins with neither a list nor an object")
        stream.finish()


def _of_file(stream: JsonStream, source: Reading) -> Iterator[Found]:
    """Agents come before blocks, but nothing says that they must: blocks wait until all agents are known."""
    file = _File()
    held: dict[str, Any] = {}
    known = False
    for key in stream.members():
        if key in _LISTS and stream.peek() == "[":
            known = known or key not in {"files", "sources"}
            for number in stream.elements():
                yield from _listed_in_file(key, stream.value(), f"{key}[{number}]", file, source)
        else:
            held[key] = stream.value()
    if "core_memory" in held or "messages" in held:
        known = True
        yield from _agent({**held, "id": held.get("id") or held.get("name") or "agent"}, "agent", file, source)
    if not known:
        raise InvalidInputError(
            f"{source.path}: is no agent file of Letta; it has neither agents nor core_memory and messages"
        )
    for place, block in file.blocks:
        yield _block(mapping(block), place, file, source)


def _listed_in_file(key: str, value: Any, place: str, file: _File, source: Reading) -> Iterator[Found]:
    if key == "agents" and isinstance(value, dict):
        yield from _agent(mapping(value), place, file, source)
    elif key == "agents":
        yield Misfit(place, "it is no agent")
    elif key == "blocks":
        file.blocks.append((place, value))
    elif key in _PASSAGES:
        yield _passage(value, place, None, source)
    else:
        yield Misfit(place, f"{key} are not moved; memory.resource keeps files", text_or_none(mapping(value).get("id")))


def _agent(agent: dict[str, Any], place: str, file: _File, source: Reading) -> Iterator[Found]:
    name = _name_of(agent, file)
    for key in ("core_memory", "memory_blocks", "messages", *_PASSAGES):
        if not isinstance(agent.get(key), list | None):
            yield Misfit(f"{place}.{key}", "it is no list")
    for block_id in listed(agent.get("block_ids")):
        file.owners.setdefault(str(block_id), []).append(name)
    for key in ("core_memory", "memory_blocks"):
        for number, block in enumerate(listed(agent.get(key))):
            yield _block(mapping(block), f"{place}.{key}[{number}]", file, source, name)
    for number, message in enumerate(listed(agent.get("messages"))):
        yield _message(mapping(message), f"{place}.messages[{number}]", name, source)
    for key in _PASSAGES:
        for number, passage in enumerate(listed(agent.get(key))):
            yield _passage(passage, f"{place}.{key}[{number}]", name, source)


def _name_of(agent: dict[str, Any], file: _File) -> str:
    """The agent's name; its id where another one of the file has the name already."""
    name = text_or_none(agent.get("name")) or text_or_none(agent.get("id")) or "agent"
    if name in file.names:
        name = text_or_none(agent.get("id")) or f"{name} {len(file.names)}"
    file.names.append(name)
    return name


def _block(block: dict[str, Any], place: str, file: _File, source: Reading, agent: str | None = None) -> Found:
    """A block of one agent is that agent's; one that several share is nobody's."""
    original, label, value = text_or_none(block.get("id")), text_or_none(block.get("label")), block.get("value")
    if label is None or not isinstance(value, str) or not value.strip():
        return Misfit(place, "the block has no label" if label is None else "the block is empty", original)
    owners = file.owners.get(original or "", [])
    limit = block.get("limit")
    limit = limit if isinstance(limit, int) and not isinstance(limit, bool) else 2_000
    about = {key: block[key] for key in ("description", "read_only") if block.get(key)}
    return SourceRecord(
        place=place,
        content=value,
        type=MemoryType.CORE,
        original_id=original,
        agent_id=agent or (owners[0] if len(owners) == 1 else None),
        importance=1.0,
        occurred_at=source.moments.read(block.get("created_at")),
        label=label,
        metadata={**about, **mapping(block.get("metadata")), "limit": min(max(limit, len(value), 1), _LARGEST_LIMIT)},
    )


def _message(message: dict[str, Any], place: str, agent: str | None, source: Reading) -> Found:
    original = text_or_none(message.get("id"))
    role = role_of(message.get("role"))
    if role == "system":
        return Misfit(place, "Letta's own system prompt is no memory", original)
    said = said_in(message["content"] if message.get("content") is not None else message.get("text"))
    told, thought = _told(message, said.text, role)
    if not told.strip():
        return Misfit(place, "an event or a call of a tool, without a text", original)
    return SourceRecord(
        place=place,
        content=told,
        type=MemoryType.EPISODIC,
        original_id=original,
        lasting=is_lasting(original),
        role=role,
        name=text_or_none(message.get("name")) if role == "user" else None,
        agent_id=agent,
        occurred_at=source.moments.read(message.get("created_at")),
        metadata={
            **({"thought": thought} if thought else {}),
            **({"left_out": list(said.others)} if said.others else {}),
            **({"tool": message["name"]} if role == "tool" and message.get("name") else {}),
        },
    )


def _told(message: dict[str, Any], text: str, role: str) -> tuple[str, str]:
    """What was said, and what was only thought: an older agent answers by calling ``send_message``."""
    if role == "user":
        return _unwrapped(text, "user_message"), ""
    if role == "tool":
        answer = _json_object(text).get("message", text)
        return ("" if answer == "None" or not isinstance(answer, str) else answer), ""
    sent: list[str] = []
    for call in listed(message.get("tool_calls")):
        function = mapping(mapping(call).get("function"))
        if function.get("name") == "send_message":
            arguments = _json_object(function.get("arguments"))
            sent += [arguments["message"]] if isinstance(arguments.get("message"), str) else []
    return ("\n".join(sent), text) if sent else (text if not message.get("tool_calls") else "", "")


def _unwrapped(text: str, kind: str) -> str:
    """The text inside Letta's envelope; nothing where the envelope is one of its own events."""
    envelope = _json_object(text)
    if not isinstance(envelope.get("type"), str) or "time" not in envelope:
        return text
    inner = envelope.get("message")
    return inner if envelope["type"] == kind and isinstance(inner, str) else ""


def _json_object(text: Any) -> dict[str, Any]:
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return {}
    try:
        return mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}


def _passage(given: Any, place: str, agent: str | None, source: Reading) -> Found:
    passage = mapping(given)
    original, text = text_or_none(passage.get("id")), passage.get("text")
    if not isinstance(text, str) or not text.strip():
        return Misfit(place, EMPTY, original)
    tags = listed(passage.get("tags"))
    return SourceRecord(
        place=place,
        content=text,
        type=MemoryType.SEMANTIC,
        original_id=original,
        lasting=is_lasting(original),
        agent_id=agent or text_or_none(passage.get("agent_id")),
        occurred_at=source.moments.read(passage.get("created_at")),
        updated_at=source.moments.read(passage.get("updated_at")),
        metadata={
            **mapping(passage.get("metadata") or passage.get("metadata_")),
            **rest({"archive_id": passage.get("archive_id"), "file_name": passage.get("file_name"), "tags": tags}),
        },
    )


def _listed(given: Any, place: str, source: Reading) -> Found:
    """An item of a list that the server answered: a block, a passage, or a message."""
    item = mapping(given)
    if "label" in item and "value" in item:
        return _block(item, place, _File(), source)
    if "role" in item:
        return _message(item, place, text_or_none(item.get("agent_id")), source)
    return (
        _passage(item, place, None, source) if "text" in item else Misfit(place, "it is no block, message or passage")
    )

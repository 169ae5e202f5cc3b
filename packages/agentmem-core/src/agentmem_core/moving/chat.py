"""Conversations: the exports of ChatGPT and Claude, JSON Lines, lists of messages, and plain logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.moving.chatgpt import conversation as chatgpt
from agentmem_core.moving.claude import conversation as claude
from agentmem_core.moving.files import first_character, json_of, members_of
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import mapping
from agentmem_core.moving.record import Found, Misfit, Records
from agentmem_core.moving.text_log import turns_of
from agentmem_core.moving.turns import conversation as plain

FORMATS = ("chatgpt", "claude", "jsonl", "json", "text")


def read(source: Reading) -> Records:
    """The turns of every conversation; what sort of file it is the file itself tells, unless ``format`` does."""
    if source.format is not None and source.format not in FORMATS:
        raise InvalidInputError(f"format: must be one of {', '.join(FORMATS)}, not {source.format!r}")
    if not source.path.is_dir():
        yield from _of_file(source)
        return
    files = sorted(source.path.glob("conversations*.json"))
    if not files:
        raise InvalidInputError(f"{source.path}: holds no conversations.json; give the file itself")
    for path in files:
        source.path = path
        yield from _of_file(source)


def _of_file(source: Reading) -> Iterator[Found]:
    members = members_of(source.path)
    for member in members:
        yield from _of_document(source, member)
    if members:
        return
    if (source.format or _format_of(source)) == "text":
        yield from turns_of(source)
    else:
        yield from _of_document(source)


def _format_of(source: Reading) -> str:
    first = first_character(source.path, source.encoding)
    if not first:
        raise InvalidInputError(f"{source.path}: is empty")
    log = source.path.name.removesuffix(".gz").endswith((".log", ".txt", ".md"))
    return "json" if first == "{" or (first == "[" and not log) else "text"


def _of_document(source: Reading, member: str | None = None) -> Iterator[Found]:
    """A list of conversations or messages, or objects one after the other, as JSON Lines has them."""
    with json_of(source.path, source.encoding, member) as stream:
        if stream.peek() == "[":
            for number in stream.elements():
                yield from _conversation(stream.value(), f"[{number}]", source)
            stream.finish()
            return
        while stream.peek():
            place = stream.where()
            value = stream.value()
            if not isinstance(value, dict):
                raise InvalidInputError(f"{source.path}: {place} is not a JSON object")
            yield from _conversation(value, place, source)


def _conversation(given: Any, place: str, source: Reading) -> Iterator[Found]:
    """One element of an export: a tree of ChatGPT, a conversation of Claude, one of another program, or a message."""
    item = mapping(given)
    if "mapping" in item and source.format in (None, "chatgpt"):
        yield from chatgpt(item, place, source)
    elif "chat_messages" in item and source.format in (None, "claude"):
        yield from claude(item, place, source)
    elif source.format in {"chatgpt", "claude"}:
        yield Misfit(place, f"it is no conversation of {source.format}")
    else:
        yield from plain(item, place, source)

"""Conversations: the exports of ChatGPT and Claude, JSON Lines, lists of messages, and plain logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.moving.chatgpt import conversation as chatgpt
from agentmem_core.moving.claude import conversation as claude
from agentmem_core.moving.files import first_character, json_of, objects_of
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
    if source.path.is_dir():
        source.path = _in_folder(source)
    kind = source.format or _format_of(source)
    if kind == "text":
        yield from turns_of(source)
    elif kind == "jsonl":
        for number, item in objects_of(source.path, source.encoding):
            yield from _conversation(item, f"line {number}", source)
    else:
        yield from _of_document(source)


def _in_folder(source: Reading) -> Any:
    path = source.path / "conversations.json"
    if not path.is_file():
        raise InvalidInputError(f"{source.path}: holds no conversations.json; give the file itself")
    return path


def _format_of(source: Reading) -> str:
    first = first_character(source.path, source.encoding)
    name = source.path.name.removesuffix(".gz")
    if not first:
        raise InvalidInputError(f"{source.path}: is empty")
    if first == "{":
        return "json" if name.endswith(".json") else "jsonl"
    if first == "[" and not name.endswith((".log", ".txt", ".md")):
        return "json"
    return "text"


def _of_document(source: Reading) -> Iterator[Found]:
    with json_of(source.path, source.encoding) as stream:
        opening = stream.peek()
        if opening == "{":
            yield from _conversation(stream.value(), source.path.name, source)
        elif opening == "[":
            for number in stream.elements():
                yield from _conversation(stream.value(), f"[{number}]", source)
        else:
            raise InvalidInputError(f"{source.path}: holds neither a list of conversations nor one")
        stream.finish()


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

"""LangChain's chat histories: SQL tables in SQLite, files of messages, and what was dumped out of Redis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.model import MemoryType
from agentmem_core.moving.files import json_of
from agentmem_core.moving.json_stream import JsonStream
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import is_lasting, known_role, listed, mapping, rest, role_of, said_in, text_or_none
from agentmem_core.moving.record import Found, Misfit, Records, SourceRecord
from agentmem_core.moving.sqlite_file import is_sqlite, reading

_PREFIXES = ("message_store:", "chat:")
_OWN = (
    "content",
    "type",
    "id",
    "name",
    "role",
    "example",
    "additional_kwargs",
    "response_metadata",
    "tool_calls",
    "invalid_tool_calls",
)
_TIMES = ("timestamp", "created_at", "time", "date")


def read(source: Reading) -> Records:
    """The turns of every session, in order."""
    if source.path.is_dir():
        files = sorted(source.path.glob("*.json"))
        if not files:
            raise InvalidInputError(f"{source.path}: holds no .json files; give the database or the file itself")
        for path in files:
            yield from _of_json(_within(source, path))
        return
    yield from (_of_tables(source) if is_sqlite(source.path) else _of_json(source))


def _within(source: Reading, path: Any) -> Reading:
    """The same reading of one file of the folder."""
    source.path = path
    return source


def _of_tables(source: Reading) -> Iterator[Found]:
    with reading(source.path) as file:
        tables = [name for name in file.tables() if {"session_id", "message"} <= set(file.columns(name))]
        if source.table is not None:
            if source.table not in tables:
                raise InvalidInputError(
                    f"table: {source.path} has no {source.table!r} with session_id and message; there are {', '.join(tables) or 'none'}"
                )
            tables = [source.table]
        if not tables:
            raise InvalidInputError(
                f"{source.path}: has no table with session_id and message, so it is no SQLChatMessageHistory"
            )
        for table in tables:
            has = file.columns(table)
            columns = (
                "id" if "id" in has else "rowid",
                "session_id",
                "message",
                *(name for name in _TIMES if name in has),
            )
            for row in file.select(table, columns, columns[0]):
                place = f"{table} {row[columns[0]]}"
                session = text_or_none(row["session_id"])
                at = next((row[name] for name in _TIMES if row.get(name)), None)
                yield _encoded(row["message"], place, session, source, number=str(row[columns[0]]), at=at)


def _of_json(source: Reading) -> Iterator[Found]:
    with json_of(source.path, source.encoding) as stream:
        opening = stream.peek()
        if opening == "[":
            yield from _of_list(stream, source)
        elif opening == "{":
            yield from _of_object(stream, source)
        else:
            raise InvalidInputError(f"{source.path}: holds neither a list of messages nor an object of sessions")
        stream.finish()


def _of_list(stream: JsonStream, source: Reading) -> Iterator[Found]:
    """A list of messages; of Redis, which puts the newest first, a list of texts that are messages."""
    session = source.session_id or source.path.name.partition(".")[0]
    texts: list[str] = []
    for number in stream.elements():
        given = stream.value()
        if isinstance(given, str):
            texts.append(given)
        else:
            yield _message(given, f"[{number}]", session, source)
    yield from _of_redis(texts, session, source)


def _of_object(stream: JsonStream, source: Reading) -> Iterator[Found]:
    """Sessions by their keys, one message, or the documents of langchain-redis by theirs."""
    for key in stream.members():
        value = stream.value()
        session = next((key.removeprefix(prefix) for prefix in _PREFIXES if key.startswith(prefix)), key)
        if isinstance(value, list) and key == "messages":
            session = source.session_id or source.path.name.partition(".")[0]
        if isinstance(value, list):
            given: list[Any] = listed(value)
            texts = [item for item in given if isinstance(item, str)]
            for number, item in enumerate(given):
                if not isinstance(item, str):
                    yield _message(item, f"{key}[{number}]", session, source)
            yield from _of_redis(texts, session, source)
        elif isinstance(value, dict) and "data" in value:
            yield _message(value, key, session.rpartition(":")[0] or session, source)
        else:
            yield Misfit(key, "it is neither a list of messages nor a message")


def _of_redis(texts: list[str], session: str, source: Reading) -> Iterator[Found]:
    ordered = texts if source.format == "oldest-first" else texts[::-1]
    for number, text in enumerate(ordered):
        yield _encoded(text, f"{session}[{number}]", session, source)


def _encoded(
    text: Any, place: str, session: str | None, source: Reading, *, number: str | None = None, at: Any = None
) -> Found:
    try:
        given: Any = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return Misfit(place, "its message is not JSON", number)
    return _message(given, place, session, source, number=number, at=at)


def _message(
    given: Any, place: str, session: str | None, source: Reading, *, number: str | None = None, at: Any = None
) -> Found:
    """One message, as ``message_to_dict``, as ``dumpd``, or as a langchain-redis document writes it."""
    item = mapping(given)
    data = mapping(item.get("data")) or mapping(item.get("kwargs")) or item
    kind = _kind(item, data)
    if kind is None:
        return Misfit(place, "it is no message: type and data are wanted", number)
    extra, response = mapping(data.get("additional_kwargs")), mapping(data.get("response_metadata"))
    original = text_or_none(data.get("id")) if not isinstance(data.get("id"), list) else None
    original = original or text_or_none(item.get("message_id"))
    said = said_in(data.get("content"))
    calls = listed(data.get("tool_calls")) or listed(extra.get("tool_calls"))
    if not said.text.strip():
        return Misfit(place, "it has no text, only calls of tools" if calls else said.why_empty(), original or number)
    moments = (
        at,
        item.get("timestamp"),
        *(place_of[key] for place_of in (extra, response, data) for key in _TIMES if key in place_of),
    )
    return SourceRecord(
        place=place,
        content=said.text,
        type=MemoryType.EPISODIC,
        original_id=original or number,
        lasting=is_lasting(original),
        role=role_of(kind),
        name=text_or_none(data.get("name")),
        session_id=text_or_none(item.get("session_id")) or session,
        occurred_at=source.moments.read(next((moment for moment in moments if moment), None)),
        metadata={
            **rest(data, *_OWN),
            **({"additional_kwargs": extra} if extra else {}),
            **({"response_metadata": response} if response else {}),
            **({"tool_calls": calls} if calls else {}),
            **({"left_out": list(said.others)} if said.others else {}),
        },
    )


def _kind(item: dict[str, Any], data: dict[str, Any]) -> str | None:
    """What sort of message it is; None where it is none."""
    kind = text_or_none(item.get("type"))
    if kind == "constructor":
        kind = text_or_none(data.get("type")) or next((str(name) for name in listed(item.get("id"))[-1:]), None)
    if kind in {"chat", "ChatMessage"}:
        return text_or_none(data.get("role")) or "user"
    if kind is None:
        kind = text_or_none(data.get("role"))
    return kind if known_role(kind) is not None and "content" in data else None

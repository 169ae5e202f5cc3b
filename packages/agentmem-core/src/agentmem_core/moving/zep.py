"""Zep: what its API answers, as JSON: threads or sessions with messages, and graphs with facts, nodes and episodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.model import MemoryType
from agentmem_core.moving.files import json_of
from agentmem_core.moving.json_stream import JsonStream
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import is_lasting, known_role, mapping, rest, role_of, text_or_none
from agentmem_core.moving.record import EMPTY, Found, Misfit, Records, SourceRecord

_WRAPPERS = ("threads", "sessions", "users", "graphs", "graph", "memory", "data", "items")
_LISTS = ("messages", "edges", "facts", "relevant_facts", "nodes", "episodes")
_SESSION = ("thread_id", "session_id", "thread_uuid", "session_uuid")
_MESSAGE = ("uuid", "uuid_", "id", "content", "role", "role_type", "name", "created_at", "reference_time", "updated_at", "token_count",
            "processed", "metadata", "thread_id", "session_id", "user_id")  # fmt: skip
_FACT = ("uuid", "uuid_", "id", "fact", "created_at", "valid_at", "invalid_at", "expired_at", "metadata", "user_id", "score",
         "relevance", "rating")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Whose:
    """What the objects around a record say of it."""

    user: str | None = None
    session: str | None = None

    def within(self, item: dict[str, Any], *, thread: bool = False) -> _Whose:
        """The same with what an object says of what it holds."""
        session = next((found for key in _SESSION if (found := text_or_none(item.get(key)))), None)
        if session is None and thread:
            session = text_or_none(item.get("uuid")) or text_or_none(item.get("id"))
        user = text_or_none(item.get("user_id")) or text_or_none(item.get("user_uuid"))
        return replace(self, user=user or self.user, session=session or self.session)


def read(source: Reading) -> Records:
    """Messages as turns, facts with the time they held for, summaries of nodes."""
    if source.path.is_dir():
        files = sorted(source.path.glob("*.json"))
        if not files:
            raise InvalidInputError(f"{source.path}: holds no .json files")
        for path in files:
            yield from _of_file(path, source)
    else:
        yield from _of_file(source.path, source)


def _of_file(path: Path, source: Reading) -> Iterator[Found]:
    with json_of(path, source.encoding) as stream:
        opening = stream.peek()
        if opening == "[":
            for number in stream.elements():
                yield from _any(stream.value(), f"{path.name}[{number}]", _Whose(), source)
        elif opening == "{":
            yield from _object(stream, path.name, source)
        else:
            raise InvalidInputError(f"{path}: holds neither a list nor an object")
        stream.finish()


def _object(stream: JsonStream, place: str, source: Reading) -> Iterator[Found]:
    """The outermost object: its lists are streamed, if what says whose they are comes before them."""
    said: dict[str, Any] = {}
    found = False
    for key in stream.members():
        if key in (*_WRAPPERS, *_LISTS) and stream.peek() == "[" and said.keys() & {"user_id", *_SESSION, "export"}:
            found = True
            for number in stream.elements():
                whose = _Whose().within(said)
                yield from _listed(key, stream.value(), f"{place} {key}[{number}]", whose, source)
        else:
            said[key] = stream.value()
    rest_of = [key for key in said if key in (*_WRAPPERS, *_LISTS)]
    if not found and not rest_of:
        raise InvalidInputError(
            f"{place}: holds none of {', '.join((*_LISTS, *_WRAPPERS))}, so it is none of Zep's answers"
        )
    yield from _parts(said, place, _Whose().within(said), source)


def _parts(item: dict[str, Any], place: str, whose: _Whose, source: Reading) -> Iterator[Found]:
    for key in (*_LISTS, *_WRAPPERS):
        value = item.get(key)
        for number, part in enumerate(value if isinstance(value, list) else ()):
            yield from _listed(key, part, f"{place} {key}[{number}]", whose, source)
        if isinstance(value, dict) and key in _WRAPPERS:
            yield from _parts(mapping(value), f"{place} {key}", whose.within(mapping(value)), source)
        elif not isinstance(value, list | None):
            yield Misfit(f"{place} {key}", "it is no list")


def _listed(key: str, part: Any, place: str, whose: _Whose, source: Reading) -> Iterator[Found]:
    item = mapping(part)
    if isinstance(part, str) and "facts" in key:
        yield _fact({"fact": part}, place, whose, source)
    elif key in {"messages", "episodes"}:
        yield _message(item, place, whose, source)
    elif key == "nodes":
        yield _node(item, place, whose, source)
    elif key in {"edges", "facts", "relevant_facts"}:
        yield _fact(item, place, whose, source)
    else:
        yield from _any(part, place, whose, source, thread=key in {"threads", "sessions"})


def _any(part: Any, place: str, whose: _Whose, source: Reading, *, thread: bool = False) -> Iterator[Found]:
    """Something whose kind only its fields tell."""
    item = mapping(part)
    if any(key in item for key in (*_LISTS, *_WRAPPERS)):
        yield from _parts(item, place, whose.within(item, thread=thread), source)
    elif "fact" in item:
        yield _fact(item, place, whose, source)
    elif "content" in item:
        yield _message(item, place, whose, source)
    elif "summary" in item:
        yield _node(item, place, whose, source)
    elif item.keys() & {"user_id", "thread_id", "session_id"}:
        source.note("users, threads or sessions without messages were left out")
    else:
        yield Misfit(place, "it is no message, fact, node or episode", _id_of(item))


def _message(item: dict[str, Any], place: str, whose: _Whose, source: Reading) -> Found:
    """A turn; an episode of the graph may be a text or JSON that nobody said."""
    mine, original, content = whose.within(item), _id_of(item), item.get("content")
    if not isinstance(content, str) or not content.strip():
        return Misfit(place, EMPTY, original)
    role = known_role(item.get("role_type")) or known_role(item.get("role"))
    name = text_or_none(item.get("name"))
    if name is None and known_role(item.get("role")) is None:
        name = text_or_none(item.get("role"))
    if role is None and (item.get("role") or item.get("role_type")):
        role = role_of(item.get("role_type"), "user")
    return SourceRecord(
        place=place,
        content=content,
        type=MemoryType.EPISODIC,
        original_id=original,
        lasting=is_lasting(original),
        role=role,
        name=name if role else None,
        user_id=mine.user,
        session_id=mine.session,
        occurred_at=source.moments.read(item.get("reference_time") or item.get("created_at")),
        updated_at=source.moments.read(item.get("updated_at")),
        metadata={**mapping(item.get("metadata")), **rest(item, *_MESSAGE, *_SESSION, "user_uuid", "graph_uuid")},
    )


def _fact(item: dict[str, Any], place: str, whose: _Whose, source: Reading) -> Found:
    """A fact holds from ``valid_at`` until ``invalid_at``, or until it was superseded."""
    mine, original, text = whose.within(item), _id_of(item), item.get("fact")
    if not isinstance(text, str) or not text.strip():
        return Misfit(place, EMPTY, original)
    created = source.moments.read(item.get("created_at"))
    begins = source.moments.read(item.get("valid_at"))
    ends = source.moments.read(item.get("invalid_at")) or source.moments.read(item.get("expired_at"))
    return SourceRecord(
        place=place,
        content=text,
        type=MemoryType.SEMANTIC,
        original_id=original,
        lasting=is_lasting(original),
        user_id=mine.user,
        occurred_at=begins or created,
        updated_at=created,
        valid_to=ends,
        entities=_ends(item),
        metadata={**mapping(item.get("metadata")), **rest(item, *_FACT, *_SESSION, "user_uuid", "graph_uuid")},
    )


def _ends(item: dict[str, Any]) -> tuple[str, ...]:
    names = (text_or_none(item.get("source_node_name")), text_or_none(item.get("target_node_name")))
    return tuple(name for name in names if name)


def _node(item: dict[str, Any], place: str, whose: _Whose, source: Reading) -> Found:
    mine, original = whose.within(item), _id_of(item)
    name, summary = text_or_none(item.get("name")), item.get("summary")
    if not isinstance(summary, str) or not summary.strip():
        return Misfit(place, "the node has no summary", original)
    return SourceRecord(
        place=place,
        content=summary if name is None or name in summary else f"{name}: {summary}",
        type=MemoryType.SEMANTIC,
        original_id=original,
        lasting=is_lasting(original),
        user_id=mine.user,
        occurred_at=source.moments.read(item.get("created_at")),
        entities=(name,) if name else (),
        metadata=rest(item, "uuid", "uuid_", "id", "name", "summary", "created_at", "user_id", "score", "relevance"),
    )


def _id_of(item: dict[str, Any]) -> str | None:
    return next((found for key in ("uuid", "uuid_", "id") if (found := text_or_none(item.get(key)))), None)

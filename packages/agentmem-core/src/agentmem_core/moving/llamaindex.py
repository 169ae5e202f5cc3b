"""LlamaIndex: chat stores, the SQL table of its Memory, and the documents of a persisted StorageContext."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.model import MemoryType
from agentmem_core.moving.files import json_of
from agentmem_core.moving.json_stream import JsonStream
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import is_lasting, mapping, rest, role_of, said_in, text_or_none
from agentmem_core.moving.record import EMPTY, Found, Misfit, Records, SourceRecord
from agentmem_core.moving.sqlite_file import is_sqlite, reading

_COLUMNS = ("id", "key", "timestamp", "role", "status", "data")
_OTHERS = ("index_store.json", "graph_store.json")
_TIMES = ("created_at", "creation_date", "last_modified_date")


def read(source: Reading) -> Records:
    """Turns by their session, and the texts of nodes."""
    if not source.path.is_dir():
        yield from (_of_table(source) if is_sqlite(source.path) else _of_json(source.path, source))
        return
    files = [
        path
        for path in sorted(source.path.glob("*.json"))
        if "vector_store" not in path.name and path.name not in _OTHERS
    ]
    taken = False
    for path in files:
        if path.name == "docstore.json" or "chat" in path.name:
            taken = True
            yield from _of_json(path, source)
        else:
            source.note(f"file {path.name} holds neither turns nor texts of nodes and was left out")
    if not taken:
        raise InvalidInputError(f"{source.path}: holds no docstore.json and no chat store")


def _of_table(source: Reading) -> Iterator[Found]:
    with reading(source.path) as file:
        tables = [name for name in file.tables() if set(_COLUMNS) <= set(file.columns(name))]
        if source.table is not None:
            tables = [name for name in tables if name == source.table]
        if not tables:
            raise InvalidInputError(f"{source.path}: has no table of LlamaIndex's Memory ({', '.join(_COLUMNS)})")
        for table in tables:
            for row in file.select(table, _COLUMNS, "timestamp, id"):
                place = f"{table} {row['id']}"
                try:
                    data: Any = json.loads(row["data"])
                except (ValueError, TypeError, RecursionError):
                    yield Misfit(place, "its data is not JSON", str(row["id"]))
                    continue
                found = _turn(data, place, text_or_none(row["key"]), source, number=str(row["id"]), at=row["timestamp"])
                yield found


def _of_json(path: Path, source: Reading) -> Iterator[Found]:
    found = False
    with json_of(path, source.encoding) as stream:
        if stream.peek() == "{":
            for key in stream.members():
                readers = {"store": _chats, "chat_store": _nested, "docstore/data": _nodes}
                if key in readers and stream.peek() == "{":
                    found = True
                    yield from readers[key](stream, source)
                else:
                    stream.value()
            stream.finish()
    if not found:
        raise InvalidInputError(
            f"{path}: is neither a chat store (store) nor a document store (docstore/data) of LlamaIndex"
        )


def _nested(stream: JsonStream, source: Reading) -> Iterator[Found]:
    found = False
    for key in stream.members():
        if key == "store" and stream.peek() == "{":
            found = True
            yield from _chats(stream, source)
        else:
            stream.value()
    if not found:
        yield Misfit("chat_store", "it has no store, which is an object of lists of messages")


def _chats(stream: JsonStream, source: Reading) -> Iterator[Found]:
    for key in stream.members():
        if stream.peek() != "[":
            stream.value()
            yield Misfit(key, "it is no list of messages")
            continue
        for number in stream.elements():
            yield _turn(stream.value(), f"{key}[{number}]", key, source)


def _turn(
    given: Any, place: str, key: str | None, source: Reading, *, number: str | None = None, at: Any = None
) -> Found:
    item = mapping(given)
    said = said_in(item["blocks"] if "blocks" in item else item.get("content"))
    extra = mapping(item.get("additional_kwargs"))
    if "role" not in item:
        return Misfit(place, "it is no message: role and blocks are wanted", number)
    if not said.text.strip():
        calls = "tool_call" in said.others or bool(extra.get("tool_calls"))
        return Misfit(place, "it has no text, only calls of tools" if calls else said.why_empty(), number)
    kept = rest(extra, "session_id")
    return SourceRecord(
        place=place,
        content=said.text,
        type=MemoryType.EPISODIC,
        original_id=number,
        lasting=False,
        role=role_of(item["role"]),
        name=text_or_none(extra.get("name")),
        session_id=text_or_none(extra.get("session_id")) or key,
        occurred_at=source.moments.read(at or extra.get("timestamp") or extra.get("created_at")),
        metadata={
            **({"additional_kwargs": kept} if kept else {}),
            **({"left_out": list(said.others)} if said.others else {}),
        },
    )


def _nodes(stream: JsonStream, source: Reading) -> Iterator[Found]:
    for node_id in stream.members():
        yield _node(node_id, mapping(stream.value()), source)


def _node(node_id: str, stored: dict[str, Any], source: Reading) -> Found:
    data = stored.get("__data__", stored)
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return Misfit(node_id, "its data is not JSON", node_id)
    node = mapping(data)
    text = node.get("text") or mapping(node.get("text_resource")).get("text")
    if not isinstance(text, str) or not text.strip():
        return Misfit(node_id, EMPTY if node else "it is no node", node_id)
    metadata = mapping(node.get("metadata"))
    return SourceRecord(
        place=node_id,
        content=text,
        type=MemoryType.SEMANTIC,
        original_id=node_id,
        lasting=is_lasting(node_id),
        user_id=text_or_none(metadata.get("user_id")),
        occurred_at=source.moments.read(next((metadata[key] for key in _TIMES if metadata.get(key)), None)),
        metadata={**metadata, **_document(node)},
    )


def _document(node: dict[str, Any]) -> dict[str, Any]:
    """The document a node was cut out of."""
    relations = mapping(node.get("relationships"))
    document = text_or_none(mapping(relations.get("1")).get("node_id")) or text_or_none(node.get("ref_doc_id"))
    return {} if document is None else {"document_id": document}

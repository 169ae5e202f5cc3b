"""mem0: the JSON of ``get_all()``, or the folder it stores in (Chroma or local Qdrant, with ``history.db``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.model import MemoryType
from agentmem_core.moving.chroma_folder import FILE, chroma_rows
from agentmem_core.moving.files import json_of
from agentmem_core.moving.json_stream import JsonStream
from agentmem_core.moving.mem0_history import Histories
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import mapping, rest, role_of, text_or_none
from agentmem_core.moving.qdrant_folder import qdrant_points, qdrant_stores
from agentmem_core.moving.record import EMPTY, Found, Misfit, Records, SourceRecord
from agentmem_core.moving.sqlite_file import is_sqlite

_LISTS = ("results", "memories", "data")
_OWN = (
    "id", "memory", "data", "text", "user_id", "agent_id", "run_id", "session_id", "hash", "metadata", "created_at", "updated_at",
    "expiration_date", "actor_id", "role", "memory_type", "text_lemmatized", "score", "event",
)  # fmt: skip


def read(reading: Reading) -> Records:
    """The memories, each with its earlier texts where the history is at hand."""
    if reading.path.name in {FILE, "storage.sqlite"}:
        reading.path = reading.path.parents[0 if reading.path.name == FILE else 2]
    if reading.path.is_dir():
        yield from _of_folder(reading)
        return
    if is_sqlite(reading.path):
        raise InvalidInputError(
            f"{reading.path}: give the folder of the vector store; history= names a history.db that is elsewhere"
        )
    with json_of(reading.path, reading.encoding) as stream, Histories(reading.history) as histories:
        yield from _of_document(stream, reading, histories)
        stream.finish()


def _of_document(stream: JsonStream, reading: Reading, histories: Histories) -> Iterator[Found]:
    opening = stream.peek()
    if opening == "[":
        yield from _of_list(stream, "", reading, histories)
        return
    if opening != "{":
        raise InvalidInputError(f"{reading.path}: is no export of mem0; it begins with neither a list nor an object")
    found = False
    users: set[str | None] = set()
    for key in stream.members():
        if key in _LISTS and stream.peek() == "[":
            found = True
            for record in _of_list(stream, key, reading, histories):
                users |= {record.user_id} if isinstance(record, SourceRecord) else set()
                yield record
        elif key == "relations" and stream.peek() == "[":
            found = True
            for number in stream.elements():
                yield _relation(stream.value(), f"relations[{number}]", users)
        else:
            stream.value()
    if not found:
        raise InvalidInputError(
            f'{reading.path}: is no export of mem0; what get_all() answers has a list under "results" (or is one)'
        )


def _of_list(stream: JsonStream, key: str, reading: Reading, histories: Histories) -> Iterator[Found]:
    for number in stream.elements():
        yield _record(stream.value(), f"{key}[{number}]", reading, histories)


def _of_folder(reading: Reading) -> Iterator[Found]:
    folder = reading.path
    chroma = next((found for found in (folder / FILE, *sorted(folder.glob(f"*/{FILE}"))) if found.is_file()), None)
    points = qdrant_stores(folder)
    if chroma is None and not points:
        raise InvalidInputError(
            f"{folder}: holds neither {FILE} of Chroma nor collection/*/storage.sqlite of a local Qdrant"
        )
    with Histories(reading.history or _history_of(folder)) as histories:
        if chroma is not None:
            for row in chroma_rows(chroma, reading.collection):
                payload = row.metadata if "data" in row.metadata else {**row.metadata, "data": row.document}
                yield from _stored(row.id, payload, f"{chroma.name} {row.collection} {row.id}", reading, histories)
        for store in points:
            if reading.collection in (None, store.collection):
                for point in qdrant_points(store):
                    if isinstance(point, Misfit):
                        yield point
                    else:
                        yield from _stored(
                            point.id, point.payload, f"{store.collection} {point.id}", reading, histories
                        )
        dead = histories.deleted()
        if dead:
            reading.note("memories were deleted in mem0 and are only in its history; they are not moved", dead)


def _history_of(folder: Path) -> Path | None:
    places = (folder / "history.db", folder.parent / "history.db", *sorted(folder.glob("*/history.db")))
    return next((place for place in places if place.is_file()), None)


def _stored(
    memory_id: str, payload: dict[str, Any], place: str, reading: Reading, histories: Histories
) -> Iterator[Found]:
    """A row of a vector store; mem0's own book-keeping has no text of a memory."""
    if not {"data", "memory", "hash"} & set(payload) or "linked_memory_ids" in payload:
        reading.note("rows of mem0's own book-keeping (settings, entities) are no memories and were left out")
        return
    yield _record({"id": memory_id, **_promoted(payload)}, place, reading, histories)


def _promoted(payload: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: payload[key] for key in payload if key in _OWN},
        "metadata": {key: value for key, value in payload.items() if key not in _OWN},
    }


def _record(given: Any, place: str, reading: Reading, histories: Histories) -> Found:
    item = mapping(given)
    original = text_or_none(item.get("id"))
    text = next((item[key] for key in ("memory", "data", "text") if isinstance(item.get(key), str)), "")
    if not text.strip():
        return Misfit(place, EMPTY if item else "it is no JSON object", original)
    created = reading.moments.read(item.get("created_at"))
    updated = reading.moments.read(item.get("updated_at"))
    metadata = item.get("metadata")
    past = histories.of(original, text, reading.moments) if original is not None else ()
    return SourceRecord(
        place=place,
        content=text,
        type=_type_of(item, mapping(metadata)),
        original_id=original,
        user_id=text_or_none(item.get("user_id")),
        agent_id=text_or_none(item.get("agent_id")),
        session_id=text_or_none(item.get("run_id")) or text_or_none(item.get("session_id")),
        occurred_at=created or updated,
        updated_at=updated,
        expires_at=reading.moments.read(item.get("expiration_date")),
        metadata={
            **mapping(metadata),
            **rest(item, *_OWN),
            **({"metadata": metadata} if metadata and not isinstance(metadata, dict) else {}),
            **({"actor_id": item["actor_id"]} if item.get("actor_id") else {}),
            **({"role": role_of(item["role"])} if item.get("role") else {}),
        },
        history=past,
    )


def _type_of(item: dict[str, Any], metadata: dict[str, Any]) -> MemoryType:
    kind = item.get("memory_type") or metadata.get("memory_type") or ""
    return {"procedural_memory": MemoryType.PROCEDURAL, "episodic_memory": MemoryType.EPISODIC}.get(
        str(kind), MemoryType.SEMANTIC
    )


def _relation(given: Any, place: str, users: set[str | None]) -> Found:
    """A relation of the graph does not say whose it is; where all memories are one user's, it is too."""
    item = mapping(given)
    source, relation = text_or_none(item.get("source")), text_or_none(item.get("relationship"))
    target = text_or_none(item.get("target")) or text_or_none(item.get("destination"))
    if source is None or relation is None or target is None:
        return Misfit(place, "it is no relation: source, relationship and target are wanted")
    return SourceRecord(
        place=place,
        content=f"{source} {relation.replace('_', ' ')} {target}",
        type=MemoryType.SEMANTIC,
        original_id=f"{source} {relation} {target}",
        lasting=False,
        user_id=text_or_none(item.get("user_id")) or (next(iter(users)) if len(users) == 1 else None),
        entities=(source, target),
        metadata={"subject": source, "predicate": relation, "object": target},
    )

"""Chroma's folder, read as the SQLite file it is: opening it with Chroma could change it.

Chroma writes its log first and its tables after, so what was written last before a kill may stand in the log alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.moving.parts import mapping
from agentmem_core.moving.sqlite_file import SqliteFile, reading

FILE = "chroma.sqlite3"

_ADD, _UPDATE, _UPSERT, _DELETE = range(4)
_DOCUMENT = "chroma:document"
_LISTS = "embedding_metadata_array"
_VALUES = "bool_value, string_value, int_value, float_value"


@dataclass(frozen=True, slots=True)
class ChromaRow:
    """One row of a collection."""

    collection: str
    id: str
    document: str
    metadata: dict[str, Any]


def chroma_rows(path: Path, collection: str | None = None) -> Iterator[ChromaRow]:
    """The rows of every collection, or of the one of that name."""
    with reading(path) as file:
        if not {"collections", "segments", "embeddings", "embedding_metadata"} <= set(file.tables()):
            raise InvalidInputError(f"{path}: is no database of Chroma, or one of an unknown version")
        collections = [
            (str(key), str(name)) for key, name in file.rows("SELECT id, name FROM collections ORDER BY name")
        ]
        if collection is not None and collection not in {name for _, name in collections}:
            names = ", ".join(name for _, name in collections) or "none"
            raise InvalidInputError(f"collection: {path} holds no {collection!r}; there are {names}")
        for key, name in collections:
            if collection in (None, name):
                yield from _rows(file, key, name)


def _rows(file: SqliteFile, key: str, name: str) -> Iterator[ChromaRow]:
    segments = [
        str(row[0]) for row in file.rows("SELECT id FROM segments WHERE collection = ? AND scope = 'METADATA'", key)
    ]
    if not segments:
        return
    tables = file.tables()
    late = _late(file, key, segments[0])
    for row, row_id in file.rows(
        "SELECT id, embedding_id FROM embeddings WHERE segment_id = ? ORDER BY id", segments[0]
    ):
        metadata = _metadata(file, int(row), tables)
        if row_id in late:
            changed = late.pop(row_id)
            if changed is None:
                continue
            metadata |= changed
        yield _row(name, str(row_id), metadata)
    for row_id, added in late.items():
        if added is not None:
            yield _row(name, row_id, added)


def _row(name: str, row_id: str, metadata: dict[str, Any]) -> ChromaRow:
    document = metadata.get(_DOCUMENT)
    kept = {key: value for key, value in metadata.items() if value is not None and not key.startswith("chroma:")}
    return ChromaRow(name, row_id, document if isinstance(document, str) else "", kept)


def _metadata(file: SqliteFile, row: int, tables: tuple[str, ...]) -> dict[str, Any]:
    """The values of a row; those that are lists have a table of their own, in newer versions."""
    found: dict[str, Any] = {}
    for key, *values in file.rows(f"SELECT key, {_VALUES} FROM embedding_metadata WHERE id = ?", row):
        found[str(key)] = _value(values)
    if _LISTS in tables:
        several: dict[str, list[Any]] = {}
        for key, *values in file.rows(f"SELECT key, {_VALUES} FROM {_LISTS} WHERE id = ? ORDER BY rowid", row):
            several.setdefault(str(key), []).append(_value(values))
        found |= several
    return found


def _value(values: list[Any]) -> Any:
    truth, *others = values
    return bool(truth) if truth is not None else next((value for value in others if value is not None), None)


def _late(file: SqliteFile, key: str, segment: str) -> dict[str, dict[str, Any] | None]:
    """What the log says beyond what the tables say: the metadata of a row, or None where it was deleted."""
    if "embeddings_queue" not in file.tables():
        return {}
    done = next(file.rows("SELECT seq_id FROM max_seq_id WHERE segment_id = ?", segment), (0,))[0]
    since = int.from_bytes(done, "big") if isinstance(done, bytes) else int(done or 0)
    late: dict[str, dict[str, Any] | None] = {}
    for operation, row_id, metadata in file.rows(
        "SELECT operation, id, metadata FROM embeddings_queue WHERE seq_id > ? AND topic LIKE ? ORDER BY seq_id",
        since,
        f"%{key}",
    ):
        if operation == _DELETE:
            late[str(row_id)] = None
            continue
        said = mapping(json.loads(metadata)) if metadata else {}
        late[str(row_id)] = {**(late.get(str(row_id)) or {}), **said} if operation in {_UPDATE, _UPSERT} else said
    return late

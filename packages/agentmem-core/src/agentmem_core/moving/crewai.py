"""CrewAI: today's LanceDB folder, and what its older memories kept (long-term in SQLite, short-term and entities in Chroma)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from importlib import import_module
from pathlib import Path
from typing import Any

from agentmem_core.errors import InvalidInputError, NotConfiguredError
from agentmem_core.model import MemoryType
from agentmem_core.moving.chroma_folder import FILE, ChromaRow, chroma_rows
from agentmem_core.moving.moments import Moments
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import listed, mapping, text_or_none
from agentmem_core.moving.record import EMPTY, Found, Misfit, Records, SourceRecord
from agentmem_core.moving.sqlite_file import is_sqlite, reading

_LONG_TERM = "long_term_memories"
_COLUMNS = ("id", "task_description", "metadata", "datetime", "score")
_LANCE = (
    "id",
    "content",
    "scope",
    "categories_str",
    "metadata_str",
    "importance",
    "created_at",
    "last_accessed",
    "source",
    "private",
)


def read(source: Reading) -> Records:
    """The records of every store that is found in the folder, or of the one file."""
    path = source.path
    if not path.is_dir():
        yield from _of_file(path, source)
        return
    lances = sorted({*path.glob("*.lance"), *path.glob("*/*.lance")})
    tasks = sorted({*path.glob("long_term*.db"), *path.glob("*/long_term*.db")})
    chromas = sorted({*path.glob(FILE), *path.glob(f"*/{FILE}")})
    if path.suffix == ".lance":
        lances = [path]
    if not (lances or tasks or chromas):
        raise InvalidInputError(f"{path}: holds neither a .lance table, nor long_term_memory_storage.db, nor {FILE}")
    for lance in lances:
        yield from _of_lance(lance)
    for file in (*tasks, *chromas):
        yield from _of_file(file, source)


def _of_file(path: Path, source: Reading) -> Iterator[Found]:
    if not is_sqlite(path):
        raise InvalidInputError(f"{path}: is none of CrewAI's files; give its storage folder")
    if path.name == FILE:
        for found in chroma_rows(path, source.collection):
            yield _of_chroma(found, source)
        return
    with reading(path) as file:
        if not set(_COLUMNS) <= set(file.columns(_LONG_TERM)):
            raise InvalidInputError(f"{path}: has no table {_LONG_TERM}, so it is none of CrewAI's")
        for row in file.select(_LONG_TERM, _COLUMNS, "id"):
            yield _task(row, source)


def _of_lance(path: Path) -> Iterator[Found]:
    """A LanceDB table a batch at a time, without the vectors."""
    try:
        lancedb: Any = import_module("lancedb")
    except ImportError as error:
        raise NotConfiguredError(
            f"{path} is a LanceDB table, which only lancedb can read; pip install lancedb (or run this where CrewAI is installed)"
        ) from error
    try:
        table: Any = lancedb.connect(str(path.parent)).open_table(path.stem)
        missing = set(_LANCE) - {"last_accessed"} - set(table.schema.names)
        if missing:
            raise InvalidInputError(f"{path}: has no {', '.join(sorted(missing))}, so it is none of CrewAI's memories")
        query: Any = table.search().select([name for name in _LANCE if name in table.schema.names])
        batches: Any = query.limit(max(1, table.count_rows())).to_batches(1_000)
        for batch in batches:
            for row in batch.to_pylist():
                yield _record(row)
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidInputError(f"{path}: cannot be read by LanceDB ({type(error).__name__})") from error


def _record(row: dict[str, Any]) -> Found:
    original = text_or_none(row.get("id"))
    content = row.get("content")
    if not isinstance(content, str) or not content.strip():
        return Misfit(f"memories {original}", EMPTY, original)
    scope = str(row.get("scope") or "/")
    importance = row.get("importance")
    metadata: dict[str, Any] = {
        **mapping(_decoded(row.get("metadata_str"))),
        "scope": scope,
        "categories": listed(_decoded(row.get("categories_str"))),
        "private": bool(row.get("private")),
    }
    if row.get("source"):
        metadata["source"] = str(row["source"])
    return SourceRecord(
        place=f"memories {original}",
        content=content,
        type=MemoryType.SEMANTIC,
        original_id=original,
        agent_id=_agent_in(scope),
        occurred_at=_in_utc(row.get("created_at")),
        importance=min(1.0, max(0.0, float(importance))) if isinstance(importance, int | float) else None,
        metadata=metadata,
    )


def _agent_in(scope: str) -> str | None:
    """The agent that a scope such as ``/crew/travel/agent/researcher`` names."""
    parts = scope.strip("/").split("/")
    return next((parts[number + 1] for number, part in enumerate(parts[:-1]) if part == "agent"), None)


def _in_utc(given: Any) -> Any:
    """CrewAI writes naive datetimes that are in UTC."""
    return Moments(UTC).read(given)


def _task(row: dict[str, Any], source: Reading) -> Found:
    number, task = str(row["id"]), row["task_description"]
    place = f"{_LONG_TERM} {number}"
    if not isinstance(task, str) or not task.strip():
        return Misfit(place, EMPTY, number)
    metadata = mapping(_decoded(row["metadata"]))
    advice = [str(text) for text in listed(metadata.get("suggestions")) if str(text).strip()]
    quality = metadata.get("quality", row["score"])
    return SourceRecord(
        place=place,
        content="\n".join([task, *(f"- {text}" for text in advice)]),
        type=MemoryType.EPISODIC,
        original_id=number,
        lasting=False,
        agent_id=text_or_none(metadata.get("agent")),
        occurred_at=source.moments.read(row["datetime"]),
        metadata={**metadata, "view": "long_term", **({} if quality is None else {"quality": quality})},
    )


def _of_chroma(row: ChromaRow, source: Reading) -> Found:
    if not row.document.strip():
        return Misfit(f"{row.collection} {row.id}", EMPTY, row.id)
    view = "entity" if "entit" in row.collection else "short_term" if "short_term" in row.collection else "external"
    name = row.document.partition("(")[0].strip() if view == "entity" else ""
    return SourceRecord(
        place=f"{row.collection} {row.id}",
        content=row.document,
        type=MemoryType.EPISODIC if view == "short_term" else MemoryType.SEMANTIC,
        original_id=row.id,
        agent_id=text_or_none(row.metadata.get("agent")),
        occurred_at=source.moments.read(row.metadata.get("created_at") or row.metadata.get("timestamp")),
        entities=(name,) if name else (),
        metadata={**row.metadata, "view": view, "collection": row.collection},
    )


def _decoded(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

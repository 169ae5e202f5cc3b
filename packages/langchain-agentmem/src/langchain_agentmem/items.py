"""Items of a LangGraph store as rows of the core, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, cast

from langgraph.store.base import Item, PutOp, SearchItem

from agentmem_core import Filter, FilterGroup, Memory
from langchain_agentmem.filters import item_filters, key_of, path_step

Namespace = tuple[str, ...]
_REFRESHED = 0.05
"""The part of its time to live that an item must have spent before a read renews it: each renewal is a version."""

IS_ITEM = Filter(field="of")
"""Holds for the row of an item itself, and not for one of its further vectors."""


def row_id(namespace: Namespace, key: str, part: int = 0) -> str:
    """The id of an item's row, whatever characters its names have; ``part`` 1 and on are its further vectors."""
    name = blake2b(json.dumps([namespace, key]).encode(), digest_size=16).hexdigest()
    return name if part == 0 else f"{name}:{part}"


def rows_of(
    op: PutOp, value: Mapping[str, Any], before: Memory | None, texts: Sequence[str], now: datetime
) -> list[dict[str, Any]]:
    """The rows of an item: one, and one more for each further text it is found by; without a text it is not found by meaning."""
    found_by = list(texts) or [text_of(value)]
    metadata: dict[str, Any] = {
        "namespace": list(op.namespace), "key": op.key, "value": _stored(value),
        "under": {str(depth): _path(op.namespace[:depth]) for depth in range(1, len(op.namespace) + 1)},
        "indexed": bool(texts), "rows": len(found_by), "born": now.isoformat(), "put": now.isoformat(),
    }  # fmt: skip
    if before is not None:
        metadata["born"] = before.metadata["born"]
    row: dict[str, Any] = {"occurred_at": now}
    if op.ttl is not None:
        metadata["ttl"] = op.ttl
        row["expires_at"] = now + timedelta(minutes=op.ttl)
    item = row_id(op.namespace, op.key)
    return [
        {
            **row,
            "id": row_id(op.namespace, op.key, part),
            "content": _recallable(text),
            "metadata": metadata if part == 0 else {**metadata, "of": item},
        }
        for part, text in enumerate(found_by)
    ]


def item_of(memory: Memory) -> Item:
    """The item of a row."""
    return Item(**_fields(memory))


def found_item_of(memory: Memory, score: float | None) -> SearchItem:
    """The item of a row that a search found."""
    return SearchItem(**_fields(memory), score=score)


def namespace_of(memory: Memory) -> Namespace:
    """Where an item stands."""
    return tuple(memory.metadata["namespace"])


def rows_left_over(before: Memory, now: int) -> list[str]:
    """The ids of the rows that an item had beyond the first ``now``."""
    namespace, key = namespace_of(before), before.metadata["key"]
    return [row_id(namespace, key, part) for part in range(now, before.metadata["rows"])]


def renewals(memories: Sequence[Memory], now: datetime) -> Iterator[tuple[str, datetime]]:
    """The rows of items that a read keeps alive, with the moment they live until."""
    for memory in memories:
        minutes = memory.metadata.get("ttl")
        if minutes is None or memory.expires_at is None:
            continue
        until = now + timedelta(minutes=minutes)
        if until - memory.expires_at > _REFRESHED * timedelta(minutes=minutes):
            for part in range(memory.metadata["rows"]):
                yield row_id(namespace_of(memory), memory.metadata["key"], part), until


def within(prefix: Namespace, given: Mapping[str, Any] | None) -> list[Filter | FilterGroup]:
    """What must hold of a row in a namespace or below it, and of its value."""
    parts = item_filters(given or {}, root="value")
    return [Filter(field=f"under.{len(prefix)}", value=_path(prefix)), *parts] if prefix else parts


def text_of(value: Any) -> str:
    """The texts in a value, one a line."""
    return "\n".join(_leaves(value)) or json.dumps(value, ensure_ascii=False)


def _recallable(text: str) -> str:
    """What the core keeps of a text to find it by; the value itself is kept as it is."""
    return text.replace("\x00", " ") if text.strip(" \t\r\n\x00") else "…"


def _fields(memory: Memory) -> dict[str, Any]:
    held = memory.metadata
    return {
        "namespace": namespace_of(memory), "key": held["key"], "value": _loaded(held["value"]),
        "created_at": datetime.fromisoformat(held["born"]), "updated_at": datetime.fromisoformat(held["put"]),
    }  # fmt: skip


def _path(namespace: Sequence[str]) -> str:
    return json.dumps(list(namespace), ensure_ascii=False)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in cast("Sequence[Any]", value):
            yield from _leaves(item)
    elif value is not None and str(value).strip():
        yield str(value)


def _stored(value: Any) -> Any:
    """A value with keys that filters can reach."""
    if isinstance(value, Mapping):
        fields = value
        return {path_step(key) if isinstance(key, str) and key else key: _stored(item) for key, item in fields.items()}
    if isinstance(value, list | tuple):
        return [_stored(item) for item in cast("Sequence[Any]", value)]
    return value


def _loaded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key_of(key): _loaded(item) for key, item in cast("dict[str, Any]", value).items()}
    return [_loaded(item) for item in value] if isinstance(value, list) else value

"""Get, list, history, links."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from agentmem_core.engine.engine import Engine, exists, find_record
from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Link, Memory, MemoryType, Page, Scope, Version
from agentmem_core.model.matching import matches
from agentmem_core.model.things import is_thing, named_link
from agentmem_core.operations import MEMORIES, Get, History, Links, List
from agentmem_core.ports import LedgerReader, Listing, Record

_WALK = 500


def get(engine: Engine, op: Get) -> list[Memory]:
    """Those that exist in the scope and have not expired, in the order of the ids."""
    now = engine.clock()
    found: list[Memory] = []
    with engine.ledger.reading() as reader:
        partition = reader.partition(op.scope.tenant, op.collection, op.scope.user_id)
        if partition is None:
            return []
        for memory_id in op.ids:
            record = reader.by_id(partition.id, memory_id)
            if record is None or not exists(record, now) or not op.scope.admits(record.memory.scope):
                continue
            if op.types is None or record.memory.type in op.types:
                found.append(record.memory)
    return found


def list_(engine: Engine, op: List) -> Page:
    """Rows in order; the cursor is the last row's number, so rows added or deleted meanwhile do not shift a page."""
    newest_first = op.order == "newest"
    after = None if op.cursor is None else read_cursor(op.cursor, op.order)
    now = engine.clock()
    kept: list[Memory] = []
    with engine.ledger.reading() as reader:
        partition = reader.partition(op.scope.tenant, op.collection, op.scope.user_id)
        if partition is None:
            return Page()
        if after is not None:
            after |= partition.id << 32
        while True:
            listing = Listing(
                limit=_WALK if op.filters or not op.ended else op.limit + 1,
                after=after,
                newest_first=newest_first,
                agent_id=op.scope.agent_id,
                session_id=op.scope.session_id,
                types=None if op.types is None else tuple(kind.value for kind in op.types),
                now=now,
            )
            records = reader.walk(partition.id, listing)
            for record in records:
                over = record.memory.valid_to is not None and record.memory.valid_to <= now
                if (over and not op.ended) or not matches(op.filters, record.memory):
                    after = record.row
                    continue
                if len(kept) == op.limit:
                    return Page(items=tuple(kept), next_cursor=write_cursor(after or 0, op.order))
                kept.append(record.memory)
                after = record.row
            if len(records) < listing.limit:
                return Page(items=tuple(kept))


def history(engine: Engine, op: History) -> list[Version]:
    """All versions, of a deleted memory too."""
    with engine.ledger.reading() as reader:
        record = find_record(reader, op.scope, op.collection, op.id, now=engine.clock(), deleted=True)
        return reader.versions(record.row)


def links(engine: Engine, op: Links) -> list[Link]:
    """Those between memories that exist in the scope."""
    now = engine.clock()
    with engine.ledger.reading() as reader:
        record = find_record(reader, op.scope, MEMORIES, op.id, now=now)
        partition = record.row >> 32
        found = reader.links(partition, memory_id=op.id, relation=op.relation)
        return [named_link(link) for link in visible_links(reader, op.scope, partition, found, now)]


def visible_links(
    reader: LedgerReader, scope: Scope, partition: int, found: Sequence[Link], now: datetime
) -> list[Link]:
    """The links all of whose memories, ends and fact, exist in the scope."""
    known: dict[str, bool] = {}

    def admitted(memory_id: str) -> bool:
        if memory_id not in known:
            record = reader.by_id(partition, memory_id)
            known[memory_id] = record is not None and exists(record, now) and scope.admits(record.memory.scope)
        return known[memory_id]

    return [
        link
        for link in found
        if all(is_thing(end) or admitted(end) for end in (link.source, link.target))
        and (link.fact is None or admitted(link.fact))
    ]


def every(
    reader: LedgerReader,
    scope: Scope,
    *,
    types: Sequence[MemoryType] | None = None,
    now: datetime | None = None,
    deleted: bool | None = False,
    collection: str = MEMORIES,
) -> Iterator[Record]:
    """All rows that the scope admits, oldest first, without words and vectors; with ``now`` those that have not expired."""
    partition = reader.partition(scope.tenant, collection, scope.user_id)
    after: int | None = None
    while partition is not None:
        listing = Listing(
            _WALK, after, agent_id=scope.agent_id, session_id=scope.session_id, now=now, deleted=deleted,
            types=None if types is None else tuple(kind.value for kind in types),
        )  # fmt: skip
        records = reader.walk(partition.id, listing)
        yield from records
        if len(records) < _WALK:
            return
        after = records[-1].row


def write_cursor(row: int, order: str) -> str:
    """An opaque place in a list; it names no partition, so it says nothing about other users."""
    return base64.urlsafe_b64encode(json.dumps([row & 0xFFFF_FFFF, order]).encode()).decode().rstrip("=")


def read_cursor(cursor: str, order: str) -> int:
    """The place, if it is one of the same kind of list."""
    try:
        decoded: Any = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        row, kind = decoded
    except (ValueError, binascii.Error, TypeError, RecursionError):
        raise InvalidInputError("cursor: is not one that list() gave; begin without a cursor") from None
    if kind != order or not isinstance(row, int) or not 0 <= row < 1 << 32:
        raise InvalidInputError(f"cursor: belongs to another list; it goes with order={kind!r}")
    return row

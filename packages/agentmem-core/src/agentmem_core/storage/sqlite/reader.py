"""Reading from the ledger's tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from agentmem_core.errors import StoreDamagedError
from agentmem_core.model import AuditEntry, Memory, Scope, Version
from agentmem_core.ports import Collection, Feature, Fingerprint, Listing, Packed, Partition, Record, Tally
from agentmem_core.storage.sqlite.glance import glance, state_of
from agentmem_core.storage.sqlite.lessons import LessonTables
from agentmem_core.storage.sqlite.links import LinkTable
from agentmem_core.storage.sqlite.rows import (
    AUDIT_COLUMNS,
    MEMORIES,
    SELECTED,
    SELECTED_MEMORY,
    STORED,
    WITHIN,
    audit_entry_of,
    bounds,
    decode_json,
    memory_of,
    pack,
    readable,
    record_of,
    to_micros,
    to_moment,
    version_of,
    within,
)
from agentmem_core.storage.sqlite.schema import ROW_BITS

_PARTITIONS = """
SELECT p.id, p.user_id, p.last_row, p.change, p.epoch, c.id, c.tenant, c.name, c.provider, c.model, c.dimension, c.generation
FROM partitions p JOIN collections c ON c.id = p.collection
"""
_COLLECTIONS = "SELECT id, tenant, name, provider, model, dimension, generation FROM collections"
_FEATURES = """
SELECT m.row, m.deleted_at IS NULL, m.type, m.agent_id, m.session_id, m.role, m.speaker, m.importance, m.occurred_at,
       m.expires_at, m.valid_from, m.valid_to, m.words, {vector}
FROM memories m
"""
_PARTITION = f"{_PARTITIONS} WHERE c.tenant = ? AND c.name = ? AND p.user_id = ?"
_RECORD = f"SELECT {SELECTED}, {', '.join(f'm.{column}' for column in STORED)} FROM {MEMORIES}"
_BY_ID = f"{_RECORD} WHERE m.partition = ? AND m.id = ?"
_BY_DIGEST = f"{_RECORD} WHERE m.partition = ? AND m.digest = ? AND m.deleted_at IS NULL"
_LIVING = f"SELECT {SELECTED_MEMORY} FROM {MEMORIES} WHERE m.deleted_at IS NULL AND m.row"
_COUNTED = """row > :low AND row <= :high AND (:agent IS NULL OR agent_id = :agent)
AND (:session IS NULL OR session_id = :session) AND (expires_at IS NULL OR expires_at > :now)"""
_CHUNK = 500
_WORDS_AT_ONCE = 1_000_000
"""Characters of words that are read together: split, they take ten times the room."""
_PLAIN_TYPES = {"episodic", "semantic"}


class SqliteReader(LessonTables, LinkTable):
    """A consistent view over one connection, for as long as its transaction lasts."""

    def __init__(self, db: sqlite3.Connection, owners: dict[int, tuple[str, str]] | None = None) -> None:
        """``owners`` are those of partitions that are known to stand; their numbers are never given to others."""
        super().__init__(db)
        self._owners = {} if owners is None else owners

    def collection(self, tenant: str, name: str) -> Collection | None:
        row = self._db.execute(f"{_COLLECTIONS} WHERE tenant = ? AND name = ?", (tenant, name)).fetchone()
        return None if row is None else _collection(row)

    def collections(self, tenant: str) -> list[Collection]:
        rows = self._db.execute(f"{_COLLECTIONS} WHERE tenant = ? ORDER BY name", (tenant,))
        return [_collection(row) for row in rows]

    def partition(self, tenant: str, name: str, user_id: str) -> Partition | None:
        row = self._db.execute(_PARTITION, (tenant, name, user_id)).fetchone()
        if row is not None and self._owner(row[0]) != (tenant, user_id):
            raise _astray()
        return None if row is None else _partition(row)

    def again(self, partition: Partition) -> Partition | None:
        row = self._db.execute(glance(0), (partition.id,)).fetchone()
        known = partition.collection
        if row is None or row == state_of(partition):
            return None if row is None else partition
        return self.partition(known.tenant, known.name, partition.user_id)

    def partitions(self, tenant: str | None = None, user_id: str | None = None) -> list[Partition]:
        rows = self._db.execute(
            f"{_PARTITIONS} WHERE (:tenant IS NULL OR c.tenant = :tenant) AND (:user IS NULL OR p.user_id = :user) ORDER BY p.id",
            {"tenant": tenant, "user": user_id},
        )
        return [_partition(row) for row in rows]

    def by_id(self, partition: int, memory_id: str) -> Record | None:
        return self._record(_BY_ID, (partition, memory_id))

    def by_digest(self, partition: int, digest: bytes) -> Record | None:
        return self._record(_BY_DIGEST, (partition, digest))

    def by_rows(self, rows: Sequence[int]) -> dict[int, Memory]:
        if len(rows) <= _CHUNK:
            found = self._db.execute(_living_rows(len(rows)), [*map(int, rows)]).fetchall()
        else:
            found = self._selected(_LIVING, rows)
        owners = self._owners
        memories: dict[int, Memory] = {}
        with readable():
            for row in found:
                owner = owners.get(row[1])
                if owner is None:
                    owner = owners[row[1]] = self._owner(row[1])
                memories[row[0]] = memory_of(row, *owner)
        return memories

    def packed(self, partition: int, *, limit: int) -> Iterator[tuple[int, Packed]]:
        found = self._db.execute(f"{_LIVING} BETWEEN ? AND ? ORDER BY m.row LIMIT ?", (*bounds(partition), limit))
        with suppress(sqlite3.OperationalError):  # text that is none
            for row in found:
                yield row[0], pack(row)

    def packed_rows(self, rows: Sequence[int]) -> dict[int, Packed]:
        """The living memories of these rows."""
        return {row[0]: pack(row) for row in self._selected(_LIVING, rows)}

    def walk(self, partition: int, listing: Listing) -> list[Record]:
        low, high = bounds(partition)
        if listing.after is not None and listing.newest_first:
            high = min(high, listing.after - 1)
        elif listing.after is not None:
            low = max(low, listing.after)
        where, values = ["m.row > ?", "m.row <= ?"], [low, high]
        if listing.types is not None and not _PLAIN_TYPES & set(listing.types):  # then the partial index has them
            where += ["m.partition = ?", "m.type NOT IN ('episodic', 'semantic')"]
            values.append(partition)
        elif listing.session_id is not None:  # likewise
            where.append("m.partition = ?")
            values.append(partition)
        more, extra = _conditions(listing)
        sql = (
            f"SELECT {SELECTED} FROM {MEMORIES} WHERE {' AND '.join(where + more)} "
            f"ORDER BY m.row {'DESC' if listing.newest_first else 'ASC'} LIMIT ?"
        )
        owner = self._owner(partition)
        rows = self._db.execute(sql, [*values, *extra, listing.limit]).fetchall()
        with readable():
            return [record_of(row, *owner) for row in rows]

    def features(self, partition: int, *, after: int, limit: int, vectors: bool) -> list[Feature]:
        low, high = bounds(partition)
        sql = _FEATURES.format(vector="m.vector" if vectors else "NULL")
        rows = self._db.execute(
            f"{sql} WHERE m.row > ? AND m.row <= ? ORDER BY m.row LIMIT ?", (max(low, after), high, limit)
        )
        features: list[Feature] = []
        letters = 0
        for row in rows:
            feature = Feature._make(row)
            features.append(feature)
            letters += len(feature.words)
            if letters >= _WORDS_AT_ONCE:
                break
        return features

    def changed(self, partition: int, *, after: int) -> list[int] | None:
        log_from = self._db.execute("SELECT log_from FROM partitions WHERE id = ?", (partition,)).fetchone()
        if log_from is None or after < log_from[0]:
            return None
        rows = self._db.execute(
            "SELECT DISTINCT row FROM changes WHERE partition = ? AND change > ?", (partition, after)
        )
        return [row for (row,) in rows]

    def features_of(self, rows: Sequence[int], *, vectors: bool) -> list[Feature]:
        sql = _FEATURES.format(vector="m.vector" if vectors else "NULL")
        return [*map(Feature._make, self._selected(f"{sql} WHERE m.row", rows))]

    def vectors(self, rows: Sequence[int], *, given: bool = False) -> dict[int, bytes]:
        some = "vector IS NOT NULL AND given" if given else "vector IS NOT NULL"
        found = self._selected(f"SELECT row, vector FROM memories WHERE {some} AND row", rows)
        return dict(found)

    def vectors_after(self, partition: int, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        low, high = bounds(partition)
        rows = self._db.execute(
            "SELECT row, vector FROM memories WHERE row > ? AND row <= ? "
            "AND deleted_at IS NULL AND vector IS NOT NULL ORDER BY row LIMIT ?",
            (max(low, after), high, limit),
        )
        return list(rows)

    def values(self, partition: int, name: str, *, after: int) -> list[tuple[int, object]]:
        low, high = bounds(partition)
        column = {"metadata": "metadata"}.get(name) or _OWN_COLUMNS[name]
        rows = self._db.execute(
            f"SELECT row, {column} FROM memories WHERE row > ? AND row <= ? ORDER BY row", (max(low, after), high)
        ).fetchall()
        with readable():
            if name == "metadata":
                return [(row, decode_json(text, {})) for row, text in rows]
            if name == "entities":
                return [(row, decode_json(text, [])) for row, text in rows]
            if name.endswith("_at"):
                return [(row, to_moment(micros)) for row, micros in rows]
        return rows

    def versions(self, row: int) -> list[Version]:
        columns = "version, content, metadata, importance, operation"
        rows = self._db.execute(
            f"SELECT {columns}, changed_at, reason FROM versions WHERE row = :row "
            f"UNION ALL SELECT {columns}, updated_at, reason FROM memories WHERE row = :row ORDER BY 1",
            {"row": row},
        ).fetchall()
        with readable():
            return [version_of(found) for found in rows]

    def tally(self, partition: int, agent_id: str | None, session_id: str | None, now: datetime) -> Tally:
        low, high = bounds(partition)
        values = {"low": low, "high": high, "agent": agent_id, "session": session_id, "now": to_micros(now)}
        rows = self._db.execute(
            f"SELECT type, deleted_at IS NULL, count(*) FROM memories WHERE {_COUNTED} GROUP BY 1, 2", values
        ).fetchall()
        sessions = self._db.execute(
            f"SELECT count(DISTINCT session_id) FROM memories WHERE {_COUNTED} AND deleted_at IS NULL", values
        ).fetchone()[0]
        links = self._db.execute(
            "SELECT count(*) FROM links l LEFT JOIN memories m ON m.partition = l.partition "
            "AND m.id = iif(l.fact = '', l.source, l.fact) WHERE l.partition = :partition "
            "AND (:agent IS NULL OR m.agent_id = :agent) AND (:session IS NULL OR m.session_id = :session)",
            {"partition": partition, "agent": agent_id, "session": session_id},
        ).fetchone()[0]
        by_type = {kind: count for kind, alive, count in rows if alive}
        deleted = sum(count for _, alive, count in rows if not alive)
        return Tally(sum(by_type.values()), deleted, links, by_type, sessions)

    def embedded(self, collection: int) -> int:
        row = self._db.execute(
            "SELECT count(*) FROM memories m JOIN partitions p ON p.id = m.partition "
            "WHERE p.collection = ? AND m.vector IS NOT NULL",
            (collection,),
        ).fetchone()
        return int(row[0])

    def setting(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def attachments(self, partition: int, rows: Sequence[int] | None = None) -> list[tuple[int, str]]:
        if rows is not None:
            return sorted(self._selected("SELECT row, digest FROM attachments WHERE row", rows))
        sql = "SELECT row, digest FROM attachments WHERE row > ? AND row <= ? ORDER BY row, digest"
        return list(self._db.execute(sql, bounds(partition)))

    def attached(self, digests: Iterable[str]) -> set[str]:
        sql = "SELECT 1 FROM attachments WHERE digest = ? LIMIT 1"
        return {digest for digest in digests if self._db.execute(sql, (digest,)).fetchone()}

    def audit(
        self, scope: Scope, *, operation: str | None = None, after: int = 0, limit: int = 1_000
    ) -> list[AuditEntry]:
        rows = self._db.execute(
            f"SELECT {', '.join(AUDIT_COLUMNS)}, number FROM audit WHERE {WITHIN} AND number > :after "
            "AND (:operation IS NULL OR operation = :operation) ORDER BY number LIMIT :limit",
            {**within(scope), "after": after, "operation": operation, "limit": limit},
        )
        with readable():
            return [audit_entry_of(row) for row in rows]

    def _record(self, sql: str, values: tuple[Any, ...]) -> Record | None:
        row = self._db.execute(sql, values).fetchone()
        if row is None:
            return None
        if partition_of(row[0]) != values[0]:
            raise _astray()
        with readable():
            record = record_of(row[:-4], *self._owner(row[1]))
        return replace(record, words=row[-4], speaker=row[-3], vector=row[-2], given=bool(row[-1]))

    def _owner(self, partition: int) -> tuple[str, str]:
        """The tenant and the user of a partition."""
        return self._db.execute(
            "SELECT c.tenant, p.user_id FROM partitions p JOIN collections c ON c.id = p.collection WHERE p.id = ?",
            (partition,),
        ).fetchone() or ("", "")

    def _selected(self, sql: str, rows: Sequence[int]) -> list[Any]:
        """What ``sql`` completed by "IN these rows" answers, asked in bites that SQLite takes."""
        return [
            row for bite in in_bites(rows) for row in self._db.execute(f"{sql} IN ({marks(bite)})", bite).fetchall()
        ]


@lru_cache(maxsize=128)
def _living_rows(count: int) -> str:
    """The statement for so many rows."""
    return f"{_LIVING} IN ({', '.join('?' * count)})"


def in_bites(rows: Iterable[int]) -> Iterator[list[int]]:
    """Parts of at most a few hundred."""
    every = [int(row) for row in rows]
    for start in range(0, len(every), _CHUNK):
        yield every[start : start + _CHUNK]


def marks(values: Sequence[object]) -> str:
    """As many question marks as there are values."""
    return ", ".join("?" * len(values))


def _conditions(listing: Listing) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    if listing.deleted is not None:
        where.append(f"m.deleted_at IS {'NOT ' if listing.deleted else ''}NULL")
    values: list[Any] = []
    for column, wanted in (("agent_id", listing.agent_id), ("session_id", listing.session_id)):
        if wanted is not None:
            where.append(f"m.{column} = ?")
            values.append(wanted)
    if listing.types is not None:
        where.append(f"m.type IN ({marks(listing.types)})")
        values.extend(listing.types)
    if listing.now is not None:
        where.append("(m.expires_at IS NULL OR m.expires_at > ?)")
        values.append(to_micros(listing.now))
    return where, values


def _astray() -> StoreDamagedError:
    return StoreDamagedError(
        "an index of the store is damaged: it leads to another user. Nothing was changed. Copy the folder away, then restore a backup "
        "or an export"
    )


def _collection(row: tuple[Any, ...]) -> Collection:
    return Collection(row[0], row[1], row[2], Fingerprint(row[3], row[4], row[5]), row[6])


def _partition(row: tuple[Any, ...]) -> Partition:
    return Partition(row[0], _collection(row[5:]), row[1], row[2], row[3], row[4])


def partition_of(row: int) -> int:
    """The partition a row number belongs to."""
    return row >> ROW_BITS


_OWN_COLUMNS = {
    name: name
    for name in (
        "id", "content", "type", "entities", "agent_id", "session_id", "role", "name", "importance", "version",
        "occurred_at", "created_at", "updated_at", "expires_at",
    )
}  # fmt: skip

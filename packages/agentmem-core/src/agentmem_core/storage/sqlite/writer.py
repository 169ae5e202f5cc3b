"""Writing to the ledger's tables, inside one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from agentmem_core.errors import StoreError
from agentmem_core.model import AuditEntry, Link, Scope, Version
from agentmem_core.ports import Erased, Fingerprint, Partition, Record
from agentmem_core.storage.sqlite.reader import SqliteReader, in_bites, marks, partition_of
from agentmem_core.storage.sqlite.rows import (
    AUDIT_COLUMNS,
    ROW_COLUMNS,
    STORED,
    WITHIN,
    audit_values,
    bounds,
    encode_json,
    memory_values,
    to_micros,
    uses_of,
    within,
)

_COLUMNS = ROW_COLUMNS + STORED
_INSERT = f"INSERT INTO memories ({', '.join(_COLUMNS)}) VALUES ({marks(_COLUMNS)})"
_INSERT_IF_NEW = _INSERT.replace("INSERT", "INSERT OR IGNORE", 1)
_UPDATE = f"UPDATE memories SET {', '.join(f'{column} = ?' for column in _COLUMNS[2:])} WHERE row = ?"
_KEEP_VERSION = """
INSERT OR REPLACE INTO versions (row, version, content, metadata, importance, operation, changed_at, reason)
SELECT row, version, content, metadata, importance, operation, updated_at, reason FROM memories WHERE row = ?
"""
_USES = "INSERT OR REPLACE INTO uses (row, count, at) VALUES (?, ?, ?)"
_USED = """
WITH used (row, count, at) AS (VALUES {values})
INSERT INTO uses (row, count, at) SELECT row, count, at FROM used
WHERE EXISTS (SELECT 1 FROM uses u WHERE u.row = used.row) OR EXISTS (SELECT 1 FROM memories m WHERE m.row = used.row)
ON CONFLICT (row) DO UPDATE SET count = count + excluded.count, at = max(coalesce(at, 0), excluded.at)
"""
_TAKE_ROWS = "UPDATE partitions SET last_row = last_row + ? WHERE id = ? RETURNING last_row"
_TAKE_ROW = """
UPDATE partitions SET last_row = last_row + 1
WHERE id = ? AND user_id = ? AND EXISTS (
    SELECT 1 FROM collections c
    WHERE c.id = collection AND c.generation = ? AND c.dimension = ? AND c.name = ? AND c.tenant = ?
)
RETURNING last_row, change, epoch
"""
_GIVE_ROW_BACK = "UPDATE partitions SET last_row = last_row - 1 WHERE id = ?"
_STAGED = """
SELECT s.row FROM staging s JOIN partitions p ON p.id = s.row >> 32 WHERE p.collection = ?
"""
_LINK = """
INSERT OR REPLACE INTO links (partition, source, relation, target, weight, metadata, valid_from, valid_to, fact)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_UNLINK = (
    "DELETE FROM links WHERE partition = ? AND source IN",
    "DELETE FROM links INDEXED BY links_by_target WHERE partition = ? AND target IN",
    "DELETE FROM links INDEXED BY links_by_fact WHERE partition = ? AND fact != '' AND fact IN",
)
"""One after the other, since SQLite walks over all links of a user for two of these in one statement."""
_VERSION = "INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_AUDIT = f"INSERT INTO audit ({', '.join(AUDIT_COLUMNS)}) VALUES ({marks(AUDIT_COLUMNS)})"
_USES_AT_ONCE = 300
CHANGES_KEPT = 8192
"""How far the log of changes reaches back at least; a cache that is further behind loads its partition anew."""


class SqliteWriter(SqliteReader):
    """The one transaction at a time; reads see what it has written so far."""

    def ensure_partition(self, tenant: str, name: str, user_id: str, embedder: Fingerprint) -> Partition:
        found = self.partition(tenant, name, user_id)
        if found is None:
            self._db.execute(
                "INSERT OR IGNORE INTO collections (tenant, name, provider, model, dimension) VALUES (?, ?, ?, ?, ?)",
                (tenant, name, embedder.provider, embedder.model, embedder.dimension),
            )
            self._db.execute(
                "INSERT INTO partitions (collection, user_id) SELECT id, ? FROM collections WHERE tenant = ? AND name = ?",
                (user_id, tenant, name),
            )
            made = self._db.execute("SELECT last_insert_rowid()").fetchone()[0]
            self._db.execute("UPDATE partitions SET last_row = ? WHERE id = ?", (bounds(made)[0], made))
            found = self.partition(tenant, name, user_id)
        if found is None:
            raise StoreError(f"the partition of collection {name!r} could not be made")
        if found.collection.embedder.dimension is None and embedder.dimension is not None:
            self._db.execute(
                "UPDATE collections SET dimension = ? WHERE id = ?", (embedder.dimension, found.collection.id)
            )
            found = self.partition(tenant, name, user_id) or found
        return found

    def insert(self, partition: int, records: Sequence[Record], history: Sequence[Sequence[Version]] = ()) -> list[int]:
        taken = self._db.execute(_TAKE_ROWS, (len(records), partition)).fetchall()
        if not taken:
            raise StoreError(f"there is no partition {partition}")
        rows = range(taken[0][0] - len(records) + 1, taken[0][0] + 1)
        self._db.executemany(
            _INSERT, [memory_values(partition, row, record) for row, record in zip(rows, records, strict=True)]
        )
        used = [uses for row, record in zip(rows, records, strict=True) if (uses := uses_of(row, record.memory))]
        if used:
            self._db.executemany(_USES, used)
        for row, versions in zip(rows, history, strict=False):
            self._db.executemany(_VERSION, [_version_values(row, version) for version in versions])
        return list(rows)

    def append(self, known: Partition, record: Record) -> Partition | None:
        collection = known.collection
        whose = known.id, known.user_id, collection.generation, collection.embedder.dimension
        taken = self._db.execute(_TAKE_ROW, (*whose, collection.name, collection.tenant)).fetchall()
        if not taken:
            return None
        ((row, change, epoch),) = taken
        if not self._db.execute(_INSERT_IF_NEW, memory_values(known.id, row, record)).rowcount:
            self._db.execute(_GIVE_ROW_BACK, (known.id,))
            return None
        uses = uses_of(row, record.memory)
        if uses:
            self._db.execute(_USES, uses)
        return Partition(known.id, collection, known.user_id, row, change, epoch)

    def rewrite(self, record: Record, *, versioned: bool = True) -> None:
        partition = partition_of(record.row)
        if versioned:
            self._db.execute(_KEEP_VERSION, (record.row,))
        values = memory_values(partition, record.row, record)
        self._db.execute(_UPDATE, (*values[2:], record.row))
        uses = uses_of(record.row, record.memory)
        self._db.execute(*((_USES, uses) if uses else ("DELETE FROM uses WHERE row = ?", (record.row,))))
        self._db.execute("DELETE FROM staging WHERE row = ?", (record.row,))
        self._log(partition, [record.row])

    def touch(self, counts: Iterable[tuple[int, int, datetime]]) -> None:
        every = sorted(counts)
        for start in range(0, len(every), _USES_AT_ONCE):  # a statement a row takes three times as long
            bite = every[start : start + _USES_AT_ONCE]
            values = [value for row, times, when in bite for value in (row, times, to_micros(when))]
            self._db.execute(_used(len(bite)), values)

    def link(self, partition: int, link: Link) -> None:
        self._db.execute(
            _LINK,
            (
                partition, link.source, link.relation, link.target, link.weight, encode_json(link.metadata),
                to_micros(link.valid_from), to_micros(link.valid_to), link.fact or "",
            ),
        )  # fmt: skip

    def erase(self, partition: int, rows: Sequence[int] | None) -> Erased:
        if rows is None:
            return self._erase_partition(partition)
        taken = [0, 0, 0, 0]
        digests = frozenset(digest for _, digest in self.attachments(partition, rows))
        for bite in in_bites(rows):
            names = f"SELECT id FROM memories WHERE row IN ({marks(bite)})"
            taken[3] += sum(
                self._db.execute(f"{statement} ({names})", (partition, *bite)).rowcount for statement in _UNLINK
            )
            taken[2] += self._count_vectors(f"row IN ({marks(bite)})", bite)
            for number, table in enumerate(("memories", "versions", "staging")):
                done = self._db.execute(f"DELETE FROM {table} WHERE row IN ({marks(bite)})", bite).rowcount
                if number < 2:
                    taken[number] += done
            for table in ("attachments", "learnt", "uses"):
                self._db.execute(f"DELETE FROM {table} WHERE row IN ({marks(bite)})", bite)
        self._log(partition, rows)
        self._db.execute("UPDATE partitions SET epoch = epoch + 1 WHERE id = ?", (partition,))
        memories, versions, vectors, links = taken
        return Erased(memories, versions, vectors, links, digests)

    def trash(self, tenant: str) -> list[tuple[int, list[int]]]:
        rows = self._db.execute(
            "SELECT m.partition, m.row FROM memories m JOIN partitions p ON p.id = m.partition "
            "JOIN collections c ON c.id = p.collection WHERE m.deleted_at IS NOT NULL AND c.tenant = ? ORDER BY m.row",
            (tenant,),
        )
        found: dict[int, list[int]] = {}
        for partition, row in rows:
            found.setdefault(partition, []).append(row)
        return list(found.items())

    def stage(self, vectors: Iterable[tuple[int, bytes]]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO staging (row, vector) VALUES (?, ?)", vectors)

    def unstaged(self, collection: int, *, after: int, limit: int) -> list[tuple[int, str, str | None]]:
        rows = self._db.execute(
            "SELECT m.row, m.content, m.speaker FROM memories m "
            "JOIN partitions p ON p.id = m.partition LEFT JOIN staging s ON s.row = m.row "
            "WHERE p.collection = ? AND m.row > ? AND m.vector IS NOT NULL AND s.row IS NULL ORDER BY m.row LIMIT ?",
            (collection, after, limit),
        )
        return list(rows)

    def staged(self, collection: int) -> int:
        found = self._db.execute(f"SELECT count(*) FROM staging WHERE row IN ({_STAGED})", (collection,)).fetchone()
        return int(found[0])

    def unstage(self, collection: int) -> None:
        self._db.execute(f"DELETE FROM staging WHERE row IN ({_STAGED})", (collection,))

    def adopt(self, collection: int, embedder: Fingerprint) -> None:
        self._db.execute(
            "UPDATE memories SET given = 0, vector = (SELECT s.vector FROM staging s WHERE s.row = memories.row) "
            f"WHERE row IN ({_STAGED})",
            (collection,),
        )
        self._db.execute(
            "UPDATE collections SET provider = ?, model = ?, dimension = ?, generation = generation + 1 WHERE id = ?",
            (embedder.provider, embedder.model, embedder.dimension, collection),
        )
        self.unstage(collection)

    def set_setting(self, name: str, value: str | None) -> None:
        if value is None:
            self._db.execute("DELETE FROM settings WHERE name = ?", (name,))
        else:
            self._db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))

    def rewrite_history(self, row: int, versions: Sequence[Version]) -> None:
        self._db.executemany(_VERSION, [_version_values(row, version) for version in versions])

    def attach(self, row: int, digest: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO attachments (row, digest) VALUES (?, ?)", (row, digest))

    def append_audit(self, entry: AuditEntry) -> None:
        self._db.execute(_AUDIT, audit_values(entry))

    def erase_audit(self, scope: Scope, targets: Sequence[str] | None = None) -> None:
        values = within(scope)
        if targets is None:
            self._db.execute(f"DELETE FROM audit WHERE {WITHIN}", values)
            return
        self._db.executemany(
            f"DELETE FROM audit WHERE {WITHIN} AND target = :target", [{**values, "target": item} for item in targets]
        )

    def _erase_partition(self, partition: int) -> Erased:
        span = bounds(partition)
        digests = frozenset(digest for _, digest in self.attachments(partition))
        for table in ("attachments", "learnt", "uses"):
            self._db.execute(f"DELETE FROM {table} WHERE row > ? AND row <= ?", span)
        vectors = self._count_vectors("row > ? AND row <= ?", span)
        counts = {
            table: self._db.execute(f"DELETE FROM {table} WHERE row > ? AND row <= ?", span).rowcount
            for table in ("memories", "versions", "staging")
        }
        links = self._db.execute("DELETE FROM links WHERE partition = ?", (partition,)).rowcount
        self._db.execute("DELETE FROM changes WHERE partition = ?", (partition,))
        self._db.execute("DELETE FROM partitions WHERE id = ?", (partition,))
        return Erased(counts["memories"], counts["versions"], vectors, links, digests)

    def _count_vectors(self, where: str, values: Sequence[int]) -> int:
        sql = f"SELECT count(*) FROM memories WHERE vector IS NOT NULL AND {where}"
        return int(self._db.execute(sql, values).fetchone()[0])

    def _log(self, partition: int, rows: Sequence[int]) -> None:
        change = self._db.execute("SELECT change FROM partitions WHERE id = ?", (partition,)).fetchone()[0]
        self._db.executemany(
            "INSERT INTO changes (partition, change, row) VALUES (?, ?, ?)",
            [(partition, number, row) for number, row in enumerate(rows, change + 1)],
        )
        newest = change + len(rows)
        self._db.execute("UPDATE partitions SET change = ? WHERE id = ?", (newest, partition))
        if newest // CHANGES_KEPT > change // CHANGES_KEPT:
            oldest = newest - CHANGES_KEPT
            self._db.execute("DELETE FROM changes WHERE partition = ? AND change <= ?", (partition, oldest))
            self._db.execute("UPDATE partitions SET log_from = ? WHERE id = ?", (oldest, partition))


@lru_cache(maxsize=16)
def _used(count: int) -> str:
    """The statement for so many rows."""
    return _USED.format(values=", ".join(["(?, ?, ?)"] * count))


def _version_values(row: int, version: Version) -> tuple[object, ...]:
    return (
        row, version.version, version.content, encode_json(version.metadata), version.importance, version.operation,
        to_micros(version.changed_at), version.reason,
    )  # fmt: skip

"""The keys of a server on SQLite: a file of its own beside the ledger, shared by servers and command lines."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from agentmem_core.model.keys import ApiKey
from agentmem_core.storage.sqlite.connections import Connections
from agentmem_core.storage.sqlite.rows import to_micros, to_moment
from agentmem_core.storage.sqlite.schema import Schema

KEYS_FILE = "keys.db"

_SCHEMA = Schema(
    0x41474B31,  # AGK1
    1,
    """
CREATE TABLE keys (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL, role TEXT NOT NULL, user_id TEXT, name TEXT, limits TEXT,
    created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER, last_used_at INTEGER
) STRICT;
CREATE INDEX keys_by_tenant ON keys (tenant, created_at);
CREATE TABLE secrets (digest BLOB PRIMARY KEY, key TEXT NOT NULL, valid_until INTEGER) STRICT, WITHOUT ROWID;
CREATE INDEX secrets_by_key ON secrets (key);
CREATE TABLE denied (
    tenant TEXT NOT NULL, token TEXT NOT NULL, until INTEGER, PRIMARY KEY (tenant, token)
) STRICT, WITHOUT ROWID;
CREATE TABLE anchors (only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE changes (only INTEGER PRIMARY KEY CHECK (only = 1), change INTEGER NOT NULL) STRICT;
INSERT INTO changes VALUES (1, 0);
""",
)
_REMEMBERED = timedelta(days=30)
"""How long a denied token is known after it has expired: the clock may have been wrong when it was asked."""

_FIELDS = ", ".join(ApiKey.model_fields)
_MOMENTS = {"created_at", "expires_at", "revoked_at", "last_used_at"}


@dataclass(frozen=True, slots=True)
class Secret:
    """Which key a secret opens, and until when: that of a rotated key only for a time of grace."""

    digest: bytes
    key: str
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Keyring:
    """All that lets callers in, as of one change: keys by id, secrets by digest, tokens that are denied (tenant, id)."""

    change: int
    keys: Mapping[str, ApiKey]
    secrets: Mapping[bytes, Secret]
    denied: frozenset[tuple[str, str]]


class SqliteKeys:
    """Keys in ``folder/keys.db``, or in memory when ``folder`` is None; every change is on disk when its call returns."""

    def __init__(self, folder: Path | None) -> None:
        """Open the file and make it when it is not there; errors are ``StoreError``."""
        self._connections = Connections(None if folder is None else folder / KEYS_FILE, "full", _SCHEMA)

    def change(self) -> int:
        """A number that grows with every change that decides who is let in."""
        with self._connections.reading() as connection:
            return _change(connection)

    def keyring(self, now: datetime) -> Keyring:
        """Everything of one moment; denied tokens that had expired long before ``now`` are left out."""
        with self._connections.reading() as connection:
            keys = [_key(row) for row in connection.execute(f"SELECT {_FIELDS} FROM keys")]
            secrets = [
                Secret(digest, key, to_moment(until))
                for digest, key, until in connection.execute("SELECT digest, key, valid_until FROM secrets")
            ]
            denied = connection.execute(
                "SELECT tenant, token FROM denied WHERE coalesce(until, ?) >= ?", _twice(now - _REMEMBERED)
            )
            return Keyring(
                _change(connection),
                {key.id: key for key in keys},
                {secret.digest: secret for secret in secrets},
                frozenset((tenant, token) for tenant, token in denied),
            )

    def find(self, key_id: str) -> ApiKey | None:
        """The key of that id."""
        with self._connections.reading() as connection:
            row = connection.execute(f"SELECT {_FIELDS} FROM keys WHERE id = ?", (key_id,)).fetchone()
            return None if row is None else _key(row)

    def of(self, tenant: str | None, *, after: str | None = None, limit: int = -1) -> list[ApiKey]:
        """The keys of a tenant, or all, in the order they were made; those past the key ``after``, and at most ``limit``."""
        with self._connections.reading() as connection:
            rows = connection.execute(
                f"SELECT {_FIELDS} FROM keys WHERE (:tenant IS NULL OR tenant = :tenant) AND (:after IS NULL OR (created_at, id) > "
                "(SELECT created_at, id FROM keys WHERE id = :after)) ORDER BY created_at, id LIMIT :limit",
                {"tenant": tenant, "after": after, "limit": limit},
            )
            return [_key(row) for row in rows]

    def add(self, key: ApiKey, digest: bytes) -> None:
        """Keep a new key, and the digest of its secret."""
        values = [_stored(name, getattr(key, name)) for name in ApiKey.model_fields]
        with self._connections.writing() as connection:
            connection.execute(f"INSERT INTO keys ({_FIELDS}) VALUES ({', '.join('?' * len(values))})", values)
            connection.execute("INSERT INTO secrets VALUES (?, ?, NULL)", (digest, key.id))
            _note_change(connection)

    def rotate(self, key_id: str, digest: bytes, *, now: datetime, until: datetime) -> None:
        """Give a key another secret; those it had are valid for no longer than ``until``, and are forgotten once over."""
        with self._connections.writing() as connection:
            connection.execute(
                "UPDATE secrets SET valid_until = min(coalesce(valid_until, :until), :until) WHERE key = :key",
                {"until": to_micros(until), "key": key_id},
            )
            connection.execute("DELETE FROM secrets WHERE key = ? AND valid_until <= ?", (key_id, to_micros(now)))
            connection.execute("INSERT INTO secrets VALUES (?, ?, NULL)", (digest, key_id))
            _note_change(connection)

    def revoke(self, key_id: str, at: datetime) -> None:
        """Let nobody in by this key from now on; its secrets are forgotten, what is known of it is kept."""
        with self._connections.writing() as connection:
            connection.execute(
                "UPDATE keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", (to_micros(at), key_id)
            )
            connection.execute("DELETE FROM secrets WHERE key = ?", (key_id,))
            _note_change(connection)

    def deny(self, tenant: str, token: str, *, until: datetime | None, now: datetime) -> None:
        """Let nobody in by this token of a tenant; remembered until it expires by itself, or for good."""
        with self._connections.writing() as connection:
            connection.execute("DELETE FROM denied WHERE until < ?", (to_micros(now - _REMEMBERED),))
            connection.execute("INSERT OR REPLACE INTO denied VALUES (?, ?, ?)", (tenant, token, to_micros(until)))
            _note_change(connection)

    def touch(self, used: Mapping[str, datetime]) -> None:
        """Write down when keys were last used."""
        with self._connections.writing() as connection:
            connection.executemany(
                "UPDATE keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?",
                [(to_micros(at), key_id) for key_id, at in used.items()],
            )

    def keep_anchor(self, number: int, digest: bytes) -> None:
        """Remember how far the audit had come, unless a later place is remembered."""
        with self._connections.writing() as connection:
            connection.execute(
                "INSERT INTO anchors VALUES (1, ?, ?) ON CONFLICT (only) DO UPDATE "
                "SET number = excluded.number, hash = excluded.hash WHERE excluded.number > number",
                (number, digest),
            )

    def anchor(self) -> tuple[int, bytes] | None:
        """How far the audit had come at least: the number of an entry, and its hash."""
        with self._connections.reading() as connection:
            row = connection.execute("SELECT number, hash FROM anchors").fetchone()
            return None if row is None else (row[0], row[1])

    def close(self) -> None:
        """Let go of the file."""
        self._connections.close()


def _change(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT change FROM changes").fetchone()[0])


def _note_change(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE changes SET change = change + 1")


def _twice(moment: datetime) -> tuple[int | None, int | None]:
    return (to_micros(moment), to_micros(moment))


def _stored(name: str, value: Any) -> Any:
    return to_micros(value) if name in _MOMENTS else value


@lru_cache(maxsize=65_536)
def _key(row: tuple[Any, ...]) -> ApiKey:
    """Remembered, since after every change all are read and one is another."""
    fields = dict(zip(ApiKey.model_fields, row, strict=True))
    return ApiKey.model_validate(fields | {name: to_moment(fields[name]) for name in _MOMENTS})

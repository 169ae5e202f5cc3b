"""The keys of a server on SQLite: a file of its own beside the ledger, shared by servers and command lines."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agentmem_core.model.keys import ApiKey
from agentmem_core.storage.sqlite.connections import Connections
from agentmem_core.storage.sqlite.rows import to_micros, to_moment
from agentmem_core.storage.sqlite.schema import Schema

KEYS_FILE = "keys.db"

_LOG = """
CREATE TABLE log (change INTEGER PRIMARY KEY, key TEXT, tenant TEXT, token TEXT) STRICT;
"""

_SCHEMA = Schema(
    0x41474B31,  # AGK1
    2,
    f"""
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
{_LOG}""",
    {1: _LOG},
)
_REMEMBERED = timedelta(days=30)
"""How long a denied token is known after it has expired: the clock may have been wrong when it was asked."""

LOGGED = 10_000
"""So many of the latest changes can be followed one by one; who is further behind reads everything."""

_FOLLOWED = 500
"""More at once are read as everything is."""

_FIELDS = ", ".join(ApiKey.model_fields)
_OPENINGS = "digest, key, valid_until"
_MOMENTS = {"created_at", "expires_at", "revoked_at", "last_used_at"}


@dataclass(frozen=True, slots=True)
class Secret:
    """Which key a secret opens, and until when: that of a rotated key only for a time of grace."""

    digest: bytes
    key: str
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Keyring:
    """All that lets callers in, as of one change: keys by id, secrets by digest, denied tokens (tenant, id) with their end."""

    change: int
    keys: Mapping[str, ApiKey]
    secrets: Mapping[bytes, Secret]
    denied: Mapping[tuple[str, str], datetime | None]


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
            return _everything(connection, now)

    def followed(self, ring: Keyring, now: datetime) -> Keyring:
        """A keyring as it is now: of what has changed since, only that is read, whichever process changed it."""
        with self._connections.reading() as connection:
            change = _change(connection)
            missing = change - ring.change
            if not missing:
                return ring
            logged = connection.execute(
                "SELECT key, tenant, token FROM log WHERE change > ?", (ring.change,)
            ).fetchall()
            if (
                missing > _FOLLOWED or len(logged) != missing
            ):  # not all of it was logged: by an older program, or long ago
                return _everything(connection, now)
            keys = sorted({key for key, _, _ in logged if key is not None})
            tokens = sorted({(tenant, token) for key, tenant, token in logged if key is None})
            return _changed(connection, ring, change, keys, tokens, now)

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
            _note_change(connection, key=key.id)

    def rotate(self, key_id: str, digest: bytes, *, now: datetime, until: datetime) -> None:
        """Give a key another secret; those it had are valid for no longer than ``until``, and are forgotten once over."""
        with self._connections.writing() as connection:
            connection.execute(
                "UPDATE secrets SET valid_until = min(coalesce(valid_until, :until), :until) WHERE key = :key",
                {"until": to_micros(until), "key": key_id},
            )
            connection.execute("DELETE FROM secrets WHERE key = ? AND valid_until <= ?", (key_id, to_micros(now)))
            connection.execute("INSERT INTO secrets VALUES (?, ?, NULL)", (digest, key_id))
            _note_change(connection, key=key_id)

    def revoke(self, key_id: str, at: datetime) -> None:
        """Let nobody in by this key from now on; its secrets are forgotten, what is known of it is kept."""
        with self._connections.writing() as connection:
            connection.execute(
                "UPDATE keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", (to_micros(at), key_id)
            )
            connection.execute("DELETE FROM secrets WHERE key = ?", (key_id,))
            _note_change(connection, key=key_id)

    def deny(self, tenant: str, token: str, *, until: datetime | None, now: datetime) -> None:
        """Let nobody in by this token of a tenant; remembered until it expires by itself, or for good."""
        with self._connections.writing() as connection:
            connection.execute("DELETE FROM denied WHERE until < ?", (to_micros(now - _REMEMBERED),))
            connection.execute("INSERT OR REPLACE INTO denied VALUES (?, ?, ?)", (tenant, token, to_micros(until)))
            _note_change(connection, tenant=tenant, token=token)

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


def _note_change(
    connection: sqlite3.Connection, *, key: str | None = None, tenant: str | None = None, token: str | None = None
) -> None:
    connection.execute("UPDATE changes SET change = change + 1")
    change = _change(connection)
    connection.execute("INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?)", (change, key, tenant, token))
    connection.execute("DELETE FROM log WHERE change <= ?", (change - LOGGED,))


def _everything(connection: sqlite3.Connection, now: datetime) -> Keyring:
    rows = connection.execute(
        "SELECT tenant, token, until FROM denied WHERE coalesce(until, ?) >= ?", _twice(now - _REMEMBERED)
    )
    return Keyring(
        _change(connection),
        {key.id: key for key in map(_key, connection.execute(f"SELECT {_FIELDS} FROM keys"))},
        {secret.digest: secret for secret in map(_secret, connection.execute(f"SELECT {_OPENINGS} FROM secrets"))},
        {(tenant, token): to_moment(until) for tenant, token, until in rows},
    )


def _changed(
    connection: sqlite3.Connection,
    ring: Keyring,
    change: int,
    keys: Sequence[str],
    tokens: Sequence[tuple[str, str]],
    now: datetime,
) -> Keyring:
    """A keyring with these keys and tokens as they stand; the one that is known stays as it is, others may be looking at it."""
    held, secrets, denied = dict(ring.keys), dict(ring.secrets), dict(ring.denied)
    if keys:
        gone = frozenset(keys)
        secrets = {digest: secret for digest, secret in secrets.items() if secret.key not in gone}
        some = f"({', '.join('?' * len(keys))})"
        held |= {
            key.id: key for key in map(_key, connection.execute(f"SELECT {_FIELDS} FROM keys WHERE id IN {some}", keys))
        }
        found = connection.execute(f"SELECT {_OPENINGS} FROM secrets WHERE key IN {some}", keys)
        secrets |= {secret.digest: secret for secret in map(_secret, found)}
    if tokens:
        over = now - _REMEMBERED
        denied = {name: until for name, until in denied.items() if until is None or until >= over}
    for name in tokens:
        row = connection.execute("SELECT until FROM denied WHERE tenant = ? AND token = ?", name).fetchone()
        if row is not None:
            denied[name] = to_moment(row[0])
    return Keyring(change, held, secrets, denied)


def _twice(moment: datetime) -> tuple[int | None, int | None]:
    return (to_micros(moment), to_micros(moment))


def _stored(name: str, value: Any) -> Any:
    return to_micros(value) if name in _MOMENTS else value


def _secret(row: tuple[bytes, str, int | None]) -> Secret:
    return Secret(row[0], row[1], to_moment(row[2]))


def _key(row: tuple[Any, ...]) -> ApiKey:
    fields = dict(zip(ApiKey.model_fields, row, strict=True))
    return ApiKey.model_validate(fields | {name: to_moment(fields[name]) for name in _MOMENTS})

"""The audit trail of a server on SQLite: numbered entries that are only ever added, in a file of their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeVar

from agentmem_core.errors import ConflictError
from agentmem_core.storage.sqlite.connections import Connections, Durability
from agentmem_core.storage.sqlite.schema import Schema

TRAIL_FILE = "audit.db"

_ARCHIVES = """
CREATE TABLE archives (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, entries INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;
CREATE TRIGGER archives_stand BEFORE UPDATE ON archives BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER archives_stay BEFORE DELETE ON archives BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER entries_stay BEFORE DELETE ON entries WHEN OLD.number > (SELECT coalesce(max(number), 0) FROM archives)
BEGIN SELECT RAISE(ABORT, 'the audit is only added to, until it is archived'); END;
"""

_SCHEMA = Schema(
    0x41474131,  # AGA1
    2,
    f"""
CREATE TABLE entries (number INTEGER PRIMARY KEY, entry TEXT NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TRIGGER entries_stand BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
{_ARCHIVES}""",
    {1: f"DROP TRIGGER entries_stay;\n{_ARCHIVES}"},
)
_PAGE = 1_000
_REMOVED_AT_ONCE = 5_000
"""Entries of one transaction: a server waits for it."""

_ADDED_AT_ONCE = 64
"""Rows of one statement: between two of them the interpreter's lock goes to and fro."""

FIRST = -(2**63)
"""Before any number: what somebody has put before the first entry is walked over too."""

E = TypeVar("E")


class Entry(NamedTuple):
    """One entry as it is written: canonical JSON, and the hash over it and all that came before."""

    number: int
    text: str
    hash: bytes


class Archived(NamedTuple):
    """What was moved into a file: up to which entry, its hash, how many, and the SHA-256 of the file in hex."""

    number: int
    hash: bytes
    entries: int
    digest: str


class SqliteTrail:
    """Entries in ``folder/audit.db``, or in memory when ``folder`` is None.

    Several processes may add to it: each batch is one transaction that begins where the last one ended. An entry survives a
    killed process; one added as ``durable`` with ``durability="full"`` survives a power cut, with all that came before it.
    """

    def __init__(self, folder: Path | None, *, durability: Durability = "full") -> None:
        """Open the file and make it when it is not there; errors are ``StoreError``."""
        file = None if folder is None else folder / TRAIL_FILE
        self._quick = Connections(file, "normal", _SCHEMA)
        self._sure = Connections(file, "full", _SCHEMA) if file is not None and durability == "full" else self._quick

    def append(
        self,
        given: Sequence[E],
        chained: Callable[[Entry | None, E], Entry],
        *,
        durable: bool = True,
        archived: Archived | None = None,
    ) -> Entry | None:
        """Add what ``chained`` makes of the last entry and each that is given; answers the last entry.

        ``archived`` says, in the same transaction, that what comes before may be removed.
        """
        with (self._sure if durable else self._quick).writing() as connection:
            row = connection.execute("SELECT number, entry, hash FROM entries ORDER BY number DESC LIMIT 1").fetchone()
            last = None if row is None else Entry(*row)
            added: list[Entry] = []
            for item in given:
                last = chained(last, item)
                added.append(last)
            for begin in range(0, len(added), _ADDED_AT_ONCE):
                _insert(connection, added[begin : begin + _ADDED_AT_ONCE])
            if archived is not None:
                begins = connection.execute("SELECT coalesce(max(number), 0) FROM archives").fetchone()[0]
                if begins != archived.number - archived.entries:
                    raise ConflictError("the audit was archived by another process meanwhile; try again")
                connection.execute("INSERT INTO archives VALUES (?, ?, ?, ?)", archived)
        return last

    def archives(self) -> list[Archived]:
        """What was moved into files, in order; the trail begins after the last one."""
        with self._quick.reading() as connection:
            rows = connection.execute("SELECT number, hash, entries, digest FROM archives ORDER BY number")
            return [Archived(*row) for row in rows]

    def remove_archived(self) -> int:
        """Let go of what was moved into files, some at a time, so that nobody waits for long; answers how many it were."""
        removed, some = 0, 1
        while some:
            with self._sure.writing() as connection:
                some = connection.execute(
                    "DELETE FROM entries WHERE number IN (SELECT number FROM entries "
                    "WHERE number <= (SELECT coalesce(max(number), 0) FROM archives) ORDER BY number LIMIT ?)",
                    (_REMOVED_AT_ONCE,),
                ).rowcount
            removed += some
        return removed

    def settle(self) -> None:
        """All that was added is on the disk."""
        with self._sure.alone() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def walk(self, after: int = FIRST) -> Iterator[Entry]:
        """The entries past number ``after``, a page at a time, so that nobody waits for a long reading."""
        while True:
            with self._quick.reading() as connection:
                rows = connection.execute(
                    "SELECT number, entry, hash FROM entries WHERE number > ? ORDER BY number LIMIT ?", (after, _PAGE)
                ).fetchall()
            if not rows:
                return
            for row in rows:
                yield Entry(*row)
            after = rows[-1][0]

    def count(self) -> int:
        """The number of the last entry, 0 when there is none."""
        with self._quick.reading() as connection:
            return int(connection.execute("SELECT coalesce(max(number), 0) FROM entries").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._quick.close()
        self._sure.close()


def _insert(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    places = ", ".join(["(?, ?, ?)"] * len(entries))
    connection.execute(f"INSERT INTO entries VALUES {places}", tuple(chain.from_iterable(entries)))

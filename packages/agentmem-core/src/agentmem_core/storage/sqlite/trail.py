"""The audit trail of a server on SQLite: numbered entries that are only ever added, in a file of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from agentmem_core.storage.sqlite.connections import Connections, Durability
from agentmem_core.storage.sqlite.schema import Schema

TRAIL_FILE = "audit.db"

_SCHEMA = Schema(
    0x41474131,  # AGA1
    1,
    """
CREATE TABLE entries (number INTEGER PRIMARY KEY, entry TEXT NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TRIGGER entries_stand BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
""",
)
_PAGE = 1_000

FIRST = -(2**63)
"""Before any number: what somebody has put before the first entry is walked over too."""

E = TypeVar("E")


class Entry(NamedTuple):
    """One entry as it is written: canonical JSON, and the hash over it and all that came before."""

    number: int
    text: str
    hash: bytes


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
        self, given: Sequence[E], chained: Callable[[Entry | None, E], Entry], *, durable: bool = True
    ) -> Entry | None:
        """Add what ``chained`` makes of the last entry and each that is given; answers the last entry."""
        with (self._sure if durable else self._quick).writing() as connection:
            row = connection.execute("SELECT number, entry, hash FROM entries ORDER BY number DESC LIMIT 1").fetchone()
            last = None if row is None else Entry(*row)
            added: list[Entry] = []
            for item in given:
                last = chained(last, item)
                added.append(last)
            connection.executemany("INSERT INTO entries VALUES (?, ?, ?)", added)
        return last

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

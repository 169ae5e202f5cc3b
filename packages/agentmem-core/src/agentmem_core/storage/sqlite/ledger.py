"""The ledger on SQLite: one file in WAL mode, shared by any number of processes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from agentmem_core.errors import StoreBusyError, StoreError
from agentmem_core.storage.sqlite.connections import Connections, Durability
from agentmem_core.storage.sqlite.reader import SqliteReader
from agentmem_core.storage.sqlite.writer import SqliteWriter

FILE_NAME = "agentmem.db"
_SCRUB_PATIENCE = 2.0


class SqliteLedger:
    """A ``Ledger`` in ``folder/agentmem.db``, or in memory when ``folder`` is None."""

    def __init__(self, folder: Path | None, *, durability: Durability = "full") -> None:
        """Open the file and make it when it is not there; errors are ``StoreError`` and leave it untouched."""
        self._file = None if folder is None else folder / FILE_NAME
        self._connections = Connections(self._file, durability)

    @contextmanager
    def reading(self) -> Generator[SqliteReader]:
        with self._connections.reading() as connection:
            yield SqliteReader(connection)

    @contextmanager
    def writing(self) -> Generator[SqliteWriter]:
        with self._connections.writing() as connection:
            yield SqliteWriter(connection)

    def scrub(self) -> bool:
        """Move everything from the write-ahead log into the file, where erased bytes are zeros, and empty the log."""
        if self._file is None:
            return True
        until = time.monotonic() + _SCRUB_PATIENCE
        while True:
            with self._connections.alone() as connection:
                connection.execute("PRAGMA busy_timeout = 200")
                try:
                    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                finally:
                    connection.execute("PRAGMA busy_timeout = 60000")
            if not busy:
                return True
            if time.monotonic() > until:
                return False
            time.sleep(0.02)

    def compact(self) -> None:
        try:
            with self._connections.alone() as connection:
                connection.execute("VACUUM")
        except StoreBusyError as error:
            raise StoreBusyError(f"{error}; compact when no other process uses the store") from error
        self.scrub()

    def size(self) -> int:
        if self._file is None:
            with self._connections.reading() as connection:
                pages = connection.execute("PRAGMA page_count").fetchone()[0]
                return int(pages * connection.execute("PRAGMA page_size").fetchone()[0])
        names = (self._file.name, self._file.name + "-wal", self._file.name + "-shm")
        files = (self._file.with_name(name) for name in names)
        return sum(file.stat().st_size for file in files if file.exists())

    def check(self) -> str:
        try:
            with self._connections.reading() as connection:
                found = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
        except (StoreError, sqlite3.Error) as error:
            return str(error)
        return "" if found == ["ok"] else "; ".join(found)

    def close(self) -> None:
        self._connections.close()

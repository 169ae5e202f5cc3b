"""The ledger on SQLite: one file in WAL mode, shared by any number of processes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from agentmem_core.errors import StoreBusyError, StoreClosedError, StoreError, StoreFullError
from agentmem_core.model import Memory
from agentmem_core.ports import Packed, Partition
from agentmem_core.storage.sqlite.connections import Connections, Durability
from agentmem_core.storage.sqlite.glance import AT_A_GLANCE, glance, told
from agentmem_core.storage.sqlite.reader import SqliteReader
from agentmem_core.storage.sqlite.rows import unpack
from agentmem_core.storage.sqlite.writer import SqliteWriter

FILE_NAME = "agentmem.db"
_LOG_PATIENCE = 2.0
_OWNERS_KEPT = 4096
_IN_MEMORY_LIMIT = 256 * 1024 * 1024


class SqliteLedger:
    """A ``Ledger`` in ``folder/agentmem.db``, or in memory when ``folder`` is None."""

    def __init__(self, folder: Path | None, *, durability: Durability = "full") -> None:
        """Open the file and make it when it is not there; errors are ``StoreError`` and leave it untouched."""
        self._file = None if folder is None else folder / FILE_NAME
        self._connections = Connections(self._file, durability)
        self._owners: dict[int, tuple[str, str]] = {}
        """Of partitions as readers of the file saw them: what they see has been committed. In memory they may see what is undone."""

    @contextmanager
    def reading(self) -> Generator[SqliteReader]:
        with self._connections.reading() as connection:
            yield SqliteReader(connection, None if self._file is None else self._owners)
            if len(self._owners) > _OWNERS_KEPT:
                self._owners.clear()

    def writing(self) -> AbstractContextManager[SqliteWriter]:
        return self._connections.writing_as(SqliteWriter)

    @contextmanager
    def gathering(self) -> Generator[None]:
        with self._connections.gathering():
            yield

    def glance(self, partition: Partition, rows: Sequence[int]) -> dict[int, Packed] | None:
        if len(rows) <= AT_A_GLANCE:
            return told(partition, self._connections.glance(glance(len(rows)), [*map(int, rows), partition.id]))
        with self.reading() as reader:
            return reader.packed_rows(rows) if reader.again(partition) == partition else None

    def unpack(self, partition: Partition, packed: Iterable[Packed]) -> list[Memory]:
        return unpack(partition, packed)

    def is_at_hand(self) -> bool:
        return self._connections.is_at_hand()

    def scrub(self) -> bool:
        """Write the file anew without what was erased, and empty the write-ahead log.

        ``secure_delete`` zeroes what is deleted, but where SQLite has moved a row to another page before, a copy can be left
        in the unused part of the old page: only writing every page anew is sure to leave nothing.
        """
        if self._file is None:
            return True
        try:
            self._vacuum()
        except (StoreBusyError, StoreFullError):
            return False
        return self._empty_log()

    def compact(self) -> None:
        try:
            self._vacuum()
        except StoreBusyError as error:
            raise StoreBusyError(f"{error}; compact when no other process uses the store") from error
        self._empty_log()

    def _vacuum(self) -> None:
        with self._connections.alone() as connection:
            large = self.size() > _IN_MEMORY_LIMIT
            connection.execute(f"PRAGMA temp_store = {'FILE' if large else 'MEMORY'}")
            try:
                connection.execute("VACUUM")
            finally:
                connection.execute("PRAGMA temp_store = MEMORY")

    def _empty_log(self) -> bool:
        """Move the write-ahead log into the file; False when a reader of another process still needs it."""
        if self._file is None:
            return True
        until = time.monotonic() + _LOG_PATIENCE
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

    def size(self) -> int:
        if self._file is None:
            with self._connections.reading() as connection:
                pages = connection.execute("PRAGMA page_count").fetchone()[0]
                return int(pages * connection.execute("PRAGMA page_size").fetchone()[0])
        return sum(_size_of(self._file.with_name(self._file.name + ending)) for ending in ("", "-wal", "-shm"))

    def check(self) -> str:
        try:
            with self._connections.reading() as connection:
                found = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
        except StoreClosedError:
            raise
        except (StoreError, sqlite3.Error) as error:
            return str(error)
        return "" if found == ["ok"] else "; ".join(found)

    def close(self) -> None:
        self._connections.close()


def _size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0

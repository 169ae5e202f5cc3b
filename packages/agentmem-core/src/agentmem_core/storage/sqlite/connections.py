"""Connections to one database file: a writer behind a lock, and readers that are lent out."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TypeVar

from agentmem_core.errors import StoreClosedError, StoreError, StoreUnavailableError
from agentmem_core.storage.sqlite.failures import PATIENCE, code_of, translate, translated
from agentmem_core.storage.sqlite.schema import LEDGER, Schema
from agentmem_core.storage.sqlite.strangers import make_private, refuse_other, refuse_strange

W = TypeVar("W")
Durability = Literal["full", "normal"]

_READERS_KEPT = 8
_FORK_PATIENCE = 10.0


class Connections:
    """All connections of this process to one file, or the one connection to a database in memory.

    Around a fork every connection to a file is closed: SQLite's own account of locks must not be carried into a child, which
    could otherwise not open the same file safely itself.
    """

    def __init__(self, file: Path | None, durability: Durability, schema: Schema = LEDGER) -> None:
        """Open ``file`` (None: in memory), and make the tables if there are none."""
        self._file = file
        self._name = "" if file is None else str(file)
        self._schema = schema
        self._durability = durability
        self._pid = os.getpid()
        self._write_lock = threading.RLock()
        self._pool = threading.RLock()  # a signal may come in the middle of a search, and its handler close
        self._idle: list[sqlite3.Connection] = []
        self._lent = 0
        self._closed = False
        self._gathers = False
        """Whether the thread that holds the lock for writing gathers."""
        self._writer_open: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        """Which file it is; that of this name may be another one by now."""
        with _OPENING:
            if file is not None and not any(other.holds(file) for other in _LIVE):
                make_private(file)
                refuse_strange(file, schema)
            with translated(file):
                self._make_tables()
            if file is not None:
                self._opened = which_file(file)
                _LIVE.add(self)

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection]:
        """A connection inside a read transaction."""
        self._ensure_open()
        self._ensure_there()
        if self._file is None:
            with self._write_lock, translated(None):
                self._ensure_open()
                yield self._writer()
            return
        with translated(self._file), self._borrowed() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    def glance(self, sql: str, values: Sequence[int]) -> list[tuple[Any, ...]]:
        """What one statement selects, which is a transaction by itself."""
        self._ensure_open()
        self._ensure_there()
        try:
            if self._file is None:
                with self._write_lock:
                    self._ensure_open()
                    return self._writer().execute(sql, values).fetchall()
            connection = self._borrow()
            usable = False
            try:
                found = connection.execute(sql, values).fetchall()
                usable = True
            finally:
                self._give_back(connection, usable=usable)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise translate(error, self._file) from error
        return found

    def is_at_hand(self) -> bool:
        """Whether a reading connection lies ready; the only connection to a database in memory may be writing."""
        return self._file is not None and bool(self._idle)

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """The writing connection inside a transaction that commits at the end."""
        return self.writing_as(_itself)

    @contextmanager
    def writing_as(self, made: Callable[[sqlite3.Connection], W]) -> Generator[W]:
        """The same with what is made of it."""
        self._ensure_open()
        with self._write_lock:
            self._ensure_open()
            self._ensure_there()
            try:
                writer = self._writer()
                if not self._gathers:
                    _begin(writer)
                elif writer.in_transaction:
                    writer.execute("SAVEPOINT one")
                else:
                    raise StoreError("the transaction that this one belongs to is over; nothing was written")
                try:
                    yield made(writer)
                    writer.execute("RELEASE one" if self._gathers else "COMMIT")
                except BaseException:
                    with suppress(sqlite3.Error):
                        writer.execute("ROLLBACK TO one" if self._gathers else "ROLLBACK")
                        if self._gathers:
                            writer.execute("RELEASE one")
                    raise
            except sqlite3.Error as error:
                raise translate(error, self._file) from error

    @contextmanager
    def gathering(self) -> Generator[None]:
        """One transaction, in which those of this thread are steps that can be undone one by one."""
        with self.writing():
            self._gathers = True
            try:
                yield
            finally:
                self._gathers = False

    @contextmanager
    def alone(self) -> Generator[sqlite3.Connection]:
        """The writing connection outside any transaction, with no idle reader of this process beside it."""
        self._ensure_open()
        with self._write_lock, translated(self._file):
            self._ensure_open()
            self._ensure_there()
            with self._pool:
                self._close_idle()
            yield self._writer()

    def close(self) -> None:
        """Close every connection; those that are lent out when they come back."""
        if os.getpid() != self._pid:
            return
        with self._write_lock, self._pool:
            self._closed = True
            self._close_all()

    def holds(self, file: Path) -> bool:
        """Whether this process has ``file`` open here.

        Then nobody may open and close it outside of SQLite: closing any descriptor of a file ends all POSIX locks that the
        process has on it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
        """
        if self._file is None or (self._closed and not self._lent):
            return False
        try:
            return self._file.samefile(file)
        except OSError:
            return False

    def before_fork(self) -> None:
        """Let nobody in, wait for those who are, and close; for as long as it takes, within reason."""
        self._write_lock.acquire(timeout=_FORK_PATIENCE)
        until = time.monotonic() + _FORK_PATIENCE
        self._pool.acquire()
        while self._lent and time.monotonic() < until:
            self._pool.release()
            time.sleep(0.0005)
            self._pool.acquire()
        self._close_all()

    def after_fork(self) -> None:
        """Let everybody in again; connections are opened when they are needed."""
        self._pool.release()
        with suppress(RuntimeError):
            self._write_lock.release()

    def _ensure_open(self) -> None:
        if os.getpid() != self._pid:
            raise StoreClosedError(
                "this client was opened before a fork and cannot be used in the child process; open AgentMem again there"
            )
        if self._closed:
            raise StoreClosedError("this client is closed; open AgentMem again")

    def _ensure_there(self) -> None:
        """What is written to a file that has lost its name is lost with it, and SQLite does not say so."""
        if self._file is not None and which_file(self._name) != self._opened:
            raise StoreUnavailableError(
                f"{self._file} has been removed, or another file was put in its place, while it was open. Put it back, or close "
                "this client (restart this server) and open AgentMem again"
            )

    def _writer(self) -> sqlite3.Connection:
        if self._writer_open is None:
            self._writer_open = self._open()
        return self._writer_open

    def _open(self) -> sqlite3.Connection:
        target = ":memory:" if self._file is None else str(self._file)
        connection = sqlite3.connect(
            target, timeout=PATIENCE, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        synchronous = "FULL" if self._durability == "full" else "NORMAL"
        try:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA cache_size = -8192")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _make_tables(self) -> None:
        writer = self._writer()
        try:
            if self._file is not None:
                _patiently(lambda: writer.execute("PRAGMA journal_mode = WAL"))
            _patiently(lambda: _make_tables(writer, self._schema))
            application = writer.execute("PRAGMA application_id").fetchone()[0]
            refuse_other(application, writer.execute("PRAGMA user_version").fetchone()[0], self._file, self._schema)
        except BaseException:
            self._close_all()
            raise

    def _borrow(self) -> sqlite3.Connection:
        with self._pool:
            self._ensure_open()
            self._lent += 1
            try:  # not asked before whether there is one: a handler of a signal may close them in between
                return self._idle.pop()
            except IndexError:
                pass
        try:
            return self._open()
        except BaseException:
            self._give_back(None)
            raise

    @contextmanager
    def _borrowed(self) -> Generator[sqlite3.Connection]:
        """A reading connection, which is closed when it fails; an error of somebody else's is none of its own."""
        connection = self._borrow()
        usable = False
        try:
            yield connection
            usable = True
        except sqlite3.Error:
            raise
        except BaseException:
            with suppress(sqlite3.Error):
                connection.rollback()
                usable = True
            raise
        finally:
            self._give_back(connection, usable=usable)

    def _give_back(self, connection: sqlite3.Connection | None, *, usable: bool = False) -> None:
        """A connection that was lent, or None where it could not be opened."""
        with self._pool:
            keep = usable and not self._closed and len(self._idle) < _READERS_KEPT
            if keep and connection is not None:
                self._idle.append(connection)
        if connection is not None and not keep:
            connection.close()
        with self._pool:
            self._lent -= 1

    def _close_all(self) -> None:
        self._close_idle()
        if self._writer_open is not None:
            self._writer_open.close()
            self._writer_open = None

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()


_OPENING = threading.Lock()
_LIVE: weakref.WeakSet[Connections] = weakref.WeakSet()
_held: list[Connections] = []


def _before_fork() -> None:
    for connections in list(_LIVE):
        connections.before_fork()
        _held.append(connections)


def _after_fork() -> None:
    while _held:
        _held.pop().after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


def _make_tables(writer: sqlite3.Connection, schema: Schema) -> None:
    """The tables, and what an older version lacks of them, unless another process was faster; all of them or none."""
    if writer.execute("PRAGMA user_version").fetchone()[0] >= schema.version or _is_foreign(writer, schema):
        return
    writer.execute("BEGIN IMMEDIATE")
    try:
        version = writer.execute("PRAGMA user_version").fetchone()[0]
        if version < schema.version:
            steps = [schema.migrations[step] for step in range(version, schema.version)] if version else [schema.tables]
            for statement in "".join(steps).split(";\n"):
                if statement.strip():
                    writer.execute(statement)
            writer.execute(f"PRAGMA application_id = {schema.application_id}")
            writer.execute(f"PRAGMA user_version = {schema.version}")
        writer.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            writer.execute("ROLLBACK")
        raise


def _is_foreign(writer: sqlite3.Connection, schema: Schema) -> bool:
    """Whether the database has a version that is not ours to bring up to date."""
    version = writer.execute("PRAGMA user_version").fetchone()[0]
    return bool(version) and writer.execute("PRAGMA application_id").fetchone()[0] != schema.application_id


def _itself(connection: sqlite3.Connection) -> sqlite3.Connection:
    return connection


def _begin(writer: sqlite3.Connection) -> None:
    try:
        writer.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        _patiently(lambda: writer.execute("BEGIN IMMEDIATE"))


def _patiently(attempt: Callable[[], object]) -> None:
    """Try again while another process holds the file: SQLite does not wait in every such case by itself."""
    until = time.monotonic() + PATIENCE
    pause = 0.001
    while True:
        try:
            attempt()
        except sqlite3.OperationalError as error:
            if code_of(error) not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED} or time.monotonic() > until:
                raise
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
        else:
            return


def which_file(file: Path | str) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None where there is none."""
    try:
        found = os.stat(file)  # noqa: PTH116 - half the time of Path.stat, and it is asked at every search
    except OSError:
        return None
    return found.st_dev, found.st_ino

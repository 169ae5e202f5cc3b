"""Reading another program's SQLite file without changing a byte of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from agentmem_core.errors import InvalidInputError

_MAGIC = b"SQLite format 3\x00"
_WAL = 2


class SqliteFile:
    """An open file; ``rows`` streams."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """An open connection to ``path``."""
        self._connection, self._path = connection, path

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table; none when there is no such table."""
        return tuple(str(row[1]) for row in self.rows(f"PRAGMA table_info({_quoted(table)})"))

    def tables(self) -> tuple[str, ...]:
        """The names of all tables."""
        return tuple(
            str(row[0]) for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        )

    def rows(self, statement: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, as they come."""
        try:
            yield from self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise _damaged(self._path, error) from error

    def select(self, table: str, columns: tuple[str, ...], order: str | None = None) -> Iterator[dict[str, Any]]:
        """Some columns of a table as dicts, in the order of another one."""
        ordered = "" if order is None else f" ORDER BY {order}"
        chosen = ", ".join(_quoted(name) for name in columns)
        for row in self.rows(f"SELECT {chosen} FROM {_quoted(table)}{ordered}"):
            yield dict(zip(columns, row, strict=True))


def is_sqlite(path: Path) -> bool:
    """Whether a file begins as SQLite's do."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


@contextmanager
def reading(path: Path) -> Generator[SqliteFile]:
    """Open a file to read only; ``immutable`` where SQLite would otherwise make files beside it."""
    if not is_sqlite(path):
        raise InvalidInputError(f"{path}: is no SQLite database")
    try:
        connection = sqlite3.connect(f"file:{quote(str(path.resolve()))}?{_mode(path)}", uri=True)
    except sqlite3.Error as error:
        raise _damaged(path, error) from error
    with closing(connection):
        connection.text_factory = _text
        yield SqliteFile(connection, path)


def _mode(path: Path) -> str:
    """In WAL mode without a log everything is in the file itself, and to say so keeps SQLite from making a log."""
    with path.open("rb") as stream:
        stream.seek(18)
        in_wal = stream.read(1) == bytes([_WAL])
    log = path.with_name(f"{path.name}-wal")
    return "mode=ro&immutable=1" if in_wal and not log.exists() else "mode=ro"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _damaged(path: Path, error: sqlite3.Error) -> InvalidInputError:
    return InvalidInputError(
        f"{path}: cannot be read as SQLite ({error}); let the program it belongs to open and close it, or give a copy"
    )

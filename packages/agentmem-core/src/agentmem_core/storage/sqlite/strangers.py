"""Files that are not ours, or not whole: seen before SQLite opens them, so that they stay as they are."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from agentmem_core.errors import StoreDamagedError, StoreTooNewError, StoreUnavailableError
from agentmem_core.storage.sqlite.failures import damaged, translated
from agentmem_core.storage.sqlite.schema import Schema

_HEADER = b"SQLite format 3\x00"
_LOOKS = (0.02, 0.1, 0.3)
"""Seconds after which it is looked again: others may be making the file, or moving their log into it."""


def make_private(file: Path) -> None:
    """An empty file that only its owner can read, where there is none; SQLite gives its log the same mode.

    A file that stands keeps the mode that somebody has given it. What cannot be made here SQLite will complain of.
    """
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def refuse_strange(file: Path, schema: Schema) -> None:
    """Look at the file before SQLite does, so that one that is not ours stays untouched; again, where others may be making it."""
    for pause in _LOOKS:
        try:
            _look_at(file, schema)
        except (StoreUnavailableError, StoreDamagedError):
            time.sleep(pause)
        else:
            return
    _look_at(file, schema)


def _look_at(file: Path, schema: Schema) -> None:
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            header = stream.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreUnavailableError(f"{file} cannot be read ({error.strerror}); check its permissions") from error
    if not header:
        return
    if len(header) < 100 or not header.startswith(_HEADER):
        raise damaged(file, "it does not begin as a database does")
    user_version = int.from_bytes(header[60:64], "big")
    application = int.from_bytes(header[68:72], "big")
    log = file.with_name(file.name + "-wal")
    logged = log.exists() and log.stat().st_size > 0
    used = application or user_version or _has_tables(file, schema, logged=logged)
    if used and (application != schema.application_id or not logged):
        refuse_other(application, user_version, file, schema)
    if not logged:
        page_size = int.from_bytes(header[16:18], "big")
        pages = int.from_bytes(header[28:32], "big")
        if pages * (65_536 if page_size == 1 else page_size) > size:
            raise damaged(file, "it has been cut short")


def _has_tables(file: Path, schema: Schema, *, logged: bool) -> bool:
    """Whether another program uses the database; a process killed while it made ours leaves one without tables."""
    look = f"{file.as_uri()}?{'mode=ro' if logged else 'immutable=1'}"
    with translated(file), closing(sqlite3.connect(look, uri=True)) as connection:
        if connection.execute("PRAGMA application_id").fetchone()[0] == schema.application_id:
            return False
        return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def refuse_other(application: int, user_version: int, file: Path | None, schema: Schema) -> None:
    """Refuse the database of another program, or of a newer version."""
    if application != schema.application_id:
        raise StoreUnavailableError(f"{file} is a database of another program; give AgentMem a folder of its own")
    if user_version > schema.version:
        raise StoreTooNewError(
            f"{file} was written by a newer AgentMem (schema {user_version}, this one knows {schema.version}); "
            "install the newer version: pip install --upgrade agentmem-core"
        )

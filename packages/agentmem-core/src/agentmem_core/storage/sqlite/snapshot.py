"""A database as it stood at one moment, copied while others write to it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from agentmem_core.errors import StoreBusyError, StoreDamagedError
from agentmem_core.storage.sqlite.failures import translated

_PATIENCE = 60.0


def snapshot(source: Path, target: Path) -> None:
    """Copy a database into a new file that its owner alone can read; errors are ``StoreError``.

    One read transaction from begin to end, so the copy is one moment of it. Nothing of ``source`` is changed.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with (
        translated(source),
        closing(sqlite3.connect(source, timeout=_PATIENCE, isolation_level=None)) as read,
        closing(sqlite3.connect(target, isolation_level=None)) as write,
    ):
        read.execute("BEGIN")
        read.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        read.backup(write, pages=-1)
        read.execute("COMMIT")
        mode = write.execute("PRAGMA journal_mode = DELETE").fetchone()[0]  # one file, without a log beside it
        if mode != "delete":
            raise StoreBusyError(f"{target} is used by somebody else")


def attached_digests(database: Path) -> list[str]:
    """The digests of the files that a ledger's memories have."""
    with translated(database), closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT DISTINCT digest FROM attachments ORDER BY digest").fetchall()
    return [str(row[0]) for row in rows]


def require_whole(database: Path) -> None:
    """``StoreDamagedError`` when a database does not hold together."""
    with translated(database), closing(sqlite3.connect(database)) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        raise StoreDamagedError(f"{database.name} is damaged: {'; '.join(found)}")

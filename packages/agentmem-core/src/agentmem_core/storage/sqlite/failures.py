"""What SQLite says went wrong, in words of our own that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from agentmem_core.errors import (
    StoreBusyError,
    StoreClosedError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreTooNewError,
    StoreUnavailableError,
)

PATIENCE = 60.0
"""Seconds a writer waits for another process before it gives up."""
_NO_TEXT = "Could not decode to UTF-8"
"""What Python says of a value, with the value."""


def damaged(file: Path | None, why: str) -> StoreDamagedError:
    """What is said of a file that is no longer what was written."""
    return StoreDamagedError(
        f"{file} is damaged: {why}. Nothing was changed. Copy the folder away, then restore a backup or an export; "
        "sqlite3's .recover command may save what is left"
    )


@contextmanager
def translated(file: Path | None) -> Generator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise translate(error, file) from error


def translate(error: sqlite3.Error | UnicodeDecodeError, file: Path | None) -> StoreError:
    """SQLite's error as ours, with what to do."""
    if isinstance(error, UnicodeDecodeError):  # Python cannot read what SQLite says of a damaged schema
        return damaged(file, "it holds text that is not UTF-8")
    return _told(error, code_of(error), file)


def _told(error: sqlite3.Error, code: int, file: Path | None) -> StoreError:
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        return StoreFullError(
            f"the disk of {file} is full or failing ({error}); nothing of this call was written, what was acknowledged is "
            "kept. Free some space and try again"
        )
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreBusyError(f"another process held {file} for more than {PATIENCE:.0f} s; try again")
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return StoreClosedError("this client is closed; open AgentMem again")
    no_text = str(error).startswith(_NO_TEXT)
    if no_text or code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return damaged(file, "it holds text that is not UTF-8" if no_text else str(error))
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}:
        return StoreUnavailableError(f"{file} cannot be opened for writing ({error}); check the folder's permissions")
    return (
        _of_statement(error, file) if code == sqlite3.SQLITE_ERROR else StoreError(f"the store {file} failed: {error}")
    )


def _of_statement(error: sqlite3.Error, file: Path | None) -> StoreError:
    """Of one that fitted the tables when the file was opened."""
    if str(error).startswith("no such ") or " has no column named " in str(error):
        return StoreTooNewError(
            f"{file} has other tables than this AgentMem knows ({error}): a newer one has most likely changed them while this one "
            "had it open. Restart this program with the newer version: pip install --upgrade agentmem-core"
        )
    return StoreError(f"the store {file} failed: {error}")


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary code of an error."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF

"""Files that were being written when a process was killed: which are nobody's any more."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

if sys.platform != "win32":
    import fcntl

_NAMED = re.compile(r"(.+)\.[0-9a-f]{8}\.partial", re.DOTALL)
_FIRST_LINE = 4_096


def beside(target: Path) -> Path:
    """Where a file is written before it gets its name; nobody else's, who would write into what is linked."""
    return target.with_name(f"{target.name}.{token_hex(4)}.partial")


@contextmanager
def at_work(descriptor: int) -> Generator[None]:
    """While the block runs, nobody takes an open file for a leftover, also once it was closed; who is killed lets go of it."""
    if sys.platform == "win32":  # where nobody removes a file that is open
        yield
        return
    held = os.dup(descriptor)
    try:
        with suppress(OSError):  # a file system without locks: there nothing is ever taken for a leftover
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)


def clear(target: Path, kind: str) -> list[str]:
    """Remove what killed processes left beside ``target``: files of our naming that nobody writes and that begin as ``kind`` does.

    An empty one only where it was to become ``target``. What cannot be looked at or removed stays. Answers their names.
    """
    removed: list[str] = []
    with suppress(OSError):
        for path in target.parent.iterdir():
            named = _NAMED.fullmatch(path.name)
            if named is not None:
                with suppress(OSError, ValueError, TypeError, KeyError):
                    removed += _removed(path, kind, mine=named[1] == target.name)
    return removed


def _removed(path: Path, kind: str, *, mine: bool) -> list[str]:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as stream:
        if sys.platform != "win32":
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        line = stream.readline(_FIRST_LINE)
        if not (json.loads(line)["format"] == kind if line else mine):
            return []
        if sys.platform == "win32":
            stream.close()
        path.unlink()
    return [path.name]

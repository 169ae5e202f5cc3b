"""mem0's ``history.db``: how each memory stood before."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from agentmem_core.errors import InvalidInputError
from agentmem_core.moving.moments import Moments
from agentmem_core.moving.record import Earlier
from agentmem_core.moving.sqlite_file import SqliteFile, reading

_OF_ONE = "SELECT event, new_memory, created_at, updated_at FROM history WHERE memory_id = ? ORDER BY COALESCE(updated_at, created_at), rowid"
_DEAD = "SELECT COUNT(DISTINCT memory_id) FROM history WHERE event = 'DELETE' OR is_deleted = 1"


class Histories:
    """The histories of all memories; empty where there is no file."""

    def __init__(self, path: Path | None) -> None:
        """Nothing is opened yet."""
        self._path = path
        self._file: SqliteFile | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Open the file."""
        if self._path is not None:
            if not self._path.is_file():
                raise InvalidInputError(f"history: there is no file at {self._path}")
            self._file = self._open.enter_context(reading(self._path))
            if "memory_id" not in self._file.columns("history"):
                self._open.close()
                raise InvalidInputError(f"{self._path}: has no table history, so it is none of mem0's")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._open.close()

    def of(self, memory_id: str, now: str, moments: Moments) -> tuple[Earlier, ...]:
        """The earlier texts of a memory that says ``now`` today, oldest first."""
        if self._file is None:
            return ()
        past: list[Earlier] = []
        for event, text, created, updated in self._file.rows(_OF_ONE, memory_id):
            changed = moments.read((updated or created) if event == "UPDATE" else (created or updated))
            if isinstance(text, str) and text.strip() and changed is not None and event in {"ADD", "UPDATE"}:
                past.append(Earlier(text, changed, "update" if past else "add"))
        if past and past[-1].content == now:
            past.pop()
        return tuple(past)

    def deleted(self) -> int:
        """How many memories were deleted."""
        return 0 if self._file is None else int(next(self._file.rows(_DEAD))[0])

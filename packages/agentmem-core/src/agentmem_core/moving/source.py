"""Sources by their kind: what is to be moved, wherever it was kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.moving.options import Reading, checked
from agentmem_core.moving.record import Found, Records, SourceRecord

_READERS = {
    "chat": "agentmem_core.moving.chat",
    "crewai": "agentmem_core.moving.crewai",
    "langchain": "agentmem_core.moving.langchain",
    "letta": "agentmem_core.moving.letta",
    "llamaindex": "agentmem_core.moving.llamaindex",
    "mem0": "agentmem_core.moving.mem0",
    "zep": "agentmem_core.moving.zep",
}

KINDS: tuple[str, ...] = tuple(sorted(_READERS))
"""What can be moved from."""


class Source:
    """The records of another system, read anew at every iteration and never held all at once."""

    def __init__(self, kind: str, path: Path, begin: Callable[[], Reading], read: Callable[[Reading], Records]) -> None:
        """``open_source`` makes one."""
        self.kind, self.path = kind, path
        self._begin, self._read = begin, read
        self._last = begin()

    def __iter__(self) -> Iterator[Found]:
        """Records, and what does not fit; ``InvalidInputError`` says where a file cannot be read."""
        reading = self._last = self._begin()
        for found in self._read(reading):
            yield found if not isinstance(found, SourceRecord) else _whole(found, reading)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the last iteration assumed."""
        moments = self._last.moments
        notes = [f"{count:,} {text}" for text, count in self._last.notes.items()]
        if moments.naive:
            notes.append(
                f"{moments.naive:,} dates had no time zone and were taken to be in {moments.zone}; zone= says another"
            )
        if moments.unreadable:
            notes.append(f"{moments.unreadable:,} dates could not be read; those memories have the date of the move")
        return tuple(notes)

    def __repr__(self) -> str:
        """Where it is."""
        return f"<Source {self.kind} {str(self.path)!r}>"


def open_source(kind: str, path: str | os.PathLike[str], **options: Any) -> Source:
    """What is kept at ``path`` by ``kind``: mem0, zep, letta, langchain, llamaindex, crewai, or chat.

    Options, all of them texts: ``zone`` of dates that name none (UTC), ``user_id``, ``agent_id`` and ``session_id`` for what does
    not say whose it is, ``encoding`` (UTF-8), ``format`` where the reader should not find out itself, ``table`` of a database,
    ``collection`` of a vector store, ``history`` (mem0's history.db), ``branches`` ("current" or "all") of ChatGPT. Nothing at ``path``
    is changed.
    """
    if kind not in _READERS:
        raise InvalidInputError(
            f"kind: {kind!r} is nothing that can be moved from; use one of {', '.join(KINDS)} "
            "(chat reads ChatGPT, Claude and logs)"
        )
    try:
        text: Any = os.fspath(path)
    except TypeError:
        raise InvalidInputError(f"path: must be the path of a file or folder, not {type(path).__name__}") from None
    if not isinstance(text, str) or not text.strip() or "\x00" in text:
        raise InvalidInputError(f"path: must be the path of a file or folder, not {text!r}")
    try:
        place = Path(text).expanduser()
        there = place.exists()
    except (OSError, UnicodeError, RuntimeError) as error:
        raise InvalidInputError(f"path: {text!r} cannot be looked at ({error})") from None
    if not there:
        raise InvalidInputError(f"path: there is nothing at {place}")
    return Source(kind, place, checked(place, options), import_module(_READERS[kind]).read)


def _whole(record: SourceRecord, reading: Reading) -> SourceRecord:
    """With what was said for records that do not say it themselves."""
    said = {
        name: value
        for name in ("user_id", "agent_id", "session_id")
        if getattr(record, name) is None and (value := getattr(reading, name)) is not None
    }
    return replace(record, **said) if said else record

"""The files of an export: JSON Lines with a header, written whole or not at all."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO, cast

from agentmem_core.errors import InvalidInputError, StoreFullError, StoreUnavailableError
from agentmem_core.model import Transferred

FORMAT = "agentmem-export"
VERSION = 1
_BATCH = 500
_BATCH_SIZE = 16_000_000
"""Characters of records beyond which a batch ends: files are long ones."""


class Writing:
    """A file under way. A path appears only when all is written; a text stream is written to as it comes."""

    def __init__(self, target: str | os.PathLike[str] | TextIO) -> None:
        """Nothing is opened yet."""
        self._path = _path_of(target, "target") if isinstance(target, str | os.PathLike) else None
        if self._path is not None and _is_folder(self._path):
            raise InvalidInputError(f"target: {self._path} is a folder; give the path of a file")
        self._partial = None if self._path is None else self._path.with_name(f".{self._path.name}.partial")
        self._stream: TextIO | None = None if self._path is not None else cast("TextIO", target)
        self.cursor: str | None = None
        self.done = Transferred()

    def __enter__(self) -> Self:
        """Open it and write the header."""
        if self._partial is not None:
            try:
                self._stream = self._partial.open("w", encoding="utf-8")
            except OSError as error:
                raise StoreUnavailableError(f"{self._path} cannot be written ({error.strerror})") from error
        elif not hasattr(self._stream, "write"):
            raise InvalidInputError(f"target: must be a path or a text file, not {type(self._stream).__name__}")
        elif isinstance(self._stream, io.RawIOBase | io.BufferedIOBase):
            raise InvalidInputError('target: must be a text file; open it with mode "w", not "wb"')
        self._write({"format": FORMAT, "version": VERSION, "exported_at": datetime.now(UTC).isoformat()})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the file in its place, or take it away after a failure."""
        if self._partial is None or self._path is None or self._stream is None:
            return
        try:
            if kind is None:
                self._stream.flush()
                os.fsync(self._stream.fileno())
        except OSError as problem:
            raise StoreFullError(f"{self._path} cannot be written to its end ({problem.strerror})") from problem
        finally:
            self._stream.close()
            if kind is not None:
                self._partial.unlink(missing_ok=True)
        if kind is None:
            self._partial.replace(self._path)

    def take(self, records: Sequence[dict[str, Any]], cursor: str | None) -> bool:
        """Write some records; False when they were the last."""
        for record in records:
            self._write(record)
        memories = [record for record in records if record["kind"] == "memory"]
        files = sum(record["kind"] == "file" for record in records)
        self.done = Transferred(
            memories=self.done.memories + len(memories),
            versions=self.done.versions + sum(len(record.get("history", ())) for record in memories),
            links=self.done.links + len(records) - len(memories) - files,
            files=self.done.files + files,
        )
        self.cursor = cursor
        return cursor is not None

    def _write(self, record: dict[str, Any]) -> None:
        try:
            cast("TextIO", self._stream).write(json.dumps(record, ensure_ascii=False) + "\n")
        except OSError as error:
            raise StoreFullError(f"the export cannot be written ({error.strerror})") from error


class Gathering:
    """Lines, one after another, become batches of records."""

    def __init__(self) -> None:
        """No line has come."""
        self._batch: list[dict[str, Any]] = []
        self._size = 0
        self._begun = False
        self.number = 0
        """Of the last line."""

    def line(self, text: str) -> tuple[dict[str, Any], ...]:
        """Take one line; a batch when it is full, otherwise nothing."""
        self.number += 1
        if not text.strip():
            return ()
        record = _decoded(text, self.number)
        if not self._begun:
            _require_ours(record)
            self._begun = True
            return ()
        self._batch.append(record)
        self._size += len(text)
        return self._taken() if len(self._batch) == _BATCH or self._size > _BATCH_SIZE else ()

    def rest(self) -> tuple[dict[str, Any], ...]:
        """What is left when the last line has come."""
        if not self._begun:
            raise InvalidInputError("source: is empty, so it is no export of AgentMem")
        return self._taken()

    def _taken(self) -> tuple[dict[str, Any], ...]:
        batch, self._batch, self._size = tuple(self._batch), [], 0
        return batch


class Reading:
    """The records of a file a batch at a time."""

    def __init__(self, source: str | os.PathLike[str] | Iterable[str]) -> None:
        """Nothing is opened yet."""
        self._source = source
        self.done = Transferred()

    def __iter__(self) -> Iterator[tuple[dict[str, Any], ...]]:
        """Batches; the header is checked first."""
        gathering = Gathering()
        for line in self._lines():
            if batch := gathering.line(line):
                yield batch
        if batch := gathering.rest():
            yield batch

    def take(self, part: Transferred) -> None:
        """Count what one batch did."""
        self.done = Transferred(
            memories=self.done.memories + part.memories,
            versions=self.done.versions + part.versions,
            links=self.done.links + part.links,
            files=self.done.files + part.files,
            skipped=self.done.skipped + part.skipped,
        )

    def _lines(self) -> Iterator[str]:
        if not isinstance(self._source, str | os.PathLike):
            for line in _iterated(self._source):
                if not isinstance(line, str):
                    raise InvalidInputError(f"source: must give lines of text, not {type(line).__name__}")
                yield line
            return
        path = _path_of(self._source, "source")
        try:
            with path.open(encoding="utf-8") as stream:
                yield from stream
        except OSError as error:
            raise InvalidInputError(f"source: {path} cannot be read ({error.strerror})") from error
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"source: {path} is not UTF-8 text, so it is no export of AgentMem") from error


def _iterated(source: Any) -> Iterable[Any]:
    if not isinstance(source, Iterable) or isinstance(source, bytes):
        raise InvalidInputError(f"source: must be a path or lines of text, not {type(source).__name__}")
    return source


def _path_of(given: str | os.PathLike[str], argument: str) -> Path:
    text: Any = os.fspath(given)
    if not isinstance(text, str) or not text or "\x00" in text:
        raise InvalidInputError(f"{argument}: must be the path of a file, not {text!r}")
    try:
        os.fsencode(text)
        return Path(text).expanduser()
    except (UnicodeError, RuntimeError) as error:
        raise InvalidInputError(f"{argument}: {text!r} cannot be a path ({error})") from None


def _is_folder(path: Path) -> bool:
    try:
        return not path.name or path.is_dir()
    except OSError as error:
        raise StoreUnavailableError(f"{path} cannot be written ({error.strerror})") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _decoded(line: str, number: int) -> dict[str, Any]:
    try:
        record: Any = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"source: line {number} is not JSON ({error}); the file may have been cut short"
        ) from error
    if not isinstance(record, dict):
        raise InvalidInputError(f"source: line {number} is not a JSON object")
    return cast("dict[str, Any]", record)


def _require_ours(header: dict[str, Any]) -> None:
    if header.get("format") != FORMAT:
        raise InvalidInputError(
            f'source: the first line does not say "format": "{FORMAT}"; it is no export of AgentMem'
        )
    version = header.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise InvalidInputError(
            f"source: the export has version {version!r}, this AgentMem reads up to {VERSION}; upgrade it"
        )

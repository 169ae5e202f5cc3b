"""Opening what people have: a file, a .gz, or the .zip an export came in."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, TextIO, cast

from agentmem_core.errors import InvalidInputError
from agentmem_core.moving.json_stream import JsonStream

_LONGEST_LINE = 64_000_000
"""Characters of one line beyond which a file is no list of lines."""


@contextmanager
def opened(path: Path, encoding: str | None = None, member: str = "conversations.json") -> Iterator[TextIO]:
    """A file as text, unpacked on the way; of a zip archive the ``member`` of that name, wherever it stands in it."""
    with ExitStack() as open_now:
        try:
            raw = _raw(path, member, open_now)
            yield open_now.enter_context(io.TextIOWrapper(raw, encoding or _encoding_of(raw), newline=None))
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise InvalidInputError(f"{path}: cannot be read ({error})") from error
        except UnicodeDecodeError as error:
            raise InvalidInputError(
                f"{path}: is not {error.encoding} text; say encoding= if it is another one"
            ) from error


def _raw(path: Path, member: str, open_now: ExitStack) -> io.BufferedReader:
    if zipfile.is_zipfile(path):
        archive = open_now.enter_context(zipfile.ZipFile(path))
        names = sorted((name for name in archive.namelist() if Path(name).name == member), key=len)
        if not names:
            raise InvalidInputError(f"{path}: holds no {member}; unpack it and give the file itself")
        found = archive.getinfo(names[0])
        if found.flag_bits & 1:
            raise InvalidInputError(f"{path}: is locked by a password; unpack it and give the file itself")
        return _buffered(open_now.enter_context(archive.open(found)))
    stream = open_now.enter_context(path.open("rb"))
    if stream.peek(2)[:2] == b"\x1f\x8b":
        return _buffered(open_now.enter_context(gzip.open(stream)))
    return stream


def _buffered(stream: IO[bytes] | gzip.GzipFile) -> io.BufferedReader:
    return io.BufferedReader(cast("io.RawIOBase", stream))


def _encoding_of(raw: io.BufferedReader) -> str:
    """UTF-8, unless a byte order mark says UTF-16."""
    return "utf-16" if raw.peek(2)[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"


@contextmanager
def json_of(path: Path, encoding: str | None = None) -> Iterator[JsonStream]:
    """A JSON document, to be read a value at a time."""
    with opened(path, encoding) as text:
        yield JsonStream(text, str(path))


def lines_of(path: Path, encoding: str | None = None) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers, from 1."""
    with opened(path, encoding) as text:
        number = 0
        while line := text.readline(_LONGEST_LINE):
            number += 1
            if len(line) == _LONGEST_LINE:
                raise InvalidInputError(f"{path}: line {number} is longer than {_LONGEST_LINE:,} characters")
            yield number, line.rstrip("\n")


def objects_of(path: Path, encoding: str | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of JSON Lines with the numbers of their lines; blank lines are left out."""
    for number, line in lines_of(path, encoding):
        if line.strip():
            yield number, _object(path, number, line)


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deep, or a number is too long"
        raise InvalidInputError(f"{path}: line {number} is not JSON ({why})") from error
    if not isinstance(found, dict):
        raise InvalidInputError(f"{path}: line {number} is not a JSON object")
    return cast("dict[str, Any]", found)


def first_character(path: Path, encoding: str | None = None) -> str:
    """What a text begins with; empty where there is nothing but space."""
    with opened(path, encoding) as text:
        while chunk := text.read(4096):
            if chunk.strip():
                return chunk.strip()[0]
    return ""

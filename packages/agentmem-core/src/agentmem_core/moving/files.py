"""Opening what people have: a file, a .gz, or the .zip an export came in."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TextIO, cast

from agentmem_core.errors import InvalidInputError
from agentmem_core.moving.json_stream import JsonStream

_LONGEST_LINE = 64_000_000
"""Characters of one line beyond which a file is no list of lines."""


def members_of(path: Path) -> list[str]:
    """The files of conversations in a zip archive, in order; none where it is no archive."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            found = sorted(name for name in archive.namelist() if _CONVERSATIONS.fullmatch(Path(name).name))
    except (OSError, zipfile.BadZipFile) as error:
        raise InvalidInputError(f"{path}: cannot be read ({error})") from error
    if not found:
        raise InvalidInputError(f"{path}: holds no conversations.json; unpack it and give the file itself")
    return found


_CONVERSATIONS = re.compile(r"conversations(?:[-_]?\d+)?\.json")


@contextmanager
def opened(path: Path, encoding: str | None = None, member: str | None = None) -> Generator[TextIO]:
    """A file as text, unpacked on the way; of a zip archive the file ``member``."""
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


def _raw(path: Path, member: str | None, open_now: ExitStack) -> io.BufferedReader:
    if member is not None:
        archive = open_now.enter_context(zipfile.ZipFile(path))
        found = archive.getinfo(member)
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
def json_of(path: Path, encoding: str | None = None, member: str | None = None) -> Generator[JsonStream]:
    """A JSON document, to be read a value at a time."""
    with opened(path, encoding, member) as text:
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


def first_character(path: Path, encoding: str | None = None) -> str:
    """What a text begins with; empty where there is nothing but space."""
    with opened(path, encoding) as text:
        while chunk := text.read(4096):
            if chunk.strip():
                return chunk.strip()[0]
    return ""

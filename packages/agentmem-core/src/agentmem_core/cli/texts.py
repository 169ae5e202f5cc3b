"""What is said on the command line: contents from arguments or standard input, pairs, dates."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentmem_core.errors import InvalidInputError

STDIN = "-"


def content_of(said: str | None, what: str = "TEXT") -> str:
    """A text as it was said; ``-``, or nothing while something is piped in, reads standard input to its end."""
    if said is not None and said != STDIN:
        return said
    if said is None and sys.stdin.isatty():
        raise InvalidInputError(f"{what}: give a text, or - to read it from standard input")
    text = "\n".join(lines_of_stdin())
    if not text.strip():
        raise InvalidInputError(f"{what}: standard input is empty")
    return text


def file_of(said: str) -> Path:
    """The file that is meant, which need not be there."""
    if not said.strip() or "\x00" in said:
        raise InvalidInputError(f"FILE: must be the path of a file, not {said!r}")
    try:
        os.fsencode(said)
        return Path(said).expanduser().absolute()
    except (UnicodeError, RuntimeError) as error:
        raise InvalidInputError(f"FILE: {said!r} cannot be the path of a file ({error})") from None


def lines_of_stdin() -> Iterator[str]:
    """The lines of standard input, which must be UTF-8; a mark at its beginning is left out."""
    stream = getattr(sys.stdin, "buffer", None)
    for number, line in enumerate(sys.stdin if stream is None else stream, start=1):
        try:
            text = line if isinstance(line, str) else line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"standard input: line {number} is not UTF-8 text ({error.reason})") from None
        yield text.rstrip("\r\n")


def pairs(said: Sequence[str] | None, option: str) -> dict[str, Any] | None:
    """``key=value``, more than once, or a JSON object; a value that is JSON is that, and a text otherwise.

    >>> pairs(["topic=health", "year=2024"], "--meta")
    {'topic': 'health', 'year': 2024}
    """
    if not said:
        return None
    found: dict[str, Any] = {}
    for text in said:
        if text.lstrip().startswith("{"):
            found |= _object(text, option)
            continue
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise InvalidInputError(f"{option}: must be KEY=VALUE or a JSON object, not {text!r}")
        found[key.strip()] = _value(value)
    return found


def _object(text: str, option: str) -> dict[str, Any]:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{option}: is not JSON ({error})") from None
    return dict(found)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def instant(said: str | None, option: str) -> datetime | None:
    """A date or datetime, in UTC unless it names a zone."""
    if said is None:
        return None
    try:
        found = datetime.fromisoformat(said.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInputError(
            f"{option}: must be a date like 2024-05-03 or 2024-05-03T18:00+02:00, not {said!r}"
        ) from None

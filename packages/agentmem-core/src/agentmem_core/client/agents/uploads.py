"""Files on their way in, read where the caller is."""

from __future__ import annotations

import inspect
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from agentmem_core.errors import InvalidInputError
from agentmem_core.recall.decoding import usable
from agentmem_core.recall.media import holds_text, media_type_of

FileSource = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]
"""The path of a file, its bytes, or a file that is open for reading bytes."""

Describe = Callable[[bytes, str], str] | Callable[[bytes, str], Awaitable[str]]
"""From the bytes of a file and its media type to a text that says what is in it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes, and what their file is called."""

    data: bytes
    name: str | None


def read_upload(source: FileSource, name: str | None, limit: int) -> Upload:
    """The whole file; what is too large is refused before it is read."""
    given: Any = source
    if isinstance(given, bytes | bytearray | memoryview):
        return Upload(bytes(given), name)
    if isinstance(given, str | os.PathLike):
        return _from_path(cast("str | os.PathLike[str]", given), name, limit)
    if not callable(getattr(given, "read", None)):
        raise InvalidInputError(f"file: must be a path, bytes or a file open for reading, not {type(given).__name__}")
    data: Any = given.read(limit + 1)
    if not isinstance(data, bytes):
        raise InvalidInputError('file: must be open for reading bytes; open it with mode "rb"')
    _require_size(len(data), limit, more=True)
    called = getattr(given, "name", None)
    return Upload(data, name or (_label(Path(called)) if isinstance(called, str) else None))


def description_wanted(describe: Describe | None, upload: Upload, media_type: str | None) -> str | None:
    """The media type to ask the hook about; None when there is no hook, or the file has a text of its own."""
    if describe is None:
        return None
    if not callable(describe):
        raise InvalidInputError(f"describe: must be a function of bytes and media type, not {type(describe).__name__}")
    kind = media_type if isinstance(media_type, str) else media_type_of(upload.name, upload.data)
    return None if holds_text(kind.partition(";")[0].strip().lower()) else kind


def described(answer: Any) -> str | None:
    """What a hook answered; nothing to say is nothing."""
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise InvalidInputError("describe: is asynchronous; use aput(), or give a plain function")
    return _as_text(answer)


async def adescribed(answer: Any) -> str | None:
    """The same, of a hook that may be asynchronous."""
    return _as_text(await answer if inspect.isawaitable(answer) else answer)


def _as_text(answer: Any) -> str | None:
    if answer is None:
        return None
    if not isinstance(answer, str):
        raise InvalidInputError(f"describe: must answer text (str), not {type(answer).__name__}")
    text = usable(answer)
    return text if text.strip() else None


def _from_path(given: str | os.PathLike[str], name: str | None, limit: int) -> Upload:
    text: Any = os.fspath(given)
    if not isinstance(text, str) or not text or "\x00" in text:
        raise InvalidInputError(f"file: must be the path of a file, not {text!r}")
    path = Path(text)
    try:
        path = path.expanduser()
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise InvalidInputError(f"file: {path} is a folder; put its files one by one")
        if not stat.S_ISREG(found.st_mode):
            raise InvalidInputError(f"file: {path} is no regular file; read it yourself and give its bytes")
        _require_size(found.st_size, limit)
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except FileNotFoundError:
        raise InvalidInputError(f"file: {path} does not exist; to keep a text give its bytes, or use add()") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidInputError(f"file: {path} cannot be read ({error})") from error
    _require_size(len(data), limit, more=True)
    return Upload(data, name or _label(path))


def _label(path: Path) -> str:
    return os.fsencode(path.name).decode("utf-8", "replace")


def _require_size(size: int, limit: int, *, more: bool = False) -> None:
    if size > limit:
        shown = f"more than {limit:,}" if more else f"{size:,}"
        raise InvalidInputError(
            f"file: is {shown} bytes, the limit is {limit:,}; raise it with AGENTMEM_FILE_LIMIT (bytes), or keep a part"
        )

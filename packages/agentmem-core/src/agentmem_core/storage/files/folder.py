"""Bytes of files in a folder: ``files/ab/<sha256>``, each written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from agentmem_core.errors import (
    InvalidInputError,
    NotFoundError,
    StoreDamagedError,
    StoreFullError,
    StoreUnavailableError,
)

FOLDER = "files"
_PARTIAL = ".partial"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


class FolderBlobs:
    """``Blobs`` in ``folder/files``, which is made when the first file comes; only its owner can read them."""

    def __init__(self, folder: Path) -> None:
        """Nothing is touched yet."""
        self._root = folder / FOLDER

    def put(self, data: bytes) -> str:
        digest = sha256(data).hexdigest()
        place = self._place(digest)
        with suppress(NotFoundError, StoreDamagedError):
            self.get(digest)
            return digest
        with _translated(place):
            for folder in (self._root, place.parent):
                if not folder.is_dir():
                    folder.mkdir(mode=0o700)
                    _sync(folder.parent)
            partial = self._root / _PARTIAL
            partial.unlink(missing_ok=True)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(place)
            _sync(place.parent)
        return digest

    def get(self, digest: str) -> bytes:
        place = self._place(digest)
        try:
            with _translated(place):
                data = place.read_bytes()
        except FileNotFoundError:
            raise NotFoundError(f"the store holds no bytes {digest}") from None
        if sha256(data).hexdigest() != digest:
            raise StoreDamagedError(f"{place} is damaged: its bytes are not those that were put; put the file again")
        return data

    def delete(self, digest: str) -> None:
        place = self._place(digest)
        with _translated(place):
            place.unlink(missing_ok=True)
            if place.parent.is_dir():
                _sync(place.parent)

    def digests(self) -> Sequence[str]:
        return [file.name for file in self._files()]

    def tidy(self) -> None:
        with _translated(self._root):
            (self._root / _PARTIAL).unlink(missing_ok=True)

    def size(self) -> int:
        total = 0
        for file in self._files():
            with suppress(FileNotFoundError):
                total += file.stat().st_size
        return total

    def _files(self) -> list[Path]:
        with _translated(self._root):
            return [file for file in self._root.glob("[0-9a-f][0-9a-f]/*") if _DIGEST.fullmatch(file.name)]

    def _place(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise InvalidInputError(f"digest: must be a SHA-256 in lower-case hex, not {digest!r}")
        return self._root / digest[:2] / digest


@contextmanager
def _translated(place: Path) -> Generator[None]:
    """The operating system's errors as ours; a missing file stays what it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        kind = StoreFullError if error.errno in _FULL else StoreUnavailableError
        raise kind(
            f"{place} cannot be read or written ({error.strerror}); check the disk and the folder's permissions, then try again"
        ) from error


def _sync(folder: Path) -> None:
    """Make a new name in a folder survive power loss, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A whole store as one file: its databases at one moment, and the files of its resources, under one digest.

The file is a tar archive (``manifest.json``, the databases, ``files/<sha256>``) and after it one line with the SHA-256 of all before
it. So ``tar`` can look into it, and whatever was changed or cut off is seen.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentmem_core.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StoreBusyError,
    StoreDamagedError,
    StoreFullError,
    StoreTooNewError,
    StoreUnavailableError,
)
from agentmem_core.storage.files import FolderBlobs
from agentmem_core.storage.sqlite import FILE_NAME, KEYS_FILE, TRAIL_FILE, attached_digests, require_whole, snapshot

FORMAT, VERSION = "agentmem-backup", 1
_SEAL = b"agentmem-backup sha256="
_SEAL_LENGTH = len(_SEAL) + 64 + 1
_DATABASES = (FILE_NAME, KEYS_FILE, TRAIL_FILE)
"""In this order: the trail is copied after the anchor of it that stands beside the keys."""

_FILES = "files/"
_CHUNK = 1 << 20
_TRIES = 5


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What a backup holds; ``created_at`` is when its copy of the ledger was begun."""

    path: Path
    created_at: str
    databases: tuple[str, ...]
    files: int
    bytes: int
    sha256: str


def create_backup(folder: Path, target: Path) -> BackupSummary:
    """Write the store in ``folder`` to ``target``, while it is in use; the file appears when it is whole.

    ``StoreBusyError`` when files are forgotten faster than they can be copied.
    """
    if not (folder / FILE_NAME).is_file():
        raise StoreUnavailableError(f"there is no store in {folder}")
    if target.exists():
        raise ConflictError(f"{target} is there already; give another name, nothing is overwritten")
    with _writing(target), tempfile.TemporaryDirectory(prefix=".agentmem-backup-", dir=target.parent) as scratch:
        for attempt in range(_TRIES):
            copies = Path(scratch, str(attempt))
            copies.mkdir()
            created = datetime.now(UTC).isoformat()
            for name in _DATABASES:
                if (folder / name).is_file():
                    snapshot(folder / name, copies / name)
            try:
                return _packed(folder, copies, target, created)
            except NotFoundError:  # forgotten since the copy: another copy does not ask for it
                shutil.rmtree(copies)
    raise StoreBusyError(f"files of {folder} are forgotten while they are copied; try again")


def verify_backup(source: Path) -> BackupSummary:
    """Read all of a backup and examine its databases; ``StoreDamagedError`` says what is wrong."""
    with tempfile.TemporaryDirectory(prefix="agentmem-verify-") as scratch:
        return _unpacked(source, Path(scratch))


def restore_backup(source: Path, folder: Path) -> BackupSummary:
    """Make a store of a backup in ``folder``, which must be empty or not there; it is verified first."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is not empty; give a folder that is, nothing is overwritten")
    with _writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".agentmem-restore-", dir=folder.parent) as scratch:
            whole = Path(scratch, "store")
            whole.mkdir(mode=0o700)
            summary = _unpacked(source, whole)
            if folder.exists():
                folder.rmdir()
            whole.rename(folder)
    return summary


@contextmanager
def _writing(place: Path) -> Generator[None]:
    """The operating system's errors as ours."""
    try:
        yield
    except OSError as error:
        kind = StoreFullError if error.errno == 28 else StoreUnavailableError
        raise kind(f"{place} cannot be written ({error.strerror or error})") from error


def _packed(folder: Path, copies: Path, target: Path, created: str) -> BackupSummary:
    digests = attached_digests(copies / FILE_NAME)
    names = [name for name in _DATABASES if (copies / name).is_file()]
    manifest = {"format": FORMAT, "version": VERSION, "created_at": created, "databases": names, "files": digests}
    blobs = FolderBlobs(folder)
    partial = copies / "partial"
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
    with os.fdopen(descriptor, "w+b") as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            _put(archive, "manifest.json", json.dumps(manifest, indent=1).encode())
            for name in names:
                archive.add(copies / name, name)
            for digest in digests:
                _put(archive, _FILES + digest, blobs.get(digest))
        sealed = _digest(stream, stream.tell())
        stream.seek(0, os.SEEK_END)
        stream.write(_SEAL + sealed.encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
        size = stream.tell()
    os.link(partial, target) if hasattr(os, "link") else partial.rename(target)
    return BackupSummary(target, created, tuple(names), len(digests), size, sealed)


def _put(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o600
    archive.addfile(entry, io.BytesIO(data))


def _digest(stream: Any, length: int) -> str:
    """SHA-256 of the first ``length`` bytes."""
    stream.seek(0)
    found = hashlib.sha256()
    while length > 0 and (chunk := stream.read(min(_CHUNK, length))):
        found.update(chunk)
        length -= len(chunk)
    return found.hexdigest()


def _unpacked(source: Path, folder: Path) -> BackupSummary:
    """Everything of a backup in ``folder``, after its digest was found to be right."""
    try:
        stream = source.open("rb")
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{source} cannot be read ({getattr(error, 'strerror', None) or error})") from error
    with stream:
        size = stream.seek(0, os.SEEK_END)
        body = max(0, size - _SEAL_LENGTH)
        stream.seek(body)
        seal = stream.read()
        if not seal.startswith(_SEAL) or len(seal) != _SEAL_LENGTH:
            raise StoreDamagedError(f"{source} is no backup of AgentMem, or its end is missing; use another one")
        sealed = _digest(stream, body)
        if seal != _SEAL + sealed.encode() + b"\n":
            raise StoreDamagedError(f"{source} was changed or damaged since it was written; use another one")
        stream.seek(0)
        try:
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                manifest = _manifest(archive, source)
                _extract(archive, manifest, folder)
        except (tarfile.TarError, KeyError, ValueError, TypeError) as error:
            raise StoreDamagedError(f"{source} is not what its digest says ({error}); use another one") from error
    for name in manifest["databases"]:
        require_whole(folder / name)
    missing = set(attached_digests(folder / FILE_NAME)) - set(manifest["files"])
    if missing:
        raise StoreDamagedError(f"{source} lacks {len(missing)} files of its memories; use another one")
    names = tuple(manifest["databases"])
    return BackupSummary(source, str(manifest["created_at"]), names, len(manifest["files"]), size, sealed)


def _manifest(archive: tarfile.TarFile, source: Path) -> dict[str, Any]:
    found: Any = json.loads(_bytes(archive, "manifest.json"))
    if found["format"] != FORMAT or FILE_NAME not in found["databases"]:
        raise ValueError("its manifest is another program's")
    if found["version"] > VERSION:
        raise StoreTooNewError(f"{source} was written by a newer version; upgrade AgentMem")
    if not set(found["databases"]) <= set(_DATABASES):
        raise ValueError("its manifest names unknown databases")
    return dict(found)


def _extract(archive: tarfile.TarFile, manifest: dict[str, Any], folder: Path) -> None:
    """Only what the manifest names, to places of our own choosing."""
    for name in manifest["databases"]:
        with os.fdopen(os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as target:
            shutil.copyfileobj(_member(archive, name), target, _CHUNK)
            target.flush()
            os.fsync(target.fileno())
    blobs = FolderBlobs(folder)
    for digest in manifest["files"]:
        if blobs.put(_bytes(archive, _FILES + digest)) != digest:
            raise ValueError(f"file {digest} has other bytes")


def _bytes(archive: tarfile.TarFile, name: str) -> bytes:
    return bytes(_member(archive, name).read())


def _member(archive: tarfile.TarFile, name: str) -> Any:
    stream = archive.extractfile(name)
    if stream is None:
        raise ValueError(f"{name} is not a file")
    return stream

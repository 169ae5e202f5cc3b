"""``agentmem doctor``: is everything well, and if not, what to do."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from agentmem_core.cli.output import show_json, show_table
from agentmem_core.cli.remember import UNWELL
from agentmem_core.cli.store import Asked
from agentmem_core.errors import AgentMemError

LITTLE_DISK = 100_000_000
"""Bytes of free disk below which a store is told to be in danger; or below the size of its database."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``cure`` says what to do where it is not well."""

    part: str
    ok: bool
    detail: str = ""
    cure: str = ""


def doctor(asked: Asked) -> None:
    """Examine settings, store or server, and say what to do; exit code 0 when all is well, 3 when something is not."""
    findings = [_settings()]
    if findings[0].ok:
        findings += _of_server(asked) if asked.server is not None else _of_store(asked)
    well = all(finding.ok for finding in findings)
    if asked.as_json:
        show_json({"ok": well, "findings": [asdict(finding) for finding in findings]})
    else:
        rows = [(item.part, "ok" if item.ok else "NOT WELL", item.detail, item.cure or None) for item in findings]
        show_table(
            ("part", "state", "detail", "what to do"),
            rows,
            {"part": "cyan", "state": "", "detail": "", "what to do": "bold"},
        )
    if not well:
        raise typer.Exit(UNWELL)


def _settings() -> Finding:
    """Which file of settings is read, and whether it and the environment can be used."""
    from agentmem_core.cli.examining import examine

    found = examine()
    if found.problems:
        first, *others = found.problems
        more = f" (and {len(others)} more: agentmem config validate)" if others else ""
        return Finding("settings", ok=False, detail=str(found), cure=first + more)
    return Finding("settings", ok=True, detail="; ".join([str(found), *found.remarks]))


def _of_server(asked: Asked) -> Iterator[Finding]:
    url = str(asked.server)
    try:
        with asked.opened() as memory:
            health = memory.health()
    except AgentMemError as error:
        yield Finding("server", ok=False, detail=url, cure=f"{error} ({error.code})")
        return
    yield Finding("server", ok=True, detail=url)
    for part in health.components:
        yield Finding(part.name, ok=part.ok, detail=part.detail, cure="" if part.ok else "look at it where the server runs: agentmem doctor --path FOLDER")  # fmt: skip


def _of_store(asked: Asked) -> Iterator[Finding]:
    try:
        folder = asked.folder()
    except AgentMemError as error:
        yield Finding("store", ok=False, detail=error.code, cure=str(error))
        return
    yield Finding("store", ok=True, detail=str(folder))
    yield _private(folder)
    yield _room(folder)
    yield from _parts(asked)
    yield from _files(folder)
    yield from _keys(folder)


def _private(folder: Path) -> Finding:
    """Whether others on this machine can read what is remembered."""
    if os.name == "nt":
        return Finding("permissions", ok=True, detail="not examined on Windows")
    files = [file for file in folder.rglob("*") if file.is_file() and "chroma" not in file.relative_to(folder).parts]
    mine = [file for file in files if os.access(file, os.R_OK | os.W_OK)]
    if len(mine) < len(files) or not os.access(folder, os.W_OK):
        locked = str(folder) if len(mine) == len(files) else str(next(file for file in files if file not in mine))
        return Finding("permissions", ok=False, detail=f"{locked} cannot be read and written", cure=f"chown -R {_user()} {folder}")  # fmt: skip
    hidden = not stat.S_IMODE(folder.stat().st_mode) & 0o077
    readable = [file for file in files if stat.S_IMODE(file.stat().st_mode) & 0o077]
    if readable and not hidden:
        return Finding("permissions", ok=False, detail=f"others can read {readable[0].name}", cure=f"chmod -R go-rwx {folder}")  # fmt: skip
    return Finding("permissions", ok=True, detail="only their owner can read the files")


def _user() -> str:
    return str(os.geteuid()) if hasattr(os, "geteuid") else "USER"


def _room(folder: Path) -> Finding:
    from agentmem_core.storage.sqlite import FILE_NAME

    free = shutil.disk_usage(folder).free
    needed = max(LITTLE_DISK, (folder / FILE_NAME).stat().st_size)
    detail = f"{free:,} bytes free"
    if free < needed:
        return Finding("disk", ok=False, detail=detail, cure=f"make room: {needed:,} bytes are needed to go on and to compact")  # fmt: skip
    return Finding("disk", ok=True, detail=detail)


_CURES = {
    "ledger": "restore a backup (agentmem backup restore), or an export into a new store (agentmem import)",
    "embedder": "open the store with the embedder it was made with (AGENTMEM_EMBEDDER), or agentmem reindex --embedder NAME",
    "learning": "agentmem learn reads what was left",
}


def _parts(asked: Asked) -> Iterator[Finding]:
    """What the store says of itself."""
    try:
        with asked.opened() as memory:
            health = memory.health()
    except AgentMemError as error:
        part = "embedder" if error.code.startswith("embedder") else "ledger"
        yield Finding(part, ok=False, detail=f"{error} ({error.code})", cure=_CURES[part])
        return
    for found in health.components:
        yield Finding(found.name, found.ok, found.detail, "" if found.ok else _CURES.get(found.name, ""))


def _files(folder: Path) -> Iterator[Finding]:
    """Every file that a memory has is read; the cheap way to find a disk that fails."""
    from agentmem_core.storage.files import FolderBlobs
    from agentmem_core.storage.sqlite import FILE_NAME, attached_digests

    blobs, wrong = FolderBlobs(folder), list[str]()
    try:
        digests = attached_digests(folder / FILE_NAME)
    except AgentMemError as error:  # the ledger's own finding says more
        yield Finding("files", ok=False, detail=str(error), cure=_CURES["ledger"])
        return
    for digest in digests:
        try:
            blobs.get(digest)
        except AgentMemError as error:
            wrong.append(str(error))
    cure = "put the file again with memory.resource, or restore a backup"
    yield Finding("files", not wrong, wrong[0] if wrong else f"{len(digests)} whole", cure if wrong else "")


def _keys(folder: Path) -> Iterator[Finding]:
    from agentmem_core.storage.sqlite import KEYS_FILE, TRAIL_FILE, SqliteKeys, require_whole

    for name, part in ((KEYS_FILE, "keys"), (TRAIL_FILE, "audit")):
        if not (folder / name).exists():
            continue
        try:
            require_whole(folder / name)
            if part == "keys":
                SqliteKeys(folder).close()
        except AgentMemError as error:
            yield Finding(part, ok=False, detail=str(error), cure=f"restore {name} from a backup")
        else:
            yield Finding(
                part, ok=True, detail=name if part == "keys" else f"{name}; agentmem audit verify examines it"
            )

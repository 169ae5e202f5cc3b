"""Archives of the audit trail: its beginning in a file, which the rest of it names and still proves."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

from agentmem_core.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StoreDamagedError,
    StoreFullError,
    StoreUnavailableError,
)
from agentmem_core.server.security.chain import START, Chain, Fields, Head, Verdict, canonical
from agentmem_core.server.security.findings import Findings
from agentmem_core.server.security.leftovers import at_work, beside, clear
from agentmem_core.storage.sqlite import Archived, Entry, SqliteKeys, SqliteTrail

FORMAT = "agentmem-audit"
VERSION = 1
ARCHIVED = "audit_archive"
"""The operation of the entry that says what was archived."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A file of entries: those past ``after`` up to ``head``, and the SHA-256 of the file in hex."""

    path: Path
    after: Head
    head: Head
    entries: int
    digest: str


def archive_trail(
    trail: SqliteTrail, anchors: SqliteKeys, chain: Chain, target: Path, *, before: datetime, fields: Fields
) -> Archive:
    """Move the entries of before a moment into a new file, and note that in the trail.

    The file holds them and has been read again and examined before anything is removed; a process that is killed meanwhile
    leaves the trail as it was, or what it archived standing until the next time. ``fields`` say who did it, and when.
    ``NotFoundError`` when there is nothing so old, ``ConflictError`` when the trail is not whole.
    """
    trail.remove_archived()  # what an earlier time did not come to
    clear(target, FORMAT)
    anchor = anchors.anchor()
    verdict = examine_trail(trail, chain, held=() if anchor is None else [Head(anchor[0], anchor[1].hex())])
    if not verdict.whole or verdict.head is None:
        why = verdict.problems[0] if verdict.problems else "it holds nothing"
        raise ConflictError(f"the audit is not whole, so nothing was archived: {why}; see agentmem audit verify")
    after = _end(trail.archives())
    moment = before.isoformat(timespec="microseconds")
    made = _written(
        target, after, lambda: takewhile(lambda entry: _said_at(entry) < moment, trail.walk(after.number)), chain
    )
    anchors.keep_anchor(verdict.head.number, bytes.fromhex(verdict.head.hash))
    archived = Archived(made.head.number, bytes.fromhex(made.head.hash), made.entries, made.digest)
    said = {**fields, "op": ARCHIVED, "through": str(made.head), "count": made.entries, "file": made.digest}
    last = trail.append([said], chain.chained, archived=archived)
    if last is not None:
        anchors.keep_anchor(last.number, last.hash)
    trail.remove_archived()
    return made


def examine_trail(
    trail: SqliteTrail,
    chain: Chain,
    *,
    held: Sequence[Head] = (),
    files: Sequence[Path] = (),
    findings: Findings | None = None,
) -> Verdict:
    """Whether the trail is whole, with those of its archives that are given as ``files``."""
    found = Findings() if findings is None else findings
    archives = trail.archives()
    after = _end(archives)
    told: list[dict[str, Any]] = []
    left = sum(1 for _ in takewhile(lambda entry: entry.number <= after.number, trail.walk()))
    within = [head for head in held if head.number > after.number]
    verdict = chain.examine(_listening(trail.walk(after.number), told), held=within, after=after, findings=found)
    if left:
        found.add(
            "archived",
            f"{left} entries up to {after.number} still stand here, and were archived: agentmem audit archive was "
            "interrupted and can be run again, or somebody put them in",
        )
    if archives and not any(_names(said, archives[-1]) for said in told):
        found.add(
            "archived",
            f"nothing in the trail says that entries up to {after.number} were archived; they were removed",
        )
    proven: set[Head] = {after} if archives else set()
    entries = verdict.entries
    for file in files:
        own = Findings(found.most)
        made, of_file = _examined(file, chain, [head for head in held if head.number <= after.number], own)
        found.include(own, file.name)
        found.add_all("archived", (f"{file.name}: {problem}" for problem in _misplaced(made, archives)))
        proven |= {head for head in held if made.after.number < head.number <= made.head.number}
        entries += of_file.entries
    found.add_all(
        "archived",
        (
            f"entry {head.number}: was noted, and lies in an archive; give its file with --archive, if this is the right hash"
            for head in held
            if head.number <= after.number and head not in proven
        ),
    )
    return Verdict(entries, verdict.head, found.problems, found.counts)


def read_archive(source: Path) -> tuple[Archive, Iterator[Entry]]:
    """What a file says of itself, and its entries as they come; ``StoreDamagedError`` when it is no archive."""
    with _files(source), source.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        try:
            said = json.loads(stream.readline())
            if said["format"] != FORMAT or said["version"] != VERSION:
                raise StoreDamagedError(f"{source} is no archive of an audit that this version reads")
            made = Archive(source, Head.of(said["after"]), Head.of(said["head"]), int(said["entries"]), digest)
        except (ValueError, TypeError, KeyError, AttributeError, InvalidInputError) as error:
            raise StoreDamagedError(f"{source} does not begin as an archive of an audit does") from error
    return made, _entries(source)


def _entries(source: Path) -> Iterator[Entry]:
    with _files(source), source.open("rb") as stream:
        stream.readline()
        for number, line in enumerate(stream, 2):
            try:
                said = json.loads(line)
                entry = Entry(said["entry"]["n"], canonical(said["entry"]), bytes.fromhex(said["hash"]))
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise StoreDamagedError(
                    f"{source} is damaged in line {number}; it is no archive of an audit"
                ) from error
            if line != _line(entry):
                raise StoreDamagedError(f"{source} was changed in line {number}")
            yield entry


def _examined(source: Path, chain: Chain, held: Sequence[Head], found: Findings) -> tuple[Archive, Verdict]:
    made, entries = read_archive(source)
    within = [head for head in held if made.after.number < head.number <= made.head.number]
    try:
        verdict = chain.examine(entries, held=[*within, made.head], after=made.after, findings=found)
    except StoreDamagedError as error:
        found.add("changed", str(error))
        return made, Verdict(0, None, found.problems, found.counts)
    if verdict.whole and (verdict.head != made.head or verdict.entries != made.entries):
        found.add("changed", "holds other entries than its first line says")
        return made, Verdict(verdict.entries, verdict.head, found.problems, found.counts)
    return made, verdict


def _misplaced(made: Archive, archives: Sequence[Archived]) -> Iterator[str]:
    """What a file says of its place, against what the trail remembers."""
    before = START
    for archived in archives:
        if archived.number == made.head.number:
            if archived.digest != made.digest or archived.hash.hex() != made.head.hash:
                yield "is not the file that was written then; it was changed, or written anew"
            if made.after != before:
                yield f"does not begin after entry {before.number}"
            return
        before = Head(archived.number, archived.hash.hex())
    yield "is no archive of this trail"


def _written(target: Path, after: Head, entries: Callable[[], Iterable[Entry]], chain: Chain) -> Archive:
    """The file, once it is on the disk and what stands in it has been examined."""
    count, last = 0, None
    for entry in entries():
        count, last = count + 1, entry
    if last is None:
        raise NotFoundError("the audit holds nothing of before then; nothing was archived")
    head = Head(last.number, last.hash.hex())
    if target.exists():
        raise ConflictError(f"{target} is there already; give another name, nothing is overwritten")
    partial = beside(target)
    try:
        with _files(target):
            stream = os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        with _files(target), stream, at_work(stream.fileno()):
            _write(stream, {"after": str(after), "head": str(head), "entries": count}, entries())
            made, verdict = _examined(partial, chain, [head], Findings())
            if not verdict.whole:
                raise StoreDamagedError(
                    f"{target} does not hold what was written: {verdict.problems[0]}; nothing was archived"
                )
            os.link(partial, target) if hasattr(os, "link") else partial.rename(target)
            _settle(target.parent)
    finally:
        partial.unlink(missing_ok=True)
    return Archive(target, after, head, count, made.digest)


def _write(stream: IO[bytes], about: dict[str, Any], entries: Iterable[Entry]) -> None:
    """What an archive says of itself, and its entries, on the disk; closes it."""
    last = Head.of(about["head"]).number
    stream.write(canonical({"format": FORMAT, "version": VERSION, **about}).encode() + b"\n")
    stream.flush()  # from here on it can be told whose file it is
    for entry in takewhile(lambda entry: entry.number <= last, entries):
        stream.write(_line(entry))
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()


def _line(entry: Entry) -> bytes:
    return f'{{"entry":{entry.text},"hash":"{bytes(entry.hash).hex()}"}}\n'.encode()


def _said_at(entry: Entry) -> str:
    """When it was written; what does not say so is of no time, and stays."""
    try:
        return str(json.loads(entry.text)["at"])
    except (ValueError, KeyError, TypeError):
        return "~"


def _listening(entries: Iterable[Entry], told: list[dict[str, Any]]) -> Iterator[Entry]:
    """The entries, of which those that say that something was archived are kept."""
    for entry in entries:
        if ARCHIVED in entry.text:
            told.append(json.loads(entry.text))
        yield entry


def _names(said: dict[str, Any], archived: Archived) -> bool:
    through = str(Head(archived.number, archived.hash.hex()))
    return said.get("op") == ARCHIVED and (said.get("through"), said.get("file")) == (through, archived.digest)


def _end(archives: Sequence[Archived]) -> Head:
    return Head(archives[-1].number, bytes(archives[-1].hash).hex()) if archives else START


def _settle(folder: Path) -> None:
    """The name of a new file is on the disk too, where folders can be settled."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _files(place: Path) -> Generator[None]:
    """The operating system's errors as ours."""
    try:
        yield
    except OSError as error:
        kind = StoreFullError if error.errno == 28 else StoreUnavailableError
        raise kind(f"{place} cannot be read or written ({error.strerror or error})") from error

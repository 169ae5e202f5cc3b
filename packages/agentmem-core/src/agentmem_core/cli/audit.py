"""``agentmem audit``: what was done through the server, and whether that account is whole."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentmem_core.cli.output import AsJson, say, show_json, show_line, show_table
from agentmem_core.cli.spans import moment
from agentmem_core.cli.store import StorePath, server_folder
from agentmem_core.cli.texts import file_of
from agentmem_core.errors import InvalidInputError, StoreUnavailableError

if TYPE_CHECKING:
    from agentmem_core.server.security import Head, Verdict

app = typer.Typer(no_args_is_help=True, help="The audit trail: verify it, show it, archive it.")

BROKEN = 3
"""The exit code of a trail that is not whole."""

_FEW = 3
"""Problems that are told one by one without being asked for."""


@app.command()
def verify(
    expect: Annotated[
        list[str] | None,
        typer.Option(
            help="NUMBER:HASH as an earlier verification said it; the trail must still hold it.", metavar="HEAD"
        ),
    ] = None,
    archive: Annotated[
        list[str] | None,
        typer.Option(help="A file of `audit archive`, to be examined too; repeat it for several.", metavar="FILE"),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Every problem, not only the first and how many there are.")
    ] = False,
    path: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Examine the whole trail; exit code 0 when it is whole, 3 when it is not."""
    from agentmem_core.server.security import Chain, Findings, audit_keys, examine_trail
    from agentmem_core.storage.sqlite import SqliteTrail

    held = [_head(text) for text in expect or ()]
    files = [file_of(text) for text in archive or ()]
    folder = _folder(path)
    anchor = _anchor(folder)
    trail = SqliteTrail(folder)
    try:
        verdict = examine_trail(
            trail, Chain(audit_keys()), held=[*held, *([anchor] if anchor else [])], files=files,
            findings=Findings(None) if verbose else None,
        )  # fmt: skip
    finally:
        trail.close()
    if as_json:
        show_json({
            "whole": verdict.whole, "entries": verdict.entries, "head": str(verdict.head) if verdict.head else None,
            "problems": list(verdict.problems), "counts": dict(verdict.counts),
        })  # fmt: skip
    else:
        _tell(verdict, verbose=verbose)
        state = "whole" if verdict.whole else "NOT whole"
        typer.echo(f"{verdict.entries} entries, {state}" + (f"; head {verdict.head}" if verdict.head else ""))
    if not verdict.whole:
        raise typer.Exit(BROKEN)


def _tell(verdict: Verdict, *, verbose: bool) -> None:
    """The problems, or where they are many the first, how many, and what they mean."""
    from agentmem_core.server.security.findings import MEANINGS

    count = sum(verdict.counts.values())
    if verbose or count <= _FEW:
        for problem in verdict.problems:
            say(problem)
        return
    say(f"the first of {count:,} problems: {verdict.problems[0]}")
    for kind, number in verdict.counts.items():
        say(f"{number:,} are {MEANINGS[kind]}")
    say("agentmem audit verify --verbose says each of them")


@app.command("archive")
def archive_(
    file: Annotated[str, typer.Argument(help="A new file; nothing is overwritten.", metavar="FILE")],
    before: Annotated[str, typer.Option(help="What is older: a date or datetime, or a span like 90d: so long ago.")],
    path: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Move the oldest entries into a file of JSON lines, also while a server runs; `audit verify --archive FILE` examines it."""
    from agentmem_core.server.security import Chain, archive_trail, audit_keys
    from agentmem_core.storage.sqlite import SqliteKeys, SqliteTrail

    moment_before = moment(before, "before", ago=True)
    target = file_of(file)
    folder = _folder(path)
    trail, anchors = SqliteTrail(folder), SqliteKeys(folder)
    try:
        made = archive_trail(
            trail, anchors, Chain(audit_keys()), target, before=moment_before, fields=by_command_line()
        )
    finally:
        trail.close()
        anchors.close()
    if as_json:
        show_json({
            "file": str(made.path), "entries": made.entries, "after": str(made.after), "head": str(made.head),
            "sha256": made.digest,
        })  # fmt: skip
        return
    say(
        f"{made.path}: {made.entries:,} entries, {made.after.number + 1} to {made.head.number}; keep it with its SHA-256:"
    )
    typer.echo(made.digest)


def by_command_line() -> dict[str, str]:
    """Who does something by a command, and when, as the audit says it."""
    return {"who": f"cli:{_user()}", "code": "ok", "at": datetime.now(UTC).isoformat(timespec="microseconds")}


@app.command()
def show(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    user: Annotated[str | None, typer.Option(help="Only about this user.")] = None,
    who: Annotated[str | None, typer.Option(help="Only what this key or token did.")] = None,
    operation: Annotated[str | None, typer.Option(help="Only this operation, for example forget.")] = None,
    since: Annotated[str | None, typer.Option(help="A date or datetime, or a span like 7d: so long ago.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest this many.")] = 100,
    path: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """What was done: the newest entries, oldest first; with --json one object a line."""
    from agentmem_core.storage.sqlite import SqliteTrail

    start = None if since is None else moment(since, "since", ago=True).isoformat(timespec="microseconds")
    wanted = {
        name: said for name, said in (("tenant", tenant), ("user", user), ("who", who), ("op", operation)) if said
    }
    trail = SqliteTrail(_folder(path))
    try:
        found = deque(_matching((entry.text for entry in trail.walk()), wanted, start), maxlen=limit)
    finally:
        trail.close()
    if as_json:
        for entry in found:
            show_line(entry)
        return
    columns = ("n", "at", "who", "tenant", "user", "op", "code", "count", "ids")
    show_table(columns, [
        (entry.get("n"), str(entry.get("at"))[:19], entry.get("who") or entry.get("peer"), entry.get("tenant"),
         entry.get("user"), entry.get("op"), entry.get("code"), entry.get("count"), " ".join(map(str, entry.get("ids", []))))
        for entry in found
    ])  # fmt: skip


def _matching(texts: Iterable[str], wanted: dict[str, str], start: str | None) -> Iterable[dict[str, Any]]:
    for text in texts:
        try:
            entry: Any = json.loads(text)
        except ValueError:
            entry = {"code": "unreadable"}
        fits = isinstance(entry, dict) and all(entry.get(name) == said for name, said in wanted.items())
        if fits and (start is None or str(entry.get("at", "")) >= start):
            yield entry


def _folder(path: str | None) -> Path:
    from agentmem_core.storage.sqlite import TRAIL_FILE

    folder = server_folder(path)
    if not (folder / TRAIL_FILE).exists():
        raise StoreUnavailableError(f"there is no audit in {folder}: no server with this version has served it")
    return folder


def _anchor(folder: Path) -> Head | None:
    """How far the trail had come at least, as the keys' file remembers it."""
    from agentmem_core.server.security import Head
    from agentmem_core.storage.sqlite import KEYS_FILE, SqliteKeys

    if not (folder / KEYS_FILE).exists():
        return None
    keys = SqliteKeys(folder)
    try:
        found = keys.anchor()
    finally:
        keys.close()
    return None if found is None else Head(found[0], found[1].hex())


def _head(text: str) -> Head:
    from agentmem_core.server.security import Head

    try:
        return Head.of(text)
    except InvalidInputError as error:
        raise InvalidInputError(f"expect: {error}") from None


def _user() -> str:
    try:
        return getuser()
    except (OSError, KeyError):  # a user id without a name
        return "?"

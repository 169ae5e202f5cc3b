"""``agentmem audit``: what was done through the server, and whether that account is whole."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentmem_core.cli.output import AsJson, say, show_json, show_line, show_table
from agentmem_core.cli.spans import moment
from agentmem_core.cli.store import StorePath, folder_of
from agentmem_core.errors import InvalidInputError, StoreUnavailableError

if TYPE_CHECKING:
    from agentmem_core.server.security import Head

app = typer.Typer(no_args_is_help=True, help="The audit trail: verify it, show it.")

BROKEN = 3
"""The exit code of a trail that is not whole."""


@app.command()
def verify(
    expect: Annotated[
        list[str] | None,
        typer.Option(
            help="NUMBER:HASH as an earlier verification said it; the trail must still hold it.", metavar="HEAD"
        ),
    ] = None,
    path: StorePath = None,
    as_json: AsJson = False,
) -> None:
    """Examine the whole trail; exit code 0 when it is whole, 3 when it is not."""
    from agentmem_core.server.security import Chain, audit_keys
    from agentmem_core.storage.sqlite import SqliteTrail

    held = [_head(text) for text in expect or ()]
    folder = _folder(path)
    anchor = _anchor(folder)
    trail = SqliteTrail(folder)
    try:
        verdict = Chain(audit_keys()).examine(trail.walk(), held=[*held, *([anchor] if anchor else [])])
    finally:
        trail.close()
    if as_json:
        show_json({
            "whole": verdict.whole, "entries": verdict.entries, "head": str(verdict.head) if verdict.head else None,
            "problems": list(verdict.problems),
        })  # fmt: skip
    else:
        for problem in verdict.problems:
            say(problem)
        state = "whole" if verdict.whole else "NOT whole"
        typer.echo(f"{verdict.entries} entries, {state}" + (f"; head {verdict.head}" if verdict.head else ""))
    if not verdict.whole:
        raise typer.Exit(BROKEN)


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

    folder = folder_of(path)
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

    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise InvalidInputError("expect: must be NUMBER:HASH as `agentmem audit verify` says it")
    return Head(int(number), digest.lower())

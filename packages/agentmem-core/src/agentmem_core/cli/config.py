"""``agentmem config``: which settings count, who said them, and whether they can be used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from agentmem_core.cli.examining import examine
from agentmem_core.cli.output import AsJson, say, show_json, show_table
from agentmem_core.cli.remember import UNWELL
from agentmem_core.cli.store import StorePath, setting
from agentmem_core.errors import AgentMemError, ConflictError, InvalidInputError, StoreUnavailableError
from agentmem_core.settings import (
    FILE_NAME,
    SETTINGS,
    Found,
    Setting,
    Settings,
    current,
    named_file,
    places,
    shown,
    user_file,
)

app = typer.Typer(no_args_is_help=True, help="Settings: show, validate, path, init.")


@app.command()
def show(
    changed: Annotated[bool, typer.Option("--changed", help="Only what is not a default.")] = False,
    path: StorePath = None,
    api_url: Annotated[str | None, setting("api_url", "--api-url")] = None,
    as_json: AsJson = False,
) -> None:
    """Every setting, its value, and who said it: an argument, a variable, a line of the file, or nobody. Secrets are not shown."""
    settings = current()
    given = {"path": path, "api_url": api_url}
    rows = [_row(settings, item, given.get(item.name)) for item in SETTINGS.values() if item.in_file]
    rows = [row for row in rows if not changed or row["source"] != "default"]
    if as_json:
        file = settings.file
        show_json({"file": None if file is None else str(file.path), "profile": settings.profile, "settings": rows})
    else:
        say(
            "no agentmem.toml is read"
            if settings.file is None
            else f"{settings.file.path}" + (f", profile {settings.profile}" if settings.profile else "")
        )
        show_table(
            ("setting", "value", "source"),
            [(row["name"], _plain(row), row["error"] or _said_by(row, settings)) for row in rows],
            {"setting": "cyan", "source": "dim"},
        )
    if any(row["error"] for row in rows):
        raise typer.Exit(UNWELL)


@app.command()
def validate(
    file: Annotated[
        str | None, typer.Argument(help="The file; otherwise the one that counts.", metavar="[FILE]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Examine the file with all its profiles, and the environment; exit code 0 when all can be used, 3 when not."""
    if file is not None and not file.strip():
        raise InvalidInputError("FILE: must not be empty; leave it out for the file that counts")
    found = examine(file)
    if as_json:
        show_json({
            "ok": not found.problems, "file": None if found.file is None else str(found.file.path), "profile": found.profile,
            "profiles": [] if found.file is None else list(found.file.profiles),
            "problems": list(found.problems), "remarks": list(found.remarks),
        })  # fmt: skip
    else:
        for problem in found.problems:
            typer.echo(problem)
        for remark in found.remarks:
            say(f"to know: {remark}")
        profiles = ", ".join(found.file.profiles) if found.file is not None else ""
        say(
            f"{found}{f'; its profiles: {profiles}' if profiles else ''}; "
            + (f"to put right: {len(found.problems)}" if found.problems else "all can be used")
        )
    if found.problems:
        raise typer.Exit(UNWELL)


@app.command("path")
def path_(as_json: AsJson = False) -> None:
    """Which file is read; exit code 1 when there is none."""
    file = current().file
    looked = [str(place) for place, _ in places(None)] if named_file() is None else []
    if as_json:
        show_json({"path": None if file is None else str(file.path), "looked": looked})
    if file is not None:
        if not as_json:
            typer.echo(str(file.path))
        return
    say(
        "no agentmem.toml is read"
        + (f"; looked for: {', '.join(looked)}" if looked else ": AGENTMEM_CONFIG or --config says none")
    )
    raise typer.Exit(1)


@app.command()
def init(
    user: Annotated[
        bool, typer.Option("--user", help="For all folders, in the folder of your settings; otherwise here.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write an agentmem.toml that holds every setting, commented out; nothing is overwritten."""
    target = user_file() if user else here() / FILE_NAME
    write_new(target)
    if as_json:
        show_json({"path": str(target)})
        return
    typer.echo(str(target))
    say("everything in it is commented out; `agentmem config show` says what counts")


def here() -> Path:
    """The folder that is worked in."""
    try:
        return Path.cwd()
    except OSError as error:
        raise StoreUnavailableError("the folder that you are in was removed; go to another one") from error


def write_new(target: Path, store: str | None = None) -> None:
    """A new file of settings, readable by its owner only; ``ConflictError`` where there is one."""
    from agentmem_core.settings.template import template

    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8", newline="\n") as stream:
            target.chmod(0o600)
            stream.write(template(store))
    except FileExistsError:
        raise ConflictError(f"{target} is there already; nothing is overwritten") from None
    except OSError as error:
        raise StoreUnavailableError(f"{target} cannot be written ({error.strerror})") from error


def _row(settings: Settings, item: Setting, given: Any) -> dict[str, Any]:
    try:
        found: Found = settings.found(item.name, given)
    except AgentMemError as error:
        return {
            "name": item.name,
            "value": None,
            "source": "error",
            "where": None,
            "variable": item.variable,
            "error": str(error),
        }
    value = shown(item, found.value)
    if value is None and item.name == "path":
        from agentmem_core.config import default_path

        value = str(default_path())
    where = f"--{item.key.replace('_', '-')}" if found.source == "argument" else found.where or None
    return {
        "name": item.name,
        "value": value,
        "source": found.source,
        "where": where,
        "variable": item.variable,
        "error": None,
    }


def _said_by(row: dict[str, Any], settings: Settings) -> str:
    """Who said it; the file without its folder, which stands above the table."""
    where = str(row["where"] or row["source"])
    return where if settings.file is None else where.replace(str(settings.file.path), settings.file.path.name, 1)


def _plain(row: dict[str, Any]) -> str | None:
    """A value as people read it; where nobody says one, what is then the case."""
    value = row["value"]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return ", ".join(str(item) for item in value) or None
    if value is None:
        return f"({SETTINGS[row['name']].usual})".replace("`", "") if SETTINGS[row["name"]].usual else None
    return str(value)

"""``agentmem backup``: a whole store as one file, and back."""

from __future__ import annotations

import os
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from agentmem_core.cli.output import AsJson, say, show_json
from agentmem_core.cli.store import StorePath, server_folder
from agentmem_core.cli.texts import file_of
from agentmem_core.errors import InvalidInputError

if TYPE_CHECKING:
    from agentmem_core.storage.backup import BackupSummary


class _CreateUnlessNamed(TyperGroup):
    """``agentmem backup FILE`` is ``agentmem backup create FILE``, for a file that no mistyped command looks like."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, with the command that nobody named."""
        named = not args or args[0].startswith("-") or self._looks_like_a_command(args[0])
        return super().parse_args(ctx, args if named else ["create", *args])

    def _looks_like_a_command(self, word: str) -> bool:
        return not {".", "/", os.sep} & set(word) and bool(get_close_matches(word.lower(), self.commands))


app = typer.Typer(
    no_args_is_help=True, cls=_CreateUnlessNamed,
    help="Backups of a whole store: create, verify, restore. `backup FILE` creates.",
)  # fmt: skip

File = Annotated[str, typer.Argument(help="The backup.", metavar="FILE")]


@app.command()
def create(file: File, path: StorePath = None, as_json: AsJson = False) -> None:
    """Write the whole store to a new file, while it is in use: all tenants, files, keys and audit."""
    from agentmem_core.storage.backup import create_backup

    _show(create_backup(server_folder(path), file_of(file)), "written", as_json=as_json)


@app.command()
def verify(file: File, as_json: AsJson = False) -> None:
    """Examine a backup: nothing was changed or cut off, and its databases hold together."""
    from agentmem_core.storage.backup import verify_backup

    _show(verify_backup(file_of(file)), "whole", as_json=as_json)


@app.command()
def restore(file: File, path: StorePath = None, as_json: AsJson = False) -> None:
    """Make a store of a backup in an empty folder (--path), after verifying it."""
    from agentmem_core.config import default_path
    from agentmem_core.settings import current
    from agentmem_core.storage.backup import restore_backup

    if path is not None and not path.strip():
        raise InvalidInputError("path: must not be empty")
    said = current().value("path", path)
    folder = default_path() if said is None else Path(os.path.abspath(os.path.expanduser(said)))  # noqa: PTH100, PTH111 - NUL raises nothing here
    _show(restore_backup(file_of(file), folder), f"restored to {folder}", as_json=as_json)


def _show(summary: BackupSummary, what: str, *, as_json: bool) -> None:
    if as_json:
        show_json(asdict(summary))
        return
    say(f"{summary.path}: {what}; {', '.join(summary.databases)}, {summary.files} files, {summary.bytes:,} bytes")
    typer.echo(summary.sha256)

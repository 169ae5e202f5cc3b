"""Which store a command is about: what is said, then the environment, then the platform's folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from agentmem_core.errors import InvalidInputError, StoreUnavailableError

IN_MEMORY = ":memory:"

StorePath = Annotated[
    str | None,
    typer.Option(
        "--path", envvar="AGENTMEM_PATH", help="The store's folder; otherwise the platform's.", metavar="FOLDER"
    ),
]


def folder_of(path: str | None, *, make: bool = False) -> Path:
    """The folder of a store. It is made when it is asked to be, or else must be there."""
    if path == IN_MEMORY:
        raise InvalidInputError("path: a store in memory is nobody else's; give a folder")
    if path is None:
        from agentmem_core.connect import default_path

        folder = default_path()
    else:
        folder = Path(path).expanduser().absolute()
    try:
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)
    except (OSError, ValueError) as error:
        raise StoreUnavailableError(f"{folder} cannot be made or read ({error}); give another folder") from error
    if not there:
        raise StoreUnavailableError(f"there is no store in {folder}; give its folder with --path")
    return folder

"""``agentmem init``: a store and a file of settings to begin with."""

from __future__ import annotations

from pathlib import Path

import typer

from agentmem_core.cli.output import say, show_json
from agentmem_core.cli.store import Asked
from agentmem_core.errors import AgentMemError, InvalidInputError
from agentmem_core.settings import FILE_NAME, current, named_file, user_file


def init(asked: Asked) -> None:
    """Make a store, and an agentmem.toml that says where it is; what is there stays as it is.

    With --path the file is written here, so that commands in this folder, and programs, find the store; otherwise it is yours, for all folders.
    """
    if asked.server is not None:
        raise InvalidInputError("init: a server makes its own store; leave out --api-url (or the setting api_url)")
    folder = asked.folder(make=True)
    with asked.opened(make=True) as memory:
        found = memory.stats(everyone=True)
    written, hint = _settings(asked, folder)
    if asked.as_json:
        show_json({"path": str(folder), "memories": found.memories, "config": written})
        return
    typer.echo(str(folder))
    said = f"a store with {found.memories} memories" if found.memories else "an empty store"
    for line in filter(None, (said + (f"; settings in {written}" if written else ""), hint)):
        say(line)
    say('next: agentmem add "I moved to Lisbon in May"')


def _settings(asked: Asked, folder: Path) -> tuple[str | None, str]:
    """The file of settings, and what to know of it; a new one where there is none for this store."""
    from agentmem_core.cli.config import here, write_new

    file = current().file
    target = here() / FILE_NAME if asked.path is not None else user_file()
    hint = ""
    if named_file() is None and not target.exists() and (file is None or asked.path is not None):
        try:
            write_new(target, _from(folder, target.parent) if asked.path is not None else None)
        except AgentMemError as error:  # a store without the file is a store too
            hint = f"without a file of settings: {error}"
        file = None
    if asked.path is None and current().value("path") is None:
        hint = hint or "for a store of this folder alone: agentmem init --path memory"
    elif asked.path is not None and current().value("path") != str(folder):
        hint = (
            hint
            or f"commands without --path go to {current().value('path')}, as {current().found('path').where or 'the default'} says"
        )
    now = current().file if file is None else file
    return (None if now is None else str(now.path)), hint


def _from(folder: Path, here: Path) -> str:
    """The folder as it is seen from the file, where it is below it."""
    return folder.relative_to(here).as_posix() if folder.is_relative_to(here) else str(folder)

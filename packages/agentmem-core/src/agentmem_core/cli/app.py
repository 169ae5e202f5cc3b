"""The commands, group by group, and what becomes of an error."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import takewhile
from typing import Annotated

import typer

from agentmem_core.cli import audit, backup, change, find, keys, remember, transfer, upkeep
from agentmem_core.cli.doctor import doctor
from agentmem_core.cli.entry import INTERRUPTED
from agentmem_core.cli.output import say
from agentmem_core.cli.serve import serve
from agentmem_core.cli.store import asked
from agentmem_core.errors import AgentMemError

FAILED, WRONG = 1, 2
"""Exit codes: it could not be done; it was asked wrongly. 3, of a few commands: it was done, and not all is well."""

app = typer.Typer(
    name="agentmem", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Long-term memory for agents.",
)  # fmt: skip


def _register(name: str, command: Callable[..., None]) -> None:
    app.command(name)(asked(command))


_COMMANDS: tuple[tuple[str, Callable[..., None]], ...] = (
    ("init", upkeep.init), ("add", remember.add), ("search", find.search), ("context", find.context), ("list", find.list_),
    ("show", find.show), ("update", change.update), ("delete", change.delete), ("history", change.history),
    ("restore", change.restore), ("forget", change.forget), ("learn", remember.learn), ("export", transfer.export),
    ("import", transfer.import_), ("import-from", transfer.import_from), ("stats", upkeep.stats), ("doctor", doctor),
    ("maintain", upkeep.maintain), ("reindex", upkeep.reindex), ("compact", upkeep.compact),
)  # fmt: skip
for name, command in _COMMANDS:
    _register(name, command)
app.add_typer(backup.app, name="backup")
app.command()(serve)
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"agentmem {version('agentmem-core')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version.")
    ] = False,
    _debug: Annotated[
        bool, typer.Option("--debug", help="Before the command: show the traceback of an error; or AGENTMEM_DEBUG=1.")
    ] = False,
) -> None:
    """Long-term memory for agents: in a folder, or on a server with --api-url."""


def run(arguments: Sequence[str]) -> int:
    """Do what is said; answers the exit code. An error of ours is one line on standard error, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a text still gets an answer
    debug = "--debug" in takewhile(lambda word: word.startswith("-"), arguments) or _set("AGENTMEM_DEBUG")
    try:
        code = app(list(arguments), prog_name="agentmem", standalone_mode=True)
        sys.stdout.flush()
    except SystemExit as end:
        code = end.code
    except AgentMemError as error:
        if debug:
            raise
        say(f"agentmem: {' '.join(str(error).split())} ({error.code})")
        return WRONG if error.code.startswith("invalid") else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if debug:
            raise
        say(
            f"agentmem: {type(error).__name__}: {' '.join(str(error).split())}; this is a defect of AgentMem: run "
            "`agentmem --debug ...` again, and report what it says to the project"
        )
        return FAILED
    return code if isinstance(code, int) else 0 if code is None else FAILED


def _set(name: str) -> bool:
    return os.environ.get(name, "").lower() not in {"", "0", "false", "no"}

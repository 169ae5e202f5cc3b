"""The commands, group by group, and what becomes of an error."""

from __future__ import annotations

import inspect
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from agentmem_core.cli.choosing import Choice, ConfigFile, Profile, choosing
from agentmem_core.cli.entry import INTERRUPTED
from agentmem_core.cli.output import say
from agentmem_core.cli.store import asked
from agentmem_core.errors import AgentMemError
from agentmem_core.settings import chosen

FAILED, WRONG = 1, 2
"""Exit codes: it could not be done; it was asked wrongly; Ctrl-C. 3, of a few commands: it was done, and not all is well."""

_HOMES = {
    "init": "starting:init", "add": "remember:add", "search": "find:search", "context": "find:context", "list": "find:list_",
    "show": "find:show", "update": "change:update", "delete": "change:delete", "history": "change:history",
    "restore": "change:restore", "forget": "change:forget", "learn": "remember:learn", "export": "transfer:export",
    "import": "transfer:import_", "import-from": "transfer:import_from", "stats": "upkeep:stats", "doctor": "doctor:doctor",
    "maintain": "upkeep:maintain", "reindex": "upkeep:reindex", "compact": "upkeep:compact", "backup": "backup:app",
    "mcp": "mcp:mcp", "serve": "serve:serve", "keys": "keys:app", "audit": "audit:app", "config": "config:app",
}  # fmt: skip
"""Where each command is; its module is imported when it runs. An ``app`` is a group of commands."""

_WITHOUT_MEMORIES = {"serve"}
"""Commands that do not take the options of ``Asked``."""

_READ_BY = {"import": "transfer:ToUser", "import-from": "transfer:ToUser"}
"""Classes of commands that read their arguments in a way of their own."""

NAMES = tuple(_HOMES)


class Commands(TyperGroup):
    """The commands by name, each built when it is asked for."""

    def __init__(self, **given: Any) -> None:
        """All of them, not built yet."""
        super().__init__(**given)
        self.commands: dict[str, Any] = dict.fromkeys(NAMES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command; None where there is none of the name."""
        if cmd_name in self.commands and self.commands[cmd_name] is None:
            self.commands[cmd_name] = _built(cmd_name)
        return self.commands.get(cmd_name)


def _built(name: str) -> Any:
    found = _at(_HOMES[name])
    if isinstance(found, typer.Typer):
        for command in found.registered_commands:
            if command.callback is not None and "profile" not in inspect.signature(command.callback).parameters:
                command.callback = choosing(command.callback)
        built = typer.main.get_command(found)
    else:
        holder = typer.Typer(add_completion=False, rich_markup_mode=None)
        kind = _at(_READ_BY[name]) if name in _READ_BY else None
        holder.command(name, cls=kind)(choosing(found if name in _WITHOUT_MEMORIES else asked(found)))
        built = typer.main.get_command(holder)
    built.name = name
    return built


def _at(home: str) -> Any:
    module, _, attribute = home.partition(":")
    return getattr(import_module(f"agentmem_core.cli.{module}"), attribute)


app = typer.Typer(
    name="agentmem", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, cls=Commands,
    help="Long-term memory for agents.",
)  # fmt: skip


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"agentmem {version('agentmem-core')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version.")
    ] = False,
    _debug: Annotated[
        bool, typer.Option("--debug", help="Before the command: show the traceback of an error; or AGENTMEM_DEBUG=1.")
    ] = False,
    config: ConfigFile = None,
    profile: Profile = None,
) -> None:
    """Long-term memory for agents: in a folder, or on a server with --api-url."""
    choice = Choice(config, profile)
    context.with_resource(chosen(config=choice.config, profile=choice.profile))


def run(arguments: Sequence[str]) -> int:
    """Do what is said; answers the exit code. An error of ours is one line on standard error, never a traceback."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a text still gets an answer
    debug = "--debug" in takewhile(lambda word: word not in _HOMES, arguments) or _set("AGENTMEM_DEBUG")
    try:
        code = app(list(arguments), prog_name="agentmem", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.Abort:
        say("agentmem: given up")
        return FAILED
    except Exception as error:
        if hasattr(error, "format_message"):
            return _said_wrongly(error, arguments)
        if debug and not _is_broken_pipe(error):
            raise
        return _told(error)
    return code if isinstance(code, int) else 0 if code is None else FAILED


_OURS = (
    ("Input should be a valid integer, unable to parse string as an integer", "must be a whole number"),
    ("Input should be a valid number, unable to parse string as a number", "must be a number"),
    ("Input should be less than or equal to", "must be at most"),
    ("Input should be greater than or equal to", "must be at least"),
    ("Input should be", "must be"),
)
"""What typer says of a value, and what we do."""


def _said_wrongly(error: Any, arguments: Sequence[str]) -> int:
    """What typer refuses, in one line with where to look; a group without a command shows its help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return int(error.exit_code)
    said = " ".join(error.format_message().split()).rstrip(".")
    for theirs, ours in _OURS:
        said = said.replace(theirs, ours)
    context = getattr(error, "ctx", None)
    named = ["agentmem", *[word for word in arguments if word in _HOMES][:1]]
    say(f"agentmem: {said} ({' '.join(named) if context is None else context.command_path} --help)")
    return int(error.exit_code)


def _told(error: Exception) -> int:
    """An error in one line on standard error; answers the exit code."""
    if _is_broken_pipe(error):
        return _left_alone()
    said = " ".join(str(error).split())
    if isinstance(error, AgentMemError):
        say(f"agentmem: {said} ({error.code})")
        return WRONG if error.code.startswith("invalid") else FAILED
    if isinstance(error, OSError):
        _left_alone()
        what = f"{error.strerror or said}{f': {error.filename}' if error.filename else ''}"
        say(f"agentmem: {what}; what was stored is whole")
        return FAILED
    say(
        f"agentmem: {type(error).__name__}: {said}; this is a defect of AgentMem: run `agentmem --debug ...` again, and report "
        "what it says to the project"
    )
    return FAILED


def _is_broken_pipe(error: Exception) -> bool:
    return isinstance(error, BrokenPipeError) or isinstance(error.__cause__, BrokenPipeError)


def _open_streams() -> None:
    """A stream that was closed before the program began is empty, and what is written to it is lost."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - it is the process's


def _left_alone() -> int:
    """The reader of standard output has seen enough, or it cannot be written: nothing more goes there."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED


def _set(name: str) -> bool:
    return os.environ.get(name, "").lower() not in {"", "0", "false", "no"}

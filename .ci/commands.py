"""Write the tables of docs/cli.md from the commands: `uv run python .ci/commands.py`; with --check, only say whether they are current."""

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import typer
from pages import keep

from agentmem_core.cli.app import app
from agentmem_core.cli.store import Asked

SHARED = {f"--{name.replace('_', '-')}" for name in Asked.__dataclass_fields__} - {"--as-json"} | {"--json"}
CHOOSING = {"--config", "--profile"}


def commands(group: Any, name: str = "agentmem") -> Iterator[tuple[str, Any]]:
    for child_name in group.list_commands(None):
        child = group.get_command(None, child_name)
        whole = f"{name} {child_name}"
        if hasattr(child, "commands"):
            yield from commands(child, whole)
        else:
            yield whole, child


def options(command: Any) -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        names = [*parameter.opts, *parameter.secondary_opts]
        if parameter.param_type_name == "argument":
            yield parameter.metavar or str(parameter.name).strip("_").upper(), parameter.help or ""
        elif not CHOOSING & set(names) and (not SHARED & set(names) or not shares(command)):
            yield " ".join(names), parameter.help or ""


def shares(command: Any) -> bool:
    """Whether a command has all of the shared options."""
    return {name for parameter in command.params for name in parameter.opts} >= SHARED


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def table() -> str:
    lines: list[str] = []
    for name, command in commands(typer.main.get_command(app)):
        lines += [f"### `{name}`", "", inspect.cleandoc(command.help or ""), ""]
        rows = [f"| `{cell(shown)}` | {cell(text)} |" for shown, text in options(command)]
        if rows:
            lines += ["| | |", "|---|---|", *rows, ""]
        if shares(command):
            lines += ["And [the options of every command](#whose-memories).", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(keep("cli.md", script="commands", what="commands", now=table()))

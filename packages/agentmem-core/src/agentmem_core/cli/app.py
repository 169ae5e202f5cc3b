"""The commands, group by group, and what becomes of an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from agentmem_core.cli import audit, keys
from agentmem_core.cli.serve import serve
from agentmem_core.errors import AgentMemError

FAILED, WRONG, INTERRUPTED = 1, 2, 130
"""Exit codes: it could not be done; it was asked wrongly; Ctrl-C."""

app = typer.Typer(
    name="agentmem", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Long-term memory for agents: its server, keys and audit.",
)  # fmt: skip
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.command()(serve)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"agentmem {version('agentmem-core')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Long-term memory for agents: its server, keys and audit."""


def run(arguments: Sequence[str]) -> int:
    """Do what is said; answers the exit code. An error of ours is one line on standard error, never a traceback."""
    try:
        code = app(list(arguments), prog_name="agentmem", standalone_mode=True)
    except SystemExit as end:
        code = end.code
    except AgentMemError as error:
        sys.stderr.write(f"agentmem: {error}\n")
        return WRONG if error.code.startswith("invalid") else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code if isinstance(code, int) else 0 if code is None else FAILED

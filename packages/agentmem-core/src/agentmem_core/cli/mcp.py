"""``agentmem mcp``: memories for a client of the Model Context Protocol."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agentmem_core.cli.output import say
from agentmem_core.cli.store import Asked
from agentmem_core.errors import InvalidInputError


def mcp(
    asked: Asked,
    read_only: Annotated[bool, typer.Option("--read-only", help="Only tools that look.")] = False,
) -> None:
    """Serve memories to the MCP client that starts this, over standard input and output, until it hangs up."""
    if asked.as_json:
        raise InvalidInputError("--json: what is said to an MCP client is JSON already; leave it out")
    from agentmem_core.mcp import serve_stdio

    if sys.stdin.isatty():
        say(
            "an MCP client starts this command and speaks to it here; put it into the client's configuration. Ctrl-C ends it."
        )
    with asked.opened(make=not read_only) as memory:
        serve_stdio(memory, read_only=read_only)

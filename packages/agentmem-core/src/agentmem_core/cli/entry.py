"""Where the command ``agentmem`` begins."""

from __future__ import annotations

import sys
from importlib import import_module

INTERRUPTED = 130
"""The exit code of Ctrl-C."""


def main() -> None:
    """Run what the command line says; without the extra ``cli`` say what to install."""
    try:
        import typer as _typer  # noqa: F401  # pyright: ignore[reportUnusedImport] - only whether it is there

        # by name: its modules are of this package, and would import it in a circle
        commands = import_module("agentmem_core.cli.app")
        code = commands.run(sys.argv[1:])
    except ModuleNotFoundError as error:
        if error.name != "typer":
            raise
        sys.stderr.write('agentmem: the command line needs an extra; run: pip install "agentmem-core[cli]"\n')
        raise SystemExit(1) from None
    except KeyboardInterrupt:  # before the commands are there, or after
        raise SystemExit(INTERRUPTED) from None
    raise SystemExit(code)

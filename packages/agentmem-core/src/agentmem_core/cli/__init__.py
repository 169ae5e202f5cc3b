"""The command ``agentmem``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run what the command line says; without the extra ``cli`` say what to install."""
    try:
        import typer as _typer  # noqa: F401  # pyright: ignore[reportUnusedImport] - only whether it is there
    except ImportError:
        sys.stderr.write('agentmem: the command line needs an extra; run: pip install "agentmem-core[cli]"\n')
        raise SystemExit(1) from None
    from agentmem_core.cli.app import run

    raise SystemExit(run(sys.argv[1:]))


__all__ = ["main"]

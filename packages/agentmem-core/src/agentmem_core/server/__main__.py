"""``python -m agentmem_core.server``: a server for this machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from agentmem_core.errors import AgentMemError
from agentmem_core.server.serving import serve
from agentmem_core.server.settings import ServerSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m agentmem_core.server", description="Serve one store over HTTP, without keys, on this machine."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one and says which")
    parser.add_argument("--path", help="the store's folder; otherwise AGENTMEM_PATH or the platform's")
    given = parser.parse_args(arguments)
    try:
        serve(ServerSettings(host=given.host, port=given.port, path=given.path))
    except AgentMemError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

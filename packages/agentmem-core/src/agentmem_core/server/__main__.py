"""``python -m agentmem_core.server``: what ``agentmem serve`` does, without the extra for command lines."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from agentmem_core.errors import AgentMemError
from agentmem_core.server.logs import log_to
from agentmem_core.server.serving import serve
from agentmem_core.server.settings import ServerSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m agentmem_core.server",
        description="Serve one store over HTTP; without keys on this machine only.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one and says which")
    parser.add_argument("--path", help="the store's folder; otherwise AGENTMEM_PATH or the platform's")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds of one request")
    parser.add_argument("--grace", type=int, default=30, help="seconds for what is under way at the end")
    parser.add_argument("--requests", type=int, default=256, help="at once; more are asked to come again")
    parser.add_argument(
        "--heartbeat", type=float, default=15.0, help="seconds between the signs of life of event streams"
    )
    parser.add_argument("--allowed-host", action="append", default=[], help="a name by which it may be called")
    parser.add_argument(
        "--allowed-origin", action="append", default=[], help="a web page that may ask, as https://example.org"
    )
    parser.add_argument("--otel", action="store_true", help="send spans to where OTEL_EXPORTER_OTLP_ENDPOINT says")
    given = parser.parse_args(arguments)
    log_to()
    try:
        serve(
            ServerSettings(
                host=given.host, port=given.port, path=given.path, timeout=given.timeout, grace=given.grace,
                requests=given.requests, heartbeat=given.heartbeat, hosts=tuple(given.allowed_host),
                origins=tuple(given.allowed_origin), otel=given.otel,
            )
        )  # fmt: skip
    except AgentMemError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m agentmem_core.server``: what ``agentmem serve`` does, without the extra for command lines."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from agentmem_core.errors import AgentMemError
from agentmem_core.server.logs import log_to
from agentmem_core.server.serving import serve
from agentmem_core.server.settings import ServerSettings
from agentmem_core.settings import SETTINGS


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m agentmem_core.server",
        description="Serve one store over HTTP; without keys on this machine only.",
    )
    parser.add_argument("--path", help="the store's folder; otherwise as the settings say, or the platform's")
    for name in ("host", "port", "timeout", "grace", "requests", "readers", "heartbeat"):
        setting = SETTINGS[f"server.{name}"]
        kind = {"whole": int, "seconds": float}.get(setting.kind, str)
        parser.add_argument(
            f"--{name}",
            type=kind,
            help=f"{setting.what} Otherwise {setting.variable}, or {setting.usual or setting.default}.",
        )
    parser.add_argument("--allowed-host", action="append", help="a name by which it may be called")
    parser.add_argument("--allowed-origin", action="append", help="a web page that may ask, as https://example.org")
    parser.add_argument(
        "--otel", action="store_true", default=None, help="send spans to where OTEL_EXPORTER_OTLP_ENDPOINT says"
    )
    given: dict[str, Any] = vars(parser.parse_args(arguments))
    log_to()
    try:
        lists = {"hosts": given.pop("allowed_host"), "origins": given.pop("allowed_origin")}
        given |= {name: tuple(said) for name, said in lists.items() if said}
        serve(ServerSettings.configured(**given))
    except AgentMemError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``agentmem serve``: a server over one store."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from agentmem_core.cli.store import IN_MEMORY, StorePath, folder_of
from agentmem_core.errors import NotConfiguredError


def serve(
    host: Annotated[str, typer.Option(envvar="AGENTMEM_HOST", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(envvar="AGENTMEM_PORT", min=0, max=65_535, help="0 takes a free one and says which.")
    ] = 8080,
    path: StorePath = None,
) -> None:
    """Serve a store over HTTP until Ctrl-C; without keys on this machine only."""
    try:
        import fastapi as _fastapi  # noqa: F401  # pyright: ignore[reportUnusedImport] - only whether it is there
        import uvicorn as _uvicorn  # noqa: F401  # pyright: ignore[reportUnusedImport] - only whether it is there
    except ImportError as error:
        raise NotConfiguredError('the server needs an extra; run: pip install "agentmem-core[server]"') from error
    from agentmem_core.server.security import SecuritySettings, gate_for
    from agentmem_core.server.security.routes import key_routes
    from agentmem_core.server.serving import serve as serving
    from agentmem_core.server.settings import ServerSettings

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    folder = None if path == IN_MEMORY else folder_of(path, make=True)
    settings = ServerSettings(host=host, port=port, path=IN_MEMORY if folder is None else str(folder))
    gate = gate_for(SecuritySettings.from_environment(folder), host)
    try:
        serving(settings, gate=gate, routers=[key_routes(gate)])
    finally:
        gate.close_now()

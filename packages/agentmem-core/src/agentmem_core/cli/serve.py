"""``agentmem serve``: a server over one store."""

from __future__ import annotations

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
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds of one request.")] = 30.0,
    grace: Annotated[int, typer.Option(min=0, help="Seconds for what is under way at the end.")] = 30,
    requests: Annotated[int, typer.Option(min=1, help="At once; more are asked to come again.")] = 256,
    heartbeat: Annotated[float, typer.Option(min=0.001, help="Seconds between signs of life of event streams.")] = 15.0,
    allowed_host: Annotated[list[str] | None, typer.Option(help="A name by which it may be called.")] = None,
    allowed_origin: Annotated[
        list[str] | None, typer.Option(help="A web page that may ask, as https://example.org.")
    ] = None,
    otel: Annotated[bool, typer.Option("--otel", help="Send spans to OTEL_EXPORTER_OTLP_ENDPOINT.")] = False,
) -> None:
    """Serve a store over HTTP until Ctrl-C; without keys on this machine only."""
    try:
        import fastapi as _fastapi  # noqa: F401  # pyright: ignore[reportUnusedImport] - only whether it is there
        import uvicorn as _uvicorn  # noqa: F401  # pyright: ignore[reportUnusedImport] - only whether it is there
    except ImportError as error:
        raise NotConfiguredError('the server needs an extra; run: pip install "agentmem-core[server]"') from error
    from agentmem_core.server.logs import log_to
    from agentmem_core.server.serving import serve as serving
    from agentmem_core.server.settings import ServerSettings

    log_to()
    folder = None if path == IN_MEMORY else folder_of(path, make=True)
    settings = ServerSettings(
        host=host, port=port, path=IN_MEMORY if folder is None else str(folder), timeout=timeout, grace=grace,
        requests=requests, heartbeat=heartbeat, hosts=tuple(allowed_host or ()), origins=tuple(allowed_origin or ()),
        otel=otel,
    )  # fmt: skip
    serving(settings)

"""``agentmem serve``: a server over one store."""

from __future__ import annotations

from typing import Annotated, Any

from agentmem_core.cli.store import StorePath, folder_of, setting
from agentmem_core.errors import NotConfiguredError
from agentmem_core.settings import IN_MEMORY, current


def _told(name: str, **more: Any) -> Any:
    return setting(f"server.{name}", **more)


def serve(
    host: Annotated[str | None, _told("host")] = None,
    port: Annotated[int | None, _told("port", min=0, max=65_535)] = None,
    path: StorePath = None,
    timeout: Annotated[float | None, _told("timeout", min=0.001)] = None,
    grace: Annotated[int | None, _told("grace", min=0)] = None,
    requests: Annotated[int | None, _told("requests", min=1)] = None,
    readers: Annotated[int | None, _told("readers", min=0, max=64)] = None,
    heartbeat: Annotated[float | None, _told("heartbeat", min=0.001)] = None,
    allowed_host: Annotated[list[str] | None, _told("hosts", more_than_once=True)] = None,
    allowed_origin: Annotated[list[str] | None, _told("origins", more_than_once=True)] = None,
    otel: Annotated[bool | None, _told("otel")] = None,
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
    folder = None if current().value("path", path) == IN_MEMORY else folder_of(path, make=True)
    serving(
        ServerSettings.configured(
            path=IN_MEMORY if folder is None else str(folder), host=host, port=port, timeout=timeout, grace=grace,
            requests=requests, readers=readers, heartbeat=heartbeat, otel=otel,
            hosts=tuple(allowed_host) if allowed_host else None, origins=tuple(allowed_origin) if allowed_origin else None,
        )
    )  # fmt: skip

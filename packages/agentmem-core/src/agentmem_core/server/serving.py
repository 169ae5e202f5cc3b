"""A server in this process: it says where it listens, and finishes what is under way when it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Callable, Generator, Sequence
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI

from agentmem_core.config import IN_MEMORY, folder_of
from agentmem_core.connect import Config, connect
from agentmem_core.errors import NotConfiguredError
from agentmem_core.ports import Backend
from agentmem_core.server.app import create_app
from agentmem_core.server.connections import bounded, let_go
from agentmem_core.server.garbage import seldom_collected
from agentmem_core.server.gate import Gate, OpenGate
from agentmem_core.server.load import Load
from agentmem_core.server.loopback import is_loopback
from agentmem_core.server.readers.readers import Readers, readers_for
from agentmem_core.server.security import KeyGate, SecuritySettings, gate_for
from agentmem_core.server.security.routes import key_routes
from agentmem_core.server.settings import ServerSettings
from agentmem_core.server.tracing import exporting_provider
from agentmem_core.settings import current

log = logging.getLogger("agentmem_core.server")

LISTENING = "listening on "
"""What the line begins with that says the address, on standard output."""

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
"""What a server without keys answers to: a name on the internet that leads here belongs to a web page that should not."""

_TICKS = 100
"""Tenths of a second between two looks at connections that are closed and whose peers take nothing."""

_KEEP_ALIVE = 75
"""Seconds that a connection may be idle: longer than clients keep theirs, so that it is they who close."""


def serve(
    settings: ServerSettings,
    *,
    gate: Gate | None = None,
    backend: Backend | None = None,
    routers: Sequence[APIRouter] = (),
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then return; ``gate`` and ``backend`` are closed in the end.

    Without a ``gate`` it is that of the keys beside the store, with the routes to see to them; while there are none, only loopback
    is listened on. The store is always one of this process, whatever ``AGENTMEM_API_URL`` says. ``announce`` is given the line with
    the address, which is otherwise printed.
    """
    folder, given = folder_of(settings.path), backend is not None
    if gate is None:
        keyed = gate_for(SecuritySettings.configured(folder), settings.host)
        gate, routers = keyed, [*routers, key_routes(keyed)]
        if keyed.is_open:
            settings = _called_by_loopbacks_names(settings)
    elif isinstance(gate, OpenGate):
        settings = _called_by_loopbacks_names(_open_here(settings))
    with contextlib.ExitStack() as unless_served:
        if isinstance(gate, KeyGate):
            unless_served.callback(gate.close_now)
        listener = unless_served.enter_context(listening(settings))
        readers = None
        if backend is None:
            backend = connect(Config(path=IN_MEMORY if folder is None else folder))
            readers = None if folder is None else readers_for(settings, folder, current())
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            store = "given" if given else IN_MEMORY if folder is None else str(folder)
            starting = _starting(listener, store, readers, announce or _print)
            runner.run(_serve(settings, listener, gate, backend, readers, routers, starting))


def _open_here(settings: ServerSettings) -> ServerSettings:
    """Those of a server that never asks for a key: it listens on loopback, and shows its metrics too."""
    if not is_loopback(settings.host):
        raise NotConfiguredError(f"host: {settings.host} is not loopback, and a server without keys listens there only")
    return settings.model_copy(update={"metrics": "open" if settings.metrics == "keyed" else settings.metrics})


def _called_by_loopbacks_names(settings: ServerSettings) -> ServerSettings:
    """Until it is started again: a page of a name that somebody made lead here would be let in without a key."""
    return settings.model_copy(update={"hosts": settings.hosts or LOOPBACK_NAMES})


def listening(settings: ServerSettings) -> socket.socket:
    """A socket of the address; port 0 finds a free one."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        raise NotConfiguredError(f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """The address of a socket as a client writes it."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _starting(
    listener: socket.socket, store: str, readers: Readers | None, announce: Callable[[str], None]
) -> Callable[[], None]:
    """When the server listens: what is said to people and in the log, and who is started beside it."""

    def ready() -> None:
        address = url_of(listener)
        announce(LISTENING + address)
        count = 0 if readers is None else len(readers.all)
        log.info("started", extra={"address": address, "store": store, "readers": count})
        if readers is not None:
            readers.start()

    return ready


async def _serve(
    settings: ServerSettings, listener: socket.socket, gate: Gate, backend: Backend, readers: Readers | None,
    routers: Sequence[APIRouter], ready: Callable[[], None],
) -> None:  # fmt: skip
    provider = exporting_provider() if settings.otel else None
    try:
        app = create_app(
            backend, gate=gate, settings=settings, routers=routers, tracer_provider=provider, readers=readers
        )
        config = uvicorn.Config(
            app, http=bounded(settings.connections), lifespan="off", log_config=None, access_log=False, server_header=False, ws="none",
            timeout_keep_alive=_KEEP_ALIVE, timeout_graceful_shutdown=settings.grace, proxy_headers=False,
        )  # fmt: skip
        with seldom_collected():
            await _Server(config, app, ready).serve(sockets=[listener])
    finally:
        if readers is not None:
            await readers.stop()
        await gate.close()
        await backend.aclose()
        if provider is not None:
            await asyncio.to_thread(provider.shutdown)
        log.info("stopped")


class _Server(uvicorn.Server):
    """uvicorn's, which tells the application to end its streams before it waits for them, and ends without the signal."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._load: Load = app.state.load
        self._ready = ready
        self._closing: set[Any] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS == 0:
            self._closing = let_go(self.server_state.connections, self._closing)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._load.closing.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        if sys.platform == "win32":
            with super().capture_signals():
                yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """That of uvloop where it is installed, which answers about twice as many requests."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()

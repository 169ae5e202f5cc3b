"""A server in a thread of the test, for gates and backends that only the test has."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from agentmem_core.connect import Config, connect
from agentmem_core.errors import AuthenticationError
from agentmem_core.operations import Op
from agentmem_core.ports import Backend
from agentmem_core.server import Admission, Caller, Gate, OpenGate, Outcome, ServerSettings, create_app
from agentmem_core.server.serving import listening, url_of


class Keys:
    """A gate for tests: each word is a key. It remembers what it was told to write down."""

    def __init__(self, **callers: Caller) -> None:
        self.callers = callers
        self.recorded: list[tuple[str, str, Outcome]] = []

    async def admit(self, authorization: str | None, peer: str) -> Admission:
        caller = self.callers.get((authorization or "").removeprefix("Bearer "))
        if caller is None:
            raise AuthenticationError("the key is not known")
        return Admission(caller, {"RateLimit-Remaining": "7"})

    def allow(self, caller: Caller, op: Op[Any]) -> None:
        """All is allowed."""

    async def record(self, caller: Caller, op: Op[Any], outcome: Outcome) -> None:
        self.recorded.append((caller.name, type(op).__name__, outcome))

    async def close(self) -> None:
        """Nothing to finish."""


class Held:
    """A backend that lets another one work only when it is told to."""

    def __init__(self, inner: Backend) -> None:
        self.inner = inner
        self.go = threading.Event()
        self.come = threading.Event()

    def execute(self, op: Op[Any]) -> Any:
        return self.inner.execute(op)

    async def aexecute(self, op: Op[Any]) -> Any:
        self.come.set()
        while not self.go.is_set():  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(0.005)
        return await self.inner.aexecute(op)

    def close(self) -> None:
        self.inner.close()

    async def aclose(self) -> None:
        await self.inner.aclose()


def in_memory() -> Backend:
    return connect(Config(path=":memory:", embedder="hashing", index="none"))


@contextmanager
def serving_here(
    backend: Backend,
    *,
    gate: Gate | None = None,
    settings: ServerSettings | None = None,
    http: Any = "auto",
    **more: Any,
) -> Iterator[tuple[str, Any]]:
    """The address, and the state of the application."""
    app = create_app(backend, gate=gate or OpenGate(), settings=settings, **more)
    listener = listening(ServerSettings(port=0))
    server = uvicorn.Server(
        uvicorn.Config(app, http=http, lifespan="off", log_config=None, ws="none", timeout_graceful_shutdown=5)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield url_of(listener), app.state
    finally:
        app.state.load.closing.set()
        server.should_exit = True
        thread.join(30)
        listener.close()
        assert not thread.is_alive()

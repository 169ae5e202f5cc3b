"""Where requests come in and answers go out: everything that holds for all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException

from agentmem_core.errors import AgentMemError, InvalidInputError, PermissionDeniedError, ServerError, TimedOutError
from agentmem_core.http.problems import Problem
from agentmem_core.server.discretion import discreet_error
from agentmem_core.server.exchange import (
    App,
    AsgiScope,
    Exchange,
    Gone,
    Message,
    Receive,
    Refused,
    Send,
    problem,
    too_large,
)
from agentmem_core.server.load import Load
from agentmem_core.server.running import Deadline
from agentmem_core.server.settings import ServerSettings
from agentmem_core.server.table import Endpoint, Table
from agentmem_core.server.tracing import Around

log = logging.getLogger("agentmem_core.server")

Watch = Callable[[Exchange], None]
"""Told of every exchange when it is over."""


_SHORT_BODY = 65_536
"""Bytes of what is sent to routes that are no operations: a key to make, nothing longer."""


class Stopped(HTTPException):
    """Why a body is not read on, in the shape that the routers behind the table do not take for a broken body."""

    def __init__(self, status: int, why: Exception) -> None:
        """``why`` is what is answered."""
        super().__init__(status)
        self.why = why


class Edge:
    """In front of an ASGI application: answers what stands in the table, and leaves the rest to the one behind it."""

    def __init__(
        self, app: App, *, table: Table, load: Load, settings: ServerSettings, free: frozenset[str], watches: tuple[Watch, ...],
        around: Around | None = None,
    ) -> None:  # fmt: skip
        """The endpoints named in ``free`` are answered however much is under way."""
        self._app = app
        self._table = table
        self._load = load
        self._settings = settings
        self._free = free
        self._watches = watches
        self._around: Around = around or _nothing_around

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send, quoted_path(scope))
        try:
            with self._around(exchange):
                await self._answered(exchange)
        finally:
            for watch in self._watches:
                watch(exchange)

    async def _answered(self, exchange: Exchange) -> None:
        try:
            await self._answer(exchange)
        except Gone:
            exchange.code = "given_up"
        except asyncio.CancelledError:
            exchange.code = "given_up"
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is becomes an answer
            await self._fail(exchange, error)

    async def _answer(self, exchange: Exchange) -> None:
        _require_one_of_each(exchange)
        self._require_known_names(exchange)
        found = self._table.find(exchange.method, exchange.path)
        if found is None:
            await self._pass_on(exchange)
            return
        endpoint, exchange.route, exchange.values = found
        exchange.operation = endpoint.name
        await self._within_load(exchange, endpoint)

    async def _within_load(self, exchange: Exchange, endpoint: Endpoint) -> None:
        if endpoint.name in self._free:
            await endpoint(exchange)
            return
        with self._load.request(exchange):
            await endpoint(exchange)

    async def _pass_on(self, exchange: Exchange) -> None:
        """To routes that are no operations, or to nothing."""
        allowed = self._table.allowed(exchange.path)
        if allowed:
            raise Refused(
                unknown(exchange, 405, f"{exchange.path} takes {', '.join(allowed)}, not {exchange.method}"),
                {"allow": ", ".join(allowed)},
            )
        exchange.operation = "other"
        exchange.scope["path"] = exchange.path
        exchange.scope["agentmem.exchange"] = exchange
        with self._load.request(exchange):
            await self._app(exchange.scope, self._bounded(exchange), self._marked(exchange))

    def _bounded(self, exchange: Exchange) -> Receive:
        """The body, which must be short and come in time: these routes read it before they know who asks."""
        limit = min(self._settings.body_bytes, _SHORT_BODY)
        size = 0

        async def receive() -> Message:
            nonlocal size
            if exchange.read:
                return await exchange.receive()
            if exchange.announced() > limit:
                raise Stopped(413, too_large(limit))
            try:
                with Deadline(self._settings.timeout, exchange):
                    message = await exchange.receive()
            except TimedOutError as error:
                raise Stopped(408, Refused(exchange.problem(error).model_copy(update={"status": 408}))) from error
            size += len(message.get("body", b""))
            if size > limit:
                raise Stopped(413, too_large(limit))
            exchange.read = not message.get("more_body", False)
            return message

        return receive

    def _marked(self, exchange: Exchange) -> Send:
        """What others answer carries the same headers."""

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                if exchange.code == "ok" and exchange.status >= 400:
                    exchange.code = "error"
                message["headers"] = exchange.with_own(message["headers"])
            await exchange.raw_send(message)

        return send

    def _require_known_names(self, exchange: Exchange) -> None:
        """Web pages of others, and names that somebody made lead here, get nothing from a browser on this machine."""
        host = exchange.headers.get(b"host", b"").decode("latin-1")
        if self._settings.hosts and _name(host) not in self._settings.hosts:
            raise PermissionDeniedError("host: this server is not called so; name it with --allowed-host")
        origin = exchange.headers.get(b"origin")
        if origin is None:
            return
        said = origin.decode("latin-1")
        if said in self._settings.origins or "*" in self._settings.origins or urlsplit(said).netloc == host:
            return
        raise PermissionDeniedError("origin: this web page may not ask this server; allow it with --allowed-origin")

    async def _fail(self, exchange: Exchange, error: Exception) -> None:
        if exchange.status:  # the head has left: only a broken connection can say that the rest is missing
            exchange.code = error.code if isinstance(error, AgentMemError) else "server_failed"
            log.error("an answer was broken off", exc_info=error, extra={"request_id": exchange.request_id})
            raise error
        if isinstance(error, Refused):
            exchange.extra.update(error.headers)
            await exchange.refuse(error.problem)
            return
        if not isinstance(error, AgentMemError):
            log.error("a request failed", exc_info=error, extra={"request_id": exchange.request_id})
            error = ServerError("the server failed; its log says why, under this request_id")
        await exchange.refuse(exchange.problem(discreet_error(error)))


def _require_one_of_each(exchange: Exchange) -> None:
    """What says who asks, and whom, is said once: another program on the way may have looked at the other one."""
    headers = exchange.scope["headers"]
    if len(headers) == len(exchange.headers):
        return
    names = [name for name, _ in headers]
    for name in (b"authorization", b"host", b"origin"):
        if names.count(name) > 1:
            raise InvalidInputError(f"{name.decode()}: is given more than once in the headers; send it once")


def quoted_path(scope: AsgiScope) -> str:
    """The path as it came: a quoted slash is no slash."""
    raw: bytes | None = scope.get("raw_path")
    try:
        path = quote(scope["path"]) if raw is None else raw.decode()
    except UnicodeDecodeError:
        path = quote(scope["path"])
    return path.removeprefix(scope.get("root_path", "")) or "/"


def unknown(exchange: Exchange, status: int, detail: str) -> Problem:
    """No such route: here, or in this version."""
    return problem("unknown_route", status, detail, exchange.request_id)


def _nothing_around(_: Exchange) -> AbstractContextManager[None]:
    return _NOTHING


_NOTHING = nullcontext()


@lru_cache(maxsize=256)
def _name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""

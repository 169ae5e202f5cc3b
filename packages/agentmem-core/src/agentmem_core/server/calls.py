"""One row of the table as an endpoint: a request becomes an operation, its answer becomes JSON."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentmem_core.errors import AgentMemError, ServerError
from agentmem_core.http import Call, Route, call_of
from agentmem_core.http.problems import TYPE, Problem, status_of
from agentmem_core.operations import Import, Op
from agentmem_core.ports import Backend
from agentmem_core.server.exchange import Exchange, Gone, Refused
from agentmem_core.server.gate import Caller, Gate, Outcome
from agentmem_core.server.load import Load
from agentmem_core.server.running import Deadline, run
from agentmem_core.server.settings import ServerSettings

log = logging.getLogger("agentmem_core.server")

_LONG_BODY = 256_000
"""Bytes beyond which a body is read in a thread, so that others do not wait for it."""

Done = Callable[[Op[Any], Any], None]
"""Told of every operation that succeeded, with its answer."""


@dataclass(frozen=True)
class Shop:
    """What every endpoint works with."""

    backend: Backend
    gate: Gate
    settings: ServerSettings
    load: Load
    done: Done

    async def admit(self, exchange: Exchange) -> Caller:
        """Who asks."""
        admission = await self.gate.admit(exchange.authorization, exchange.peer)
        exchange.extra.update(admission.headers)
        exchange.caller = admission.caller
        return admission.caller

    async def body(self, exchange: Exchange, limit: int) -> bytes:
        """The body, if it comes in time and is of a kind that is read here."""
        if exchange.announced() > limit:
            return await exchange.body(limit, lambda _: None)
        try:
            with Deadline(self.settings.timeout, exchange):
                body = await exchange.body(limit, lambda size: self.load.hold(exchange, size))
        except AgentMemError as error:
            if error.code != "timed_out":
                raise
            raise Refused(exchange.problem(error).model_copy(update={"status": 408})) from error
        if body:
            require_media(exchange, b"json")
        return body

    async def execute(self, exchange: Exchange, caller: Caller, op: Op[Any], route: Route) -> bytes:
        """The answer as JSON, once it has been allowed, done and written down."""
        code, status = "server_failed", 500
        try:
            self.gate.allow(caller, op)
            answer = await run(self.backend, op, exchange, self.settings.timeout)
            self.done(op, answer)
            content = route.answer.dump_json(answer if route.picked is None else route.picked(answer))
            code, status = "ok", 200
        except AgentMemError as error:
            code, status = error.code, status_of(error)
            raise
        except (Gone, asyncio.CancelledError):
            code, status = "given_up", 499
            raise
        finally:
            await self.record(exchange, caller, op, code, status)
        return content

    async def record(self, exchange: Exchange, caller: Caller, op: Op[Any], code: str, status: int) -> None:
        """Write down how it went; what cannot be written down is not answered as if it were."""
        try:
            await self.gate.record(caller, op, Outcome(code, status, exchange.seconds, exchange.request_id))
        except Exception as error:
            log.exception("the audit failed", extra={"request_id": exchange.request_id})
            raise ServerError(
                "what was asked may have been done, but could not be written down; see the server's log"
            ) from error


class Calling:
    """Answers the requests of one row."""

    def __init__(self, route: Route, shop: Shop) -> None:
        """Nothing is built before the first request."""
        self._route = route
        self._shop = shop
        self.name = route.name
        self._limit = body_limit(route, shop.settings)

    async def __call__(self, exchange: Exchange) -> None:
        """Let in, read, understand, do, answer."""
        shop = self._shop
        caller = await shop.admit(exchange)
        body = b"" if self._route.by_query else await shop.body(exchange, self._limit)
        call = await self._call(exchange, body)
        content = await shop.execute(exchange, caller, call.within(caller.scope(call.names)), self._route)
        await exchange.answer(200, content)

    async def _call(self, exchange: Exchange, body: bytes) -> Call:
        query = exchange.query()
        if len(body) > _LONG_BODY:
            return await asyncio.to_thread(call_of, self._route, exchange.values, query, body)
        return call_of(self._route, exchange.values, query, body)


def body_limit(route: Route, settings: ServerSettings) -> int:
    """Files travel in bodies, in base64; what has none is shorter."""
    with_file = route.op is Import or "data" in route.op.model_fields
    return settings.file_body_bytes if with_file else settings.body_bytes


def require_media(exchange: Exchange, ending: bytes) -> None:
    """Refuse a body of another kind: also what a web page may send anywhere without asking its browser."""
    media = exchange.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    subtype = media.rpartition(b"/")[2].rpartition(b"+")[2]
    if not media.startswith(b"application/") or subtype not in {ending, ending.removeprefix(b"x-")}:
        wanted = f"application/{ending.decode()}"
        raise Refused(
            Problem(
                type=f"{TYPE}invalid_input", title="An argument cannot be used; nothing was written", status=415,
                detail=f"the body must be JSON: send it with Content-Type: {wanted}", code="invalid_input",
                request_id=exchange.request_id,
            )
        )  # fmt: skip

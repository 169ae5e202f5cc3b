"""What every endpoint does with a request: let in, read, do, write down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from agentmem_core.errors import AgentMemError, ServerError
from agentmem_core.http import Call
from agentmem_core.http.problems import status_of
from agentmem_core.model import ComponentHealth, Health, Scope
from agentmem_core.operations import Op, Search
from agentmem_core.ports import Backend
from agentmem_core.server.discretion import discreet
from agentmem_core.server.exchange import JSON, Exchange, Gone, Refused, problem
from agentmem_core.server.gate import Caller, Gate, Outcome, WatchingGate
from agentmem_core.server.load import Load
from agentmem_core.server.readers.readers import Readers
from agentmem_core.server.rendered import Rendered
from agentmem_core.server.running import Deadline, run
from agentmem_core.server.settings import ServerSettings
from agentmem_core.server.touched import touched

log = logging.getLogger("agentmem_core.server")

T = TypeVar("T")

Done = Callable[[Op[Any], Any, datetime], None]
"""Told of every operation that succeeded, with its answer and when it began."""


@dataclass(frozen=True)
class Service:
    """What every endpoint works with."""

    backend: Backend
    gate: Gate
    settings: ServerSettings
    load: Load
    done: Done
    readers: Readers | None = None

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
            require_media(exchange, "json")
        return body

    async def check(self, exchange: Exchange, caller: Caller, op: Op[Any]) -> None:
        """Whether a caller may do what takes longer than one operation, written down before it begins."""
        code, status = "ok", 200
        try:
            self.gate.allow(caller, op)
        except AgentMemError as error:
            code, status = error.code, status_of(error)
            raise
        finally:
            await self.record(exchange, caller, op, code, status)

    async def recheck(self, exchange: Exchange, op: Op[Any]) -> bool:
        """Whether who was let in before a long answer may still do this; ``AgentMemError`` if not, False if nobody can say."""
        if not isinstance(self.gate, WatchingGate):
            return False
        self.gate.allow(await self.gate.still(exchange.authorization), op)
        return True

    async def tell(self, exchange: Exchange, content: bytes, *, more: bool) -> None:
        """Send a part of a long answer; who takes nothing of it for as long as a request may take is ``Gone``."""
        try:
            async with asyncio.timeout(self.settings.timeout):
                await exchange.send(content, more=more)
        except TimeoutError:
            raise Gone from None

    async def do(self, exchange: Exchange, op: Op[Any], said: bytes | None = None) -> Any:
        """The operation's answer, in time; who follows the changes is told of it.

        Where it is known which request ``said`` it, the answer to a search may be ``Rendered``.
        """
        begun, readers, first = datetime.now(UTC), self.readers, None
        if readers is not None:
            await readers.before(op)
            if said is not None and isinstance(op, Search):
                first = partial(readers.answer, op, said)
        answer = await run(self.backend, op, exchange, self.settings.timeout, first)
        if isinstance(answer, Rendered):
            return answer
        self.done(op, answer, begun)
        if readers is not None:
            await readers.after(op, answer)
        return discreet(self.beside(answer) if isinstance(answer, Health) else answer)

    def beside(self, health: Health) -> Health:
        """The store's health, with the processes that answer searches; where they do not, the server does, so that is no reason to be unwell."""
        if self.readers is None:
            return health
        detail = f"{self.readers.ready} of {len(self.readers.all)} answer searches"
        mine = ComponentHealth(name="readers", ok=True, detail=detail)
        return health.model_copy(update={"components": (*health.components, mine)})

    async def perform(
        self, exchange: Exchange, caller: Caller, op: Op[Any], shown: Callable[[Any], T], said: bytes | None = None
    ) -> T:
        """What is ``shown`` of the answer, once the operation has been allowed, done and written down."""
        code, status, answer = "server_failed", 500, None
        try:
            self.gate.allow(caller, op)
            answer = await self.do(exchange, op, said)
            found = shown(answer)
            code, status = "ok", 200
        except AgentMemError as error:
            code, status = error.code, status_of(error)
            raise
        except (Gone, asyncio.CancelledError):
            code, status = "given_up", 499
            raise
        finally:
            await self.record(exchange, caller, op, code, status, answer)
        return found

    async def scope(self, exchange: Exchange, caller: Caller, call: Call) -> Scope:
        """Whose memory it is about; naming what the caller may not reach is written down as refused."""
        try:
            return caller.scope(call.names)
        except AgentMemError as error:
            await self.record(exchange, caller, call.within(_own(caller)), error.code, status_of(error))
            raise

    async def require_role(self, exchange: Exchange, caller: Caller, kind: type[Op[Any]]) -> None:
        """Whoever may never do such a thing is told so, whatever came with it; that is written down as refused."""
        try:
            caller.require(kind.access)
        except AgentMemError as error:
            unread = kind.model_construct(scope=_own(caller))
            await self.record(exchange, caller, unread, error.code, status_of(error))
            raise

    async def record(
        self, exchange: Exchange, caller: Caller, op: Op[Any], code: str, status: int, answer: Any = None
    ) -> None:
        """Write down how it went; what cannot be written down is not answered as if it were."""
        try:
            outcome = Outcome(code, status, exchange.seconds, exchange.request_id, *touched(answer))
            await self.gate.record(caller, op, outcome)
        except Exception as error:
            log.exception("the audit failed", extra={"request_id": exchange.request_id})
            raise ServerError(
                "what was asked may have been done, but could not be written down; see the server's log"
            ) from error


def _own(caller: Caller) -> Scope:
    return Scope(tenant=caller.tenant or "default", user_id=caller.user_id or "default")


def require_media(exchange: Exchange, *endings: str) -> None:
    """Refuse a body of another kind: also what a web page may send anywhere without asking its browser."""
    said = exchange.headers.get(b"content-type", b"")
    if said == JSON and "json" in endings:
        return
    media = said.decode("latin-1").partition(";")[0].strip().lower()
    if media.startswith("application/") and media.rpartition("/")[2].rpartition("+")[2] in endings:
        return
    detail = f"the body must be JSON: send it with Content-Type: application/{endings[0]}"
    raise Refused(problem("invalid_input", 415, detail, exchange.request_id))

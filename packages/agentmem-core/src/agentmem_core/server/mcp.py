"""``POST /mcp``: the tools of MCP for callers that the gate lets in, each operation allowed and written down like any other."""

from __future__ import annotations

import asyncio
import json
from typing import Any, TypeVar

from agentmem_core.client.agentmem import AgentMem
from agentmem_core.errors import AgentMemError, InvalidInputError, NotSupportedError, TimedOutError
from agentmem_core.http import Call, ScopeNames
from agentmem_core.mcp.offer import Offer, can_learn
from agentmem_core.mcp.sdk import answer_request, require_sdk
from agentmem_core.model import Scope
from agentmem_core.model.values import Value
from agentmem_core.operations import Op, StatsOf, build
from agentmem_core.server.exchange import Exchange, Gone, Message, Receive, Send
from agentmem_core.server.gate import Caller
from agentmem_core.server.service import Service

T = TypeVar("T")

MCP_HEADERS = ("Mcp-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name")
"""What clients in a browser send beside those of REST."""


class _Named(Value):
    """What stands behind the question mark: whose memories, and whether only to look."""

    tenant: str | None = None
    user_id: str | None = None
    agent_id: str | None = None
    session_id: str | None = None
    read_only: bool = False


class Mcp:
    """Answers the requests of MCP clients. There are no sessions: what a request may do is decided by its own key."""

    name = "mcp"

    def __init__(self, service: Service) -> None:
        """Nothing of the SDK is imported before somebody asks."""
        self._service = service
        self._learns: bool | None = None

    async def __call__(self, exchange: Exchange) -> None:
        """Let in, read, and leave the rest to the SDK."""
        service = self._service
        caller = await service.admit(exchange)
        limit = service.settings.body_bytes
        body = await service.body(exchange, limit)
        _require_readable(body)
        named = _named(exchange)
        scope = await service.scope(exchange, caller, Call(StatsOf, {}, _names(named)))
        learns = await self._ready()
        asking = Asking(service, exchange, caller)
        offer = Offer(
            memory_of(asking, scope), read_only=named.read_only, writes=caller.access != "read", learns=learns
        )
        await answer_request(offer, exchange.scope, _again(exchange, body), _marked(exchange), limit=limit)
        asking.conclude()

    async def _ready(self) -> bool:
        """Whether this server learns; before the first answer the SDK is imported, where nobody waits for it."""
        if self._learns is None:
            await asyncio.to_thread(require_sdk, "streamable_http_manager")
            self._learns = await can_learn(memory_of(self._service.backend, Scope()))
        return self._learns is True


class Asking:
    """A ``Backend`` that does for a caller what the gate allows it, and writes it down."""

    def __init__(self, service: Service, exchange: Exchange, caller: Caller) -> None:
        """For one request."""
        self._service, self._exchange, self._caller = service, exchange, caller
        self._code = "ok"

    async def aexecute(self, op: Op[T]) -> T:
        """The answer, once it has been allowed; what is refused stands in the log of the request."""
        try:
            return await self._service.perform(self._exchange, self._caller, op, lambda answer: answer)
        except Gone:
            self._code = "given_up"
            raise TimedOutError("the client has gone; what had not begun to be written was given up") from None
        except AgentMemError as error:
            self._code = error.code
            raise

    def execute(self, op: Op[T]) -> T:
        """Never: it would block the event loop."""
        raise NotSupportedError("what comes over MCP is asked on the event loop; use aexecute")

    def conclude(self) -> None:
        """A request whose tool was refused is told from one that was done."""
        if self._exchange.code == "ok":
            self._exchange.code = self._code

    def close(self) -> None:
        """The store is the server's."""

    async def aclose(self) -> None:
        """The store is the server's."""


def memory_of(backend: Any, scope: Scope) -> AgentMem:
    """The face for one scope."""
    return AgentMem(
        backend=backend,
        tenant=scope.tenant,
        user_id=scope.user_id,
        agent_id=scope.agent_id,
        session_id=scope.session_id,
    )


def _require_readable(body: bytes) -> None:
    """Refuse what the SDK would take for a fault of its own; what is no JSON at all it answers as the protocol says."""
    try:
        json.loads(body)
    except (json.JSONDecodeError, UnicodeDecodeError):
        return
    except (RecursionError, ValueError):
        raise InvalidInputError("the body is nested too deep, or holds a number with too many digits") from None


def _named(exchange: Exchange) -> _Named:
    given = exchange.query()
    if len(dict(given)) != len(given):
        raise InvalidInputError("an argument is given twice")
    return build(_Named, **dict(given))


def _names(named: _Named) -> ScopeNames:
    return build(ScopeNames, **named.model_dump(exclude={"read_only"}))


def _again(exchange: Exchange, body: bytes) -> Receive:
    """The body once more, for whoever reads it next."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return left.pop() if left else await exchange.receive()

    return receive


def _marked(exchange: Exchange) -> Send:
    """What the SDK answers carries the same headers as every answer."""

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            if exchange.status >= 400:
                exchange.code = "error"
            message["headers"] = exchange.with_own(message["headers"])
        await exchange.raw_send(message)

    return send

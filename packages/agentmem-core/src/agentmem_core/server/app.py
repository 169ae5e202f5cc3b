"""The application: the table's routes behind the gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from agentmem_core.errors import InvalidInputError
from agentmem_core.http import ROUTES, SHORTCUTS
from agentmem_core.ports import Backend
from agentmem_core.server.calls import Calling
from agentmem_core.server.changes import changes
from agentmem_core.server.edge import Edge, Stopped, unknown
from agentmem_core.server.events import Events, Feed
from agentmem_core.server.exchange import Refused, problem
from agentmem_core.server.gate import Gate, OpenGate
from agentmem_core.server.load import Load
from agentmem_core.server.logs import log_request
from agentmem_core.server.mcp import MCP_HEADERS, Mcp
from agentmem_core.server.metrics import Metrics
from agentmem_core.server.mounted import described
from agentmem_core.server.openapi import document
from agentmem_core.server.pages import Docs, OpenApi, Pages
from agentmem_core.server.probes import Live, Ready
from agentmem_core.server.readers.readers import Readers
from agentmem_core.server.service import Service
from agentmem_core.server.settings import ServerSettings
from agentmem_core.server.table import Endpoint, Table
from agentmem_core.server.tracing import spans
from agentmem_core.server.transfers import Exporting, Importing

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider


def create_app(
    backend: Backend,
    *,
    gate: Gate,
    settings: ServerSettings | None = None,
    routers: Sequence[APIRouter] = (),
    tracer_provider: TracerProvider | None = None,
    readers: Readers | None = None,
) -> FastAPI:
    """An ASGI application that asks ``backend``; closing that, and the gate, is left to who made them.

    ``routers`` bring routes that are no operations on memories: they admit callers themselves, and what they raise is answered
    as everywhere. ``readers`` are those of the same store, started and stopped by who made them. ``app.state.load.closing`` is set to end the streams.
    """
    settings = settings or ServerSettings()
    feed = Feed(settings.events_kept)
    load = Load(settings)
    service = Service(
        backend, gate, settings, load, lambda op, answer, begun: feed.publish(changes(op, answer, begun)), readers
    )
    app = _Fronted(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for router in routers:
        app.include_router(router)
    pages = Pages(lambda: document(is_open=isinstance(gate, OpenGate), more=described(app.routes)))
    metrics = Metrics(service)
    rows: list[tuple[str, str, Endpoint]] = [
        *((route.method, route.path, Calling(route, service)) for route in (*ROUTES, *SHORTCUTS)),
        ("GET", "/v1/export", Exporting(service)),
        ("POST", "/v1/import", Importing(service)),
        ("GET", "/v1/events", Events(service, feed)),
        ("POST", "/mcp", Mcp(service)),
        ("GET", "/health/live", Live()),
        ("GET", "/health/ready", Ready(service)),
        ("GET", "/openapi.json", OpenApi(pages)),
        ("GET", "/docs", Docs(pages)),
    ]
    if settings.metrics != "off":
        rows.append(("GET", "/metrics", metrics))
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse)
    app.front = Edge(
        _behind(app), table=Table(rows), load=load, settings=settings,
        free=frozenset({"live", "ready", "metrics"}), watches=(metrics.watch, log_request),
        around=None if tracer_provider is None else spans(tracer_provider),
    )  # fmt: skip
    if settings.origins:
        app.front = CORSMiddleware(
            app.front, allow_origins=settings.origins, allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID", "Last-Event-ID", *MCP_HEADERS],
            expose_headers=["X-Request-ID", "Retry-After"],
        )  # fmt: skip
    app.state.load = load
    app.state.feed = feed
    return app


class _Fronted(FastAPI):
    """An application whose requests come to ``front`` first, before any layer of its own."""

    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.front(scope, receive, send)


def _behind(app: FastAPI) -> ASGIApp:
    """The application without its outermost layer, which would answer what its routers raise before it is said as everywhere."""
    stack = app.build_middleware_stack()
    inner: ASGIApp = getattr(stack, "app", stack)

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = app
        await inner(scope, receive, send)

    return behind


async def _refuse(request: Request, error: Exception) -> NoReturn:
    """What the routers behind the table refuse, as it is said everywhere else."""
    exchange = request.scope["agentmem.exchange"]
    if isinstance(error, Stopped):
        raise error.why from error.__cause__
    if isinstance(error, RequestValidationError):
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}" for item in error.errors()
        )
        raise InvalidInputError(wrong or "the request cannot be used") from None
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 400:
        raise InvalidInputError("the body is no JSON in UTF-8") from None
    if error.status_code == 404:
        raise Refused(unknown(exchange, 404, f"there is no {exchange.path} here; see /docs")) from None
    code = "unknown_route" if error.status_code == 405 else "invalid_input"
    refusal = problem(code, error.status_code, str(error.detail), exchange.request_id)
    raise Refused(refusal, dict(error.headers or {})) from None

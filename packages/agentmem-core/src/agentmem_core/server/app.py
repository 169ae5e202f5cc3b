"""The application: the table's routes behind the gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from agentmem_core.errors import InvalidInputError
from agentmem_core.http import ROUTES, SHORTCUTS
from agentmem_core.http.problems import TYPE, Problem
from agentmem_core.operations import Op
from agentmem_core.ports import Backend
from agentmem_core.server.calls import Calling, Shop
from agentmem_core.server.edge import Edge, unknown
from agentmem_core.server.exchange import Refused
from agentmem_core.server.gate import Gate
from agentmem_core.server.load import Load
from agentmem_core.server.settings import ServerSettings
from agentmem_core.server.table import Endpoint, Table


def create_app(
    backend: Backend, *, gate: Gate, settings: ServerSettings | None = None, routers: Sequence[APIRouter] = ()
) -> FastAPI:
    """An ASGI application that asks ``backend``; closing that, and the gate, is left to who made them.

    ``routers`` bring routes that are no operations on memories; the errors they raise become problem documents too.
    """
    settings = settings or ServerSettings()
    load = Load(settings)
    shop = Shop(backend, gate, settings, load, _nothing)
    rows: list[tuple[str, str, Endpoint]] = [
        (route.method, route.path, Calling(route, shop)) for route in (*ROUTES, *SHORTCUTS)
    ]
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers:
        app.include_router(router)
    app.add_exception_handler(HTTPException, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse)
    app.add_middleware(
        Edge, table=Table(rows), load=load, settings=settings, free=frozenset({"live", "ready", "metrics"}), watches=()
    )  # fmt: skip
    app.state.load = load
    return app


def _nothing(op: Op[Any], answer: Any) -> None:
    pass


async def _refuse(request: Request, error: Exception) -> NoReturn:
    """What the routers behind the table refuse, as it is said everywhere else."""
    exchange = request.scope["agentmem.exchange"]
    if isinstance(error, RequestValidationError):
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}" for item in error.errors()
        )
        raise InvalidInputError(wrong or "the request cannot be used") from None
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404:
        raise Refused(unknown(exchange, 404, f"there is no {exchange.path} here; see /docs")) from None
    raise Refused(
        Problem(
            type=f"{TYPE}invalid_input", title="An argument cannot be used; nothing was written", status=error.status_code,
            detail=str(error.detail), code="unknown_route" if error.status_code == 405 else "invalid_input",
            request_id=exchange.request_id,
        ),
        dict(error.headers or {}),
    ) from None  # fmt: skip

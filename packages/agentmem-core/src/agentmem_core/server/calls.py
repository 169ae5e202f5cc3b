"""One row of the table as an endpoint: a request becomes an operation, its answer becomes JSON."""

from __future__ import annotations

import asyncio
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.http import Call, Route, call_of
from agentmem_core.operations import Import, Search
from agentmem_core.server.exchange import Exchange, Refused
from agentmem_core.server.rendered import Rendered, json_of_hits
from agentmem_core.server.service import Service
from agentmem_core.server.settings import ServerSettings

_LONG_BODY = 256_000
"""Bytes beyond which a body is read in a thread, so that others do not wait for it."""


class Calling:
    """Answers the requests of one row."""

    def __init__(self, route: Route, service: Service) -> None:
        """Nothing is built before the first request."""
        self._route = route
        self._service = service
        self.name = route.name
        self._is_search = route.op is Search
        self._limit = body_limit(route, service.settings)

    async def __call__(self, exchange: Exchange) -> None:
        """Let in, read, understand, do, answer."""
        service = self._service
        caller = await service.admit(exchange)
        try:
            body = b"" if self._route.by_query else await service.body(exchange, self._limit)
            call = await self._call(exchange, body)
            op = call.within(await service.scope(exchange, caller, call))
        except (InvalidInputError, Refused):
            await service.require_role(exchange, caller, self._route.op)
            raise
        content = await service.perform(exchange, caller, op, self._shown, body if self._is_search else None)
        await exchange.answer(200, content)

    def _shown(self, answer: Any) -> bytes:
        if isinstance(answer, Rendered):
            return answer.content
        route = self._route
        if self._is_search:
            return json_of_hits(answer)
        return route.answer.dump_json(answer if route.picked is None else route.picked(answer))

    async def _call(self, exchange: Exchange, body: bytes) -> Call:
        query = exchange.query()
        if len(body) > _LONG_BODY:
            return await asyncio.to_thread(call_of, self._route, exchange.values, query, body)
        return call_of(self._route, exchange.values, query, body)


def body_limit(route: Route, settings: ServerSettings) -> int:
    """Files travel in bodies, in base64; what has none is shorter."""
    with_file = route.op is Import or "data" in route.op.model_fields
    return settings.file_body_bytes if with_file else settings.body_bytes

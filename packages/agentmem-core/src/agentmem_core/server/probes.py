"""Whether the process lives, and whether its store can serve."""

from __future__ import annotations

import asyncio
import time

from pydantic_core import to_json

from agentmem_core.errors import AgentMemError
from agentmem_core.model import Health
from agentmem_core.operations import Get, HealthCheck
from agentmem_core.server.exchange import Exchange, Refused, problem
from agentmem_core.server.gate import OpenGate, WatchingGate
from agentmem_core.server.running import run
from agentmem_core.server.service import Service

_PATIENCE = 5.0
"""Seconds that a probe waits: who asks gives up soon."""

_KEPT = 60.0
"""Seconds that a look at every part holds for: it reads the whole file."""


class Live:
    """``GET /health/live``."""

    name = "live"

    async def __call__(self, exchange: Exchange) -> None:
        """The event loop turns; nothing else is looked at."""
        await exchange.answer(200, b'{"status":"alive"}')


class Ready:
    """``GET /health/ready``."""

    name = "ready"

    def __init__(self, service: Service) -> None:
        """Nothing has been looked at."""
        self._service = service
        self._health: Health | None = None
        self._looked = 0.0
        self._looking: asyncio.Task[Health] | None = None

    async def __call__(self, exchange: Exchange) -> None:
        """The store answers a read now, and every part was well when it was last looked at; callers with a key see the parts."""
        known = await self._known(exchange)
        why, health = await self._state(exchange)
        if why:
            detail = f"not ready: {why}" if known else "not ready"
            raise Refused(problem("server_unavailable", 503, detail, exchange.request_id, _PATIENCE))
        parts = self._service.beside(health).model_dump()["components"] if health is not None and known else None
        await exchange.answer(
            200, to_json({"status": "ready"} if parts is None else {"status": "ready", "components": parts})
        )

    async def _known(self, exchange: Exchange) -> bool:
        """Whether a caller may see more; asking without a key is no failed attempt."""
        if exchange.authorization is None and not isinstance(self._service.gate, OpenGate):
            return False
        try:
            await self._service.admit(exchange)
        except AgentMemError:
            exchange.extra.clear()
            return False
        return True

    async def _state(self, exchange: Exchange) -> tuple[str, Health | None]:
        """Why it is not ready, or nothing, and the parts."""
        if self._service.load.closing.is_set():
            return "the server is shutting down", None
        gate = self._service.gate
        try:
            if isinstance(gate, WatchingGate):
                await gate.ready()
            await run(self._service.backend, Get(ids=("-",)), exchange, _PATIENCE)
            health = await self._looked_at()
        except AgentMemError as error:
            return str(error), None
        ill = [f"{part.name}: {part.detail}" for part in health.components if not part.ok] if health is not None else []
        return "; ".join(ill), health

    async def _looked_at(self) -> Health | None:
        """The last look; a new one when that is old, unless it takes too long."""
        if self._looking is None and (self._health is None or time.monotonic() - self._looked > _KEPT):
            self._looking = asyncio.ensure_future(self._service.backend.aexecute(HealthCheck()))
        if self._looking is not None:
            finished, _ = await asyncio.wait({self._looking}, timeout=_PATIENCE)
            if finished:
                self._looked, looking, self._looking = time.monotonic(), self._looking, None
                self._health = looking.result()
        return self._health

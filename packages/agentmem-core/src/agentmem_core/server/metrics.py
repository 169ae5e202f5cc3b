"""What the server counts, for Prometheus: operations, codes, times and sizes, never whose they are."""

from __future__ import annotations

import hmac
import time
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest

from agentmem_core.errors import AgentMemError, PermissionDeniedError
from agentmem_core.model import Stats
from agentmem_core.operations import StatsOf
from agentmem_core.server.exchange import Exchange
from agentmem_core.server.running import run
from agentmem_core.server.service import Service

MEDIA = b"text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_KEPT = 15.0
"""Seconds that the size of the store holds for."""


class Metrics:
    """``GET /metrics``, and what is counted for it."""

    name = "metrics"

    def __init__(self, service: Service) -> None:
        """A registry of its own, so that two servers in one process do not meet."""
        self._service = service
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "agentmem_requests", "Requests that were answered.", ("operation", "code"), registry=registry
        )
        self._seconds = Histogram(
            "agentmem_request_seconds", "Seconds to an answer.", ("operation",), buckets=_BUCKETS, registry=registry
        )
        in_flight = Gauge("agentmem_requests_in_flight", "Requests under way.", registry=registry)
        in_flight.set_function(lambda: service.load.requests)
        streams = Gauge("agentmem_streams_open", "Exports, imports and readers of events.", registry=registry)
        streams.set_function(lambda: service.load.streams)
        held = Gauge("agentmem_held_bytes", "Bodies that are being read or worked on.", registry=registry)
        held.set_function(lambda: service.load.held)
        readers = service.readers
        ready = Gauge("agentmem_readers", "Processes that answer searches now.", registry=registry)
        ready.set_function(lambda: 0 if readers is None else readers.ready)
        self._restarts = Counter("agentmem_reader_restarts", "Readers that ended before the server.", registry=registry)
        self._answers = Counter("agentmem_reader_answers", "Searches that a reader answered.", registry=registry)
        self._of_readers = 0, 0
        self._size = Gauge("agentmem_store_bytes", "The store's database on disk.", registry=registry)
        self._well = Gauge(
            "agentmem_store_up", "1 when the store answered the last time it was asked.", registry=registry
        )
        Info("agentmem", "What serves.", registry=registry).info({"version": version("agentmem-core")})
        ProcessCollector(registry=registry)
        self._looked = -_KEPT
        self._counted: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    def watch(self, exchange: Exchange) -> None:
        """Count an exchange that is over."""
        named = exchange.operation, exchange.code
        counted = self._counted.get(named)
        if counted is None:
            counted = self._counted[named] = self._requests.labels(*named), self._seconds.labels(exchange.operation)
        requests, seconds = counted
        requests.inc()
        if exchange.operation != "events":
            seconds.observe(exchange.seconds)

    async def __call__(self, exchange: Exchange) -> None:
        """All figures as text."""
        await self._require_allowed(exchange)
        await self._look(exchange)
        self._look_at_readers()
        await exchange.answer(200, generate_latest(self._registry), MEDIA)

    def _look_at_readers(self) -> None:
        readers, (restarts, answers) = self._service.readers, self._of_readers
        if readers is not None:
            self._of_readers = readers.restarts, readers.answers
            self._restarts.inc(readers.restarts - restarts)
            self._answers.inc(readers.answers - answers)

    async def _require_allowed(self, exchange: Exchange) -> None:
        settings = self._service.settings
        if settings.metrics == "open":
            return
        given = (exchange.authorization or "").removeprefix("Bearer ").encode("latin-1")
        if settings.metrics_token is not None and hmac.compare_digest(given, settings.metrics_token.encode()):
            return
        if (await self._service.admit(exchange)).access != "admin":
            raise PermissionDeniedError("metrics: take a key of admin access, or the server's metrics token")

    async def _look(self, exchange: Exchange) -> None:
        """How large the store is; asked now and then."""
        if time.monotonic() - self._looked < _KEPT:
            return
        self._looked = time.monotonic()
        try:
            stats: Stats = await run(self._service.backend, StatsOf(), exchange, 5.0)
        except AgentMemError:
            self._well.set(0)
            return
        self._size.set(stats.bytes_on_disk)
        self._well.set(1)

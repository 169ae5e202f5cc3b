"""How much is under way, and when it is too much."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from agentmem_core.errors import RateLimitedError
from agentmem_core.http.problems import Problem
from agentmem_core.server.exchange import Exchange, Refused, problem
from agentmem_core.server.settings import ServerSettings

_COME_AGAIN = 1.0


class Load:
    """Requests, streams and bytes under way; the one place that turns away, so that a full server stays quick for the others."""

    def __init__(self, settings: ServerSettings) -> None:
        """Nothing yet."""
        self._settings = settings
        self.requests = 0
        self.streams = 0
        self.held = 0
        self._streams_of: Counter[str] = Counter()
        self.closing = asyncio.Event()
        """Set when the server has been told to stop."""

    @contextmanager
    def request(self, exchange: Exchange) -> Generator[None, None, None]:
        """One more request, with what it holds, until it is answered."""
        if self.closing.is_set():
            raise Refused(busy(exchange, "the server is shutting down; ask again in a moment"), {"connection": "close"})
        if self.requests >= self._settings.requests:
            raise Refused(busy(exchange, f"{self.requests} requests are under way already; ask again in a moment"))
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1
            self.release(exchange)

    @contextmanager
    def stream(self, exchange: Exchange) -> Generator[None, None, None]:
        """One more stream, which is no longer counted as a request; of one key's there are fewer than of all."""
        if self.streams >= self._settings.streams:
            raise Refused(busy(exchange, f"{self.streams} streams are open already; ask again in a moment"))
        whose = "" if exchange.caller is None else exchange.caller.account
        if self._streams_of[whose] >= self._settings.streams_per_key:
            raise RateLimitedError(
                f"this key has {self._streams_of[whose]} streams open already; end one of them, or use another key",
                _COME_AGAIN,
            )
        self.streams += 1
        self._streams_of[whose] += 1
        self.requests -= 1
        try:
            yield
        finally:
            self.streams -= 1
            self._streams_of -= Counter((whose,))
            self.requests += 1

    def hold(self, exchange: Exchange, size: int) -> None:
        """So many more bytes of a body."""
        if self.held + size > self._settings.held_bytes:
            raise Refused(
                busy(exchange, "the bodies under way hold as much as the server takes; ask again in a moment")
            )
        self.held += size
        exchange.held += size

    def release(self, exchange: Exchange) -> None:
        """What was held of it is no longer needed."""
        self.held -= exchange.held
        exchange.held = 0


def busy(exchange: Exchange, why: str) -> Problem:
    """Come again."""
    return problem("server_unavailable", 503, why, exchange.request_id, _COME_AGAIN)

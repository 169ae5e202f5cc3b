"""How much a caller may ask in a time, counted in memory or in Redis."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from agentmem_core.errors import InvalidInputError, NotConfiguredError, RateLimitedError
from agentmem_core.operations import Add, Compact, Embed, Import, Learn, Maintain, Op, Reindex

if TYPE_CHECKING:
    from limits import RateLimitItem

logger = logging.getLogger("agentmem_core.server")

ITEMS_PER_COST = 100
HEAVY = 10
_INSTALL = 'rate limits need the package limits; run: pip install "agentmem-core[server]"'
_PATIENCE = 1.0
"""Seconds that Redis may take."""

_QUIET = 60.0
"""Seconds between two warnings that Redis does not answer."""


def cost_of(op: Op[Any]) -> int:
    """What an operation counts for: 1, or 1 for every 100 items; 10 what goes through the whole store or asks a model to learn."""
    match op:
        case Add(items=items, infer=infer) if infer is not False:
            return max(HEAVY, math.ceil(len(items) / ITEMS_PER_COST))
        case Add(items=items) | Import(records=items) | Embed(texts=items):
            return max(1, math.ceil(len(items) / ITEMS_PER_COST))
        case Compact() | Reindex() | Learn() | Maintain(summarise=True):
            return HEAVY
        case _:
            return 1


@lru_cache(maxsize=1_024)
def parsed_limits(text: str) -> tuple[RateLimitItem, ...]:
    """``"600/minute;100000/day"`` as limits, the shortest time first."""
    try:
        from limits import parse_many
    except ImportError as error:
        raise NotConfiguredError(_INSTALL) from error
    try:
        found = parse_many(text)
    except ValueError:
        found = []
    if not found or any(item.amount < 1 or item.get_expiry() < 1 for item in found):
        raise InvalidInputError('limits: must be like "600/minute" or "600/minute;100000/day"')
    return tuple(sorted(found, key=lambda item: item.get_expiry()))


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of one limit: ``reset`` is in seconds from now."""

    item: RateLimitItem
    remaining: int
    reset: float


class Counter(Protocol):
    """Where is counted. ``hit`` says whether it still fits, and counts it if so."""

    async def hit(self, item: RateLimitItem, name: str, cost: int) -> bool:
        """Whether ``cost`` fits, which is counted then."""
        ...

    async def standing(self, item: RateLimitItem, name: str) -> Standing:
        """What is left."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...


class MemoryCounter:
    """Counts in this process: a few microseconds, forgotten when it ends."""

    def __init__(self) -> None:
        try:
            from limits.storage import MemoryStorage
            from limits.strategies import SlidingWindowCounterRateLimiter
        except ImportError as error:
            raise NotConfiguredError(_INSTALL) from error
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def hit(self, item: RateLimitItem, name: str, cost: int) -> bool:
        return self._limiter.hit(item, name, cost=cost)

    async def standing(self, item: RateLimitItem, name: str) -> Standing:
        stats = self._limiter.get_window_stats(item, name)
        return Standing(item, max(0, stats.remaining), max(0.0, stats.reset_time - time.time()))

    async def close(self) -> None:
        """Nothing is held."""


class RedisCounter:
    """Counts in Redis, for all servers together; while it does not answer, this process counts for itself."""

    def __init__(self, url: str) -> None:
        try:
            from limits.aio.storage import RedisStorage
            from limits.aio.strategies import SlidingWindowCounterRateLimiter
            from redis.asyncio import ConnectionPool
            from redis.exceptions import RedisError
        except ImportError as error:
            raise NotConfiguredError(
                'limits counted in Redis need its client; run: pip install "agentmem-core[redis]"'
            ) from error
        self._errors: tuple[type[Exception], ...] = (RedisError, OSError)
        try:
            self._pool = ConnectionPool.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
        except ValueError as error:
            raise NotConfiguredError(f"AGENTMEM_REDIS_URL: must be like redis://host:6379/0 ({error})") from None
        options: dict[str, Any] = {
            "connection_pool": self._pool
        }  # documented, but not in the annotation of its options
        self._limiter = SlidingWindowCounterRateLimiter(
            RedisStorage(f"async+{url}", implementation="redispy", **options)
        )
        self._meanwhile = MemoryCounter()
        self._told = -math.inf

    async def hit(self, item: RateLimitItem, name: str, cost: int) -> bool:
        try:
            return await self._limiter.hit(item, name, cost=cost)
        except self._errors as error:
            self._tell(error)
            return await self._meanwhile.hit(item, name, cost)

    async def standing(self, item: RateLimitItem, name: str) -> Standing:
        try:
            stats = await self._limiter.get_window_stats(item, name)
        except self._errors as error:
            self._tell(error)
            return await self._meanwhile.standing(item, name)
        return Standing(item, max(0, stats.remaining), max(0.0, stats.reset_time - time.time()))

    async def close(self) -> None:
        await self._pool.disconnect()

    def _tell(self, error: Exception) -> None:
        if time.monotonic() - self._told > _QUIET:
            self._told = time.monotonic()
            logger.warning(
                "Redis does not answer (%s); this server counts rate limits for itself", type(error).__name__
            )


class Limiter:
    """Lets callers ask until their limits are used up."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    async def close(self) -> None:
        """Let go of where is counted."""
        await self._counter.close()

    async def take(self, items: Sequence[RateLimitItem], name: str) -> dict[str, str]:
        """Count one request of ``name``; answers headers that say what is left, ``RateLimitedError`` when nothing is."""
        if not items:
            return {}
        fits = True
        for item in items:
            fits = fits and await self._counter.hit(item, name, 1)
        standings = [await self._counter.standing(item, name) for item in items]
        if fits:
            return _headers(standings)
        wait = max((standing.reset for standing in standings if standing.remaining < 1), default=1.0)
        seconds = max(1, math.ceil(wait))
        spent = next((standing.item for standing in standings if standing.remaining < 1), items[0])
        raise RateLimitedError(
            f"more than {_spelt(spent)} were asked; try again in {seconds} s",
            retry_after=float(seconds),
            headers=_headers(standings),
        )

    async def charge(self, items: Sequence[RateLimitItem], name: str, cost: int) -> None:
        """Count what a request cost beside the one it was let in for, as far as it fits."""
        for item in items:
            if not await self._counter.hit(item, name, cost):
                left = (await self._counter.standing(item, name)).remaining
                if left > 0:
                    await self._counter.hit(item, name, left)


def _headers(standings: Sequence[Standing]) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers-09, and the three of its earlier versions that most clients know."""
    tightest = min(standings, key=lambda standing: standing.remaining / standing.item.amount)
    named = [(f'"{_spelt(standing.item)}"', standing) for standing in standings]
    return {
        "RateLimit-Policy": ", ".join(f"{name};q={one.item.amount};w={one.item.get_expiry()}" for name, one in named),
        "RateLimit": ", ".join(f"{name};r={one.remaining};t={math.ceil(one.reset)}" for name, one in named),
        "RateLimit-Limit": str(tightest.item.amount),
        "RateLimit-Remaining": str(tightest.remaining),
        "RateLimit-Reset": str(math.ceil(tightest.reset)),
    }


def _spelt(item: RateLimitItem) -> str:
    name = item.GRANULARITY.name
    return f"{item.amount}/{name}" if item.multiples == 1 else f"{item.amount}/{item.multiples} {name}s"

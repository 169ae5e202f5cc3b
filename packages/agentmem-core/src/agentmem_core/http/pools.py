"""The connections that are kept: for all threads one pool, for each event loop one of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpcore
import httpx

from agentmem_core.errors import StoreClosedError
from agentmem_core.http.address import Address
from agentmem_core.http.sockets import Sockets

_LARGEST = 100
"""Connections of one pool at the same time; who wants more waits for one."""

_RESTING = 20
_REST = 3.0
"""Seconds that a connection is kept unused; less than servers keep theirs, so that none is closed while it is taken."""

CLOSED = "this client is closed; open AgentMem again"


class _Transport(httpx.AsyncHTTPTransport):
    """That of httpx for one event loop, over connections of ours: those of httpx can be closed in their loop only."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.sockets = Sockets()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=_LARGEST,
            max_keepalive_connections=_RESTING,
            keepalive_expiry=_REST,
            network_backend=self.sockets,
        )


class _Pool:
    """The connections of one event loop, and how many calls are under way on it."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._transport = _Transport(context)
        self.client = httpx.AsyncClient(transport=self._transport, trust_env=False)
        self.busy = 0

    def let_go(self) -> None:
        """Close what rests, also where the loop is gone."""
        self._transport.sockets.close()


class Pools:
    """Those of one backend in one process. The last call under way closes what a ``close`` could not."""

    def __init__(self, address: Address) -> None:
        """Nothing is connected yet."""
        self._address = address
        self._context: ssl.SSLContext | None = None
        self._lock = threading.Condition()
        self._client: httpx.Client | None = None
        self._busy = 0
        self._pools: dict[asyncio.AbstractEventLoop, _Pool] = {}
        self._closed = False

    @contextmanager
    def client(self) -> Generator[httpx.Client]:
        """What sends for all threads."""
        with self._lock:
            self._require_open()
            if self._client is None:
                limits = httpx.Limits(
                    max_connections=_LARGEST, max_keepalive_connections=_RESTING, keepalive_expiry=_REST
                )
                self._client = httpx.Client(limits=limits, verify=self._verify(), trust_env=False)
            client = self._client
            self._busy += 1
        try:
            yield client
        finally:
            with self._lock:
                self._busy -= 1
                self._lock.notify_all()
                last = self._closed and not self._busy
            if last:
                client.close()

    @asynccontextmanager
    async def aclient(self) -> AsyncGenerator[httpx.AsyncClient]:
        """What sends for the loop that runs here."""
        loop = asyncio.get_running_loop()
        with self._lock:
            self._require_open()
            pool = self._pools.get(loop)
            if pool is None:
                self._forget_the_dead()
                verify = self._verify()
                pool = self._pools[loop] = _Pool(verify if isinstance(verify, ssl.SSLContext) else None)
            pool.busy += 1
        try:
            yield pool.client
        finally:
            with self._lock:
                pool.busy -= 1
                last = self._closed and not pool.busy
            if last:
                pool.let_go()

    def close(self, *, wait: bool = True) -> None:
        """Let nobody in any more, close what rests; with ``wait`` after what is under way in other threads."""
        with self._lock:
            self._closed = True
            if wait:
                self._lock.wait_for(lambda: not self._busy, self._address.total)
            client, busy = self._client, self._busy
            resting = [pool for loop, pool in self._pools.items() if not pool.busy or loop.is_closed()]
            self._pools.clear()
        if client is not None and not busy:
            client.close()
        for pool in resting:
            pool.let_go()

    def _forget_the_dead(self) -> None:
        for loop in [loop for loop in self._pools if loop.is_closed()]:
            self._pools.pop(loop).let_go()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreClosedError(CLOSED)

    def _verify(self) -> Any:
        """Made once for all pools, and only where it is needed: reading the certificates takes long."""
        if not self._address.encrypted:
            return False
        if self._context is None:
            self._context = httpx.create_ssl_context()
        return self._context

"""A language model behind HTTP, in two colours."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeVar

import httpx

from agentmem_core.errors import ModelError, NotConfiguredError
from agentmem_core.llms.asking import Asking, Flow, Lost, Received, Send, Wait
from agentmem_core.llms.dialects import AnthropicDialect, Dialect, GeminiDialect, OpenAIDialect
from agentmem_core.llms.places import Place
from agentmem_core.llms.providers import Provider
from agentmem_core.ports import Prompt, Reply
from agentmem_core.retrying import Patience

Client = TypeVar("Client", httpx.Client, httpx.AsyncClient)

LARGEST = 8 * 1024 * 1024
"""Bytes of an answer that are read; no answer of a model comes near."""

_CONNECT = 10.0
"""Seconds to connect."""

_DIALECTS: Mapping[str, Dialect] = {
    "openai": OpenAIDialect(),
    "anthropic": AnthropicDialect(),
    "gemini": GeminiDialect(),
}


class HttpModel:
    """Asks a provider's model. Safe in many threads, in any event loop and after a fork; ``close`` lets go of its connections.

    Sync calls share a pool of connections. Async calls open their own: a pool belongs to one event loop, and callers may use
    a fresh one for every call.
    """

    def __init__(
        self, name: str, model: str, provider: Provider, place: Place, *, timeout: float, patience: Patience
    ) -> None:
        """``timeout`` is in seconds a request, ``patience`` says how often and for how long all together."""
        dialect = _DIALECTS[provider.dialect]
        self._name = name
        self._place = place
        self._timeout = timeout
        self._patience = patience
        self._asking = Asking(name, model, provider, place, dialect, patience)
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", **dialect.headers}
        _warm_up(place)
        self._pools: dict[int, httpx.Client] = {}
        self._finalizer = weakref.finalize(self, _let_go, self._pools)

    @property
    def name(self) -> str:
        """Provider and model."""
        return self._name

    def ask(self, prompt: Prompt) -> Reply:
        """The answer."""
        flow = self._asking.flow(prompt)
        step = next(flow)
        while True:
            if isinstance(step, Wait):
                time.sleep(step.seconds)
                found = _next(flow, None)
            else:
                found = _next(flow, self._send(step))
            if isinstance(found, Reply):
                return found
            step = found

    async def aask(self, prompt: Prompt) -> Reply:
        """``ask`` without blocking the event loop."""
        try:
            async with asyncio.timeout(self._patience.deadline), self._opened() as client:
                return await self._converse(self._asking.flow(prompt), client)
        except TimeoutError:
            raise ModelError(f"the model {self._name} did not answer within {self._patience.deadline:g} s") from None

    async def _converse(self, flow: Flow, client: httpx.AsyncClient) -> Reply:
        step = next(flow)
        while True:
            if isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
                found = _next(flow, None)
            else:
                found = _next(flow, await self._asend(client, step))
            if isinstance(found, Reply):
                return found
            step = found

    def close(self) -> None:
        """Let go of the connections; a later call opens new ones."""
        _let_go(self._pools)

    async def aclose(self) -> None:
        """``close``; async calls keep no connection."""
        self.close()

    def __repr__(self) -> str:
        """Provider and model; never a key."""
        return f"{type(self).__name__}({self._name!r})"

    def __reduce__(self) -> str:
        raise TypeError(f"{self!r} holds a key and connections: open it again where it is needed")

    def _send(self, step: Send) -> Received | Lost:
        until = time.monotonic() + step.left
        body = bytearray()
        try:
            with self._pool().stream("POST", **self._request(step)) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > LARGEST or time.monotonic() > until:
                        return _cut(body)
                return _received(response, body)
        except httpx.HTTPError as error:
            return _lost(error)

    async def _asend(self, client: httpx.AsyncClient, step: Send) -> Received | Lost:
        body = bytearray()
        try:
            async with client.stream("POST", **self._request(step)) as response:
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > LARGEST:
                        return _cut(body)
                return _received(response, body)
        except httpx.HTTPError as error:
            return _lost(error)

    def _request(self, step: Send) -> dict[str, Any]:
        left = max(step.left, 0.001)
        return {
            "url": self._place.to(step.outgoing.path),
            "content": json.dumps(step.outgoing.body, ensure_ascii=False).encode("utf-8", "replace"),
            "headers": self._headers,
            "auth": _Auth(self._place),
            "timeout": httpx.Timeout(min(self._timeout, left), connect=min(_CONNECT, left)),
        }

    def _pool(self) -> httpx.Client:
        """This process's pool: connections must not cross a fork, and no lock is held that could."""
        pid = os.getpid()
        pool = self._pools.get(pid)
        if pool is None:
            fresh = _client(httpx.Client, self._place)
            pool = self._pools.setdefault(pid, fresh)
            if pool is not fresh:
                fresh.close()
        return pool

    def _opened(self) -> httpx.AsyncClient:
        return _client(httpx.AsyncClient, self._place)


class _Auth(httpx.Auth):
    """Puts the key into the request at the last moment, so that it stands in no frame and no argument before."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def auth_flow(self, request: httpx.Request) -> Any:
        place = self._place
        if place.login is not None:
            user, password = place.login
            yield from httpx.BasicAuth(user, password.get_secret_value()).auth_flow(request)
            return
        if place.key is not None:
            secret = place.key.get_secret_value()
            request.headers[place.header] = f"Bearer {secret}" if place.header == "Authorization" else secret
        yield request


def _client(kind: type[Client], place: Place) -> Client:
    """A client of httpx; a proxy is asked for what is elsewhere only, and what has no https needs no certificates."""
    try:
        return kind(verify=_tls() if place.url.startswith("https:") else False, trust_env=not place.local)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise NotConfiguredError(
            f"the proxy of this environment (HTTPS_PROXY, ALL_PROXY) cannot be used: {error}"
        ) from None


def _warm_up(place: Place) -> None:
    """Read certificates and import what httpx imports at its first request: here, so that no event loop waits for it."""
    if place.url.startswith("https:"):
        _tls()
    for module in ("httpcore", "httpcore._backends.auto", "httpcore._backends.anyio", "anyio._backends._asyncio"):
        with suppress(ImportError):  # where another version keeps it elsewhere, the first question imports it
            import_module(module)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Certificates take some 20 ms to load: once a process."""
    return httpx.create_ssl_context()


def _next(flow: Flow, got: Received | Lost | None) -> Send | Wait | Reply:
    try:
        return flow.send(got)
    except StopIteration as done:
        reply: Reply = done.value
        return reply


def _received(response: httpx.Response, body: bytearray) -> Received:
    headers = response.headers
    return Received(response.status_code, headers.get("content-type", ""), bytes(body), headers.get("retry-after"))


def _cut(body: bytearray) -> Lost:
    if len(body) > LARGEST:
        return Lost(f"answered more than {LARGEST:,} bytes", again=False)
    return Lost("did not finish its answer in time", again=False)


def _lost(error: httpx.HTTPError) -> Lost:
    """The error's kind only: its text, and what it chains, may show an address or a key."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return Lost(f"cannot be reached ({type(error).__name__})")
    if isinstance(error, httpx.TimeoutException):
        return Lost(f"did not answer in time ({type(error).__name__})")
    return Lost(f"broke off ({type(error).__name__})")


def _let_go(pools: dict[int, httpx.Client]) -> None:
    """Close this process's pool; one that came over a fork is its parent's."""
    pool = pools.pop(os.getpid(), None)
    if pool is not None:
        pool.close()

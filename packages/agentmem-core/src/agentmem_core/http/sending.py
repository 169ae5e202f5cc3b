"""One attempt: what is sent over a connection and what comes back, in both colours."""

from __future__ import annotations

import time
from collections.abc import Mapping

import httpx

from agentmem_core.errors import BadAnswerError
from agentmem_core.http.answers import Answer, Unpacking
from agentmem_core.http.conversations import Attempt, NoAnswer, Outcome

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def sent(client: httpx.Client, attempt: Attempt) -> Outcome:
    """What came of it."""
    ends = time.monotonic() + attempt.left
    try:
        response = client.send(_request(client, attempt), stream=True)
        try:
            body = Unpacking(response.status_code, response.headers)
            for part in response.iter_raw():
                body.take(part)
                _require_time(ends, response.request)
            return _answer(response.status_code, response.headers, body)
        finally:
            response.close()
    except BadAnswerError as error:
        return error
    except httpx.TransportError as error:
        return _nothing(error)


async def asent(client: httpx.AsyncClient, attempt: Attempt) -> Outcome:
    """``sent`` without blocking the event loop."""
    ends = time.monotonic() + attempt.left
    try:
        response = await client.send(_request(client, attempt), stream=True)
        try:
            body = Unpacking(response.status_code, response.headers)
            async for part in response.aiter_raw():
                body.take(part)
                _require_time(ends, response.request)
            return _answer(response.status_code, response.headers, body)
        finally:
            await response.aclose()
    except BadAnswerError as error:
        return error
    except httpx.TransportError as error:
        return _nothing(error)


def _request(client: httpx.Client | httpx.AsyncClient, attempt: Attempt) -> httpx.Request:
    limits = httpx.Timeout(attempt.left, connect=attempt.connect)
    return client.build_request(
        attempt.method, attempt.url, content=attempt.body, headers=attempt.headers, timeout=limits
    )


def _require_time(ends: float, request: httpx.Request) -> None:
    """Each part may come in time and the whole never end."""
    if time.monotonic() > ends:
        raise httpx.ReadTimeout("the answer is too slow", request=request)


def _answer(status: int, headers: Mapping[str, str], body: Unpacking) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body.whole())


def _nothing(error: httpx.TransportError) -> Outcome:
    reason = str(error)[:200] or type(error).__name__
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return BadAnswerError(f"it cannot be asked ({reason})")
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in reason:
        return BadAnswerError(f"what it answered is no HTTP ({reason}); check the port in api_url")
    return NoAnswer(_why(error, reason), sent=not isinstance(error, _NEVER_SENT))


def _why(error: httpx.TransportError, reason: str) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "no server answers there in time; check api_url and the network, or give more timeout="
    if isinstance(error, httpx.ConnectError):
        return f"no server can be reached there ({reason}); start it (agentmem serve), or check api_url"
    if isinstance(error, httpx.PoolTimeout):
        return "too many calls are under way at the same time; wait for some, or give more timeout="
    if isinstance(error, httpx.TimeoutException):
        return "no whole answer came in time; give more timeout= if there is so much to do"
    return f"the connection broke before the whole answer was there ({reason})"

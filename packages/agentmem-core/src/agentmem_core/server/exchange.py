"""One request and its answer, in the terms of ASGI."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from agentmem_core.errors import AgentMemError, InvalidInputError, TooLargeError
from agentmem_core.http.problems import MEDIA_TYPE, TYPE, Problem, problem_of
from agentmem_core.server.gate import Caller

AsgiScope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[AsgiScope, Receive, Send], Awaitable[None]]

JSON = b"application/json"

SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)

_SANE_ID = re.compile(rb"[A-Za-z0-9._:=+/-]{1,128}")
_FIELDS = 1_000


_TITLES = {
    "invalid_input": "An argument cannot be used; nothing was written",
    "server_unavailable": "No server answers at this address, or it is too slow",
    "unknown_route": "There is no such route",
}


def problem(code: str, status: int, detail: str, request_id: str, retry_after: float | None = None) -> Problem:
    """A document for what HTTP itself refuses."""
    return Problem(
        type=TYPE + code, title=_TITLES.get(code, ""), status=status, detail=detail, code=code, request_id=request_id,
        retry_after=retry_after,
    )  # fmt: skip


def fresh_id() -> str:
    """A name for a request: told from others by it, not kept from anybody, so the system is not asked for every one.

    >>> len(fresh_id())
    16
    """
    return f"{_ids.getrandbits(64):016x}"


_ids = random.Random()  # noqa: S311 - no secret
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.seed)


class Refused(Exception):  # noqa: N818 - the error is the problem in it
    """An answer that is no operation's: what HTTP itself refuses."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        """The document to answer with."""
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = dict(headers or {})


class Gone(Exception):  # noqa: N818 - nobody is told
    """The client has gone; there is nobody to answer."""


class Exchange:
    """What came and what goes back. ``operation`` and ``code`` are what logs and metrics call it."""

    __slots__ = (
        "begun", "caller", "code", "extra", "headers", "held", "method", "operation", "path", "raw_send", "read", "receive",
        "request_id", "route", "scope", "status", "values",
    )  # fmt: skip

    def __init__(self, scope: AsgiScope, receive: Receive, send: Send, path: str) -> None:
        """Nothing has been read; ``path`` is quoted as it came."""
        self.scope = scope
        self.receive = receive
        self.raw_send = send
        self.begun = time.perf_counter()
        self.method: str = scope["method"]
        self.path = path
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        given = self.headers.get(b"x-request-id", b"")
        self.request_id = given.decode() if _SANE_ID.fullmatch(given) else fresh_id()
        self.extra: dict[str, str] = {}
        self.operation = "none"
        self.route = ""
        self.code = "ok"
        self.status = 0
        self.held = 0
        self.read = self.announced() == 0 and b"transfer-encoding" not in self.headers
        self.caller: Caller | None = None
        self.values: Mapping[str, str] = {}

    @property
    def peer(self) -> str:
        """The address that asks."""
        client = self.scope.get("client")
        return client[0] if client else ""

    @property
    def authorization(self) -> str | None:
        """What it shows to be let in."""
        found = self.headers.get(b"authorization")
        return None if found is None else found.decode("latin-1")

    @property
    def seconds(self) -> float:
        """Since it came."""
        return time.perf_counter() - self.begun

    def query(self) -> list[tuple[str, str]]:
        """What stands behind the question mark."""
        raw: bytes = self.scope.get("query_string", b"")
        if not raw:
            return []
        try:
            return parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
        except ValueError as error:
            raise InvalidInputError(f"the query is not percent-encoded UTF-8 of at most {_FIELDS} fields") from error

    async def chunk(self) -> tuple[bytes, bool]:
        """The next part of the body, and whether there is more."""
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise Gone
        more = message.get("more_body", False)
        self.read = not more
        return message.get("body", b""), more

    def announced(self) -> int:
        """The length that the body is said to have; 0 when it is not said."""
        text = self.headers.get(b"content-length", b"0")
        return int(text) if text.isdigit() else 0

    async def body(self, limit: int, hold: Callable[[int], None]) -> bytes:
        """All of it; ``hold`` is told of every part, and may refuse."""
        if self.announced() > limit:
            raise too_large(limit)
        chunk, more = await self.chunk()
        if not more and len(chunk) <= limit:
            hold(len(chunk))
            return chunk
        parts, size = [chunk], len(chunk)
        hold(size)
        while more and size <= limit:
            chunk, more = await self.chunk()
            parts.append(chunk)
            size += len(chunk)
            hold(len(chunk))
        if size > limit:
            raise too_large(limit)
        return b"".join(parts)

    async def disconnected(self) -> None:
        """Until the client has gone; only once the body has been read."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def begin(self, status: int, media: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Send the head; the security headers give way to others of the same name."""
        self.status = status
        own = self.with_own([(b"content-type", media), *headers])
        await self.raw_send({"type": "http.response.start", "status": status, "headers": own})

    def with_own(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers of an answer, with those that every answer has."""
        own = [*headers, (b"x-request-id", self.request_id.encode())]
        if self.extra:
            own += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.extra.items()]
        said = {name for name, _ in own}
        return own + [pair for pair in SECURITY if pair[0] not in said]

    async def send(self, content: bytes, *, more: bool = False) -> None:
        """Send a part of the body."""
        await self.raw_send({"type": "http.response.body", "body": content, "more_body": more})

    async def answer(self, status: int, content: bytes, media: bytes = JSON) -> None:
        """Send all of it."""
        await self.begin(status, media, ((b"content-length", str(len(content)).encode()),))
        await self.send(content)

    async def refuse(self, problem: Problem) -> None:
        """Answer with a problem document."""
        if problem.retry_after is not None:
            self.extra.setdefault("retry-after", str(max(1, round(problem.retry_after))))
        if problem.status == 401:
            self.extra.setdefault("www-authenticate", 'Bearer realm="agentmem"')
        if not self.read:
            self.extra.setdefault("connection", "close")
        self.code = problem.code
        await self.answer(problem.status, problem.model_dump_json(exclude_none=True).encode(), MEDIA_TYPE.encode())

    def problem(self, error: AgentMemError) -> Problem:
        """What an error is answered with."""
        self.extra.update(getattr(error, "headers", None) or {})
        return problem_of(error, self.request_id)


def too_large(limit: int) -> TooLargeError:
    """More than is taken in one request."""
    return TooLargeError(f"the body is longer than {limit:,} bytes; send it in several requests")

"""Connections that hold little before they have asked for anything: heads come whole, soon and short, and there are so many at most."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
import time
from collections import Counter
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from typing import Any, ClassVar

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from agentmem_core.http.problems import MEDIA_TYPE
from agentmem_core.server.exchange import SECURITY, fresh_id, problem

log = logging.getLogger("agentmem_core.server")

HEAD_BYTES = 65_536
"""Of the line and the headers of a request; what comes in one piece with their end may be longer."""

HEAD_SECONDS = 30.0
"""From the first byte of a head to its last, and from a new connection to its first head."""

_FOR_OTHERS = 256
"""Connections that one peer does not get, or a quarter where there are few: a proxy hardly misses them, and others still come in."""

_FILES_OF_THE_STORE = 128
_FILES_WANTED = 65_536
_QUIET = 60.0
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

_NOT_HTTP = (
    "the request cannot be read as HTTP: its first line is METHOD PATH VERSION, lengths and chunks agree, and what is not ASCII in a path or a query is "
    "percent-encoded UTF-8 (%E9%87%8C for 里)"
)

_Base: Any = AutoHTTPProtocol  # whichever parser is installed; both have a cycle for each request
_TELLS_BODY = hasattr(_Base, "on_body")


class Gathering:
    """A transport that sends the head of an answer together with what follows: one write and one packet instead of two."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """All but ``write`` and ``close`` is the other's own."""
        self._transport = transport
        self._loop = loop
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send it with what came just before, or else with what comes in this round of the loop."""
        if self._held:
            self._held, data = b"", self._held + data
            self._transport.write(data)
        else:
            self._held = data
            self._loop.call_soon(self._leave)

    def close(self) -> None:
        """What was written is sent."""
        self._leave()
        self._transport.close()

    def _leave(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)


class Connection(_Base):  # type: ignore[misc]  # its base is known at run time only
    """uvicorn's, which trusts a peer for as long as it sends parts of a head."""

    most = 4_096
    head_seconds = HEAD_SECONDS
    peers: ClassVar[Counter[str]] = Counter()
    """How many connections each peer of other machines has."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Beyond what there are files for, a connection is closed at once; and beyond what one peer may have of them."""
        super().connection_made(Gathering(transport, asyncio.get_running_loop()))
        self._of_head = 0
        self._fruitful = False
        self._timer: asyncio.TimerHandle | None = None
        self._peer = peer_of(self.client[0] if self.client else None)
        if self._peer is not None:
            self.peers[self._peer] += 1
        share = self.most - min(_FOR_OTHERS, self.most // 4)
        if len(self.connections) > self.most:
            _tell(f"there are {self.most} connections; more are closed at once")
            transport.abort()
        elif self._peer is not None and self.peers[self._peer] > share:
            _tell(f"{self._peer} has {share} connections; more of it are closed at once, others still come in")
            transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for."""
        self._rest()
        if self._peer is not None:
            self.peers[self._peer] -= 1
            if self.peers[self._peer] <= 0:
                del self.peers[self._peer]
            self._peer = None
        super().connection_lost(exc)

    def send_400_response(self, _msg: str) -> None:
        """What the parser refuses is answered as everything is; an answer to a request before it is the last one instead."""
        if self.transport.is_closing():
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            cycle.keep_alive = False
            return
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(_refusal())
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Parts of a head are counted and timed, and what comes for a body without being of it; bodies have limits of their own."""
        before = self.cycle
        of_body = before is not None and before.more_body
        self._fruitful = not _TELLS_BODY
        super().data_received(data)
        still = before is not None and before is self.cycle and before.more_body
        if of_body and still and not self._fruitful:  # trailers, or a chunk's extensions
            self._of_head += len(data)
            if self._of_head > HEAD_BYTES:
                self._end(b"")
            return
        if of_body or self.cycle is not before:
            self._rest()
            return
        self._of_head += len(data)
        if self._of_head > HEAD_BYTES:
            self._end(_TOO_LONG if before is None or before.response_complete else b"")
        elif self._timer is None:
            self._wait()

    def on_body(self, body: bytes) -> None:
        """A part of a body; told by httptools, while h11 bounds its events itself."""
        self._fruitful = True
        super().on_body(body)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.head_seconds, self._end, b"")

    def _rest(self) -> None:
        self._of_head = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, answer: bytes) -> None:
        self._rest()
        if not self.transport.is_closing():
            if answer:
                self.transport.write(answer)
            self.transport.close()


def peer_of(host: str | None) -> str | None:
    """Whom a connection counts for: an address, of IPv6 its network of 64 bits; None for this machine and where it has none.

    >>> peer_of("10.0.0.7"), peer_of("2001:db8::7"), peer_of("::ffff:10.0.0.7"), peer_of("127.0.0.1")
    ('10.0.0.7', '2001:db8::', '10.0.0.7', None)
    """
    try:
        address = ip_address((host or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback:
        return None
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> 64 << 64))
    return str(address)


def _refusal() -> bytes:
    request_id = fresh_id()
    body = problem("invalid_input", 400, _NOT_HTTP, request_id).model_dump_json(exclude_none=True).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body)), (b"connection", b"close"),
        (b"x-request-id", request_id.encode()), *SECURITY,
    ]  # fmt: skip
    return b"HTTP/1.1 400 Bad Request\r\n" + b"".join(b"%s: %s\r\n" % pair for pair in headers) + b"\r\n" + body


def _tell(what: str) -> None:
    """Once in a while: who opens connections must not fill the log too."""
    global _told  # noqa: PLW0603 - one for the process, as the log is
    if time.monotonic() - _told > _QUIET:
        _told = time.monotonic()
        log.warning(what)


_told = -math.inf


def let_go(connections: Iterable[Any], closing: set[Any]) -> set[Any]:
    """Abort those that were closed when it was last asked, and whose peers still take nothing; answers those that are closed now."""
    found = {connection for connection in connections if connection.transport.is_closing()}
    for connection in found & closing:
        connection.transport.abort()
    return found - closing


def bounded(wanted: int) -> type[Connection]:
    """The connections of a server that has so many at most, and leaves some files of the process to its store."""
    files = _files()
    most = wanted if files is None else max(8, min(wanted, files - _FILES_OF_THE_STORE))
    return type("BoundedConnection", (Connection,), {"most": most, "peers": Counter()})


def _files() -> int | None:
    """How many files this process may open: as many as it can be allowed, within reason."""
    if sys.platform == "win32":
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, _FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError):  # macOS has a limit below what it says
            return soft
        return wanted
    return None if soft == resource.RLIM_INFINITY else soft

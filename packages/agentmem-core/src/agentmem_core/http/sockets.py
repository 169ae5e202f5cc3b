"""Connections of an event loop that can be closed without it.

The streams of asyncio belong to their loop: of a loop that was closed first they can only be lost, with a warning. Frameworks
open a loop for one call and close it, so these are plain sockets, which the loop only waits for.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute, TLSStream


class Sockets(httpcore.AsyncNetworkBackend):
    """Opens sockets, and knows those that are open."""

    def __init__(self) -> None:
        """None is open."""
        self._open: set[socket.socket] = set()

    def close(self) -> None:
        """Close all of them; only when no call waits for one."""
        while self._open:
            self._open.pop().close()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                sock = await self._connected(host, port, timeout)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for option in socket_options or ():
            sock.setsockopt(*option)
        return _Stream(sock, _Plain(sock, self._open))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _connected(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """To the first address of the host that answers; each but the last has its share of the time only."""
        found = await _resolved(host, port)
        for number, (family, kind, protocol, _, place) in enumerate(found, 1):
            sock = socket.socket(family, kind, protocol)
            self._open.add(sock)
            try:
                sock.settimeout(0)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                share = None if timeout is None or number == len(found) else timeout / len(found)
                async with asyncio.timeout(share):
                    await asyncio.get_running_loop().sock_connect(sock, place)
            except BaseException as error:
                self._open.discard(sock)
                sock.close()
                if number == len(found) or not isinstance(error, OSError):
                    raise
            else:
                return sock
        raise OSError(f"{host} has no address")


async def _resolved(host: str, port: int) -> list[Any]:
    try:  # a number needs no asking, which asyncio would do in a thread
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except socket.gaierror:
        return list(await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM))


class _Plain(ByteStream):
    """The bytes of a socket."""

    def __init__(self, sock: socket.socket, among: set[socket.socket]) -> None:
        self._sock = sock
        self._among = among

    async def receive(self, max_bytes: int = 65536) -> bytes:
        try:
            data = await asyncio.get_running_loop().sock_recv(self._sock, max_bytes)
        except OSError as error:
            raise anyio.BrokenResourceError from error
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        try:
            await asyncio.get_running_loop().sock_sendall(self._sock, item)
        except OSError as error:
            raise anyio.BrokenResourceError from error

    async def send_eof(self) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    async def aclose(self) -> None:
        self._among.discard(self._sock)
        self._sock.close()


class _Stream(httpcore.AsyncNetworkStream):
    """One connection, plain or with TLS around it."""

    def __init__(self, sock: socket.socket, stream: ByteStream) -> None:
        self._sock = sock
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            async with asyncio.timeout(timeout):
                return await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError) as error:
            raise httpcore.ReadError(_why(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            async with asyncio.timeout(timeout):
                await self._stream.send(buffer)
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, ssl.SSLError) as error:
            raise httpcore.WriteError(_why(error)) from error

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                inside = await TLSStream.wrap(
                    self._stream, ssl_context=ssl_context, hostname=server_hostname, standard_compatible=False,
                    server_side=False,
                )  # fmt: skip
        except BaseException as error:
            await self.aclose()
            if isinstance(error, TimeoutError):
                raise httpcore.ConnectTimeout from error
            if isinstance(error, OSError | anyio.BrokenResourceError | anyio.EndOfStream):
                raise httpcore.ConnectError(_why(error)) from error
            raise
        return _Stream(self._sock, inside)

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # of a connection that rests: that it was closed on the other side
            return _readable(self._sock)
        if info == "ssl_object":
            return self._stream.extra(TLSAttribute.ssl_object, None)  # noqa: S610 - no query
        return self._sock if info == "socket" else None


def _readable(sock: socket.socket) -> bool:
    try:
        sock.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
    return True


def _why(error: BaseException) -> str:
    return str(error.__cause__ or error)

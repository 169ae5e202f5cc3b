"""Something that listens where a server should be, and says what a test wants said."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

Reply = bytes | Callable[[socket.socket, bytes], None]
"""What is sent back before the connection is closed, or what does it."""


def answer(
    body: bytes | str = b"[]", status: int = 200, kind: str = "application/json", **headers: str
) -> bytes:  # fmt: skip
    """An answer as it goes over the wire; names of headers are given with underscores."""
    data = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"content-length: {len(data)}",
        "connection: close",
    ]
    lines += [f"content-type: {kind}"] if kind else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def problem(code: str, status: int, detail: str = "what to do", **headers: str) -> bytes:
    """A problem document."""
    body = f'{{"status": {status}, "code": "{code}", "detail": "{detail}", "request_id": "r-1"}}'
    return answer(body, status, "application/problem+json", **headers)


class Peer:
    """Gives each request the next reply, and the last one to all that follow."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)
        for connection in self._open:
            connection.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(connection)
            with suppress(OSError):
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        request = whole(connection)
        self.requests.append(request)
        reply = self._replies[min(len(self.requests), len(self._replies)) - 1]
        if callable(reply):
            reply(connection, request)
        else:
            connection.sendall(reply)
            connection.close()


def whole(connection: socket.socket) -> bytes:
    """A request or an answer to its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += _more(connection)
    return head + b"\r\n\r\n" + body


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(65536)
    if not part:
        raise OSError("closed")
    return part


def silence(connection: socket.socket, request: bytes) -> None:
    """Keep the connection open and say nothing."""


def hang_up(connection: socket.socket, request: bytes) -> None:
    """Close it without a word."""
    connection.close()


def losing(port: int) -> Reply:
    """Pass the request on to the server at ``port``, and lose its answer."""

    def reply(connection: socket.socket, request: bytes) -> None:
        _asked(port, request)
        connection.close()

    return reply


def passing(port: int) -> Reply:
    """Pass the request on to the server at ``port``, and its answer back."""

    def reply(connection: socket.socket, request: bytes) -> None:
        connection.sendall(_asked(port, request))
        connection.close()

    return reply


def _asked(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as server:
        server.sendall(
            request.replace(b"connection: keep-alive", b"connection: close").replace(
                b"Connection: keep-alive", b"Connection: close"
            )
        )
        return whole(server)

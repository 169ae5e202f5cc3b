"""A server's end of the connection to a reader: questions by number, answers as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from agentmem_core.server.readers.frames import Frame, Kind, Unpacking


class Link(asyncio.Protocol):
    """Questions that were asked in one round of the loop leave together."""

    def __init__(self, lost: Callable[[], None]) -> None:
        """``lost`` is called when the other end is gone, after whoever waits has been told."""
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._frames = Unpacking()
        self._numbers = 0
        self._waiting: dict[int, asyncio.Future[Frame | None]] = {}
        self._leaving: list[bytes] = []

    def is_waiting(self, number: int) -> bool:
        """Whether a question has no answer yet, also one that nobody waits for any more."""
        return number in self._waiting

    def ask(self, kind: Kind, about: bytes = b"", content: bytes = b"") -> tuple[int, asyncio.Future[Frame | None]]:
        """The number of a question and its answer, which is None when the other end is gone."""
        self._numbers = number = (self._numbers + 1) & 0xFFFF_FFFF
        future: asyncio.Future[Frame | None] = self._loop.create_future()
        if self._transport is None or self._transport.is_closing():
            future.set_result(None)
            return number, future
        self._waiting[number] = future
        if not self._leaving:
            self._loop.call_soon(self._leave)
        self._leaving.append(Frame(number, kind, about, content).packed())
        return number, future

    def close(self) -> None:
        """Let go; the reader then ends."""
        if self._transport is not None:
            self._leave()
            self._transport.close()

    def abort(self) -> None:
        """Let go of one that takes nothing."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Now it can be asked."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answers."""
        for frame in self._frames.feed(data):
            future = self._waiting.pop(frame.number, None)
            if future is not None and not future.done():
                future.set_result(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        """What was under way is for others to answer."""
        self._transport = None
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_result(None)
        self._lost()

    def _leave(self) -> None:
        if self._leaving and self._transport is not None:
            leaving, self._leaving = self._leaving, []
            self._transport.write(b"".join(leaving))

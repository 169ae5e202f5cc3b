"""The lines between a client and this process, by its standard input and output.

Two threads move them, which nothing has to wait for: a read of standard input cannot be given up, and a program that waits for one does
not end by Ctrl-C. They use the descriptors themselves, because a buffer that is read while Python ends is a fatal error.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import sys
import threading
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, suppress
from typing import Any

_PART = 65_536
_GRACE = 5.0
"""Seconds for what was asked before the client hung up."""


class Lines:
    """Messages that came, until the client hangs up or ``end`` is called, and what was asked has been answered; and those that go."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        """Begin to read; made on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._incoming, self._outgoing = incoming, outgoing
        self._come: asyncio.Queue[str | None] = asyncio.Queue()
        self._going: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._asked: set[str] = set()
        self._answered = asyncio.Event()
        self._answered.set()
        self._over = False
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read, self._write)]
        for thread in self._threads:
            thread.start()

    async def __aiter__(self) -> AsyncIterator[str]:
        """The messages."""
        while not self._over and (line := await self._come.get()) is not None:
            self._note(line, asked=True)
            yield line
        with suppress(TimeoutError):
            await asyncio.wait_for(self._answered.wait(), _GRACE)

    async def write(self, text: str) -> None:
        """Send a message."""
        self._going.put(text.encode())
        self._note(text, asked=False)

    async def flush(self) -> None:
        """Everything is on its way at once."""

    def end(self) -> None:
        """No more is read."""
        self._over = True
        self._come.put_nowait(None)

    async def close(self) -> None:
        """What was written has left, or there is nobody to read it."""
        self._going.put(None)
        await asyncio.to_thread(self._threads[1].join, _GRACE)

    def _read(self) -> None:
        begun: list[bytes] = []
        with suppress(OSError):
            while part := os.read(self._incoming, _PART):
                *ended, rest = part.split(b"\n")
                for line in ended:
                    self._tell(b"".join([*begun, line]))
                    begun = []
                begun.append(rest)
        self._tell(b"".join(begun))
        self._post(None)

    def _tell(self, line: bytes) -> None:
        if line.strip():
            self._post(line.decode("utf-8", "replace"))

    def _post(self, line: str | None) -> None:
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._come.put_nowait, line)

    def _write(self) -> None:
        try:
            while (data := self._going.get()) is not None:
                while data:
                    data = data[os.write(self._outgoing, data) :]
        except OSError:  # the client has gone
            self._post(None)

    def _note(self, text: str, *, asked: bool) -> None:
        """Remember what was asked until it is answered."""
        try:
            message: Any = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(message, dict) or message.get("id") is None or ("method" in message) is not asked:
            return
        if asked:
            self._asked.add(json.dumps(message["id"]))
        else:
            self._asked.discard(json.dumps(message["id"]))
        if self._asked:
            self._answered.clear()
        else:
            self._answered.set()


@contextmanager
def own_streams() -> Generator[tuple[int, int]]:
    """The descriptors of standard input and output, for the protocol alone: whatever else is printed goes to standard error."""
    sys.stdout.flush()
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        yield incoming, outgoing
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os.dup2(outgoing, 1)
        os.close(nothing)

"""One reader as the server sees it: started, asked, and started again when it has ended."""

from __future__ import annotations

import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

from agentmem_core.server.readers.frames import Frame, Kind
from agentmem_core.server.readers.link import Link

log = logging.getLogger("agentmem_core.server")

Place = tuple[str, str, str]
"""Tenant, collection and user."""

COMMAND = (sys.executable, "-P", "-m", "agentmem_core.server.readers.reader")
"""Not from the folder it is started in: what lies there is not ours."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_PROVEN = 60.0
"""Seconds after which one that ends was a good one."""
_TO_BEGIN = 120.0
_TO_END = 5.0
_BUFFER = 1_048_576
_GRACE = 1.0
"""Seconds beyond the time of a request in which its late answer shows that the reader still works."""


class ReaderProcess:
    """A child process that answers searches for as long as the server lives; ``is_ready`` says whether it does now."""

    def __init__(self, opening: bytes, timeout: float, stuck: Callable[[Place], None]) -> None:
        """Not started; ``opening`` is what it is told of the store, ``timeout`` the seconds of a request.

        ``stuck`` is told of a place whose search came to no end.
        """
        self.restarts = 0
        self._opening = opening
        self._timeout = timeout
        self._stuck = stuck
        self._renewing = False
        self._ready: Link | None = None
        self._over: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it takes questions."""
        return self._ready is not None

    def start(self) -> None:
        """In the background; until it is ready nobody waits for it."""
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def stop(self) -> None:
        """It finishes what is under way, and ends."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def renew(self, opening: bytes) -> None:
        """Another one in its place, with something else to begin with."""
        self._opening = opening
        self._renewing = True
        self.replace()

    def replace(self) -> None:
        """Another one in its place; what is under way is answered by the server."""
        self._ready = None
        if self._over is not None:
            self._over.set()

    async def search(self, place: Place, about: bytes, content: bytes) -> Frame | None:
        """The answer to a search; None when it has ended before."""
        link = self._ready
        if link is None:
            return None
        loop = asyncio.get_running_loop()
        asked = loop.time()
        number, answer = link.ask(Kind.SEARCH, about, content)
        try:
            return await answer
        except asyncio.CancelledError:
            if loop.time() - asked >= 0.9 * self._timeout:
                loop.call_later(_GRACE, self._look, link, number, place)
            raise

    async def settle(self, *, forget: bool) -> None:
        """Its counts of uses are written, and where something was erased it keeps nothing in memory; it has a second for that."""
        if self._ready is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await self._ready.ask(Kind.SETTLE, content=b"forget" if forget else b"")[1]

    def _look(self, link: Link, number: int, place: Place) -> None:
        if link is self._ready and link.is_waiting(number):
            log.warning("a reader does not answer; another one is started in its place")
            self._stuck(place)
            self.replace()

    async def _keep(self) -> None:
        pause = _SHORTEST_PAUSE
        loop = asyncio.get_running_loop()
        while True:
            begun, self._renewing = loop.time(), False
            try:
                await self._live()
            except OSError as error:
                log.warning("a reader cannot be started (%s)", error.strerror)
            except Exception:
                log.exception("a reader failed")
            if self._renewing:
                continue
            self.restarts += 1
            pause = _SHORTEST_PAUSE if loop.time() - begun >= _PROVEN else min(2 * pause, _LONGEST_PAUSE)
            log.warning("a reader has ended; the server answers for it, and starts another one in %.2g s", pause)
            await asyncio.sleep(pause)

    async def _live(self) -> None:
        """One process, from its start to its end."""
        self._over = over = asyncio.Event()
        link = Link(over.set)
        process = await _started(link)
        try:
            async with asyncio.timeout(_TO_BEGIN):
                opened = await link.ask(Kind.OPEN, content=self._opening)[1]
            if opened is not None and not over.is_set():
                self._ready = link
                await over.wait()
        except TimeoutError:
            log.warning("a reader does not begin")
        except asyncio.CancelledError:
            self._ready = None
            link.close()
            await _ended(process, _TO_END)
            raise
        self._ready = None
        link.abort()
        process.kill()
        await _ended(process, None)


async def _started(link: Link) -> subprocess.Popen[bytes]:
    """A child with its end of a connection in the place of standard input; it ends when that is closed, and by no other sign."""
    here, there = socket.socketpair()
    try:
        with there:
            for end in (here, there):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            process = _child(there)
    except BaseException:
        here.close()
        raise
    try:
        await asyncio.get_running_loop().create_unix_connection(lambda: link, sock=here)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


def _child(end: socket.socket) -> subprocess.Popen[bytes]:
    """In a process group of its own: Ctrl-C is for the server, which then lets go of it."""
    return subprocess.Popen(COMMAND, stdin=end.fileno(), stdout=subprocess.DEVNULL, process_group=0)  # noqa: S603 - a constant


async def _ended(process: subprocess.Popen[bytes], patience: float | None) -> None:
    """The child is gone, and the system keeps nothing of it."""
    try:
        await asyncio.to_thread(process.wait, patience)
    except subprocess.TimeoutExpired:
        process.kill()
        await asyncio.to_thread(process.wait)
    except asyncio.CancelledError:
        process.kill()
        process.wait()
        raise

"""Short work on an event loop itself, in turns, so that the loop never waits long for it."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from time import perf_counter

_TURN = 0.002
"""Seconds of such work in one round of the loop; then the rest of what waits there comes first."""


class Turns:
    """Who may work on the loop now: several while a round's time lasts, then one a round."""

    def __init__(self) -> None:
        """Nobody has worked yet. It holds no loop: it would then outlive it among ``_TURNS``."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._spent = 0.0
        self._called = False

    async def wait(self) -> None:
        """Until it is one's turn."""
        if self._spent < _TURN and not self._waiting:
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        self._call()
        await mine

    def note(self, begun: float) -> None:
        """Work has been done since ``begun``, by ``perf_counter``."""
        self._spent += perf_counter() - begun
        self._call()

    def _call(self) -> None:
        if not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._next_round)

    def _next_round(self) -> None:
        self._called = False
        self._spent = 0.0
        while self._waiting:
            mine = self._waiting.popleft()
            if not mine.done():
                mine.set_result(None)
                break
        if self._waiting:
            self._call()


_TURNS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = weakref.WeakKeyDictionary()


def turns() -> Turns:
    """Those of the running loop."""
    loop = asyncio.get_running_loop()
    found = _TURNS.get(loop)
    if found is None:
        found = _TURNS[loop] = Turns()
    return found

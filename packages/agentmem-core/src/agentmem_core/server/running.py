"""Operations with a deadline: given up as long as they have written nothing, otherwise waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from agentmem_core.errors import TimedOutError
from agentmem_core.operations import Op
from agentmem_core.ports import Backend
from agentmem_core.ports.cancelling import CANCELLATION, ON_LOOP, Cancellation
from agentmem_core.server.exchange import Exchange, Gone

_WATCH_AFTER = 1.0
"""Seconds after which it is looked whether the client still waits: most requests are long over."""


class Deadline:
    """Ends what is awaited inside after some seconds, or when the client goes, unless it is no longer to be given up."""

    def __init__(self, seconds: float, exchange: Exchange, cancellation: Cancellation | None = None) -> None:
        """Without a ``cancellation`` it may be given up at any time."""
        self._seconds = seconds
        self._exchange = exchange
        self._cancellation = cancellation
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None
        self._why: Exception | None = None

    def __enter__(self) -> Self:
        """The time runs."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline belongs to a task")
        self._task = task
        watched = self._exchange.read and self._seconds > _WATCH_AFTER
        seconds, then = (_WATCH_AFTER, self._look) if watched else (self._seconds, self._late)
        self._timer = loop.call_later(seconds, then)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """In time, or ``TimedOutError``, or ``Gone``."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._why is not None and self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise self._why from None

    def _give_up(self, why: Exception) -> None:
        if self._why is None and (self._cancellation is None or self._cancellation.cancel()):
            self._why = why
            self._task.cancel()

    def _late(self) -> None:
        self._give_up(TimedOutError(f"it took longer than {self._seconds:g} s and was given up; nothing was written"))

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._seconds - _WATCH_AFTER, self._late)
        self._watch = loop.create_task(self._until_gone())

    async def _until_gone(self) -> None:
        with suppress(asyncio.CancelledError):
            await self._exchange.disconnected()
            self._give_up(Gone())


async def run(
    backend: Backend, op: Op[Any], exchange: Exchange, seconds: float, first: Callable[[], Awaitable[Any]] | None = None
) -> Any:
    """The operation's answer; ``TimedOutError`` when it came to nothing in time. ``first`` is asked before the backend."""
    cancellation = Cancellation()
    token = CANCELLATION.set(cancellation)
    ON_LOOP.set(True)
    try:
        with Deadline(seconds, exchange, cancellation):
            found = None if first is None else await first()
            return found if found is not None else await backend.aexecute(op)
    finally:
        CANCELLATION.reset(token)

"""The backend that asks a server."""

from __future__ import annotations

import asyncio
import os
import time
import weakref
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from agentmem_core.errors import StoreClosedError
from agentmem_core.http.address import address_of
from agentmem_core.http.conversations import Attempt, Outcome, Pause, Speaker
from agentmem_core.operations import Op

if TYPE_CHECKING:
    from agentmem_core.http.pools import Pools

T = TypeVar("T")


class HttpBackend:
    """Sends operations to the server at ``api_url``; safe from any thread, any event loop, and after a fork.

    Nothing is connected before the first operation. It starts no thread and no event loop.
    """

    def __init__(self, api_url: str, *, api_key: str | None = None, timeout: Any = None) -> None:
        """``timeout`` is in seconds, repetitions included, or a pair: for connecting, and in all."""
        self._address = address_of(api_url, api_key, timeout)
        self._speaker = Speaker(self._address)
        self._by_process: dict[int, Pools] = {}
        self._closed = False

    def __repr__(self) -> str:
        """Where it is; not the key."""
        return f"HttpBackend({self._address.url!r})"

    def execute(self, op: Op[T]) -> T:
        from agentmem_core.http import sending

        steps = self._speaker.ask(op)
        with self._mine().client() as client:
            outcome: Outcome = None
            while True:
                step = _next(steps, outcome)
                if isinstance(step, _Done):
                    return step.answer  # type: ignore[no-any-return]  # what the operation's route answers
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    outcome = None
                else:
                    outcome = sending.sent(client, step)

    async def aexecute(self, op: Op[T]) -> T:
        from agentmem_core.http import sending

        steps = self._speaker.ask(op)
        async with self._mine().aclient() as client:
            outcome: Outcome = None
            while True:
                step = _next(steps, outcome)
                if isinstance(step, _Done):
                    return step.answer  # type: ignore[no-any-return]  # what the operation's route answers
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    outcome = None
                else:
                    outcome = await sending.asent(client, step)

    def close(self) -> None:
        self._close(wait=True)

    async def aclose(self) -> None:
        self._close(wait=False)

    def _close(self, *, wait: bool) -> None:
        self._closed = True
        pools = self._by_process.get(os.getpid())
        if pools is not None:
            pools.close(wait=wait)

    def _mine(self) -> Pools:
        """The connections of this process: those from before a fork are the parent's, so they are kept and not used."""
        if self._closed:
            raise StoreClosedError("this client is closed; open AgentMem again")
        pid = os.getpid()
        pools = self._by_process.get(pid)
        if pools is None:
            from agentmem_core.http.pools import Pools

            pools = self._by_process.setdefault(pid, Pools(self._address))
            weakref.finalize(self, _let_go, pools, pid)
        return pools


class _Done:
    """The end of a conversation."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer


def _next(steps: Generator[Attempt | Pause, Outcome, Any], outcome: Outcome) -> Attempt | Pause | _Done:
    try:
        return steps.send(outcome)
    except StopIteration as done:
        return _Done(done.value)


def _let_go(pools: Pools, pid: int) -> None:
    """Close what rests; also when the backend is collected, or the interpreter ends, without a close."""
    if os.getpid() == pid:
        with suppress(RuntimeError):
            pools.close(wait=False)

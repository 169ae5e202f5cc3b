"""Adds that come while another is being written, in one transaction: all of them wait for the disk once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agentmem_core.engine.engine import Engine
from agentmem_core.errors import AgentMemError, StoreClosedError, StoreError
from agentmem_core.operations import Add, Op

_MOST = 32
"""Adds of one transaction: others wait for it as long as it takes."""
_SMALL = 16
"""Items of an add that is gathered; larger ones are a transaction's worth by themselves."""

Work = Callable[[], Any]
Submit = Callable[[Work], object]


@dataclass(frozen=True, slots=True)
class _Waiting:
    work: Work
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a piece of work: its answer, or why there is none."""

    answer: Any = None
    error: BaseException | None = None

    def tell(self, future: asyncio.Future[Any]) -> None:
        if not future.done():
            if self.error is None:
                future.set_result(self.answer)
            else:
                future.set_exception(self.error)


class _UndoneError(Exception):
    """The store is in trouble, or nobody knows what happened: none of them has been done."""


class Gathering:
    """Who comes first is written at once; who comes meanwhile is written together afterwards.

    Each is undone by itself when it cannot be done, and told when all are on disk. Where the whole transaction fails, each is
    done once more by itself, so that it meets its own error.
    """

    def __init__(self, engine: Engine) -> None:
        """Nobody waits."""
        self._engine = engine
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._at_work = False

    def takes(self, op: Op[Any]) -> bool:
        """Whether it is an add that others need not wait long for."""
        engine = self._engine
        return (
            isinstance(op, Add)
            and op.infer is False
            and len(op.items) <= _SMALL
            and engine.routes_by_model is None
            and bool(getattr(engine.embedder, "instant", False))
        )

    async def run(self, work: Work, submit: Submit) -> Any:
        """What ``work`` answers, in a thread that ``submit`` gives work to, perhaps with others.

        It is not kept here: who gives it can then be let go without the help of the garbage collector.
        """
        mine = _Waiting(work, asyncio.get_running_loop().create_future())
        with self._lock:
            self._waiting.append(mine)
            begins, self._at_work = not self._at_work, True
        if begins:
            self._go_on(submit)
        return await mine.future

    def _write(self, submit: Submit) -> None:
        """What waits now; then more, behind the other work of the thread."""
        with self._lock:
            some = [item for item in self._waiting[:_MOST] if not item.future.cancelled()]
            del self._waiting[:_MOST]
        try:
            _tell(some, self._together([item.work for item in some]))
        except BaseException as error:
            _tell(some, [_Outcome(error=error)] * len(some))
            raise
        finally:
            with self._lock:
                more = self._at_work = bool(self._waiting)
            if more:
                self._go_on(submit)

    def _go_on(self, submit: Submit) -> None:
        try:
            submit(lambda: self._write(submit))
        except StoreClosedError as error:
            with self._lock:
                left, self._waiting, self._at_work = self._waiting, [], False
            _tell(left, [_Outcome(error=error)] * len(left))

    def _together(self, works: Sequence[Work]) -> list[_Outcome]:
        if len(works) <= 1:
            return [_done(work) for work in works]
        begun = False
        try:
            with self._engine.ledger.gathering():
                begun = True
                return [_sound(_done(work)) for work in works]
        except (StoreError, _UndoneError) as error:
            self._engine.seen.clear()
            if begun:
                self._engine.views.clear()  # they may have heard of uses that are undone
            return [_done(work) if begun else _Outcome(error=error) for work in works]


def _done(work: Work) -> _Outcome:
    try:
        return _Outcome(work())
    except Exception as error:  # noqa: BLE001 - it is told to whoever asked
        return _Outcome(error=error)


def _sound(outcome: _Outcome) -> _Outcome:
    """An outcome that says nothing against the others."""
    if outcome.error is not None and (
        isinstance(outcome.error, StoreError) or not isinstance(outcome.error, AgentMemError)
    ):
        raise _UndoneError
    return outcome


def _tell(some: Sequence[_Waiting], outcomes: Sequence[_Outcome]) -> None:
    """Each loop is woken once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], _Outcome]]] = {}
    for item, outcome in zip(some, outcomes, strict=True):
        by_loop.setdefault(item.future.get_loop(), []).append((item.future, outcome))
    for loop, told in by_loop.items():
        with suppress(RuntimeError):  # a loop that has ended waits for nothing
            loop.call_soon_threadsafe(_tell_all, told)


def _tell_all(told: Sequence[tuple[asyncio.Future[Any], _Outcome]]) -> None:
    for future, outcome in told:
        outcome.tell(future)

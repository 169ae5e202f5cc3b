"""The backend that runs inside the process."""

from __future__ import annotations

import contextvars
import os
import weakref
from collections.abc import Callable, Generator
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from agentmem_core.engine.asking import Walk, require, walk
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.handlers import HANDLERS, Handlers
from agentmem_core.errors import AgentMemError, NotSupportedError, StoreClosedError, StoreDamagedError, StoreError
from agentmem_core.model import Hit
from agentmem_core.operations import Add, Op, Search
from agentmem_core.ports.cancelling import ON_LOOP

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from agentmem_core.engine.gathering import Gathering

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")

_CLOSED = "this client is closed; open AgentMem again"
_THREADS = 2
"""Worker threads for async callers: each more lengthens the wait of the event loop for the interpreter lock."""


class EmbeddedBackend:
    """Runs operations on an engine. Sync at heart: SQLite has no async driver, so ``aexecute`` uses a worker thread."""

    def __init__(self, engine: Engine, more: Handlers | None = None) -> None:
        """Takes over the engine and closes it in the end; ``more`` handlers stand beside those of the engine."""
        self._engine = engine
        self._more: Handlers = {} if more is None else more
        self._pid = os.getpid()
        self._workers: ThreadPoolExecutor | None = None
        self._closed = False
        self._gathering: Gathering | None = None
        self._finalizer = weakref.finalize(self, _let_go, engine, self._pid)

    def execute(self, op: Op[T]) -> T:
        self._require_open()
        return cast("T", self._blaming_damage(self._walked, op))

    def _walked(self, op: Op[Any]) -> Any:
        answer = self._handler(op)(self._engine, op)
        return walk(answer, self._engine.model) if isinstance(answer, Generator) else answer

    def _handler(self, op: Op[T]) -> Callable[[Engine, Any], Any]:
        handler = HANDLERS.get(type(op)) or self._more.get(type(op))
        if handler is None:
            raise NotSupportedError(f"the embedded backend has no operation {type(op).__name__}")
        return handler

    def _blaming_damage(self, work: Callable[P, R], /, *given: P.args, **named: P.kwargs) -> R:
        try:
            return work(*given, **named)
        except AgentMemError:
            raise
        except Exception as error:
            self._blame_damage(error)
            raise

    def _blame_damage(self, error: Exception) -> None:
        """A page that something else has changed can show as any error; when the ledger finds one, that is what happened."""
        with suppress(StoreClosedError):
            problem = self._engine.ledger.check()
            if problem:
                raise StoreDamagedError(
                    f"the store is damaged: {problem}. Copy the folder away, then restore a backup or an export"
                ) from error

    async def aexecute(self, op: Op[T]) -> T:
        """In a worker thread, but for the model, which is awaited; on a server's loop short searches are answered where they are."""
        hits = await self._at_once(op) if ON_LOOP.get() else None
        if hits is not None:
            return cast("T", hits)
        gathering = self._gathering_now() if isinstance(cast("object", op), Add) else None
        if gathering is not None and gathering.takes(op):
            return cast(
                "T", await gathering.run(self._bound(lambda: self._handler(op)(self._engine, op)), self._submit)
            )
        answer = await self._in_worker(lambda: self._handler(op)(self._engine, op))
        if not isinstance(answer, Generator):
            return cast("T", answer)
        path: Walk[T] = Walk(answer)
        await self._in_worker(path.begin)
        while path.prompt is not None:
            try:
                reply = await require(self._engine.model).aask(path.prompt)
            except Exception as error:  # noqa: BLE001 - a model of somebody else: the steps say what it was
                failure = error
                await self._in_worker(lambda: path.fail(failure))  # noqa: B023 - it is awaited before the next round
            except BaseException:
                self._submit(path.give_up)
                raise
            else:
                await self._in_worker(lambda: path.reply(reply))  # noqa: B023
        return path.answer

    async def _at_once(self, op: Op[Any]) -> list[Hit] | None:
        """The hits of a search, found on the event loop in turn with others; None where that would hold it."""
        if not isinstance(op, Search):
            return None
        from agentmem_core.engine.searching import search_at_once
        from agentmem_core.engine.turns import turns

        turn = turns()
        await turn.wait()
        self._require_open()
        begun = perf_counter()
        try:
            hits = search_at_once(self._engine, op)
        except Exception:  # noqa: BLE001 - whatever it is, the thread meets it again, and has the time to say what it was
            return None
        finally:
            turn.note(begun)
        if hits is not None and self._engine.note_found([hit.place for hit in hits]):
            self._submit(self._engine.flush_touches)
        return hits

    def _gathering_now(self) -> Gathering:
        """Made when the first async add comes: it needs asyncio, whose import sync callers do not pay for."""
        if self._gathering is None:
            from agentmem_core.engine.gathering import Gathering

            self._gathering = Gathering(self._engine)
        return self._gathering

    async def _in_worker(self, work: Callable[[], R]) -> R:
        import asyncio

        return await asyncio.wrap_future(self._submit(self._bound(work)))

    def _bound(self, work: Callable[[], R]) -> Callable[[], R]:
        """The same in this context, from any thread."""

        def blaming() -> R:
            self._require_open()
            return self._blaming_damage(work)

        self._require_open()
        context = contextvars.copy_context()
        return lambda: context.run(blaming)

    def _submit(self, work: Callable[[], R]) -> Future[R]:
        if self._workers is None:
            from concurrent.futures import ThreadPoolExecutor

            self._workers = ThreadPoolExecutor(_THREADS, thread_name_prefix="agentmem")
        try:
            return self._workers.submit(work)
        except RuntimeError as error:
            raise StoreClosedError(_CLOSED) from error

    def _require_open(self) -> None:
        if os.getpid() != self._pid:
            raise StoreClosedError(
                "this client was opened before a fork and cannot be used in the child process; open AgentMem again there"
            )
        if self._closed:
            raise StoreClosedError(_CLOSED)

    def close(self) -> None:
        if os.getpid() != self._pid:
            return
        self._closed = True
        if self._workers is not None:
            self._workers.shutdown(wait=True)
        self._finalizer()

    async def aclose(self) -> None:
        import asyncio

        await asyncio.to_thread(self.close)


def _let_go(engine: Engine, pid: int) -> None:
    """Close the files; also when the client is collected, or the interpreter ends, without a close."""
    if os.getpid() != pid:
        return
    engine.background.close()
    if engine.learner is not None:
        from agentmem_core.engine.learning import let_go

        let_go(engine)
    engine.follower.close()
    with suppress(StoreError):
        engine.flush_touches()
    engine.views.clear()
    engine.ledger.close()

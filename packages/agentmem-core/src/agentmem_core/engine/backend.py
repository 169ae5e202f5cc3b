"""The backend that runs inside the process."""

from __future__ import annotations

import asyncio
import contextvars
import os
import weakref
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import Any, TypeVar, cast

from agentmem_core.engine.asking import Walk, require, walk
from agentmem_core.engine.changing import delete, relate, restore, update
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.erasing import compact, forget
from agentmem_core.engine.learning import add_and_learn, flush_learning, learn, let_go, maintain_and_summarise
from agentmem_core.engine.reading import get, history, links, list_
from agentmem_core.engine.searching import search, search_at_once
from agentmem_core.engine.transfer import export, import_
from agentmem_core.engine.turns import turns
from agentmem_core.engine.upkeep import health, reindex, stats
from agentmem_core.engine.vectors import embed, vectors
from agentmem_core.errors import AgentMemError, NotSupportedError, StoreClosedError, StoreDamagedError, StoreError
from agentmem_core.model import Hit
from agentmem_core.operations import (
    Add,
    Compact,
    Delete,
    Embed,
    Export,
    FlushLearning,
    Forget,
    Get,
    HealthCheck,
    History,
    Import,
    Learn,
    Links,
    List,
    Maintain,
    Op,
    Reindex,
    Relate,
    Restore,
    Search,
    StatsOf,
    Update,
    Vectors,
)

T = TypeVar("T")
R = TypeVar("R")

Handlers = Mapping[type[Op[Any]], Callable[[Engine, Any], Any]]
"""A handler answers, or gives steps that ask a model before there is an answer."""

HANDLERS: Handlers = {
    Add: add_and_learn,
    Compact: compact,
    Delete: delete,
    Embed: embed,
    Export: export,
    FlushLearning: flush_learning,
    Forget: forget,
    Get: get,
    HealthCheck: health,
    History: history,
    Import: import_,
    Learn: learn,
    Links: links,
    List: list_,
    Maintain: maintain_and_summarise,
    Reindex: reindex,
    Relate: relate,
    Restore: restore,
    Search: search,
    StatsOf: stats,
    Update: update,
    Vectors: vectors,
}

_CLOSED = "this client is closed; open AgentMem again"
_THREADS = 2
"""Worker threads for async callers: each more lengthens the wait of the event loop for the interpreter lock."""


class EmbeddedBackend:
    """Runs operations on an engine. Sync at heart: SQLite has no async driver, so ``aexecute`` uses a worker thread."""

    def __init__(self, engine: Engine, more: Handlers | None = None) -> None:
        """Takes over the engine and closes it in the end; ``more`` handlers stand beside those of the engine."""
        self._engine = engine
        self._handlers = {**HANDLERS, **(more or {})}
        self._pid = os.getpid()
        self._workers: ThreadPoolExecutor | None = None
        self._closed = False
        self._finalizer = weakref.finalize(self, _let_go, engine, self._pid)

    def execute(self, op: Op[T]) -> T:
        self._require_open()
        with self._blaming_damage():
            answer = self._handler(op)(self._engine, op)
            return cast("T", walk(answer, self._engine.model) if isinstance(answer, Generator) else answer)

    def _handler(self, op: Op[T]) -> Callable[[Engine, Any], Any]:
        handler = self._handlers.get(type(op))
        if handler is None:
            raise NotSupportedError(f"the embedded backend has no operation {type(op).__name__}")
        return handler

    @contextmanager
    def _blaming_damage(self) -> Generator[None]:
        try:
            yield
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
        """In a worker thread, but for the model, which is awaited, and for searches so short that the way to a thread is longer."""
        if isinstance(op, Search):
            hits = await self._at_once(op)
            if hits is not None:
                return cast("T", hits)
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

    async def _at_once(self, op: Search) -> list[Hit] | None:
        """The hits, found on the event loop in turn with others; None where that would hold it."""
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

    async def _in_worker(self, work: Callable[[], R]) -> R:
        def blaming() -> R:
            self._require_open()
            with self._blaming_damage():
                return work()

        self._require_open()
        context = contextvars.copy_context()
        return await asyncio.wrap_future(self._submit(lambda: context.run(blaming)))

    def _submit(self, work: Callable[[], R]) -> Future[R]:
        if self._workers is None:
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
        await asyncio.to_thread(self.close)


def _let_go(engine: Engine, pid: int) -> None:
    """Close the files; also when the client is collected, or the interpreter ends, without a close."""
    if os.getpid() != pid:
        return
    engine.background.close()
    let_go(engine)
    engine.follower.close()
    with suppress(StoreError):
        engine.flush_touches()
    engine.views.clear()
    engine.ledger.close()

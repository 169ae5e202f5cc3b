"""The backend that runs inside the process."""

from __future__ import annotations

import asyncio
import contextvars
import os
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar, cast

from agentmem_core.engine.adding import add
from agentmem_core.engine.changing import delete, relate, restore, update
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.erasing import compact, forget
from agentmem_core.engine.reading import get, history, links, list_
from agentmem_core.engine.searching import search
from agentmem_core.engine.transfer import export, import_
from agentmem_core.engine.upkeep import health, reindex, stats
from agentmem_core.engine.vectors import embed, vectors
from agentmem_core.errors import AgentMemError, NotSupportedError, StoreClosedError, StoreDamagedError, StoreError
from agentmem_core.operations import (
    Add,
    Compact,
    Delete,
    Embed,
    Export,
    Forget,
    Get,
    HealthCheck,
    History,
    Import,
    Links,
    List,
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

HANDLERS: dict[type[Op[Any]], Callable[[Engine, Any], Any]] = {
    Add: add,
    Compact: compact,
    Delete: delete,
    Embed: embed,
    Export: export,
    Forget: forget,
    Get: get,
    HealthCheck: health,
    History: history,
    Import: import_,
    Links: links,
    List: list_,
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

    def __init__(self, engine: Engine) -> None:
        """Takes over the engine and closes it in the end."""
        self._engine = engine
        self._pid = os.getpid()
        self._workers: ThreadPoolExecutor | None = None
        self._closed = False
        self._finalizer = weakref.finalize(self, _let_go, engine, self._pid)

    def execute(self, op: Op[T]) -> T:
        self._require_open()
        handler = HANDLERS.get(type(op))
        if handler is None:
            raise NotSupportedError(f"the embedded backend has no operation {type(op).__name__}")
        try:
            return cast("T", handler(self._engine, op))
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
        self._require_open()
        if self._workers is None:
            self._workers = ThreadPoolExecutor(_THREADS, thread_name_prefix="agentmem")
        context = contextvars.copy_context()
        try:
            future = self._workers.submit(context.run, self.execute, op)
        except RuntimeError as error:
            raise StoreClosedError(_CLOSED) from error
        return await asyncio.wrap_future(future)

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
    engine.follower.close()
    with suppress(StoreError):
        engine.flush_touches()
    engine.views.clear()
    engine.ledger.close()

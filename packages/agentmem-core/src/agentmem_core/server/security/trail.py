"""The audit trail of a running server: written in batches, in order, before the answers leave."""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from agentmem_core.errors import AgentMemError, StoreError, StoreFullError
from agentmem_core.server.security.chain import Chain, Fields
from agentmem_core.storage.sqlite import Entry, SqliteKeys, SqliteTrail

logger = logging.getLogger("agentmem_core.server")

KEPT = 10_000
"""Entries of what was only read, and of who was turned away, that wait in memory while the disk is full."""

_AGAIN_SECONDS = 0.25
"""Between two attempts to write what could not be written."""

ANCHOR_SECONDS = 1.0
"""How often at most it is remembered, beside the keys, how far the trail has come."""


_GATHERED = 0.003
"""Seconds in which entries gather while several come at once: each batch takes the interpreter's lock from those who answer."""


@dataclass(slots=True)
class _Waiting:
    """An entry on its way to the disk, and who waits for it there; nobody when it failed once and is tried again."""

    fields: Fields
    durable: bool
    future: asyncio.Future[None] | None
    number: int


class AuditTrail:
    """Adds entries by one thread of its own, as many at once as have come meanwhile.

    An entry that could not be written is kept and tried again, and until then nothing is changed (``require_writable``), and
    nobody let in (``ready``), unless it is for want of space: then what is read goes on as long as its entries can be kept here.
    Lost is, with a killed process, what was not answered, and what was kept here.
    """

    def __init__(self, store: SqliteTrail, anchors: SqliteKeys, chain: Chain) -> None:
        self._store = store
        self._anchors = anchors
        self._chain = chain
        self._changed = threading.Condition()
        self._pending: list[_Waiting] = []
        self._failed: list[_Waiting] = []
        self._problem: AgentMemError | None = None
        self._tried = 0.0
        self._numbers = itertools.count()
        self._closing = False
        self._idle = False
        self._thread: threading.Thread | None = None
        self._head: Entry | None = None
        self._anchored = time.monotonic()

    async def append(self, fields: Fields, *, durable: bool, patient: bool = False) -> None:
        """The entry is written when this returns, and on the disk too when it is ``durable``; ``StoreError`` if it is not.

        One that is ``patient`` may also be kept here until there is space for it: nothing was changed that it tells of.
        """
        if patient and self._problem is not None and self._kept(fields):
            return
        future = asyncio.get_running_loop().create_future()
        self._put([_Waiting(fields, durable, future, next(self._numbers))])
        try:
            await future
        except StoreFullError:
            if not patient or not self._has_room():
                raise

    async def ready(self) -> None:
        """Nothing when what is read can be written down, or kept; what could not be written is tried again here."""
        if self._problem is None:
            return
        if time.monotonic() - self._tried >= _AGAIN_SECONDS:
            self._tried = time.monotonic()
            await self._again()
        self._require_room()

    def require_writable(self) -> None:
        """Nothing when what changes can be written down; ``StoreError`` before it is done otherwise."""
        if self._problem is not None:
            raise type(self._problem)(
                f"nothing is changed while the audit cannot be written: {self._problem}"
            ) from self._problem

    def write(self, fields: Fields) -> None:
        """One entry, now, by the thread that asks: for command lines."""
        self._store.append([fields], self._chain.chained)

    async def close(self) -> None:
        """Everything that came is on disk, and how far it goes is remembered."""
        await asyncio.to_thread(self.close_now)

    def close_now(self) -> None:
        """The same, blocking."""
        with self._changed:
            self._pending, self._failed = [*self._failed, *self._pending], []
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        with self._changed:
            lost, self._failed = len(self._failed), []
        if lost:
            logger.error("%d entries could not be written into the audit, and are lost", lost)

    async def _again(self) -> None:
        """Write what could not be written, in its order."""
        with self._changed:
            again, self._failed = self._failed, []
        if not again:
            return
        again[-1].future = asyncio.get_running_loop().create_future()
        self._put(again)
        with suppress(AgentMemError):
            await again[-1].future

    def _require_room(self) -> None:
        if self._problem is not None and not self._has_room():
            raise self._problem

    def _has_room(self) -> bool:
        return isinstance(self._problem, StoreFullError) and len(self._failed) < KEPT

    def _kept(self, fields: Fields) -> bool:
        """Keep an entry here while it is known that there is no space for it."""
        with self._changed:
            if not self._has_room():
                return False
            self._failed.append(_Waiting(fields, durable=True, future=None, number=next(self._numbers)))
            return True

    def _put(self, waiting: Sequence[_Waiting]) -> None:
        with self._changed:
            if self._closing:
                raise StoreError("the audit is closed; the server is shutting down")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="agentmem-audit", daemon=True)
                self._thread.start()
            self._pending += waiting
            if self._idle:
                self._changed.notify()

    def _run(self) -> None:
        batch: list[_Waiting] = []
        while True:
            if len(batch) > 1 and not self._closing:
                time.sleep(_GATHERED)
            with self._changed:
                wait = None if self._head is None else max(0.0, self._anchored + ANCHOR_SECONDS - time.monotonic())
                self._idle = True
                self._changed.wait_for(lambda: self._pending or self._closing, wait)
                self._idle = False
                batch, self._pending = self._pending, []
                closing = self._closing
            if batch:
                self._write(batch)
            if self._head is not None and (closing or time.monotonic() - self._anchored >= ANCHOR_SECONDS):
                self._anchor(self._head)
            if closing and not batch:
                return

    def _write(self, batch: Sequence[_Waiting]) -> None:
        problem: Exception | None = None
        try:
            head = self._store.append(
                [waiting.fields for waiting in batch], self._chain.chained,
                durable=any(waiting.durable for waiting in batch),
            )  # fmt: skip
        except Exception as error:
            problem = error
            if self._problem is None:
                logger.exception("the audit cannot be written; nothing is changed until it can")
            with self._changed:
                self._failed += [replace(waiting, durable=True, future=None) for waiting in batch]
                self._failed.sort(key=lambda waiting: waiting.number)
                self._problem = error if isinstance(error, AgentMemError) else StoreError(str(error))
        else:
            self._head = head
            with self._changed:
                if not self._failed:
                    self._problem = None
        _resolve(batch, problem)

    def _anchor(self, head: Entry) -> None:
        """Only what has reached the disk is remembered: an anchor must not outlive what it holds."""
        try:
            self._store.settle()
            self._anchors.keep_anchor(head.number, head.hash)
        except AgentMemError:
            logger.exception("it cannot be remembered how far the audit has come")
        self._anchored = time.monotonic()
        self._head = None


def _resolve(batch: Sequence[_Waiting], problem: Exception | None) -> None:
    """Wake who waits, each loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = defaultdict(list)
    for waiting in batch:
        if waiting.future is not None:
            by_loop[waiting.future.get_loop()].append(waiting.future)
    for loop, futures in by_loop.items():
        try:
            loop.call_soon_threadsafe(_tell, futures, problem)
        except RuntimeError:  # the loop is closed: nobody waits any more
            logger.debug("an event loop was closed before its audit was written")


def _tell(futures: Sequence[asyncio.Future[None]], problem: Exception | None) -> None:
    for future in futures:
        if future.done():
            continue
        if problem is None:
            future.set_result(None)
        else:
            future.set_exception(problem)

"""One opened store for all in this process who ask for the same one; closed with the last of them."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from agentmem_core.errors import StoreClosedError
from agentmem_core.operations import Op
from agentmem_core.ports import Backend

T = TypeVar("T")
Mark = tuple[object, ...]
"""Equal for two openings of one store: its place, and what tells the file from another that came to stand there."""


@dataclass
class _Opened:
    backend: Backend
    mark: Mark
    leases: int = 0


_LOCK = threading.RLock()
_OPENED: dict[tuple[object, ...], _Opened] = {}


def lease(key: tuple[object, ...], mark: Callable[[], Mark], connect: Callable[[], Backend]) -> Backend:
    """A backend of one's own to close, over the one that all leases of ``key`` share in this process."""
    key = (os.getpid(), *key)
    with _LOCK:
        opened = _OPENED.get(key)
        if opened is None or opened.mark != mark():
            backend = connect()
            opened = _OPENED[key] = _Opened(backend, mark())
        opened.leases += 1
        return _Lease(key, opened)


class _Lease:
    """A ``Backend`` that gives its share back when it is closed or collected."""

    def __init__(self, key: tuple[object, ...], opened: _Opened) -> None:
        self._opened: _Opened | None = opened
        self._give_back = weakref.finalize(self, _give_back, key, opened)

    def execute(self, op: Op[T]) -> T:
        return self._shared().execute(op)

    async def aexecute(self, op: Op[T]) -> T:
        return await self._shared().aexecute(op)

    def close(self) -> None:
        self._opened = None
        self._give_back()

    async def aclose(self) -> None:
        opened, self._opened = self._opened, None
        last = self._give_back.detach()
        if opened is not None and last is not None and _returned(last[2][0], opened):
            await opened.backend.aclose()

    def _shared(self) -> Backend:
        if self._opened is None:
            raise StoreClosedError("this client is closed; open AgentMem again")
        return self._opened.backend


class Borrowed:
    """A ``Backend`` of somebody else: closing it does nothing."""

    def __init__(self, backend: Backend) -> None:
        """Another's, who closes it."""
        self._backend = backend

    def execute(self, op: Op[T]) -> T:
        return self._backend.execute(op)

    async def aexecute(self, op: Op[T]) -> T:
        return await self._backend.aexecute(op)

    def close(self) -> None:
        """The owner closes it."""

    async def aclose(self) -> None:
        """The owner closes it."""


def _returned(key: tuple[object, ...], opened: _Opened) -> bool:
    """Take one share back; True when it was the last, and the backend is to be closed."""
    with _LOCK:
        opened.leases -= 1
        if opened.leases:
            return False
        if _OPENED.get(key) is opened:
            del _OPENED[key]
        return True


def _give_back(key: tuple[object, ...], opened: _Opened) -> None:
    if _returned(key, opened):
        opened.backend.close()

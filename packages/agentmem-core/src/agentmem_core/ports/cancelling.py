"""Giving up a call that takes too long, as long as it has written nothing."""

from __future__ import annotations

import threading
from contextvars import ContextVar

from agentmem_core.errors import TimedOutError


class Cancellation:
    """Between one who waits and one who works: either the work is given up, or its write goes through, never half of it."""

    def __init__(self) -> None:
        """Nothing is written yet, nothing given up."""
        self._lock = threading.Lock()
        self._writing = False
        self._cancelled = False

    def begin_write(self) -> None:
        """Called before every transaction; raises when the caller has given up."""
        with self._lock:
            if self._cancelled:
                raise TimedOutError("the call was given up before it wrote anything")
            self._writing = True

    def cancel(self) -> bool:
        """Give up; False when a write has begun, which is then to be waited for."""
        with self._lock:
            self._cancelled = not self._writing
            return self._cancelled


CANCELLATION: ContextVar[Cancellation | None] = ContextVar("agentmem_cancellation", default=None)
"""That of the call that runs in this context."""

ON_LOOP: ContextVar[bool] = ContextVar("agentmem_on_loop", default=False)
"""Whether short answers of this context may be found on the event loop itself: that of a server, which has nothing else to do."""

"""One thread for what may be done later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger("agentmem_core.learning")

Work = Callable[[], float | None]
"""Does one piece of work; answers in how many seconds there may be more, None when there is none."""

_PATIENCE = 1.0
_LONGEST_WAIT = 5.0
_AFTER_FAILURE = 2.0


class Background:
    """A daemon thread that is started when it is first woken, and does not keep a program from ending."""

    def __init__(self) -> None:
        """Not started."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def stopped(self) -> bool:
        """Whether nothing more is to be begun."""
        return self._stop.is_set()

    def wake(self, work: Work) -> None:
        """See to it that ``work`` is done until it says that there is none left."""
        with self._lock:
            if self._stop.is_set():
                return
            self._wake.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, args=(work,), name="agentmem-learning", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Begin nothing more, and wait a moment for what is under way; it may go on for nothing."""
        with self._lock:
            self._stop.set()
            self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=_PATIENCE)

    def _run(self, work: Work) -> None:
        wait: float | None = None
        while not self._stop.is_set():
            self._wake.wait(None if wait is None else min(wait, _LONGEST_WAIT))
            self._wake.clear()
            if self._stop.is_set():
                return
            try:
                wait = work()
            except Exception:  # the thread must live on: what waits is kept, and tried again
                if self._stop.is_set():
                    return
                logger.exception("learning in the background failed, and is tried again")
                self._stop.wait(_AFTER_FAILURE)
                wait = _AFTER_FAILURE

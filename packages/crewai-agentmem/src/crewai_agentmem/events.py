"""CrewAI's events, so that its traces and listeners see this memory as they see its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

from crewai.events.base_events import BaseEvent
from crewai.events.event_bus import crewai_event_bus
from crewai.events.types.memory_events import (
    MemoryQueryCompletedEvent,
    MemoryQueryFailedEvent,
    MemoryQueryStartedEvent,
    MemorySaveCompletedEvent,
    MemorySaveFailedEvent,
    MemorySaveStartedEvent,
)
from crewai.memory.types import MemoryMatch

from crewai_agentmem.failures import log_failure

SOURCE = "agentmem"
_log = logging.getLogger("crewai_agentmem")


@contextmanager
def saving(teller: object, value: str, metadata: Mapping[str, Any] | None, agent_role: str | None) -> Generator[None]:
    """Tell that a save began, and how it ended; what is raised inside is raised on.

    A crew takes no notice of what a memory raises, so a failure of the store is logged too.
    """
    about: dict[str, Any] = {
        "value": value, "metadata": dict(metadata or {}), "agent_role": agent_role, "source_type": SOURCE,
    }  # fmt: skip
    _tell(teller, MemorySaveStartedEvent(**about))
    started = time.perf_counter()
    try:
        yield
    except Exception as error:
        log_failure("remembered", error)
        _tell(teller, MemorySaveFailedEvent(**about, error=str(error)))
        raise
    _tell(teller, MemorySaveCompletedEvent(**about, save_time_ms=1000 * (time.perf_counter() - started)))


@contextmanager
def asking(teller: object, query: str, limit: int) -> Generator[list[MemoryMatch]]:
    """Tell that a query began, and how it ended; what is found is put into the list that is given."""
    about: dict[str, Any] = {"query": query, "limit": limit, "score_threshold": None, "source_type": SOURCE}
    _tell(teller, MemoryQueryStartedEvent(**about))
    started = time.perf_counter()
    found: list[MemoryMatch] = []
    try:
        yield found
    except Exception as error:
        log_failure("recalled", error)
        _tell(teller, MemoryQueryFailedEvent(**about, error=str(error)))
        raise
    taken = 1000 * (time.perf_counter() - started)
    _tell(teller, MemoryQueryCompletedEvent(**about, results=found, query_time_ms=taken))


def complaining(teller: object, metadata: Mapping[str, Any] | None, agent_role: str | None) -> Callable[[str], None]:
    """Tells what went wrong with learning from what was saved: a warning, and a save that failed for CrewAI's listeners."""

    def complain(warning: str) -> None:
        _log.warning("learning: %s", warning)
        about: dict[str, Any] = {"metadata": dict(metadata or {}), "agent_role": agent_role, "source_type": SOURCE}
        _tell(teller, MemorySaveFailedEvent(**about, value="what was learnt", error=warning))

    return complain


def _tell(teller: object, event: BaseEvent) -> None:
    try:
        crewai_event_bus.emit(teller, event)
    except (
        RuntimeError
    ) as error:  # the bus is shut down with the interpreter; the memory itself is written all the same
        _log.debug("%s was not told: %s", event.type, error)

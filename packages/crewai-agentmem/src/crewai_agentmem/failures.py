"""Failures of the store, in the log: a crew takes no notice of what its memory raises."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

from agentmem_core import AgentMemError, InvalidInputError

_log = logging.getLogger("crewai_agentmem")


def log_failure(what: str, error: Exception) -> None:
    """An error of the log, unless it is the caller's own, who is told."""
    if not isinstance(error, InvalidInputError):
        _log.error("nothing was %s: %s", what, error)


@contextmanager
def logged(what: str) -> Generator[None]:
    """What is raised inside is logged, and raised on."""
    try:
        yield
    except Exception as error:
        log_failure(what, error)
        raise


@contextmanager
def unsure_of_learning() -> Generator[None]:
    """A client that cannot say whether it learns is asked again at the next save; this one is kept without learning."""
    try:
        yield
    except AgentMemError as error:
        _log.warning("learning: whether the store learns cannot be told: %s", error)

"""What a server does not tell of itself: where its model, its embedder and its files are, and what lets it in there."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from agentmem_core.errors import AgentMemError, EmbedderError, ModelError, StoreError
from agentmem_core.model import Added
from agentmem_core.model.agents import Maintained
from agentmem_core.model.learning import Learned, LearningQueue

log = logging.getLogger("agentmem_core.server")

_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>)\]]+", re.IGNORECASE)
_ENDS = ".,:;#"
_SECRET = re.compile(r"(?:\b(?:Bearer|Basic)\s+|\b(?:sk|pk|agm|gsk|xai|hf|ghp)[-_])[^\s'\"<>,;)]{8,}", re.IGNORECASE)
_PATH = re.compile(r"(?<![\w/\\.])(?:[A-Za-z]:)?[/\\][^\s'\",;:)]+")


def discreet_error(error: AgentMemError) -> AgentMemError:
    """The error as callers may read it; the whole of it is for the log."""
    if isinstance(error, ModelError | EmbedderError):
        told = _without_addresses(str(error))
    elif isinstance(error, StoreError):
        told = _PATH.sub("(a file of the server)", str(error))
    else:
        return error
    if told == str(error):
        return error
    log.warning("said in full: %s", error.code, exc_info=error)
    return type(error)(told)


def discreet(answer: Any) -> Any:
    """The answer with warnings as callers may read them."""
    told = _TOLD.get(type(answer))
    return answer if told is None else told(answer)


def _without_addresses(text: str) -> str:
    return _SECRET.sub("(a secret)", _ADDRESS.sub(_hidden, text))


def _hidden(found: re.Match[str]) -> str:
    """Signs at the end of an address belong to the sentence; after ``#`` stands the name of a model."""
    address = found[0]
    model = address.partition("#")[2].rstrip(_ENDS)
    return "(its address)" + (f"#{model}" if model else "") + address[len(address.rstrip(_ENDS)) :]


def _texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_without_addresses, texts))


def _added(answer: Added) -> Added:
    changed: dict[str, Any] = {}
    if answer.warnings:
        changed["warnings"] = _texts(answer.warnings)
    if answer.learned is not None and answer.learned.warnings:
        changed["learned"] = _with_warnings(answer.learned)
    if any(item.error for item in answer.items):
        changed["items"] = tuple(
            item.model_copy(update={"error": _without_addresses(item.error)}) if item.error else item
            for item in answer.items
        )
    return answer.model_copy(update=changed) if changed else answer


def _with_warnings(answer: Any) -> Any:
    return answer.model_copy(update={"warnings": _texts(answer.warnings)}) if answer.warnings else answer


def _queue(answer: LearningQueue) -> LearningQueue:
    lessons = tuple(
        lesson.model_copy(update={"error": _without_addresses(lesson.error)}) if lesson.error else lesson
        for lesson in answer.lessons
    )
    return answer.model_copy(update={"warnings": _texts(answer.warnings), "lessons": lessons})


_TOLD: dict[type, Callable[[Any], Any]] = {
    Added: _added,
    Learned: _with_warnings,
    LearningQueue: _queue,
    Maintained: _with_warnings,
}
"""What has warnings, in which a model's or an embedder's own words may stand."""

"""What a memory of a crew carries beside its text: the part of its metadata under ``crewai``."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, cast
from uuid import NAMESPACE_URL, uuid4, uuid5

from agentmem_core import InvalidInputError, Memory, MemoryType

KEY = "crewai"
COLLECTION = "crewai"
"""Where records that bring their own vectors live."""

View = Literal["short_term", "long_term", "entity", "record"]
LABELS: dict[str, str] = {"short_term": "short-term", "long_term": "long-term", "entity": "entity", "record": "record"}


def tagged(
    metadata: Mapping[str, Any] | None,
    view: View,
    *,
    scope: str = "/",
    categories: Iterable[str] | None = None,
    source: str | None = None,
    private: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """The metadata to store: the caller's, and under ``crewai`` what CrewAI knows of a record; None is left out."""
    given: Any = {} if metadata is None else metadata
    if not isinstance(given, Mapping):
        raise InvalidInputError(f"metadata: must be a dict of JSON values, not {type(given).__name__}")
    if any(not isinstance(name, str) for name in given):
        raise InvalidInputError("metadata: its keys must be texts")
    if source is not None and not isinstance(source, str):
        raise InvalidInputError(f"source: must be text (str), not {type(source).__name__}")
    if KEY in given:
        raise InvalidInputError(f"metadata: the key {KEY!r} is taken by the adapter; choose another one")
    tag: dict[str, Any] = {"view": view, "scope": scope, "within": lineage(scope)}
    tag |= {"categories": listed("categories", categories), "source": source, "private": bool(private)} | more
    return {**given, KEY: {name: value for name, value in tag.items() if value is not None}}


def tag_of(memory: Memory) -> dict[str, Any]:
    """What stands under ``crewai``; empty for a memory that another program wrote."""
    found = memory.metadata.get(KEY)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def own_metadata(memory: Memory) -> dict[str, Any]:
    """The metadata as the caller gave it."""
    return {name: value for name, value in memory.metadata.items() if name != KEY}


def view_of(memory: Memory, run: str | None) -> View:
    """Which view a memory belongs to; of other programs' memories, what happened in this run is short-term."""
    known = tag_of(memory).get("view")
    if known in LABELS:
        return cast("View", known)
    passing = memory.type in {MemoryType.WORKING, MemoryType.EPISODIC}
    return "short_term" if passing and run is not None and memory.scope.session_id == run else "long_term"


def lineage(path: str) -> list[str]:
    """A scope path and all above it: ``/a/b`` is within ``/``, ``/a`` and ``/a/b``."""
    steps = [step for step in path.split("/") if step]
    return ["/", *("/" + "/".join(steps[: number + 1]) for number in range(len(steps)))]


def lasting_id(*parts: object) -> str:
    """The same id for the same parts, so that saying a thing twice keeps it once."""
    return str(uuid5(NAMESPACE_URL, json.dumps(parts, ensure_ascii=True, default=str)))


def passing_id() -> str:
    """An id of its own for what may happen again."""
    return str(uuid4())


def folded(text: str) -> str:
    """Equal for texts that differ in case, width and white space only."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def naive(moment: datetime) -> datetime:
    """As CrewAI holds its moments: UTC without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def aware(moment: datetime) -> datetime:
    """As the core wants it; a naive one is CrewAI's, so it is in UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def number(name: str, given: object, most: float = 1.0) -> float:
    """A number from 0 to ``most``; a text, a truth value or NaN is none."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= most:
        raise InvalidInputError(f"{name}: must be a number from 0 to {most:g}, got {given!r}")
    return float(given)


def threshold(name: str, given: object) -> float:
    """What CrewAI takes for a least score: any number, though below 0 it says no more than 0."""
    if isinstance(given, bool) or not isinstance(given, int | float) or math.isnan(given):
        raise InvalidInputError(f"{name}: must be a number, got {given!r}")
    return max(float(given), 0.0)


def whole(name: str, given: object) -> int:
    """A whole number; a truth value is none."""
    if isinstance(given, bool) or not isinstance(given, int):
        raise InvalidInputError(f"{name}: must be a whole number, not {type(given).__name__}")
    return given


def listed(name: str, given: object) -> list[str]:
    """A list of texts; a lone text would be taken apart into letters, so it is refused."""
    if given is None:
        return []
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidInputError(f"{name}: must be a list of texts, not {type(given).__name__}")
    found: list[Any] = list(given)
    strange = next((item for item in found if not isinstance(item, str)), None)
    if strange is not None:
        raise InvalidInputError(f"{name}: must hold texts only, not {type(strange).__name__}")
    return found

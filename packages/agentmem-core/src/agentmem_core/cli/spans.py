"""Spans of time as people write them on a command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from agentmem_core.errors import InvalidInputError

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(\d{1,9})([smhdw]?)")


def span(text: str, what: str) -> timedelta:
    """``90d``, ``12h``, ``30m``, ``0``; a bare number is in seconds.

    >>> span("90d", "expires").days
    90
    """
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise InvalidInputError(f"{what}: must be a span like 90d, 12h or 30m, not {text!r}")
    try:
        return timedelta(seconds=int(found[1]) * _SECONDS[found[2] or "s"])
    except OverflowError:
        raise InvalidInputError(f"{what}: is longer than time itself: {text!r}") from None


def moment(text: str, what: str, *, ago: bool = False) -> datetime:
    """A span from now on, or with ``ago`` back from now; or a date or datetime (in UTC unless it says its zone)."""
    if _SPAN.fullmatch(text.strip().lower()):
        try:
            return datetime.now(UTC) + (-span(text, what) if ago else span(text, what))
        except OverflowError:
            raise InvalidInputError(f"{what}: is beyond the years 1 to 9999: {text!r}") from None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInputError(f"{what}: must be a span like 90d, or a date like 2030-01-31, not {text!r}") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

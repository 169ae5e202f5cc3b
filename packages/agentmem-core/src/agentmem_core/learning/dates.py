"""Dates as models write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def moment(text: object, *, end: bool = False) -> datetime | None:
    """The beginning of a day, month or year in UTC, or with ``end`` of what follows it; None for anything else.

    >>> moment("2024-05").isoformat()
    '2024-05-01T00:00:00+00:00'
    >>> moment("2024", end=True).isoformat()
    '2025-01-01T00:00:00+00:00'
    """
    if not isinstance(text, str):
        return None
    given = text.strip()
    try:
        found = _DATE.fullmatch(given)
        if found is None:
            told = datetime.fromisoformat(given)
            return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
        year, month, day = (None if part is None else int(part) for part in found.groups())
        begins = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
        if not end or day is not None:
            return begins
        if month is not None:
            return (begins + timedelta(days=32)).replace(day=1)
        return begins.replace(year=begins.year + 1)
    except (ValueError, OverflowError):
        return None

"""What a time expression means: an interval, and how sharply it was named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
"""The beginning of the year 1, in microseconds since 1970."""
LATEST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
"""The last microsecond of the year 9999."""


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open interval ``begin`` to ``until``, in microseconds since 1970, UTC.

    ``at`` and ``to`` say where in the text it is named. ``grain`` is the length of what was named (a day, a month), also where
    the interval is open: "since May" has the grain of a month. ``explicit`` holds when no ``now`` was needed to resolve it.
    ``name`` is where in the text a word stands that tells more than a time, such as Christmas.
    ``recurs`` holds for a time of the year without a year, such as "in May": the interval is that of the latest.
    """

    begin: int
    until: int
    grain: int
    at: int
    to: int
    explicit: bool
    name: tuple[int, int] | None = None
    recurs: bool = False

    @property
    def start(self) -> datetime:
        """``begin`` as a moment."""
        return EPOCH + timedelta(microseconds=self.begin)

    @property
    def end(self) -> datetime:
        """``until`` as a moment."""
        return EPOCH + timedelta(microseconds=self.until)

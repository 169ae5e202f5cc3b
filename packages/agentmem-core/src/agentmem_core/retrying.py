"""Trying again what failed for now: how often, and after how long. Pure: who asks brings the clocks and the dice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses that may be another one next time; 529 is Anthropic's word for overloaded."""

_FIRST = 0.5
"""Seconds of the first pause; each further one is twice as long."""

_SECONDS = re.compile(r"\s*-?[0-9]{1,15}(?:\.[0-9]{1,15})?\s*")
"""A whole number, or one with a fraction, as some send it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """``tries`` in all, no pause longer than ``longest`` seconds, nothing after ``deadline`` seconds from the start."""

    tries: int = 4
    longest: float = 20.0
    deadline: float = 120.0

    def pause(self, tried: int, told: float | None, elapsed: float, jitter: float) -> float | None:
        """Seconds to wait after ``tried`` failures; None to give up.

        ``told`` is what the server asks to wait: that long is waited, and no attempt is made earlier, so one that asks for more than
        ``longest`` is given up at once. ``jitter`` between 0 and 1 spreads callers that failed together.
        """
        wanted = _FIRST * 2 ** (tried - 1) * (0.5 + jitter / 2) if told is None else told + jitter * _FIRST / 2
        wanted = min(wanted, self.longest) if told is None else wanted
        if tried >= self.tries or (told is not None and told > self.longest) or elapsed + wanted >= self.deadline:
            return None
        return wanted


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a ``Retry-After`` header asks to wait, given as seconds or as a date (RFC 9110, 10.2.3); None if it says nothing."""
    if value is None:
        return None
    if _SECONDS.fullmatch(value):
        return max(float(value), 0.0)
    return _until(value, now)


def _until(value: str, now: datetime) -> float | None:
    try:
        when = parsedate_to_datetime(value)
        when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
        return max((when - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

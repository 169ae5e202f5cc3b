"""Reading the dates of other systems; a date without a zone is taken to be in the zone that was said, and counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from agentmem_core.errors import InvalidInputError

_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3))
"""From which size on a number counts nanoseconds, microseconds, milliseconds; below it counts seconds."""

_SMALLEST = 10**8
"""A smaller number of seconds would be a date before 1973."""

_FORMATS = (
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
)


@dataclass(slots=True)
class Moments:
    """A reader of dates that counts what it assumed."""

    zone: tzinfo = UTC
    naive: int = field(default=0)
    unreadable: int = field(default=0)

    def read(self, given: object) -> datetime | None:
        """An aware datetime in UTC: of ISO 8601 text, of seconds to nanoseconds since 1970, of a datetime; None where there is none."""
        if given is None or given == "" or isinstance(given, bool):
            return None
        try:
            found = self._read(given)
            if found.tzinfo is None:
                found = found.replace(tzinfo=self.zone)
                self.naive += 1
            return found.astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            self.unreadable += 1
            return None

    def _read(self, given: object) -> datetime:
        if isinstance(given, datetime):
            return given
        if isinstance(given, int | float):
            return _since_1970(float(given))
        if not isinstance(given, str):
            raise ValueError("no date")  # noqa: TRY004 - the caller counts whatever cannot be read
        text = given.strip()
        if text.lstrip("-").replace(".", "", 1).isdecimal() and len(text.lstrip("-").partition(".")[0]) >= 9:
            return _since_1970(float(text))
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return _in_words(text)


def _since_1970(number: float) -> datetime:
    if abs(number) < _SMALLEST:
        raise ValueError("no date, but a number of seconds into something")
    unit = next((unit for size, unit in _UNITS if abs(number) >= size), 1)
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number / unit)


def _in_words(text: str) -> datetime:
    for shape in _FORMATS:
        try:
            return datetime.strptime(text, shape)  # noqa: DTZ007 - the zone is added, and counted, by the caller
        except ValueError:
            continue
    raise ValueError("no date")


def zone_of(given: str | tzinfo) -> tzinfo:
    """The zone of a name of the tz database, of an offset such as ``+08:00``, or itself."""
    if isinstance(given, tzinfo):
        return given
    try:
        if given[:1] in "+-" and given[1:]:
            sign = -1 if given[0] == "-" else 1
            hours, _, minutes = given[1:].partition(":")
            return timezone(sign * timedelta(hours=int(hours), minutes=int(minutes or 0)))
        return ZoneInfo(given)
    except (ValueError, TypeError, KeyError, OSError):
        raise InvalidInputError(
            f'zone: {given!r} is no time zone; give a name such as "Europe/Lisbon" or an offset such as "+08:00"'
        ) from None

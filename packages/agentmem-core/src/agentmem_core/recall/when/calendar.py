"""Calendar arithmetic in microseconds since 1970, UTC: half-open intervals, weeks from Monday, held to the years 1 to 9999."""

from __future__ import annotations

from datetime import date, datetime

from agentmem_core.recall.when.span import EARLIEST, LATEST

Interval = tuple[int, int]

HOUR = 3_600_000_000
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = 30 * DAY
YEAR = 365 * DAY
_EPOCH = date(1970, 1, 1).toordinal()

SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
"""The month a season begins in, on the northern half of the earth; winter belongs to the year it begins in."""


def of_date(day: date) -> int:
    """When a day begins."""
    return (day.toordinal() - _EPOCH) * DAY


def date_of(moment: int) -> date:
    """The day a moment lies in."""
    return date.fromordinal(min(max(moment, EARLIEST), LATEST) // DAY + _EPOCH)


def day_start(moment: int) -> int:
    """When the day of a moment begins."""
    return moment // DAY * DAY


def week_start(moment: int) -> int:
    """When the week of a moment begins: Monday."""
    return day_start(moment) - date_of(moment).weekday() * DAY


def month_start(year: int, month: int) -> int:
    """When a month begins; ``month`` may lie outside 1 to 12 and then carries over."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    if year < 1:
        return EARLIEST
    return LATEST if year > 9999 else of_date(date(year, month, 1))


def months(year: int, month: int, count: int = 1) -> Interval:
    """So many months from one on."""
    return month_start(year, month), month_start(year, month + count)


def years(year: int, count: int = 1) -> Interval:
    """So many years from one on."""
    return months(year, 1, 12 * count)


def days(year: int, month: int, day: int, count: int = 1) -> Interval | None:
    """So many days from one on; None for a day that does not exist."""
    try:
        start = of_date(date(year, month, day))
    except ValueError:
        return None
    return start, start + count * DAY


def season(name: str, year: int) -> Interval:
    """A season of a year."""
    return months(year, SEASONS[name], 3)


def months_before(moment: int, count: int) -> int:
    """The same day and time so many months earlier (later, if negative), or the last day of a shorter month."""
    day = date_of(moment)
    start = month_start(day.year, day.month - count)
    last = month_start(day.year, day.month - count + 1) - DAY
    return min(start + (day.day - 1) * DAY, max(last, start)) + moment % DAY


def clock_time(text: str) -> int | None:
    """An ISO 8601 moment in microseconds; None where it is none. Without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        offset = moment.utcoffset()
        away = 0 if offset is None else round(offset.total_seconds()) * 1_000_000
        whole = (moment.hour * 3600 + moment.minute * 60 + moment.second) * 1_000_000 + moment.microsecond
        return of_date(moment.date()) + whole - away
    except (ValueError, OverflowError):
        return None

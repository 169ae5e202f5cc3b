"""Times that are told from another one: so many days ago, last week, the first half of May."""

from __future__ import annotations

import re

from agentmem_core.recall.when.atoms import Within
from agentmem_core.recall.when.calendar import (
    DAY,
    HOUR,
    MONTH,
    WEEK,
    YEAR,
    Interval,
    date_of,
    day_start,
    days,
    months,
    months_before,
    week_start,
    years,
)
from agentmem_core.recall.when.english_forms import NUMBERS, VAGUE

Amount = tuple[float, float, float]
"""The least, the likely and the most that a number means."""


def exactly(number: float) -> Amount:
    """A number that means itself."""
    return (number, number, number)


def amount(text: str) -> Amount:
    """A number in words or digits."""
    for word, amounts in VAGUE.items():
        if word in text:
            return amounts
    found = re.search(r"\d+", text)
    if found:
        return exactly(int(found[0]))
    first = text.split(maxsplit=1)[0]
    return exactly(0.5 if first == "half" else NUMBERS.get(first, 1))


LENGTHS = {
    "minute": HOUR // 60, "hour": HOUR, "day": DAY, "week": WEEK, "fortnight": 2 * WEEK, "month": MONTH, "quarter": 3 * MONTH,
    "year": YEAR, "decade": 10 * YEAR,
}  # fmt: skip
_IN_MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120}


def earlier(moment: int, amount: float, unit: str) -> int:
    """The moment so many units before."""
    if unit in _IN_MONTHS:
        count = amount * _IN_MONTHS[unit]
        whole = int(count)
        return months_before(moment, whole) - round((count - whole) * MONTH)
    return moment - round(amount * LENGTHS[unit])


def ago(now: int, amounts: Amount, unit: str) -> tuple[Interval, int]:
    """What "so many units ago" means, and its grain: the day, the year, or half a unit to both sides."""
    least, likely, most = amounts
    length = LENGTHS[unit]
    if least < most:
        start, end = earlier(now, most + 0.5, unit), earlier(now, max(least - 0.5, 0), unit)
        return (day_start(start), day_start(end) + DAY) if length >= DAY else (start, end), length
    moment = earlier(now, likely, unit)
    if unit == "day" and likely >= 1:
        start = day_start(moment)
        return (start, start + DAY), DAY
    if unit == "week" and likely >= 1:
        start = day_start(moment)
        return (start - 3 * DAY, start + 4 * DAY), WEEK
    day = date_of(moment)
    if unit == "month" and likely >= 1:
        return months(day.year, day.month), MONTH
    if unit == "year" and likely == int(likely):
        return years(day.year), YEAR
    width = length // (3 if likely >= 1 else 6)
    return (moment - width, min(moment + width, now)), 2 * width


def around(name: str, now: int) -> tuple[Interval, int, str]:
    """A day or night by its word: interval, grain, and what it is to others."""
    today = day_start(now)
    if "before last" in name:
        return _before_last(name, now)
    if name in {"tonight", "last night"}:
        start = today + 18 * HOUR - (DAY if name == "last night" else 0)
        return (start, start + 12 * HOUR), DAY, ""
    if name == "the other day":
        return (today - WEEK, today), WEEK, ""
    shift = {"yesterday": -1, "tomorrow": 1}.get(name, 0)
    if "day before yesterday" in name or "day after tomorrow" in name:
        shift = -2 if "before" in name else 2
    return (today + shift * DAY, today + (shift + 1) * DAY), DAY, ""


def _before_last(name: str, now: int) -> tuple[Interval, int, str]:
    unit = name.removeprefix("the ").split()[0]
    interval, grain = unit_around(unit, -2, now)
    return interval, grain, unit


def unit_around(unit: str, shift: int, now: int) -> tuple[Interval, int]:
    """The week, month, ... that lies ``shift`` of them after the one of ``now``, and its usual length."""
    day = date_of(now)
    if unit in {"week", "weekend"}:
        start = week_start(now) + shift * WEEK
        return ((start, start + WEEK), WEEK) if unit == "week" else ((start + 5 * DAY, start + WEEK), 2 * DAY)
    if unit == "month":
        return months(day.year, day.month + shift), MONTH
    if unit == "quarter":
        return months(day.year, (day.month - 1) // 3 * 3 + 1 + 3 * shift, 3), 3 * MONTH
    length = {"year": 1, "decade": 10, "century": 100}[unit]
    return years(day.year // length * length + shift * length, length), length * YEAR


def weekday(number: int) -> Within:
    """A day of a week, Monday being 0."""

    def within(start: int) -> Interval:
        first = week_start(start) + number * DAY
        return first, first + DAY

    return within


PARTS = {"first": 0, "second": 1, "third": 2, "fourth": 3}


def part_of(whole: Interval, which: str, unit: str) -> Interval:
    """The first, second, ... or last week, weekend, day or half of an interval."""
    start, end = whole
    number = PARTS.get(which, -1)
    if unit == "half":
        middle = (start + end) // 2 // DAY * DAY
        return (start, middle) if number == 0 else (middle, end)
    if unit == "day":
        return (end - DAY, end) if number < 0 else (start + number * DAY, start + (number + 1) * DAY)
    if unit == "weekend":
        first = week_start(start - DAY) + 5 * DAY if date_of(start).weekday() < 6 else week_start(start) + 12 * DAY
        first = first if first >= start else first + WEEK
        first += number * WEEK if number >= 0 else 0
        if number < 0:
            first = week_start(end - 1) + 5 * DAY
            first = first if first < end else first - WEEK
        return first, first + 2 * DAY
    return (end - WEEK, end) if number < 0 else (start + number * WEEK, start + (number + 1) * WEEK)


def day_of_month(day: int) -> Within:
    """A day of a month by its number."""
    return lambda start: days(date_of(start).year, date_of(start).month, day)


_EDGES = {
    "early": 0, "beginning": 0, "start": 0, "初": 0, "上旬": 0, "mid": 1, "middle": 1, "中旬": 1, "late": 2, "end": 2, "底": 2, "末": 2,
    "下旬": 2,
}  # fmt: skip


def edge(whole: Interval, name: str) -> Interval:
    """The early, middle or late third of an interval: four months of a year, ten days of a month."""
    start, end = whole
    first = date_of(start)
    if end - start > 360 * DAY:
        length = (end - start) // (360 * DAY)
        cuts = [start, *(months(first.year, first.month + 4 * length * part)[0] for part in (1, 2)), end]
    else:
        third = (end - start) // 3 // DAY * DAY or (end - start) // 3
        cuts = [start, start + third, start + 2 * third, end]
    part = _EDGES[name]
    return cuts[part], cuts[part + 1]

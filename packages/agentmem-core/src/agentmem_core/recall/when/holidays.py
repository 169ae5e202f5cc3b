"""Holidays whose date is fixed or can be computed, by the name they are looked up with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from agentmem_core.recall.when.calendar import DAY, Interval, of_date

FIXED = {
    "new year": (1, 1), "valentine": (2, 14), "women": (3, 8), "patrick": (3, 17), "labour": (5, 1), "children": (6, 1),
    "independence": (7, 4), "teachers": (9, 10), "national": (10, 1), "halloween": (10, 31), "singles": (11, 11),
    "christmas eve": (12, 24), "christmas": (12, 25), "boxing": (12, 26), "new year eve": (12, 31),
}  # fmt: skip
LENGTHS = {"national": 7, "labour": 5, "spring festival": 7}
"""How many days a holiday lasts, where it is more than one."""

_SPRING_FESTIVAL = """
2.05 1.24 2.12 2.01 1.22 2.09 1.29 2.18 2.07 1.26 2.14 2.03 1.23 2.10 1.31 2.19 2.08
1.28 2.16 2.05 1.25 2.12 2.01 1.22 2.10 1.29 2.17 2.06 1.26 2.13 2.03 1.23 2.11 1.31
2.19 2.08 1.28 2.15 2.04 1.24 2.12 2.01 1.22 2.10 1.30 2.17 2.06 1.26 2.14 2.02 1.23
"""
_DRAGON_BOAT = """
6.06 6.25 6.15 6.04 6.22 6.11 5.31 6.19 6.08 5.28 6.16 6.06 6.23 6.12 6.02 6.20 6.09
5.30 6.18 6.07 6.25 6.14 6.03 6.22 6.10 5.31 6.19 6.09 5.28 6.16 6.05 6.24 6.12 6.01
6.20 6.10 5.30 6.18 6.07 5.27 6.14 6.03 6.22 6.11 5.31 6.19 6.08 5.29 6.15 6.04 6.23
"""
_MID_AUTUMN = """
9.12 10.01 9.21 9.11 9.28 9.18 10.06 9.25 9.14 10.03 9.22 9.12 9.30 9.19 9.08 9.27 9.15
10.04 9.24 9.13 10.01 9.21 9.10 9.29 9.17 10.06 9.25 9.15 10.03 9.22 9.12 10.01 9.19 9.08
9.27 9.16 10.04 9.24 9.13 10.02 9.20 9.10 9.28 9.17 10.05 9.25 9.15 10.04 9.22 9.11 9.30
"""
_SEVENTH = """
8.06 8.25 8.15 8.04 8.22 8.11 7.31 8.19 8.07 8.26 8.16 8.06 8.23 8.13 8.02 8.20 8.09
8.28 8.17 8.07 8.25 8.14 8.04 8.22 8.10 8.29 8.19 8.08 8.26 8.16 8.05 8.24 8.12 8.01
8.20 8.10 8.28 8.17 8.07 8.26 8.14 8.03 8.22 8.11 7.31 8.19 8.08 8.27 8.16 8.05 8.23
"""
_FIRST_LUNAR_YEAR = 2000


def _lunar(table: str) -> tuple[tuple[int, int], ...]:
    """Month and day by year, from 2000 on."""
    found = (entry.split(".") for entry in table.split())
    return tuple((int(month), int(day)) for month, day in found)


_LUNAR = {
    "spring festival": (_lunar(_SPRING_FESTIVAL), 0),
    "spring festival eve": (_lunar(_SPRING_FESTIVAL), -1),
    "lantern": (_lunar(_SPRING_FESTIVAL), 14),
    "dragon boat": (_lunar(_DRAGON_BOAT), 0),
    "double seventh": (_lunar(_SEVENTH), 0),
    "mid-autumn": (_lunar(_MID_AUTUMN), 0),
}


def _nth(month: int, weekday: int, number: int) -> Callable[[int], date]:
    """The ``number``-th such weekday of a month."""

    def of_year(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (number - 1))

    return of_year


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Butcher's rule, 1876)."""
    century, rest = divmod(year, 100)
    epact = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (year % 19 + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _pure_brightness(year: int) -> date:
    """Qingming: the fourth or fifth of April, as the sun stands in the 20th and 21st century."""
    short = year % 100
    return date(year, 4, int(short * 0.2422 + (4.81 if year >= 2000 else 5.59)) - short // 4)


_MOVING: dict[str, Callable[[int], date]] = {
    "easter": _easter,
    "good friday": lambda year: _easter(year) - timedelta(days=2),
    "thanksgiving": _nth(11, 3, 4),
    "mothers": _nth(5, 6, 2),
    "fathers": _nth(6, 6, 3),
    "qingming": _pure_brightness,
}


def holiday(name: str, year: int) -> Interval | None:
    """A holiday of a year; None where its date is not known."""
    if not 1 <= year <= 9998:
        return None
    if name in FIXED:
        day = date(year, *FIXED[name])
    elif name in _MOVING:
        day = _MOVING[name](year)
    else:
        table, shift = _LUNAR[name]
        if not 0 <= year - _FIRST_LUNAR_YEAR < len(table):
            return None
        day = date(year, *table[year - _FIRST_LUNAR_YEAR]) + timedelta(days=shift)
    start = of_date(day)
    return start, start + LENGTHS.get(name, 1) * DAY

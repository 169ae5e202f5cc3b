"""What each English form means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from agentmem_core.recall.when.atoms import CHOICES, Atom, Within, unfinished, yearly
from agentmem_core.recall.when.calendar import (
    DAY,
    HOUR,
    MONTH,
    YEAR,
    Interval,
    clock_time,
    date_of,
    day_start,
    days,
    months,
    season,
    years,
)
from agentmem_core.recall.when.english_forms import (
    AT,
    HOLIDAYS,
    MONTHS,
    NOT_YEARS,
    PATTERN,
    PREPOSITIONS,
    SEASON_NOUNS,
    TENS,
    WEEKDAYS,
    ends,
    may_hold,
    word_before,
)
from agentmem_core.recall.when.holidays import holiday
from agentmem_core.recall.when.relative import (
    LENGTHS,
    PARTS,
    ago,
    amount,
    around,
    day_of_month,
    earlier,
    exactly,
    unit_around,
    weekday,
)

Found = re.Match[str]

_DASHES = str.maketrans("/.", "--")
_UNCERTAIN = frozenset("mar apr may jun aug jan".split())
"""Months whose bare name may also be a verb or a person."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text that is being read, and the moment it is read at.

    With ``ahead`` a name without a year, month or week of its own is the first that is not over, as in plans.
    """

    text: str
    now: int
    ahead: bool = False

    def named(
        self,
        found: Found,
        group: str,
        which: str,
        needs: str,
        within: Within,
        *,
        grain: int,
        unit: str = "",
        weak: bool = False,
    ) -> Atom | None:
        """A name that comes back every year, month or week; ``which`` is the word before it."""
        choose = unfinished if self.ahead and not which else CHOICES[which]
        interval = choose(needs, within, self.now)
        if interval is None:
            return None
        at, to = found.span(group)
        return Atom(
            at,
            to,
            interval,
            grain,
            unit=unit,
            needs=needs,
            within=within,
            weak=weak and not which,
            recurs=not which and needs == "year",
        )


def read(reading: Reading) -> list[Atom]:
    """The times that a text names, in order."""
    if not may_hold(reading.text):
        return []
    atoms: list[Atom] = []
    for found in PATTERN.finditer(reading.text):
        group = found.lastgroup or ""
        fixed = _FIXED.get(group)
        atom = _TOLD[group](reading, found, group) if fixed is None else fixed(found, group)
        if atom is not None:
            atoms.append(atom)
    return atoms


def _fixed(found: Found, group: str, interval: Interval | None, *, grain: int = 0, unit: str = "") -> Atom | None:
    if interval is None:
        return None
    at, to = found.span(group)
    return Atom(at, to, interval, grain or interval[1] - interval[0], explicit=True, unit=unit)


def _iso(found: Found, group: str) -> Atom | None:
    day, _, clock = found[group].upper().replace("T", " ").partition(" ")
    year, month, number = map(int, day.translate(_DASHES).split("-"))
    whole = days(year, month, number)
    if not clock or whole is None:
        return _fixed(found, group, whole)
    hour, rest = clock.split(":", 1)
    moment = clock_time(f"{year:04}-{month:02}-{number:02}T{int(hour):02}:{rest.replace(' ', '')}")
    return _fixed(found, group, whole if moment is None else (moment, moment + HOUR // 60), grain=HOUR)


def _dotted(found: Found, group: str) -> Atom | None:
    first, second, year = map(int, found[group].split(found["sep"]))
    if found["sep"] == ".":
        return _fixed(found, group, days(year, second, first))
    if first > 12 or first == second:
        return _fixed(found, group, days(year, second, first))
    return _fixed(found, group, days(year, first, second)) if second > 12 else None


def _isomonth(found: Found, group: str) -> Atom | None:
    year, month = map(int, re.split(r"[-/]", found[group]))
    return _fixed(found, group, months(year, month), unit="month") if 1000 <= year < 2200 else None


def _between(found: Found, group: str) -> Atom | None:
    first, last = map(int, re.findall(r"\d{4}", found[group]))
    return _fixed(found, group, years(first, last - first + 1)) if 0 < last - first < 150 else None


def _yearno(reading: Reading, found: Found, group: str) -> Atom | None:
    year, before = int(found[group]), word_before(reading.text, found.start(group), the=True)
    if before in NOT_YEARS:
        return None
    at, to = found.span(group)
    unlikely = not 1900 <= year < 2100 and before not in PREPOSITIONS
    return Atom(at, to, years(year), YEAR, explicit=True, unit="year", weak=unlikely)


def _decade(found: Found, group: str) -> Atom | None:
    number = int("".join(filter(str.isdigit, found[group])))
    return _fixed(found, group, years(_full_decade(number), 10))


def _full_decade(number: int) -> int:
    return number if number > 99 else 2000 + number if number < 20 else 1900 + number


def _tens(found: Found, group: str) -> Atom | None:
    return _fixed(found, group, years(1900 + TENS[found[group].lower()], 10))


def _century(found: Found, group: str) -> Atom | None:
    number = int(found[group])
    return _fixed(found, group, years(100 * (number - 1) + 1, 100)) if 1 <= number <= 30 else None


def _ago(reading: Reading, found: Found, group: str) -> Atom | None:
    text = " ".join(found[group].lower().split())
    unit = next(word for word in re.findall(r"[a-z]+", text) if word.removesuffix("s") in LENGTHS).removesuffix("s")
    amounts = amount(text)
    if "and a half" in text:
        amounts = exactly(amounts[1] + 0.5)
    interval, grain = ago(reading.now, amounts, unit)
    return Atom(*found.span(group), interval, grain)


def _rolling(reading: Reading, found: Found, group: str) -> Atom | None:
    text = re.sub(r".*\b(?:last|past|previous)\s+", "", found[group].lower().strip())
    unit = text.split()[-1].removesuffix("s")
    start = earlier(reading.now, amount(text)[2], unit)
    return Atom(*found.span(group), (start, reading.now + 1), max(reading.now - start, HOUR))


def _around(reading: Reading, found: Found, group: str) -> Atom | None:
    interval, grain, unit = around(" ".join(found[group].lower().split()), reading.now)
    return Atom(*found.span(group), interval, grain, unit=unit)


_SHIFTS = {"last": -1, "previous": -1, "past": -1, "this": 0, "current": 0, "next": 1, "coming": 1}


def _unit(reading: Reading, found: Found, group: str) -> Atom | None:
    which, unit = found[group].lower().split()
    interval, grain = unit_around(unit, _SHIFTS[which], reading.now)
    return Atom(*found.span(group), interval, grain, unit=unit)


def _split(text: str) -> tuple[str, str]:
    """The word that chooses (last, this, next, or none) and the rest."""
    words = text.lower().split()
    return (words[0], " ".join(words[1:])) if words[0] in CHOICES and len(words) > 1 else ("", " ".join(words))


def _weekday(reading: Reading, found: Found, group: str) -> Atom | None:
    which, name = _split(found[group].lower().removeprefix("on "))
    number = WEEKDAYS.index(name[:3])
    if word_before(reading.text, found.start(group)) in {"every", "each", "good", "black", "palm"}:
        return None
    if which == "last":
        today = day_start(reading.now)
        start = today - ((date_of(today).weekday() - number - 1) % 7 + 1) * DAY
        return Atom(*found.span(group), (start, start + DAY), DAY)
    return reading.named(found, group, which, "week", weekday(number), grain=DAY)


def _days_of(month: int, first: int, last: int) -> Within:
    return yearly(lambda year: days(year, month, first, max(last - first + 1, 1)))


def _numbers(text: str) -> tuple[int, int]:
    found = [int(number) for number in re.findall(r"\d+", text)]
    return found[0], found[-1]


def _daymonth(reading: Reading, found: Found, group: str) -> Atom | None:
    text = found[group]
    name = text.split()[-1]
    month = MONTHS.index(name[:3].lower()) + 1
    doubtful = name in {"may", "march", "mar"} and not re.search(r"\d[snrt]|of", text)
    first, last = _numbers(text)
    return reading.named(found, group, "", "year", _days_of(month, first, last), grain=DAY, weak=doubtful)


def _monthday(reading: Reading, found: Found, group: str) -> Atom | None:
    text = found[group]
    month = MONTHS.index(text[:3].lower()) + 1
    doubtful = text.startswith(("may ", "march ", "mar ")) and not re.search(r"\d[snrt]", text)
    first, last = _numbers(text[3:])
    return reading.named(found, group, "", "year", _days_of(month, first, last), grain=DAY, weak=doubtful)


def _month(reading: Reading, found: Found, group: str) -> Atom | None:
    which, name = _split(found[group])
    month = MONTHS.index(name[:3]) + 1
    before = word_before(reading.text, found.start(group))
    bare = not which and before not in PREPOSITIONS
    if bare and (
        before in {"to", "we", "i", "they", "you", "he", "she", "it", "who", "that", "what"} and name == "may"
    ):
        return None
    doubtful = bare and (name[:3] in _UNCERTAIN or len(name) <= 4)
    if before == "by" and name in {"april", "june", "may", "august"}:
        doubtful = True
    within = yearly(lambda year: months(year, month))
    return reading.named(found, group, which, "year", within, grain=MONTH, unit="month", weak=doubtful)


def _quarter(reading: Reading, found: Found, group: str) -> Atom | None:
    name = found[group].lower().removeprefix("the ").split()
    number = int(name[0][1]) if len(name) == 1 else PARTS[name[0]] + 1
    length = 3 if name[0][0] == "q" or name[-1] == "quarter" else 6
    if length == 6 and number > 2:
        return None
    within = yearly(lambda year: months(year, (number - 1) * length + 1, length))
    doubtful = word_before(reading.text, found.start(group)) not in PREPOSITIONS
    return reading.named(found, group, "", "year", within, grain=length * MONTH, weak=doubtful)


def _holiday(reading: Reading, found: Found, group: str) -> Atom | None:
    which, name = _split(found[group].replace("\u2019", "'"))
    key = next(HOLIDAYS[known] for known in HOLIDAYS if name.startswith(known))
    before = word_before(reading.text, found.start(group))
    doubtful = before not in AT and not ends(reading.text, found.end(group))
    within = yearly(lambda year: holiday(key, year))
    atom = reading.named(found, group, which, "year", within, grain=2 * DAY, weak=doubtful)
    return atom and replace(atom, name=(found.end(group) - len(name), found.end(group)))


def _season(reading: Reading, found: Found, group: str) -> Atom | None:
    which, name = _split(found[group])
    name = "autumn" if name.startswith("fall") else name.removesuffix("time")
    if SEASON_NOUNS.match(reading.text, found.end(group)):
        return None
    before = word_before(reading.text, found.start(group))
    doubtful = before not in {"in", "during", "since", "over", "throughout", "until", "early", "mid", "late"}
    within = yearly(lambda year: season(name, year))
    return reading.named(found, group, which, "year", within, grain=3 * MONTH, unit="season", weak=doubtful)


def _ordinal(reading: Reading, found: Found, group: str) -> Atom | None:
    first, _ = _numbers(found[group])
    within = day_of_month(first)
    doubtful = word_before(reading.text, found.start(group)) not in {"on", "since", "until", "till", "by", "from"}
    return reading.named(found, group, "", "month", within, grain=DAY, weak=doubtful)


_FIXED: dict[str, Callable[[Found, str], Atom | None]] = {
    "iso": _iso, "slashed": _iso, "dotted": _dotted, "isomonth": _isomonth, "between": _between, "decade": _decade,
    "short": _decade, "tens": _tens, "century": _century,
}  # fmt: skip
_TOLD: dict[str, Callable[[Reading, Found, str], Atom | None]] = {
    "yearno": _yearno, "rolling": _rolling, "ago": _ago, "agod": _ago, "around": _around, "unit": _unit, "weekday": _weekday,
    "daymonth": _daymonth, "monthday": _monthday, "month": _month, "quarter": _quarter, "holiday": _holiday, "july": _holiday,
    "season": _season, "ordinal": _ordinal,
}  # fmt: skip

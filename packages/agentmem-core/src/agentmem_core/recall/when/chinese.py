"""What each Chinese form means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from agentmem_core.recall.when.atoms import Atom, yearly
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
    season,
    week_start,
    years,
)
from agentmem_core.recall.when.chinese_forms import (
    DAYS,
    DECADES,
    HINT,
    HOLIDAYS,
    PATTERN,
    SEASONS,
    UNITS,
    WEEKDAYS,
    YEARS,
    number_of,
)
from agentmem_core.recall.when.english import Reading
from agentmem_core.recall.when.holidays import LENGTHS, holiday
from agentmem_core.recall.when.relative import Amount, ago, day_of_month, earlier, edge, exactly, unit_around, weekday

Found = re.Match[str]


def read(reading: Reading) -> list[Atom]:
    """The times that a text names, in order."""
    if HINT.search(reading.text) is None:
        return []
    atoms: list[Atom] = []
    for found in PATTERN.finditer(reading.text):
        atom = _READERS[found.lastgroup or ""](reading, found)
        if atom is not None:
            atoms.append(atom)
    return atoms


def _atom(
    found: Found, interval: Interval | None, *, grain: int, unit: str = "", explicit: bool = False
) -> Atom | None:
    return None if interval is None else Atom(*found.span(), interval, grain, explicit=explicit, unit=unit)


def _year(reading: Reading, found: Found) -> Atom | None:
    text = found["year"]
    if text in YEARS:
        return _atom(found, years(date_of(reading.now).year + YEARS[text]), grain=YEAR, unit="year")
    number = number_of(text.rstrip("年").strip())
    if number < 100:
        number += 2000 if number < 50 else 1900
    return _atom(found, years(number), grain=YEAR, unit="year", explicit=True) if 1000 <= number < 2200 else None


def _decade(_reading: Reading, found: Found) -> Atom | None:
    text = found["decade"].removesuffix("年代")
    last = DECADES.get(text[-2], 0) if not text[-1].isdigit() else int(text[-2:])
    century = text[:2] if text[:2].isdigit() and len(text) == 4 else "19" if "世纪" in text or last >= 30 else "20"
    return _atom(found, years(int(century) * 100 + last, 10), grain=10 * YEAR, explicit=True)


def _unit_of(text: str) -> str:
    return next(UNITS[name] for name in UNITS if name in text)


def _amounts(text: str) -> Amount:
    count = re.search("好几|[0-9]+|[一二三四五六七八九十两几半]+", text)
    if count is None or count[0] in {"几", "好几"}:
        return (2, 3, 6)
    if "几" in count[0]:
        return (11, 14, 19) if count[0].startswith("十") else (20, 40, 90)
    if re.fullmatch("[一二两三四五六七八九]{2}", count[0]):
        return (number_of(count[0][0]), number_of(count[0][0]) + 0.5, number_of(count[0][1]))
    if count[0] == "半":
        return exactly(0.5)
    half = 0.5 if "半" in text[count.end() :] or count[0].endswith("半") else 0.0
    return exactly(number_of(count[0].rstrip("半")) + half)


def _rolling(reading: Reading, found: Found) -> Atom | None:
    text, now = found["rolling"], reading.now
    if re.search("阵子|几天|些天|两天$", text) and text[0] in "前这":
        start = day_start(now) - (30 if "阵子" in text else 7) * DAY
        return _atom(found, (start, now + 1), grain=now - start)
    if text[0] == "前":
        return None  # 前三天 may be the first three days of anything
    start = earlier(now, _amounts(text)[2], _unit_of(re.sub("^(?:最近|近|过去)的?", "", text)))
    return _atom(found, (start, now + 1), grain=max(now - start, HOUR))


def _ago(reading: Reading, found: Found) -> Atom | None:
    text = re.sub("(?:以|之)?前$", "", found["ago"])
    if re.fullmatch("[0-9]{1,2}日|[0-9〇零一二三四五六七八九]{4}年", text):
        return None
    interval, grain = ago(reading.now, _amounts(text), _unit_of(text.replace("半天", "半日")))
    return _atom(found, interval, grain=grain)


def _monthday(reading: Reading, found: Found) -> Atom | None:
    month, _, rest = found["monthday"].partition("月")
    parts = [number_of(part) for part in re.findall("[0-9〇零一二三四五六七八九十两]+", rest)]
    first, last = parts[0], parts[-1]
    number = number_of(month)
    within = yearly(lambda year: days(year, number, first, max(last - first + 1, 1)))
    plain = rest[-1] not in "日号"
    if plain and not rest.isdigit():
        return None
    return reading.named(found, "monthday", "", "year", within, grain=DAY, weak=plain)


def _month(reading: Reading, found: Found) -> Atom | None:
    number = number_of(found["month"].partition("月")[0])
    within = yearly(lambda year: months(year, number))
    return reading.named(found, "month", "", "year", within, grain=MONTH, unit="month")


def _shift(text: str) -> int:
    """How many units away: 上 is the one before, 这 this one."""
    return text.count("下") - text.count("上")


def _whichmonth(reading: Reading, found: Found) -> Atom | None:
    interval, grain = unit_around("month", _shift(found[0]), reading.now)
    return _atom(found, interval, grain=grain, unit="month")


def _quarterof(reading: Reading, found: Found) -> Atom | None:
    interval, grain = unit_around("quarter", _shift(found[0]), reading.now)
    return _atom(found, interval, grain=grain)


def _week(reading: Reading, found: Found) -> Atom | None:
    text = found["week"]
    start = week_start(reading.now) + _shift(text) * WEEK
    if text.endswith("末"):
        return _atom(found, (start + 5 * DAY, start + WEEK), grain=2 * DAY)
    if text[-1] in WEEKDAYS and len(text) > 2 and not text.endswith(("星期", "礼拜", "周")):
        start += WEEKDAYS[text[-1]] * DAY
        return _atom(found, (start, start + DAY), grain=DAY)
    return _atom(found, (start, start + WEEK), grain=WEEK, unit="week")


def _weekday(reading: Reading, found: Found) -> Atom | None:
    within = weekday(WEEKDAYS[found["weekday"][-1]])
    return reading.named(found, "weekday", "", "week", within, grain=DAY)


def _day(reading: Reading, found: Found) -> Atom | None:
    text = found["day"]
    start = day_start(reading.now) + DAYS[text[:-1]] * DAY
    if text[-1] in "晚夜":
        return _atom(found, (start + 18 * HOUR, start + 30 * HOUR), grain=DAY)
    return _atom(found, (start, start + DAY), grain=DAY)


def _holiday(reading: Reading, found: Found) -> Atom | None:
    text = found["holiday"]
    key = next(HOLIDAYS[name] for name in HOLIDAYS if text.startswith(name))
    within = yearly(lambda year: holiday(key, year))
    atom = reading.named(found, "holiday", "", "year", within, grain=max(2, LENGTHS.get(key, 1)) * DAY)
    return atom and replace(atom, name=found.span("holiday"))


def _season(reading: Reading, found: Found) -> Atom | None:
    name = SEASONS[found["season"][0]]
    within = yearly(lambda year: season(name, year))
    doubtful = not reading.text[: found.start()].endswith(("在", "那个", "那年", "于"))
    return reading.named(found, "season", "", "year", within, grain=3 * MONTH, unit="season", weak=doubtful)


def _half(reading: Reading, found: Found) -> Atom | None:
    text = found["half"]
    if text.endswith("半年"):
        first, length = (1 if text[0] == "上" else 7), 6
    else:
        first, length = 3 * number_of(text.removeprefix("第")[0]) - 2, 3
    within = yearly(lambda year: months(year, first, length))
    return reading.named(found, "half", "", "year", within, grain=length * MONTH)


def _edge(reading: Reading, found: Found) -> Atom | None:
    unit = "year" if found["edge"][0] == "年" else "month"
    whole, _ = unit_around(unit, 0, reading.now)
    begun = edge(whole, found["edge"][1])
    if begun[0] > reading.now:
        begun = edge(unit_around(unit, -1, reading.now)[0], found["edge"][1])
    return _atom(found, begun, grain=begun[1] - begun[0])


def _dayno(reading: Reading, found: Found) -> Atom | None:
    within = day_of_month(number_of(found["dayno"][:-1]))
    doubtful = not reading.text[: found.start()].endswith(("在", "从", "自"))
    return reading.named(found, "dayno", "", "month", within, grain=DAY, weak=doubtful)


_READERS: dict[str, Callable[[Reading, Found], Atom | None]] = {
    "year": _year, "decade": _decade, "rolling": _rolling, "ago": _ago, "monthday": _monthday, "month": _month,
    "whichmonth": _whichmonth, "quarterof": _quarterof, "week": _week, "weekday": _weekday, "day": _day, "holiday": _holiday,
    "season": _season, "half": _half, "edge": _edge, "dayno": _dayno,
}  # fmt: skip

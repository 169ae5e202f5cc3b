"""The times that a sentence names: since when, until when, and when something will be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agentmem_core.recall.when import Span, spans
from agentmem_core.recall.when.calendar import DAY, MONTH, WEEK, YEAR, day_start, months_before
from agentmem_core.recall.when.chinese_forms import UNITS, number_of
from agentmem_core.recall.when.english_forms import NUMBERS
from agentmem_core.recall.when.span import EARLIEST, EPOCH, LATEST

_BEFORE = re.compile(
    r"(?:\b(?:back\s+)?(?:on|in|at|since|during|from|by|until|till|over|around|for|this\s+coming|as\s+of|starting|after|before)"
    r"(?:\s+the)?|[在从自于到])\s*$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:\s+at\s+\d{1,2}(?::\d\d)?\s*(?:am|pm|o'clock)?\b|\s*的时候|[那这]天|开始|起|以来|的)?", re.IGNORECASE
)
_CLOCK = re.compile(
    r"\s*\bat\s+(?:\d{1,2}(?::\d\d)?\s*(?:am|pm|o'clock)?|noon|midnight)(?=\s*(?:$|[,.]))"
    r"|(?:早上|上午|中午|下午|晚上|凌晨)?[0-9一二两三四五六七八九十]{1,3}[点时](?:半|整|[0-9一二三四五十]{1,3}分?)?",
    re.IGNORECASE,
)
_IN = re.compile(
    r"\bin\s+(?:about\s+|around\s+)?(?P<count>\d{1,3}|(?:a\s+)?couple\s+of|(?:a\s+)?few|" + "|".join(NUMBERS) + r")\s+"
    r"(?P<unit>day|week|month|year)s?(?:'?\s+time)?\b",
    re.IGNORECASE,
)
_HAN_IN = re.compile(
    r"(?:再?过)?(?P<count>[0-9]{1,3}|[一二两三四五六七八九十]{1,3})个?(?P<unit>天|周|星期|礼拜|月|年)(?:之|以)?后"
)
_LENGTHS = {"day": DAY, "week": WEEK}
_GRAINS = {"day": DAY, "week": WEEK, "month": MONTH, "year": YEAR}


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a clause: told as past ones (``spans``) and as coming ones (``ahead``)."""

    spans: tuple[Span, ...] = ()
    ahead: tuple[Span, ...] = ()
    said_at: datetime = EPOCH

    @property
    def since(self) -> datetime | None:
        """Since when it holds: the beginning of the first time that has begun."""
        for span in self.spans:
            if span.begin > EARLIEST and span.start <= self.said_at:
                return span.start
        return None

    @property
    def until(self) -> datetime | None:
        """Until when it held, where a time says so."""
        return next((span.end for span in self.spans if span.end < self.said_at or span.begin <= EARLIEST), None)

    @property
    def closed(self) -> tuple[datetime | None, datetime | None]:
        """From when until when something of the past held."""
        span = self.spans[0] if self.spans else None
        if span is None or span.until >= LATEST:
            return self.since, None
        return None if span.begin <= EARLIEST else span.start, min(span.end, self.said_at)

    @property
    def coming(self) -> Span | None:
        """The time of something that is still to come."""
        today = self.said_at.replace(hour=0, minute=0, second=0, microsecond=0)
        for span in self.ahead:
            if span.end > self.said_at and span.start >= today - timedelta(days=0) and span.until < LATEST:
                return span
            if span.begin <= _micros(self.said_at) < span.until < LATEST and span.grain > DAY:
                return span
        return None


@dataclass(frozen=True, slots=True)
class Dated:
    """A sentence, and where in it times stand, the words that lead to them included."""

    text: str
    said_at: datetime
    found: tuple[tuple[int, int, Span, Span], ...]

    def part(self, start: int, end: int) -> tuple[str, Times]:
        """A part of the sentence without its times, and the times."""
        kept: list[str] = []
        place = start
        inside = [item for item in self.found if start <= item[0] and item[1] <= end]
        for at, to, _, _ in inside:
            kept.append(self.text[place:at])
            place = max(place, to)
        kept.append(self.text[place:end])
        times = Times(tuple(span for _, _, span, _ in inside), tuple(span for *_, span in inside), self.said_at)
        return _CLOCK.sub(" ", " ".join(kept)) if inside else "".join(kept), times


def dated(text: str, said_at: datetime) -> Dated:
    """The times of a sentence, told from the moment it was said."""
    said_at = said_at.astimezone(UTC)
    past = spans(text, said_at)
    found: list[tuple[int, int, Span, Span]] = []
    if past:
        ahead = {span.at: span for span in spans(text, said_at, ahead=True)}
        found += [(*_extent(text, span), span, ahead.get(span.at, span)) for span in past]
    found += [(at, to, span, span) for at, to, span in _counted(text, said_at)]
    found.sort(key=lambda item: item[0])
    apart: list[tuple[int, int, Span, Span]] = []
    for item in found:
        if not apart or item[0] >= apart[-1][1]:
            apart.append(item)
    return Dated(text, said_at, tuple(apart))


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _extent(text: str, span: Span) -> tuple[int, int]:
    before = _BEFORE.search(text, max(0, span.at - 24), span.at)
    after = _AFTER.match(text, span.to)
    return before.start() if before else span.at, after.end() if after else span.to


def _counted(text: str, said_at: datetime) -> Sequence[tuple[int, int, Span]]:
    """In two weeks, 三天后: times that are counted from now on."""
    found: list[tuple[int, int, Span]] = []
    for pattern in (_IN, _HAN_IN):
        for match in pattern.finditer(text):
            word, unit = match["count"].lower(), match["unit"].lower()
            count = _count(word)
            unit = UNITS.get(unit, unit)
            if not count:
                continue
            begin = _later(day_start(_micros(said_at)), count, unit)
            span = Span(begin, begin + DAY, _GRAINS[unit], *match.span(), explicit=False)
            found.append((*match.span(), span))
    return found


def _count(word: str) -> int:
    if "couple" in word or "few" in word:
        return 2 if "couple" in word else 3
    return int(word) if word.isdigit() else NUMBERS.get(word, 0) or number_of(word)


def _later(moment: int, count: int, unit: str) -> int:
    if unit in _LENGTHS:
        return min(moment + count * _LENGTHS[unit], LATEST - DAY)
    return min(months_before(moment, -count * (12 if unit == "year" else 1)), LATEST - DAY)


_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def month_name(number: int) -> str:
    """The English name of a month, 1 being January."""
    return _MONTHS[number - 1]


def in_english(span: Span) -> str:
    """A time that can be read at any moment: on 3 May 2027, in May 2027, in 2027."""
    start = span.start
    if span.grain <= 2 * DAY:
        return f"on {start.day} {month_name(start.month)} {start.year}"
    if span.grain <= 2 * WEEK:
        return f"in the week of {start.day} {month_name(start.month)} {start.year}"
    return f"in {start.year}" if span.grain > 6 * MONTH else f"in {month_name(start.month)} {start.year}"


def in_chinese(span: Span) -> str:
    """The same in Chinese: 2027年5月3日, 2027年5月, 2027年."""
    start = span.start
    if span.grain <= 2 * DAY:
        return f"{start.year}年{start.month}月{start.day}日"
    if span.grain <= 2 * WEEK:
        return f"{start.year}年{start.month}月{start.day}日那周"
    return f"{start.year}年" if span.grain > 6 * MONTH else f"{start.year}年{start.month}月"

"""What the words beside a time make of it: "late May", "the week before Christmas", "since 2023", 五月底, 圣诞节前一周, 去年以来."""

from __future__ import annotations

import re
from dataclasses import replace

from agentmem_core.recall.when.atoms import Atom
from agentmem_core.recall.when.calendar import DAY, MONTH, WEEK, YEAR, Interval, day_start, week_start
from agentmem_core.recall.when.chinese_forms import UNITS, number_of
from agentmem_core.recall.when.english_forms import NUMBERS, WEEKDAYS, word_before
from agentmem_core.recall.when.relative import LENGTHS, amount, earlier, edge, part_of, unit_around
from agentmem_core.recall.when.span import EARLIEST, LATEST

_LOOK = 48
"""Characters before a time in which its words are looked for."""

_EDGE = re.compile(
    r"\b(?:(?P<edge>early|mid|late)[\s-]+(?:in\s+)?|(?:the\s+)?(?P<of>beginning|start|middle|end)\s+of\s+)(?:the\s+)?$",
    re.IGNORECASE,
)
_PART = re.compile(
    r"\b(?:the\s+)?(?P<which>first|second|third|fourth|last)\s+(?P<unit>week(?:end)?|day|half)\s+(?:of|in)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_OFFSET = re.compile(
    r"\b(?P<count>the|\d{1,3}|(?:a\s+)?couple\s+of|(?:a\s+)?few|several|" + "|".join(NUMBERS) + r")\s+"
    r"(?P<unit>(?:day|night|week|weekend|month|year)s?)\s+(?:right\s+|just\s+)?(?P<side>before|after|following|of)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_BOUND = re.compile(
    r"\b(?P<side>(?:ever\s+)?since|after|before|prior\s+to|until|till|up\s+to)\s+(?:the\s+)?$", re.IGNORECASE
)
_DAY_BEFORE = re.compile(
    r"\b(?:(?:the|last)\s+)?(?P<day>(?:mon|tues|wednes|thurs|fri|satur|sun)day|weekend)\s+(?P<side>before|after)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_ONWARDS = re.compile(r"\s+on(?:wards?)?\b", re.IGNORECASE)
_EDGES = frozenset("early mid late in of".split())
_SIDES = frozenset("before after following of since until till to".split())
_SINCE = ("自", "自从")

_HAN_EDGE = re.compile("(?:的?[年月])?(?P<edge>初|上旬|中旬|下旬|底|末)")
_HAN_OFFSET = re.compile(
    "(?:之|以)?的?(?P<side>前|后)的?(?:头)?(?:(?P<count>[0-9]{1,2}|[一两二三四五六七八九十几])个?)(?P<unit>天|日|晚|周|星期|礼拜|月|年)"
)
_HAN_BOUND = re.compile("(?P<side>以来|至今|[之以]后|[之以]前|前后|前夕|后|前(?!往|面|台)|起(?![来床])|开始)")

_USUAL = {"day": DAY, "night": DAY, "week": WEEK, "weekend": 2 * DAY, "month": MONTH, "year": YEAR}


def bounded(text: str, atom: Atom) -> Atom:
    """The time that is meant, with the words that say so taken in."""
    before = word_before(text, atom.at).rstrip("-")
    if before in _EDGES:
        atom = _edged(text, atom)
        before = word_before(text, atom.at)
    if before in _SIDES:
        shifted = _shifted(text, atom)
        if shifted is not None:
            return shifted
        found = _BOUND.search(text, max(0, atom.at - _LOOK), atom.at)
        if found:
            side = "before" if found["side"].lower().startswith("prior") else found["side"].lower().split()[-1]
            return replace(atom, at=found.start(), span=_open(atom.span, side), recurs=False)
    onwards = _ONWARDS.match(text, atom.to) if before == "from" else None
    if onwards:
        return replace(atom, to=onwards.end(), span=_open(atom.span, "since"), recurs=False)
    return (
        _han_bounded(text, atom) if text[atom.to : atom.to + 1] > "\u2e80" or text[: atom.at].endswith(_SINCE) else atom
    )


def _edged(text: str, atom: Atom) -> Atom:
    start = max(0, atom.at - _LOOK)
    found = _EDGE.search(text, start, atom.at)
    if found:
        name = (found["edge"] or found["of"]).lower()
        return _narrowed(atom, edge(atom.span, name), at=found.start(), to=atom.to)
    part = _PART.search(text, start, atom.at)
    if part:
        span = part_of(atom.span, part["which"].lower(), part["unit"].lower())
        return _narrowed(atom, span, at=part.start(), to=atom.to)
    return atom


def _narrowed(atom: Atom, span: Interval, *, at: int, to: int) -> Atom:
    return replace(atom, span=span, grain=span[1] - span[0], at=at, to=to, weak=False)


def _shifted(text: str, atom: Atom) -> Atom | None:
    """A unit before, after or around a time."""
    found = _DAY_BEFORE.search(text, max(0, atom.at - _LOOK), atom.at)
    if found:
        span = _next_to(atom.span, found["day"].lower(), found["side"].lower())
        return replace(atom, span=span, grain=span[1] - span[0], at=found.start(), weak=False)
    found = _OFFSET.search(text, max(0, atom.at - _LOOK), atom.at)
    if found is None:
        return None
    unit = found["unit"].lower().removesuffix("s")
    count = found["count"].lower()
    span = _beside(atom.span, 0 if count == "the" else round(amount(count)[1]), unit, found["side"].lower())
    return replace(atom, span=span, grain=_USUAL[unit], at=found.start(), weak=False)


def _run(span: Interval, count: int, unit: str, side: str) -> Interval:
    """So many units that end where a time begins, or begin where it ends."""
    unit = "day" if unit == "night" else unit
    return (earlier(span[0], count, unit), span[0]) if side == "before" else (span[1], earlier(span[1], -count, unit))


def _beside(span: Interval, count: int, unit: str, side: str) -> Interval:
    """The unit before is the whole one that ends there; two weeks before are the days around that moment."""
    if side == "of":
        return span if unit in {"day", "night"} else unit_around(unit, 0, span[0])[0]
    if unit == "weekend":
        return _next_to(span, unit, side)
    if count == 0 or (unit in {"day", "night"} and count == 1):
        return _run(span, 1, unit, side)
    name = "day" if unit == "night" else unit
    moment = earlier(span[0], count, name) if side == "before" else earlier(span[1] - 1, -count, name)
    start = day_start(moment)
    if name == "day":
        return start, start + DAY
    half = LENGTHS[name] // 2 // DAY * DAY
    return start - half, start + half + DAY


def _next_to(span: Interval, name: str, side: str) -> Interval:
    """The weekday or weekend that is the last before a time, or the first after it."""
    number, length = (5, 2 * DAY) if name == "weekend" else (WEEKDAYS.index(name[:3]), DAY)
    start = week_start(span[0] if side == "before" else span[1]) + number * DAY
    if side == "before" and start + length > span[0]:
        start -= WEEK
    if side == "after" and start < span[1]:
        start += WEEK
    return start, start + length


def _open(span: Interval, side: str) -> Interval:
    if side == "since":
        return span[0], LATEST
    if side == "after":
        return span[1], LATEST
    return EARLIEST, span[0] if side == "before" else span[1]


_HAN_SIDES = {"以来": "since", "至今": "since", "起": "since", "开始": "since", "之后": "after", "以后": "after", "后": "after", "之前": "before",
              "以前": "before", "前": "before"}  # fmt: skip


def _han_bounded(text: str, atom: Atom) -> Atom:
    found = _HAN_EDGE.match(text, atom.to) if atom.unit in {"year", "month", "season"} else None
    if found:
        atom = _narrowed(atom, edge(atom.span, found["edge"]), at=atom.at, to=found.end())
    found = _HAN_OFFSET.match(text, atom.to)
    if found:
        unit = "night" if found["unit"] == "晚" else UNITS[found["unit"]]
        side = "before" if found["side"] == "前" else "after"
        length = max(number_of(found["count"]), 1)
        span = _run(atom.span, length, unit, side)
        return replace(atom, span=span, grain=length * _USUAL[unit], to=found.end(), weak=False)
    found = _HAN_BOUND.match(text, atom.to)
    if found is None:
        if text[: atom.at].endswith(_SINCE):
            return replace(atom, span=_open(atom.span, "since"), recurs=False)
        return atom
    side = found["side"]
    if side == "前后":
        return replace(atom, span=(atom.span[0] - atom.grain, atom.span[1] + atom.grain), to=found.end(), weak=False)
    if side == "前夕":
        return replace(atom, span=_run(atom.span, 1, "day", "before"), to=found.end(), weak=False)
    return replace(atom, span=_open(atom.span, _HAN_SIDES[side]), recurs=False, to=found.end(), weak=False)

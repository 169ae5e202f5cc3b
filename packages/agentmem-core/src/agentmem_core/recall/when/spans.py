"""Joining the times of a text: a month with its year, "between" with its two ends, "the week before" with what it precedes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from agentmem_core.recall.when.atoms import Atom
from agentmem_core.recall.when.bounds import bounded
from agentmem_core.recall.when.calendar import DAY, MONTH, WEEK, YEAR, Interval
from agentmem_core.recall.when.chinese import read as read_chinese
from agentmem_core.recall.when.english import Reading
from agentmem_core.recall.when.english import read as read_english
from agentmem_core.recall.when.english_forms import may_hold
from agentmem_core.recall.when.span import EARLIEST, EPOCH, LATEST, Span

READ = 4_000
"""Characters of a text that are read; a time expression further on is not looked for."""
_MOST = 64
"""Expressions of one text that are looked at."""

_WIDE = {ord("\uff10") + number: str(number) for number in range(10)} | {
    ord("\uff0f"): "/", ord("\uff0d"): "-", ord("\uff1a"): ":", ord("\uff0e"): ".", ord("\uff5e"): "~", ord("\u3000"): " ",
    ord("\u2019"): "'",
}  # fmt: skip

_JOINS = re.compile(r"(?:[\s,，.(]|\b(?:in|of|on|at|during|for|the)\b|'s\b|'|的|那年|在)*", re.IGNORECASE)
_RANGE = re.compile(
    r"\s*,?\s*(?P<to>to|until|till?|through|thru|and|[-\u2013\u2014~]+|直?到|至|和|与)\s*(?:the\s+)?", re.IGNORECASE
)
_FROM = re.compile(r"(?:\b(?:between|from)\s+(?:the\s+)?|[从自])$", re.IGNORECASE)
_BETWEEN_AFTER = re.compile("\\s*(?:之间|间|期间)")
_STEP = {"year": YEAR + DAY, "month": MONTH + DAY, "week": WEEK}


def spans(text: str, now: datetime, *, ahead: bool = False) -> list[Span]:
    """The times that ``text`` names, in order, told from ``now``.

    A name without a year, month or week of its own (May, the 5th, Friday) is the latest that has begun; with ``ahead``, as plans
    are told, the first that is not over.
    """
    text = text[:READ]
    if not text.isascii():
        text = text.translate(_WIDE)
    elif not may_hold(text):
        return []
    reading = Reading(text, (now - EPOCH) // timedelta(microseconds=1), ahead)
    atoms = read_english(reading)
    if not text.isascii():
        atoms = sorted(atoms + read_chinese(reading), key=lambda atom: (atom.at, -atom.to))
    if not atoms:
        return []
    joined = _ranges(text, _placed(text, atoms[:_MOST]))
    found: list[Span] = []
    for atom in joined:
        span = None if (whole := bounded(text, atom)).weak else _span(whole)
        if span is None:
            continue
        while found and found[-1].to > span.at:
            found.pop()  # "the Sunday before March 3rd" takes in the Sunday
        found.append(span)
    return found


def _span(atom: Atom) -> Span | None:
    begin, until = max(atom.span[0], EARLIEST), min(atom.span[1], LATEST)
    return (
        Span(begin, until, max(atom.grain, 1), atom.at, atom.to, atom.explicit, atom.name, atom.recurs)
        if begin < until
        else None
    )


def _placed(text: str, atoms: list[Atom]) -> list[Atom]:
    """Names without a year put into the year beside them; then into the only year there is."""
    joined: list[Atom] = []
    for atom in atoms:
        last = joined[-1] if joined else None
        if last is not None and atom.at < last.to:
            continue
        both = _together(last, atom) if last is not None and _JOINS.fullmatch(text, last.to, atom.at) else None
        if both is None:
            joined.append(atom)
        else:
            joined[-1] = both
    holders = [atom for atom in joined if atom.unit == "year"]
    lacking = [atom for atom in joined if atom.needs == "year"]
    if len(holders) != 1 or len(lacking) != 1:
        return joined
    (holder,), (lacks,) = holders, lacking
    found = lacks.within(holder.span[0]) if lacks.within else None
    if found is None or _RANGE.fullmatch(text, min(holder.to, lacks.to), max(holder.at, lacks.at)):
        return joined
    known = replace(lacks, span=found, explicit=holder.explicit, needs="", within=None, weak=False, recurs=False)
    return [known if atom is lacks else replace(holder, span=found, grain=known.grain) if atom is holder else atom
            for atom in joined]  # fmt: skip


def _together(left: Atom, right: Atom) -> Atom | None:
    """Two neighbours as one time; None where they are two."""
    if left.unit and right.needs == left.unit:
        return right.placed(left)
    if right.unit and left.needs == right.unit:
        return left.placed(right)
    if left.needs == "week" and right.grain == DAY:
        return replace(right, at=left.at)
    return replace(left, to=right.to) if right.needs == "week" and left.grain == DAY else None


def _ranges(text: str, atoms: list[Atom]) -> list[Atom]:
    """Two times with "to" between them become one, from the first's beginning to the second's end."""
    joined: list[Atom] = []
    for atom in atoms:
        last = joined[-1] if joined else None
        found = _RANGE.fullmatch(text, last.to, atom.at) if last is not None else None
        both = _range(text, last, atom, found["to"].lower()) if last is not None and found is not None else None
        if both is not None:
            joined[-1] = both
            continue
        if last is not None and found is not None and last.needs == "year" and not atom.needs:
            lent = last.placed(atom)  # "in March and April 2024"
            joined[-1] = last if lent is None else replace(lent, to=last.to)
        joined.append(atom)
    return joined


def _range(text: str, left: Atom, right: Atom, word: str) -> Atom | None:
    opened = _FROM.search(text, max(0, left.at - 16), left.at)
    closed = _BETWEEN_AFTER.match(text, right.to)
    if not (opened or closed) and (word in {"and", "和", "与"} or left.weak or right.weak):
        return None
    span = _from_to(left, right)
    if span is None:
        return None
    at = opened.start() if opened else left.at
    to = closed.end() if closed else right.to
    return Atom(at, to, span, span[1] - span[0], explicit=_explicit(left, right), name=left.name or right.name)


def _explicit(left: Atom, right: Atom) -> bool:
    """Whether both ends are, or one of them and it lends the other its year."""
    return (left.explicit and (right.explicit or bool(right.needs))) or (right.explicit and bool(left.needs))


def _from_to(left: Atom, right: Atom) -> Interval | None:
    """Two ends that lend each other the year they lack; None where the second is before the first."""
    first, last = left.span, right.span
    if left.within is not None:
        if not right.needs:
            first = left.within(last[0]) or first
        if first[0] > last[0]:
            first = left.within(last[0]) or first
        if first[0] > last[0]:
            first = left.within(last[0] - _STEP[left.needs]) or first
    elif right.within is not None:
        last = right.within(first[0]) or last
        if last[0] < first[0]:
            last = right.within(first[0] + _STEP[right.needs]) or last
    return (first[0], last[1]) if first[0] < last[1] else None

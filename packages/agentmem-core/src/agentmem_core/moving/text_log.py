"""Plain logs: a line begins a turn when it says who speaks, with the date before it where the log has dates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from agentmem_core.errors import InvalidInputError
from agentmem_core.model import MemoryType
from agentmem_core.moving.files import lines_of
from agentmem_core.moving.options import Reading
from agentmem_core.moving.parts import known_role
from agentmem_core.moving.record import Found, Misfit, SourceRecord

_DATE = (
    r"\d{4}(?:-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|年\d{1,2}月\d{1,2}日)[T ,，]*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
    r"(?:\s?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
)
_WHO = r"(?:<(?P<nick>[^<>\n]{1,64})>|(?P<who>[^\s:：\[\]<>][^:：\n\[\]<>]{0,63}?)\s*[:：])"
_DATED = re.compile(rf"^\s*\[?(?P<date>{_DATE})\]?\s*(?:[-–—|]\s*)?{_WHO}\s?(?P<text>.*)$")
_UNDATED = re.compile(rf"^{_WHO}\s?(?P<text>.*)$")
_NAMED = re.compile(r"^(?P<who>[^\s:：\[\]<>][^:：\n\[\]<>]{0,31}?)(?::\s|\s?：)\s*\S")
_LOOKED_AT, _FEW = 200, 8
"""Lines of a log without dates that are looked at for who speaks in it; in fewer than these, nobody has to speak twice."""


@dataclass(slots=True)
class _Turn:
    """A turn under way."""

    line: int
    who: str
    date: str | None
    lines: list[str] = field(default_factory=list)


def turns_of(source: Reading) -> Iterator[Found]:
    """``[2024-05-03 10:00] Ana: text``, ``2024-05-03T10:00:00Z <ana> text``, ``User: text``; lines without a speaker go on.

    A log whose first line has no date has turns of ``<name>``, of known roles (User, Assistant, 用户, 助手, ...) or, without these, of names
    that speak through most of it only, so that a colon in a text begins no turn.
    """
    dated: bool | None = None
    speakers: frozenset[str] = frozenset()
    turn: _Turn | None = None
    found = False
    for number, line in lines_of(source.path, source.encoding):
        if dated is None and line.strip():
            dated = _DATED.match(line) is not None
            speakers = frozenset() if dated else _speakers(source)
        begun = _begun(number, line, speakers, dated=bool(dated))
        if begun is not None:
            if turn is not None:
                yield _record(turn, source)
            turn, found = begun, True
        elif turn is not None:
            turn.lines.append(line)
        elif line.strip():
            yield Misfit(f"line {number}", "nobody is said to speak")
    if turn is not None:
        yield _record(turn, source)
    if not found:
        raise InvalidInputError(
            f'{source.path}: no line says who speaks, such as "[2024-05-03 10:00] Ana: text" or "User: text"; '
            "say format= if it is another kind of file"
        )


def _speakers(source: Reading) -> frozenset[str]:
    """The names that begin three in four lines and come again, as the keys of a list of settings do not."""
    looked_at = [line for _, line in islice(lines_of(source.path, source.encoding), _LOOKED_AT) if line.strip()]
    found = [_NAMED.match(line) for line in looked_at]
    names = Counter(match["who"] for match in found if match is not None)
    if len(looked_at) < 2 or names.total() < 0.75 * len(looked_at) or any(map(known_role, names)):
        return frozenset()
    if len(looked_at) >= _FEW:
        names = Counter({name: count for name, count in names.items() if count > 1})
        return frozenset(names) if names.total() >= 0.75 * len(looked_at) else frozenset()
    return frozenset(names) if 2 * len(names) <= len(looked_at) + 2 else frozenset()


def _begun(number: int, line: str, speakers: frozenset[str], *, dated: bool) -> _Turn | None:
    match = (_DATED if dated else _UNDATED).match(line)
    if match is None:
        return None
    who = (match["nick"] or match["who"]).strip()
    if not dated and match["nick"] is None and who not in speakers and known_role(who) is None:
        return None
    return _Turn(number, who, match["date"] if dated else None, [match["text"]])


def _record(turn: _Turn, source: Reading) -> Found:
    text = "\n".join(turn.lines).strip()
    if not text:
        return Misfit(f"line {turn.line}", "it has no text")
    role = known_role(turn.who)
    date = None if turn.date is None else _iso(turn.date)
    return SourceRecord(
        place=f"line {turn.line}",
        content=text,
        type=MemoryType.EPISODIC,
        role=role or "user",
        name=None if role else turn.who,
        session_id=source.session_id or source.path.name.partition(".")[0] or source.path.name,
        occurred_at=source.moments.read(date),
    )


def _iso(date: str) -> str:
    """The date as ISO 8601 writes it."""
    found = re.match(r"(\d{4})\D(\d{1,2})\D(\d{1,2})\D+(\d{1,2}):(.*)$", date)
    if found is None:
        return date
    year, month, day, hour, rest = found.groups()
    rest = rest.replace(",", ".").replace("UTC", "+00:00").replace("Z", "+00:00").replace(" ", "")
    return f"{year}-{int(month):02}-{int(day):02}T{int(hour):02}:{rest}"

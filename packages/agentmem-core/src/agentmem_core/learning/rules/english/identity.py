"""Name, age, birthday, home and origin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agentmem_core.learning.rules.english.phrases import person, place
from agentmem_core.learning.rules.english.words import PETS, number_in
from agentmem_core.learning.rules.times import month_name
from agentmem_core.learning.rules.told import Clause, Form, Stands, Told
from agentmem_core.recall.when.calendar import DAY

_MY_NAME = re.compile(
    r"(?:my\s+(?:full\s+|first\s+|real\s+|given\s+)?name\s+is|the\s+name\s+is|(?:you\s+)?(?:can|may|could)?\s*(?:just\s+)?call\s+me|"
    r"I\s+am\s+called|I\s+am\s+named)\s+(?P<name>.+)",
    re.IGNORECASE,
)
_GOES_BY = re.compile(
    r"(?:(?:everyone|everybody|people|friends|my friends|they)\s+(?:just\s+|all\s+)?calls?\s+me|calls\s+me|I\s+go\s+by"
    r"|I\s+(?:would\s+)?(?:prefer|like)\s+to\s+be\s+called)\s+(?P<name>.+)",
    re.IGNORECASE,
)
_HERE = re.compile(r"(?P<name>[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)?)\s+here")
_I_AM = re.compile(
    r"is\s+(?P<name>[A-Z][a-z\u00df-\u017f'-]+(?:\s+[A-Z][a-z\u00df-\u017f'-]+)?)(?:\s+from\s+(?P<place>[A-Z].*))?"
)
_CALLED = re.compile(r"(?:'s\s+name\s+is|is\s+(?:called|named)|goes\s+by|'s\s+called)\s+(?P<name>.+)", re.IGNORECASE)
_NUMBER = r"(?P<age>\d{1,3}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ]\w+)?|[a-z]+)"
_AGE = re.compile(
    rf"(?:is|'s age is|age is)\s+(?:only\s+|about to be\s+)?{_NUMBER}(?P<unit>\s*(?:years?[\s-]old|yrs?[\s-]old|y/?o|years of age))?",
    re.IGNORECASE,
)
_TURNED = re.compile(rf"(?:has\s+)?turned\s+{_NUMBER}", re.IGNORECASE)
_YEAR_OLD = re.compile(r"is\s+an?\s+(?P<age>\d{1,3})[\s-]years?[\s-]old\b", re.IGNORECASE)
_BIRTHDAY = re.compile(r"(?:'s\s+|my\s+)?birthday\s+is\b", re.IGNORECASE)
_BORN = re.compile(r"(?:was|were)\s+born(?:\s+and\s+(?:raised|bred))?(?:\s+in\s+(?P<place>.+))?$", re.IGNORECASE)
_HOME = re.compile(
    r"(?:lives?|living|resides?|residing|settled|is\s+(?:living|based|residing|settled)|has\s+settled|(?:has\s+)?lived)\s+(?:\w+ly\s+|alone\s+|happily\s+|down\s+|up\s+|over\s+|here\s+)?in\s+(?P<place>.+)",
    re.IGNORECASE,
)
_MOVED = re.compile(
    r"(?:has\s+)?(?:(?:just|recently|now|also)\s+)*(?:moved|relocated|emigrated|immigrated)\s+(?:back\s+|over\s+|house\s+|home\s+|down\s+|up\s+|out\s+)*(?:from\s+.+?\s+)?(?:to|into)\s+(?P<place>.+)",
    re.IGNORECASE,
)
_FROM = re.compile(r"(?:is|comes?|came)\s+(?:originally\s+)?from\s+(?P<place>.+?)(?:\s+originally)?", re.IGNORECASE)
_GREW_UP = re.compile(r"(?:grew up|was raised|was brought up)\s+in\s+(?P<place>.+)", re.IGNORECASE)
_HOMETOWN = re.compile(r"my\s+(?:hometown|home\s*town|home country)\s+is\s+(?P<place>.+)", re.IGNORECASE)
_HOME_IS = re.compile(r"(?:my\s+home\s+is\s+(?:in\s+)?|home\s+is\s+)(?P<place>.+)", re.IGNORECASE)


def name(clause: Clause) -> Iterator[Told]:
    """My name is Ana, I am Ana, Ana here, my sister is called Rita."""
    if not clause.subject or clause.mine:
        said = clause.said if not clause.subject else f"I {clause.said.replace('is ', 'am ', 1)}"
        found = _MY_NAME.fullmatch(said) or _HERE.fullmatch(said)
        if found is not None and (called := person(found["name"], free=True)):
            yield Told(
                clause.me,
                "is called",
                called,
                f"{clause.me} is called {called}",
                0.9 if found.re is _MY_NAME and "call" in said[: found.start("name")] else 0.97,
            )
        elif (found := _GOES_BY.fullmatch(said)) and (called := person(found["name"])):
            yield Told(clause.me, "goes by", called, f"{clause.me} goes by {called}", 0.93)
        elif (
            clause.subject
            and clause.holds
            and (found := _I_AM.fullmatch(clause.said))
            and (called := person(found["name"]))
        ):
            yield Told(clause.me, "is called", called, f"{clause.me} is called {called}", 0.8)
            if found["place"] and (origin := place(found["place"])):
                yield Told(clause.me, "comes from", origin, f"{clause.me} comes from {origin}", 0.85)
        return
    found = _CALLED.fullmatch(clause.said)
    called = clause.named or (person(found["name"], free=True) if found and clause.holds else None)
    if called is None and clause.holds and (known := re.fullmatch(r"is\s+(?P<name>[A-Z][a-z'-]+)", clause.said)):
        called = person(known["name"])
    if called:
        yield from named(clause.me, clause.kind, called)


def named(me: str, kind: str, called: str) -> Iterator[Told]:
    """A relative, or a pet, by name."""
    if kind in PETS:
        yield Told(f"{me}'s {kind}", "is called", called, f"{me}'s {kind} is called {called}", 0.95, exclusive=False)
    else:
        yield Told(me, f"{kind} is", called, f"{me}'s {kind} is called {called}", 0.95)


def age(clause: Clause) -> Iterator[Told]:
    """I am 34, I just turned forty, my son is six years old."""
    if not clause.subject or not clause.holds:
        return
    found = _AGE.fullmatch(clause.said) or _TURNED.fullmatch(clause.said) or _YEAR_OLD.match(clause.said)
    years = number_in(found["age"]) if found is not None else None
    if found is None or years is None or not 0 < years < 120:
        return
    plain = not found.groupdict().get("unit") and found.re is _AGE
    if plain and clause.mine and not 12 <= years < 100:
        return
    yield Told(
        clause.subject, "age is", str(years), f"{clause.subject} is {years} years old", 0.8 if plain else 0.95,
        since=clause.times.said_at,
    )  # fmt: skip


def birthday(clause: Clause) -> Iterator[Told]:
    """My birthday is on 3 May, I was born in 1991 in Krakow."""
    of_me = not clause.subject and _BIRTHDAY.match(clause.said)
    about = clause.me if of_me else clause.subject
    if not about:
        return
    day = next((span for span in clause.times.spans if span.grain == DAY), None)
    born = _BORN.match(clause.said)
    if day is not None and (of_me or born or _BIRTHDAY.match(clause.said)):
        written = f"{day.start.day} {month_name(day.start.month)}"
        yield Told(about, "birthday is", written, f"{about}'s birthday is {written}", 0.95)
    if born is None or not clause.holds:
        return
    year = next((span for span in clause.times.spans if span.explicit), None)
    if year is not None:
        yield Told(about, "birth year is", str(year.start.year), f"{about} was born in {year.start.year}", 0.95)
    if born["place"] and (town := place(born["place"], casual=clause.casual)):
        yield Told(about, "born in", town, f"{about} was born in {town}", 0.95)
        if re.match(r"(?:was|were)\s+born\s+and\s", clause.said, re.IGNORECASE):
            yield Told(about, "grew up in", town, f"{about} grew up in {town}", 0.9)


def home(clause: Clause) -> Iterable[Told]:
    """I live in Lisbon, we moved to Lisbon, I no longer live in Paris."""
    if not clause.subject:
        found = _HOME_IS.fullmatch(clause.said)
        town = place(found["place"]) if found else None
        return [Told(clause.me, "lives in", town, f"{clause.me} lives in {town}", 0.8)] if town else []
    found = _HOME.fullmatch(clause.said) or _MOVED.fullmatch(clause.said)
    town = place(found["place"], casual=clause.casual) if found and clause.stands is not Stands.NOT else None
    if found is None or town is None:
        return []
    who = clause.subject
    if clause.stands is Stands.GONE:
        return [Told(who, "lives in", town, f"{who} no longer lives in {town}", 0.9, retracted=True)]
    if clause.said.lower().startswith(("lived", "has lived")) and (
        clause.said.startswith("l") or clause.times.since is None
    ):
        since, until = clause.times.closed
        return [Told(who, "lived in", town, f"{who} lived in {town}", 0.9, since=since, until=until)]
    if found.re is _MOVED and _over(clause):
        return []
    return [Told(who, "lives in", town, f"{who} lives in {town}", 0.9, since=clause.times.since)]


def _over(clause: Clause) -> bool:
    """Whether it is told of a stretch of time that is over, after which anything may have come."""
    return any(span.begin < span.until and span.grain > 10 * 366 * DAY for span in clause.times.spans)


def origin(clause: Clause) -> Iterable[Told]:
    """I am from Ghana, I grew up in Accra, my hometown is Kumasi."""
    if not clause.subject:
        found = _HOMETOWN.fullmatch(clause.said)
        town = place(found["place"]) if found else None
        return [Told(clause.me, "comes from", town, f"{clause.me} comes from {town}", 0.9)] if town else []
    if not clause.holds:
        return []
    for pattern, predicate in ((_FROM, "comes from"), (_GREW_UP, "grew up in")):
        found = pattern.fullmatch(clause.said)
        town = place(found["place"], casual=clause.casual) if found else None
        if town:
            return [Told(clause.subject, predicate, town, f"{clause.subject} {predicate} {town}", 0.9)]
    return []


FORMS: tuple[Form, ...] = (name, age, birthday, home, origin)

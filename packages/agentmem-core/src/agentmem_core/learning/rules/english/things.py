"""Family, pets and possessions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentmem_core.learning.rules.english.identity import named
from agentmem_core.learning.rules.english.phrases import bare, people, person
from agentmem_core.learning.rules.english.words import HOMES, NOT_THINGS, PETS, PLURALS, RELATIVES, THINGS
from agentmem_core.learning.rules.told import Clause, Form, Stands, Told

_HAS = re.compile(r"(?:has|owns?|has\s+(?:a|got))\s+(?P<what>.+)", re.IGNORECASE)
_GOT = re.compile(
    r"(?:has\s+)?(?:(?:just|recently|finally)\s+)*(?:bought|adopted|purchased|rescued|got|acquired|inherited)\s+(?:myself\s+|ourselves\s+|us\s+|me\s+)?(?P<what>(?:an?|two|three|four|my|our|our first|my first|another|new)\s+.+)",
    re.IGNORECASE,
)
_DRIVES = re.compile(r"(?:drives?|rides?)\s+(?P<what>an?\s+.+)", re.IGNORECASE)
_GAVE_UP = re.compile(
    r"(?:has\s+)?(?:(?:just|recently|finally)\s+)*(?:sold|gave away|given away|got rid of|donated|crashed|totalled|totaled|traded in|threw away|threw out|scrapped)\s+(?P<what>(?:my|our|the)\s+.+)",
    re.IGNORECASE,
)
_IS_MINE = re.compile(
    r"(?P<name>[A-Z][\w'-]+)\s+is\s+(?:my|our)\s+(?:(?:older|younger|little|big|twin|best|new|\w+est)\s+)?(?P<kin>"
    + "|".join([*RELATIVES, *PETS])
    + ")"
)
_MY_THING = re.compile(
    r"my\s+(?:car|bike|phone|laptop|camera|guitar|motorbike|motorcycle|truck|computer|watch)\s+is\s+(?P<what>an?\s+.+)",
    re.IGNORECASE,
)
_DETERMINED = re.compile(
    r"(?:an?|my own|our own|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2}|some|several|both an?|the)\s+",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"\s*,?\s+(?:(?:who|which)\s+(?:is|are)\s+)?(?:called|named)\s+(?:(?P<names>[A-Z].*)|(?P<low>[a-z]{2,20}))$|\s*[,:]\s+(?P<listed>[A-Z][\w'-]+(?:(?:,|\s+and|,\s*and)\s+[A-Z][\w'-]+)*)$"
)
_ENDS = re.compile(
    r"\s*(?:[,;:(].*|\s+(?:which|that|who|with|for|because|since|so|but|when|if|from|to|as|at|on|by|and it|and they|and she|and he|these|now|who's)\b.*)$",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\s*,\s*(?:and\s+)?(?=(?:an?|one|two|three|four|five|\d)\s)|\s+and\s+(?:also\s+)?", re.IGNORECASE
)
_DIED = re.compile(
    r"(?:has\s+)?(?:(?:just|recently|sadly)\s+)*(?:died|passed away|passed|ran away)(?:\s.*)?", re.IGNORECASE
)
_ARE = re.compile(
    r"(?:my|our)\s+(?:two\s+|three\s+|four\s+)?(?P<kin>kids|children|sons|daughters|sisters|brothers|cats|dogs|twins|parents)(?:'\s+names|'s\s+names)?\s+are\s+(?:called\s+|named\s+)?(?P<names>[A-Z].*)"
)
_MARRIED = re.compile(
    r"(?:is|got|has been|has gotten|are|was)\s+(?:(?:happily|now|newly|recently|finally)\s+)*(?P<what>married|engaged|divorced|single|widowed|separated)(?:\s+to\s+(?P<name>.+))?(?:\s+with\s+.*)?",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(
    r"an?\s+\w+|(?:my|the)\s+(?:[\w-]+\s+){0,3}(?:friend|sweetheart|love|soul\s?mate|man|woman|guy|girl|person|boss|colleague|co-?worker|neighbou?r|"
    r"teacher|doctor|classmate|" + "|".join(RELATIVES) + r")\b",
    re.IGNORECASE,
)
"""Whom one can be married to; "my job" is none of them."""
_DATING = re.compile(
    r"(?:is|has been)\s+(?:dating|seeing|in a relationship with)\s+(?:an?\s+[\w\s]{2,20}?\s+(?:called|named)\s+)?(?P<name>[A-Z][\w'-]+)(?:\s.*)?"
)


def family(clause: Clause) -> Iterator[Told]:
    """My kids are Leo and Nina; I am married to Tom."""
    if not clause.subject:
        found = _ARE.fullmatch(clause.said)
        for name in people(found["names"]) if found else []:
            yield from named(clause.me, PLURALS[found["kin"].lower()] if found else "", name)
        mine_is = _IS_MINE.fullmatch(clause.said)
        if mine_is is not None:
            yield from named(clause.me, mine_is["kin"].lower(), mine_is["name"])
        mine = _MY_THING.fullmatch(clause.said)
        thing = _thing(mine["what"], needs_article=True) if mine else None
        if thing:
            yield Told(clause.me, "has", thing, f"{clause.me} has {_shown('a', thing)}", 0.85)
        return
    if clause.stands is Stands.NOT:
        return
    found = _MARRIED.fullmatch(clause.said)
    if found is not None and not (found.group(0).startswith("was") and clause.holds):
        yield from _status(clause, found)
    dating = _DATING.fullmatch(clause.said)
    if dating is not None and clause.holds:
        yield Told(
            clause.subject, "partner is", dating["name"], f"{clause.subject}'s partner is {dating['name']}", 0.85
        )


def _status(clause: Clause, found: re.Match[str]) -> Iterator[Told]:
    what, who = found["what"].lower(), clause.subject
    gone = clause.stands is Stands.GONE
    spouse = person(found["name"]) if found["name"] else None
    if found["name"] and spouse is None and not _SOMEBODY.match(found["name"]):
        return
    text = f"{who} is {'no longer ' * gone}{what}"
    yield Told(who, "marital status is", what, text, 0.92, retracted=gone, since=None if gone else clause.times.since)
    if spouse and what == "married":
        yield Told(
            who, "married to", spouse, f"{who} is {'no longer ' * gone}married to {spouse}", 0.93, retracted=gone
        )


def owning(clause: Clause) -> Iterator[Told]:
    """I have a red Volvo, we have a dog called Biscuit, I sold my motorbike."""
    if not clause.subject or clause.stands is Stands.NOT:
        return
    gave_up = _GAVE_UP.fullmatch(clause.said)
    if gave_up is not None and clause.holds:
        yield from _held(clause, gave_up["what"], gone=True)
        return
    for pattern in (_GOT, _HAS, _DRIVES):
        found = pattern.fullmatch(clause.said)
        if found is not None:
            gone = clause.stands is Stands.GONE
            yield from _held(clause, found["what"], gone=gone, since=None if pattern is not _GOT else clause)
            return
    if clause.kind in PETS and clause.holds and _DIED.fullmatch(clause.said):
        yield Told(clause.me, "has", clause.kind, f"{clause.me} no longer has the {clause.kind}", 0.9, retracted=True)


def _held(clause: Clause, what: str, *, gone: bool, since: Clause | None = None) -> Iterator[Told]:
    for number, (part, names) in enumerate(_parts(what, casual=clause.casual)):
        thing = _thing(part, needs_article=not (number or gone))
        if thing is None and number == 0:
            return
        if thing is None:
            continue
        text = f"{clause.subject} {'no longer ' * gone}has {_shown(part, thing)}"
        yield Told(
            clause.subject, "has", thing, text, 0.88, retracted=gone, since=since.times.since if since and not gone else None
        )  # fmt: skip
        if not gone and clause.mine:
            yield from _names(clause, thing, names)


def _parts(what: str, *, casual: bool) -> list[tuple[str, list[str]]]:
    """Things in a row, each with the names that it is given: two kids, Leo and Nina; a cat named Luna and two dogs."""
    called = _CALLED.search(what)
    names = people(called["names"] or called["listed"] or "") if called else []
    if called is not None and names:
        parts = _SEVERAL.split(what[: called.start()])
        return [*((part, []) for part in parts[:-1]), (parts[-1], names)]
    return [_with_name(part, casual=casual) for part in _SEVERAL.split(what)]


def _with_name(part: str, *, casual: bool) -> tuple[str, list[str]]:
    called = _CALLED.search(part)
    if called is None:
        return part, []
    names = [called["low"]] if called["low"] and casual else people(called["names"] or called["listed"] or "")
    return part[: called.start()], names


def _names(clause: Clause, thing: str, names: list[str]) -> Iterator[Told]:
    last = thing.rsplit(maxsplit=1)[-1].lower()
    kind = PLURALS.get(last, last)
    if kind in PETS or kind in RELATIVES or kind == "child":
        for name in names:
            yield from named(clause.me, kind, name)


def _thing(part: str, *, needs_article: bool) -> str | None:
    """What is owned, without its article; None for a question, a headache and whatever else can only be had."""
    part = _ENDS.sub("", part).strip(" .!")
    if needs_article and not _DETERMINED.match(part) and not re.match(r"(?:my|our|new|another|no|any)\s", part):
        return None
    thing = re.sub(r"^(?:another|a|an|the|my|our|some|any|both an?|no)\s+", "", bare(part), flags=re.IGNORECASE)
    head, _, where = thing.partition(" in ")
    words = re.split(r"\s+of\s+", head)[0].split()
    if not words or len(words) > 5 or NOT_THINGS.search(head):
        return None
    last = words[-1].lower()
    known = last in THINGS or last.replace("-", " ") in THINGS
    numbered = len(words) > 1 and re.fullmatch(r"\d{1,4}[A-Za-z]?", words[-1]) is not None
    brand = words[-2] if numbered else words[-1]
    branded = any(letter.isupper() for letter in brand) and (not brand.isupper() or numbered)
    if not (known or branded):
        return None
    return f"{head} in {where}" if where[:1].isupper() and last in HOMES else head


def _shown(part: str, thing: str) -> str:
    if re.match(r"(?:two|three|four|five|six|seven|eight|nine|ten|\d)", thing, re.IGNORECASE) or (
        thing.endswith("s") and not re.match(r"an?\s", part)
    ):
        return thing
    return f"{'an' if thing[:1].lower() in 'aeiou' else 'a'} {thing}"


FORMS: tuple[Form, ...] = (family, owning)

"""Likes, dislikes, favourites, allergies and diets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentmem_core.learning.rules.english.phrases import base_of, things
from agentmem_core.learning.rules.told import Clause, Form, Stands, Told

_LIKES = re.compile(
    r"(?:likes?|loves?|enjoys?|adores?|(?:has\s+)?(?:always\s+)?(?:loved|liked|enjoyed)|is\s+(?:(?:an?|the)\s+)?(?:(?:big|huge|massive|great|real|avid|lifelong|long-time)\s+)*(?:fan of|lover of)|is\s+(?:really\s+|so\s+|totally\s+)?(?:into|fond of|crazy about|obsessed with|passionate about|keen on|mad about|addicted to))"
    r"\s+(?P<what>.+)",
    re.IGNORECASE,
)
_HATES = re.compile(
    r"(?:dislikes?|hates?|detests?|loathes?|despises?|cannot\s+(?:stand|bear|stomach)|can't\s+(?:stand|bear))\s+(?:the\s+taste\s+of\s+|the\s+smell\s+of\s+)?(?P<what>.+)",
    re.IGNORECASE,
)
_PREFERS = re.compile(r"prefers?\s+(?P<what>.+?)(?:\s+(?:to|over|rather than|instead of|than)\s+.*)?", re.IGNORECASE)
_FAVOURITE = re.compile(
    r"(?:my\s+|'s\s+|our\s+)?(?:all[\s-]time\s+|absolute\s+|current\s+|number\s+one\s+)*(?:favou?rite|fav)\s+(?P<kind>[a-z][a-z' -]{1,30}?)(?:\s+(?:of all time|ever|in the world|of all))?\s+(?P<be>is|are|has always been|has to be|would have to be)\s+(?P<what>.+)",
    re.IGNORECASE,
)
_IS_FAVOURITE = re.compile(
    r"(?P<what>[A-Z\u00c0-\u00de\d].{0,60}?)\s+(?:is|are|has always been|will always be)\s+(?:probably\s+|definitely\s+|still\s+)?my\s+(?:all[\s-]time\s+|absolute\s+)*favou?rite\s+(?P<kind>[a-z][a-z' -]{1,30}?)(?:\s+(?:of all time|ever))?",
)
_ALLERGIC = re.compile(r"is\s+(?:\w+ly\s+)?allergic\s+to\s+(?P<what>.+)", re.IGNORECASE)
_ALLERGY = re.compile(
    r"(?:has|suffers?\s+from)\s+(?:an?\s+)?(?:(?:severe|bad|mild|serious|strong|terrible|slight|nasty)\s+)*(?P<what>[\w\s,-]+?)\s+allerg(?:y|ies)(?:\s.*)?",
    re.IGNORECASE,
)
_INTOLERANT = re.compile(
    r"is\s+(?:\w+ly\s+)?(?P<what>lactose|gluten|fructose|histamine)[\s-]intolerant|is\s+intolerant\s+to\s+(?P<to>[\w\s,]+)",
    re.IGNORECASE,
)
_NO_ALLERGEN = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:early )?mornings?|weekends?|deadlines?|meetings?|work(?:ing)?|effort|exercise|sports?|people|"
    r"humans|you|him|her|them|love|drama|nonsense|bullshit|bs|lies|lying|fun|losing|failure|commitment|responsibility|homework|housework|money|mondays?|"
    r"(?:stupid|real|brutal|insan)ity|\w+ness|idiots?|politics|math(?:s|ematics)?|change|rules|boredom|\w+ism|anything|nothing|something|everything)\b",
    re.IGNORECASE,
)
"""What nobody is allergic to but in jest."""
_COUNTED = frozenset(
    "nut peanut egg cat dog strawberry walnut almond hazelnut cashew prawn mushroom tomato tree-nut bee wasp horse apple banana".split()
)
_DIET = re.compile(
    r"(?:is|went|has (?:been|gone|become|turned)|became|turned|eats|goes|is\s+on)\s+(?:an?\s+)?(?:(?:strict|lifelong|strictly|mostly|fully)\s+)?(?P<what>vegetarian|vegan|pescatarian|pescetarian|flexitarian|gluten[\s-]free|plant[\s-]based|"
    r"teetotal|teetotaler|teetotaller|coeliac|celiac|dairy[\s-]free|keto|kosher|halal)(?:\s+diet)?",
    re.IGNORECASE,
)
_KEEPS = re.compile(
    r"keeps?\s+(?P<what>kosher|halal)|eats?\s+(?:only\s+)?(?P<eats>kosher|halal|vegan|vegetarian|gluten[\s-]free|plant[\s-]based)(?:\s+food)?",
    re.IGNORECASE,
)
_EATS = re.compile(r"(?:cannot\s+)?(?P<verb>eat|drink|smoke)s?\s+(?:any\s+)?(?P<what>.+)", re.IGNORECASE)
_HABIT = re.compile(
    r"(?:has\s+)?(?:(?:just|recently|finally)\s+)*(?:quit|stopped|gave up|given up)\s+(?P<what>smoking|drinking|vaping|gambling)",
    re.IGNORECASE,
)
_NO_FOOD = re.compile(
    r"(?:much|enough|well|out|here|there|any(?:thing|where|way)|breakfast|lunch|dinner|until|before|after|at|in|on|with|that|this|it|them|like|as|too|so|late|alone|a lot|my|your|yet)\b",
    re.IGNORECASE,
)


def liking(clause: Clause) -> Iterator[Told]:
    """I love hiking, I do not like horror films, I used to like rain."""
    if not clause.subject:
        return
    likes, hates = _LIKES.fullmatch(clause.whole), _HATES.fullmatch(clause.whole)
    if likes is not None:
        likes_now = clause.stands is not Stands.NOT
        verb, predicate = ("likes", "likes") if likes_now else ("dislikes", "dislikes")
        if re.match(r"(?:has\s+)?(?:loved|liked|enjoyed)", clause.whole) and not re.match(r"has\s+", clause.whole):
            return
        yield from _tastes(clause, predicate, verb, likes["what"], gone=clause.stands is Stands.GONE)
    elif hates is not None and (clause.holds or re.match(r"can", clause.whole, re.IGNORECASE)):
        yield from _tastes(clause, "dislikes", "dislikes", hates["what"])
    elif hates is not None and clause.stands is Stands.GONE:
        yield from _tastes(clause, "dislikes", "dislikes", hates["what"], gone=True)
    elif clause.holds and (prefers := _PREFERS.fullmatch(clause.whole)):
        yield from _tastes(clause, "prefers", "prefers", prefers["what"])


def _tastes(clause: Clause, predicate: str, verb: str, what: str, *, gone: bool = False) -> Iterator[Told]:
    for item in things(what):
        text = f"{clause.subject} {'no longer ' if gone else ''}{verb} {item}"
        yield Told(clause.subject, predicate, item, text, 0.85, retracted=gone)


def favourite(clause: Clause) -> Iterator[Told]:
    """My favourite colour is green, Dune is my favourite book."""
    found = _FAVOURITE.fullmatch(clause.whole) or (None if clause.subject else _IS_FAVOURITE.fullmatch(clause.whole))
    if found is None:
        return
    who = clause.subject or clause.me
    kind = found["kind"].strip()
    if kind.split()[0] in {"part", "thing", "one", "bit"}:
        return
    several = found.groupdict().get("be") == "are"
    items = things(found["what"], most=7) if several else _whole(found["what"])
    for item in items:
        be = "are" if several else "is"
        yield Told(
            who, f"favourite {kind} is", item, f"{who}'s favourite {kind} {be} {item}", 0.95, exclusive=not several
        )


def _whole(what: str) -> list[str]:
    """One favourite, which may hold an "and" of its own."""
    found = re.split(r"\s+(?:because|since|but|so|by far|which|though)\b|[,;(]", what, maxsplit=1)[0].strip(" .!")
    found = re.sub(r"^(?:probably|definitely|still|currently|now|of course|obviously)\s+", "", found)
    pointing = re.match(r"(?:it|this|that|when|how|what|the one|to)\b", found, re.IGNORECASE)
    return [] if not found or pointing or len(found.split()) > 7 else [found]


def allergy(clause: Clause) -> Iterator[Told]:
    """I am allergic to peanuts, I have a nut allergy, I am lactose intolerant."""
    if not clause.subject or clause.stands is Stands.NOT:
        return
    if clause.stands is Stands.GONE:
        gone = _ALLERGIC.fullmatch(clause.said)
        for item in things(gone["what"]) if gone else []:
            text = f"{clause.subject} is no longer allergic to {item}"
            yield Told(clause.subject, "is allergic to", item, text, 0.9, retracted=True)
        return
    found = _ALLERGIC.fullmatch(clause.whole)
    items = things(found["what"]) if found else []
    short = _ALLERGY.fullmatch(clause.whole) if found is None else None
    if short is not None:
        items = [
            f"{item}s" if item.lower() in _COUNTED else item
            for item in things(short["what"], most=3)
            if item.lower() not in {"food", "skin", "seasonal"}
        ]
    for item in items if not any(_NO_ALLERGEN.search(item) for item in items) else []:
        item = re.sub(r"^(?:the|all|most|any)\s+", "", item)  # noqa: PLW2901 - the same thing, more plainly
        yield Told(clause.subject, "is allergic to", item, f"{clause.subject} is allergic to {item}", 0.95)
    intolerant = _INTOLERANT.fullmatch(clause.whole)
    for item in things(intolerant["what"] or intolerant["to"]) if intolerant else []:
        yield Told(clause.subject, "is intolerant to", item, f"{clause.subject} is intolerant to {item}", 0.95)


def diet(clause: Clause) -> Iterator[Told]:
    """I am vegetarian, I do not eat pork, I stopped drinking coffee."""
    if not clause.subject:
        return
    found = _DIET.fullmatch(clause.said) or _KEEPS.fullmatch(clause.said)
    if found is not None and clause.stands is not Stands.NOT:
        what = next(group for group in found.groups() if group)
        gone = clause.stands is Stands.GONE
        text = f"{clause.subject} is {'no longer ' * gone}{what}"
        yield Told(
            clause.subject, "diet is", what, text, 0.93, retracted=gone, since=None if gone else clause.times.since
        )
        return
    habit = _HABIT.fullmatch(clause.said) if clause.holds else None
    if habit is not None or (not clause.holds and clause.said in {"smoke", "drink", "smokes", "drinks"}):
        what = base_of(habit["what"]) if habit else clause.said.removesuffix("s")
        yield Told(clause.subject, "does not", what, f"{clause.subject} does not {what}", 0.88)
        return
    eats = _EATS.fullmatch(clause.said)
    if eats is None or clause.holds or _NO_FOOD.match(eats["what"]):
        return
    verb, gone = eats["verb"].lower(), clause.stands is Stands.GONE
    for item in things(eats["what"], most=3):
        if gone:
            yield Told(
                clause.subject, f"{verb}s", item, f"{clause.subject} no longer {verb}s {item}", 0.9, retracted=True
            )
        yield Told(clause.subject, f"does not {verb}", item, f"{clause.subject} does not {verb} {item}", 0.9)


FORMS: tuple[Form, ...] = (liking, favourite, allergy, diet)

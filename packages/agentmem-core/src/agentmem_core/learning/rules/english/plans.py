"""Plans with a date, told with the date that is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentmem_core.learning.rules.english.phrases import base_of, place
from agentmem_core.learning.rules.times import in_english
from agentmem_core.learning.rules.told import Clause, Form, Told
from agentmem_core.recall.when import Span

_GOES = re.compile(
    r"(?:(?:is|will be)\s+(?:flying|travell?ing|going|driving|heading|off|headed|sailing|taking (?:a|the) (?:train|flight|bus|plane|ferry))|(?:flies|fly|travels?|goes|go|will (?:fly|travel|go|drive)|leaves?|is leaving|will leave)|"
    r"(?:is going|plans|is planning|plan|intends?|is due) to (?:fly|travel|go|drive)|has (?:a|my) (?:flight|trip|train|ticket|business trip)|booked (?:a|my|the) (?:flight|trip|train|ticket|holiday|vacation))"
    r"(?:\s+(?:back|out|over|down|up|home))?(?:\s+from\s+[A-Z][\w\s]{1,20}?)?(?:\s+(?:on|for) (?:a |an )?(?:\w+ )?(?:trip|vacation|holiday|honeymoon|business|work))?\s+(?:to|for)\s+(?P<place>.+)",
    re.IGNORECASE,
)
_MOVES = re.compile(
    r"(?:(?:is|will be)\s+(?:moving|relocating)|(?:is going|plans|is planning|plan) to (?:move|relocate)|will (?:move|relocate))(?:\s+(?:back|house|out|over))?\s+to\s+(?P<place>.+)",
    re.IGNORECASE,
)
_VISITS = re.compile(
    r"(?:(?:is|will be)\s+visiting|will visit|(?:is going|plans|is planning) to visit)\s+(?P<what>.+)", re.IGNORECASE
)
_GOING_TO = re.compile(
    r"(?:is going to(?!\s+(?:the|an?|my|our|some)\b)|will|plans to|plan to|is planning to|is due to|is scheduled to|intends? to)\s+(?P<what>[a-z]+(?:\s+.+)?)"
)
_ING = re.compile(r"is\s+(?P<ing>[a-z]{2,}ing)(?P<rest>\s+.+)?")
_EVENT_WORDS = (
    "appointment meeting interview exam test wedding concert flight surgery operation lesson class party reservation trip game match race "
    "marathon presentation conference checkup check-up deadline date viewing audition graduation rehearsal recital dinner lunch call "
    "tournament ceremony hearing session workshop festival anniversary delivery scan consultation follow-up defense defence "
    "defending orientation booking show performance housewarming baptism christening funeral reunion retreat vacation holiday due-date"
)
_EVENT = (
    rf"(?P<what>(?:[\w'-]+\s+){{0,5}}(?:{'|'.join(_EVENT_WORDS.split())})(?:\s+(?:with|to|for|of|in|at)\s+[\w\s'-]+)?)"
)
_HAS_EVENT = re.compile(rf"has\s+(?:an?|my|the|our|tickets? (?:to|for) (?:the|an?)?)\s+{_EVENT}", re.IGNORECASE)
_EVENT_IS = re.compile(
    rf"(?:my|our)\s+{_EVENT}\s+(?:is|will be|is scheduled|is set|is coming up|takes place|starts|is booked)(?:\s+(?:scheduled|set|booked))?(?:\s+for)?",
    re.IGNORECASE,
)
_NO_PLAN = frozenset("going doing being getting having trying thinking looking feeling hoping wondering dying kidding joking talking saying asking wanting "
                     "considering planning according using enjoying loving living reading watching sitting waiting struggling freaking working".split())  # fmt: skip
_SOME_PLAN = re.compile(
    r"(?:getting\s+(?:married|engaged|divorced|a\s|my\s|an\s|new\s)|having\s+(?:a|an|my|our|surgery|lunch|dinner|guests|people)|doing\s+(?:a|the|my)\b)"
)
_VAGUE = re.compile(
    r"(?:be|have to|need|probably|maybe|never|not|always|let|tell|send|check|try|think|see|ask|get back|do (?:it|that|this)|it|this|that|call you|start by|die|miss)\b",
    re.IGNORECASE,
)


def going(clause: Clause) -> Iterator[Told]:
    """I am flying to Rome on 3 May."""
    span = clause.times.coming
    if not clause.subject or not clause.holds or span is None:
        return
    for pattern, predicate in ((_MOVES, "plans to move to"), (_GOES, "plans to go to")):
        found = pattern.fullmatch(clause.said)
        town = place(found["place"], casual=clause.casual) if found else None
        if town:
            yield _told(clause, predicate, town, f"{clause.subject} {predicate} {town}", span, 0.92)
            return
    doing = _doing(clause)
    if doing is not None:
        doing = re.sub(r"\b(?:my|our)\b", f"{clause.me}'s", doing)
        yield _told(clause, "plans to", doing, f"{clause.subject} plans to {doing}", span, 0.82)


def _doing(clause: Clause) -> str | None:
    """What is planned, as the verb's plain form with its words."""
    found = _VISITS.fullmatch(clause.said)
    if found is not None:
        return _short(f"visit {found['what']}")
    found = _GOING_TO.fullmatch(clause.said)
    if found is not None:
        return None if _VAGUE.match(found["what"]) else _short(found["what"])
    found = _ING.fullmatch(clause.said)
    if found is None or (found["ing"] in _NO_PLAN and not _SOME_PLAN.match(f"{found['ing']}{found['rest'] or ''} ")):
        if (
            found is not None
            and found["ing"] == "going"
            and found["rest"]
            and re.match(r"\s+(?:to the|to an?|skiing|hiking|camping|fishing|climbing|sailing)\b", found["rest"])
        ):
            return _short(f"go{found['rest']}")
        return None
    return _short(f"{base_of(found['ing'])}{found['rest']}") if found["rest"] else None


def _short(words: str) -> str | None:
    """At most nine words, and none that point at what was said before."""
    words = re.split(r"\s*(?:[,;(]|\b(?:so|because|but|since|if|which|when|unless|and I|and we)\b)", words, maxsplit=1)[
        0
    ]
    words = " ".join(words.split())
    words = (
        re.sub(r"^(\w+ )(?:my|our) ", r"\1", words)
        if words.startswith(("visit", "start", "finish", "defend", "run", "take"))
        else words
    )
    many = len(words.split())
    return (
        words
        if 2 <= many <= 9 and not re.search(r"\b(?:it|that|this|you|your|them|him|her|me|us|there)\b", words)
        else None
    )


def event(clause: Clause) -> Iterator[Told]:
    """I have a dentist appointment on Friday, my driving test is on Thursday."""
    span = clause.times.coming
    if span is None or not clause.holds or (clause.subject and not clause.mine):
        return
    found = _HAS_EVENT.fullmatch(clause.said) if clause.subject else _EVENT_IS.fullmatch(clause.said)
    if found is None:
        return
    what = " ".join(found["what"].split())
    if len(what.split()) <= 8 and not re.search(
        r"\b(?:favou?rite|first thing|last|previous|you|your|that|this)\b", what, re.IGNORECASE
    ):
        article = "an" if what[:1].lower() in "aeio" else "a"
        yield _told(clause, "plans", what, f"{clause.me} has {article} {what}", span, 0.9)


def _told(clause: Clause, predicate: str, thing: str, text: str, span: Span, confidence: float) -> Told:
    return Told(clause.subject or clause.me, predicate, thing, f"{text} {in_english(span)}", confidence, on=span.start)


FORMS: tuple[Form, ...] = (going, event)

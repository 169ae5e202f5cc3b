"""What an English turn states."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from agentmem_core.learning.rules.english.clauses import Persons, clauses, expanded, stated
from agentmem_core.learning.rules.english.identity import FORMS as IDENTITY
from agentmem_core.learning.rules.english.plans import FORMS as PLANS
from agentmem_core.learning.rules.english.tastes import FORMS as TASTES
from agentmem_core.learning.rules.english.things import FORMS as THINGS
from agentmem_core.learning.rules.english.words import PETS, RELATIVES
from agentmem_core.learning.rules.english.work import FORMS as WORK
from agentmem_core.learning.rules.english.workplace import FORMS as WORKPLACE
from agentmem_core.learning.rules.times import dated
from agentmem_core.learning.rules.told import Clause, Told

_AND_A = re.compile(r"is\s+(?P<first>.{1,80}?),?\s+and\s+(?P<second>[\w\s-]{2,60})")

FORMS = (*IDENTITY, *WORK, *WORKPLACE, *THINGS, *TASTES, *PLANS)


def read_english(
    sentences: Sequence[str], me: str, said_at: datetime, *, casual: bool
) -> Iterator[tuple[Clause, list[Told]]]:
    """The clauses of a turn, in order, each with what it tells."""
    persons = Persons(me)
    for written in sentences:
        sentence = expanded(written)
        if not stated(sentence):
            persons.subject = persons.kind = ""
            continue
        for clause in clauses(dated(sentence, said_at), persons, casual=casual):
            told = _told(clause) or [item for part in _parts(clause) for item in _told(part)]
            yield clause, told
            _note(persons, told)


def _note(persons: Persons, told: list[Told]) -> None:
    """After "I have a puppy" its name may be told: "her name is Luna"."""
    for item in told:
        kind = item.object.split()[-1].lower()
        if item.predicate == "has" and not item.retracted and (kind in PETS or kind in RELATIVES):
            persons.other, persons.other_kind = f"{persons.me}'s {kind}", kind
            continue
        relation = item.predicate.removesuffix(" is")
        if item.subject == persons.me and relation in RELATIVES:
            persons.name(item.object, relation)


def _told(clause: Clause) -> list[Told]:
    return [told for form in FORMS for told in form(clause)]


def _parts(clause: Clause) -> list[Clause]:
    """What a clause says one by one ("is 27 and a designer"), or what it says up to its first comma."""
    both = _AND_A.fullmatch(clause.said)
    if both is not None:
        return [replace(clause, said=said, whole=said) for said in (f"is {both['first']}", f"is {both['second']}")]
    return [_shortened(clause)] if "," in clause.said or "," in clause.whole else []


def _shortened(clause: Clause) -> Clause:
    """The clause up to its first comma: "I turned forty last week, feeling old"."""
    return replace(clause, said=clause.said.partition(",")[0].strip(), whole=clause.whole.partition(",")[0].strip())

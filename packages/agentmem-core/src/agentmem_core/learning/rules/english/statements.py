"""What an English turn states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from agentmem_core.learning.rules.english import identity, plans, tastes, things, work
from agentmem_core.learning.rules.english.clauses import Persons, clauses, expanded, stated
from agentmem_core.learning.rules.english.words import PETS, RELATIVES
from agentmem_core.learning.rules.times import dated
from agentmem_core.learning.rules.told import Clause, Told

FORMS = (*identity.FORMS, *work.FORMS, *things.FORMS, *tastes.FORMS, *plans.FORMS)


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
            told = _told(clause) or _told(_shortened(clause))
            yield clause, told
            _note(persons, told)


def _note(persons: Persons, told: list[Told]) -> None:
    """After "I have a puppy" its name may be told: "her name is Luna"."""
    for item in told:
        kind = item.object.split()[-1].lower()
        if item.predicate == "has" and not item.retracted and (kind in PETS or kind in RELATIVES):
            persons.other, persons.other_kind = f"{persons.me}'s {kind}", kind


def _told(clause: Clause) -> list[Told]:
    return [told for form in FORMS for told in form(clause)]


def _shortened(clause: Clause) -> Clause:
    """The clause up to its first comma: "I turned forty last week, feeling old"."""
    return replace(clause, said=clause.said.partition(",")[0].strip(), whole=clause.whole.partition(",")[0].strip())

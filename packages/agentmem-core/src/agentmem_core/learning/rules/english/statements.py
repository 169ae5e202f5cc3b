"""What an English turn states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agentmem_core.learning.rules.english import identity, plans, tastes, things, work
from agentmem_core.learning.rules.english.clauses import Persons, clauses, expanded, stated
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
            yield clause, [told for form in FORMS for told in form(clause)]

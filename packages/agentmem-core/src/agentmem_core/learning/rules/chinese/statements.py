"""What a Chinese turn states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from agentmem_core.learning.rules.chinese.clauses import Persons, clauses, expanded, stated
from agentmem_core.learning.rules.chinese.forms import FORMS as PERSON
from agentmem_core.learning.rules.chinese.tastes import FORMS as TASTES
from agentmem_core.learning.rules.chinese.words import PETS
from agentmem_core.learning.rules.times import dated
from agentmem_core.learning.rules.told import Clause, Told

FORMS = (*PERSON, *TASTES)


def read_chinese(sentences: Sequence[str], me: str, said_at: datetime) -> Iterator[tuple[Clause, list[Told]]]:
    """The clauses of a turn, in order, each with what it tells."""
    persons = Persons(me)
    for written in sentences:
        sentence = expanded(written)
        if not stated(sentence):
            persons.subject = persons.kind = ""
            continue
        for clause in clauses(dated(sentence, said_at), persons):
            told = [item for form in FORMS for item in form(clause)]
            yield clause, told
            _turn_to_pet(persons, told)


def _turn_to_pet(persons: Persons, told: list[Told]) -> None:
    """After "I have a cat" the clause "called Mimi" speaks of the cat."""
    for item in told:
        pet = next((pet for pet in PETS if item.predicate == "有" and item.object.endswith(pet)), None)
        if pet is not None and not item.retracted:
            persons.turn_to(f"{persons.me}的{pet}", pet)

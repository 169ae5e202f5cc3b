"""What is told to each framework, and what is asked for it elsewhere."""

from typing import NamedTuple


class Fact(NamedTuple):
    """A turn that holds ``word``, and a question that does not."""

    said: str
    answer: str
    question: str
    word: str


TELLING = ("chain", "chat", "crew")
ASKING = ("chain", "chat", "index", "crew")
_FACTS = {
    "chain": ("My cello teacher is called {}", "Noted", "How is my cello teacher called?", ("Rita", "Otto")),
    "chat": ("My sister moved to {}", "Good to know", "Where did my sister move?", ("Bergen", "Malaga")),
    "crew": ("Find out about the ferry to Cacilhas", "The ferry to Cacilhas leaves at {}",
             "When does the ferry to Cacilhas leave?", ("7.40", "9.15")),
}  # fmt: skip


def fact(teller: str, user: str) -> Fact:
    """What ``user`` tells this framework; ana and bo tell the same with another word."""
    said, answer, question, words = _FACTS[teller]
    word = words[("ana", "bo").index(user)]
    return Fact(said.format(word), answer.format(word), question, word)

"""How good a ranking is: pure arithmetic over the names that were found and wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from benchmarks.chats import Question

LIMITS = (1, 3, 5, 10, 20)
DEPTH = 50
"""How many turns are looked at to rank sessions."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Names found, best first and each once, and the names wanted, of which there is at least one."""

    wanted: tuple[str, ...]
    found: tuple[str, ...]

    def hits(self, limit: int) -> int:
        """How many of the wanted are among the first."""
        return len(set(self.found[:limit]) & set(self.wanted))

    def any(self, limit: int) -> float:
        """1 where at least one is."""
        return float(self.hits(limit) > 0)

    def fraction(self, limit: int) -> float:
        """The part of the wanted among the first."""
        return self.hits(limit) / len(self.wanted)

    def complete(self, limit: int) -> float:
        """1 where all are."""
        return float(self.hits(limit) == len(self.wanted))

    @property
    def ndcg(self) -> float:
        """Normalised discounted cumulative gain of the first ten, each wanted name worth the same."""
        gain = sum(1 / math.log2(rank + 1) for rank, name in enumerate(self.found[:10], 1) if name in self.wanted)
        return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(10, len(self.wanted)) + 1))

    @property
    def reciprocal(self) -> float:
        """One over the rank of the first right name among ten."""
        return next((1 / rank for rank, name in enumerate(self.found[:10], 1) if name in self.wanted), 0.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, and the turns and the sessions found for it, best first."""

    question: Question
    turns: tuple[str, ...]
    sessions: tuple[str, ...]

    @classmethod
    def of(cls, question: Question, found: Sequence[str], session_of: Callable[[str], str | None]) -> Answer:
        """Sessions are ranked by their first turn among the first ``DEPTH``; a name that is no turn keeps its rank as a turn."""
        places = [place for name in found[:DEPTH] if (place := session_of(name)) is not None]
        return cls(question, tuple(found), tuple(dict.fromkeys(places)))


def turn_rankings(answers: Iterable[Answer]) -> list[Ranking]:
    """Of the questions that name turns."""
    return [Ranking(each.question.evidence, each.turns) for each in answers if each.question.evidence]


def session_rankings(answers: Iterable[Answer]) -> list[Ranking]:
    """Of the questions that name sessions."""
    return [Ranking(each.question.sessions, each.sessions) for each in answers if each.question.sessions]


def scores(rankings: Sequence[Ranking]) -> dict[str, float]:
    """Means over the questions by name: ``any@k``, ``fraction@k``, ``complete@k``, ``ndcg@10``, ``mrr@10``.

    ``pooled@10`` is the part of all wanted names together that was found, so questions with many count for more. Empty for none.
    """
    if not rankings:
        return {}
    table = {
        f"{name}@{limit}": mean(score(ranking, limit) for ranking in rankings)
        for name, score in (("any", Ranking.any), ("fraction", Ranking.fraction), ("complete", Ranking.complete))
        for limit in LIMITS
    }
    table["pooled@10"] = sum(each.hits(10) for each in rankings) / sum(len(each.wanted) for each in rankings)
    table["ndcg@10"] = mean(ranking.ndcg for ranking in rankings)
    table["mrr@10"] = mean(ranking.reciprocal for ranking in rankings)
    return {name: round(value, 4) for name, value in table.items()}


def by_kind(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    """The answers of each kind of question, kinds in order of the alphabet."""
    kinds: dict[str, list[Answer]] = {}
    for answer in answers:
        asked = answer.question
        name = (
            asked.kind
            if asked.language == "en" or asked.kind.startswith(asked.language)
            else f"{asked.language} {asked.kind}"
        )
        kinds.setdefault(name, []).append(answer)
    return dict(sorted(kinds.items()))

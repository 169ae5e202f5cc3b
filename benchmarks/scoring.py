"""How good an answer is: pure arithmetic over the names of turns found and wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from benchmarks.chats import Question


@dataclass(frozen=True, slots=True)
class Answer:
    """A question and the names of the turns found, best first."""

    question: Question
    found: tuple[str, ...]

    def recall(self, limit: int) -> float:
        """The part of the evidence among the first."""
        return self.hits(limit) / len(self.question.evidence)

    def hits(self, limit: int) -> int:
        """How many turns of the evidence are among the first."""
        return len(set(self.found[:limit]) & set(self.question.evidence))

    @property
    def ndcg(self) -> float:
        """Normalised discounted cumulative gain of the first ten."""
        gain = sum(1 / math.log2(rank + 1) for rank, name in enumerate(self.found[:10], 1) if self._is_right(name))
        ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(10, len(self.question.evidence)) + 1))
        return gain / ideal

    @property
    def reciprocal(self) -> float:
        """One over the rank of the first right turn among ten."""
        return next((1 / rank for rank, name in enumerate(self.found[:10], 1) if self._is_right(name)), 0.0)

    def _is_right(self, name: str) -> bool:
        return name in self.question.evidence


@dataclass(frozen=True, slots=True)
class Means:
    """Over the first ten: per question, and ``micro`` over all evidence turns."""

    recall: float
    micro: float
    ndcg: float
    reciprocal: float


def means(answers: Sequence[Answer]) -> Means:
    """Of many answers."""
    wanted = sum(len(answer.question.evidence) for answer in answers)
    return Means(
        recall_at(answers, 10),
        sum(answer.hits(10) for answer in answers) / wanted,
        mean(answer.ndcg for answer in answers),
        mean(answer.reciprocal for answer in answers),
    )


def recall_at(answers: Sequence[Answer], limit: int) -> float:
    """The mean over questions of the part of the evidence found."""
    return mean(answer.recall(limit) for answer in answers)


def hit_within(answers: Sequence[Answer], limit: int) -> float:
    """The part of the questions with at least one right turn among the first."""
    return mean(answer.hits(limit) > 0 for answer in answers)

"""Who learns, and at what price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agentmem_core.learning.budget import LearningBudget
from agentmem_core.learning.values import Fact, Turn
from agentmem_core.ports import LanguageModel


class Extractor(Protocol):
    """Takes facts from turns without a model; ``about`` is the subject that "I" stands for."""

    def __call__(self, turns: Sequence[Turn], *, about: str) -> list[Fact]:
        """The facts that these turns state."""
        ...


@dataclass(frozen=True, slots=True)
class Learner:
    """A model, or rules: the first of them that is given. ``rules`` is asked for the extractor when it is first needed."""

    model: LanguageModel | None = None
    rules: Callable[[], Extractor] | None = None
    budget: LearningBudget = field(default_factory=LearningBudget)

    @property
    def name(self) -> str:
        """For reports: ``model:`` and its name, or ``rules``."""
        return "rules" if self.model is None else f"model:{model_name(self.model)}"


def model_name(model: LanguageModel) -> str:
    """What a model calls itself, or its class where it has no name that can be used."""
    name = getattr(model, "name", None)
    return name[:200] if isinstance(name, str) and name.strip() else type(model).__name__

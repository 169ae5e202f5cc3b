"""How much learning may cost."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agentmem_core.model.usage import Usage
from agentmem_core.model.values import Given

CALLS = 2
"""Calls that one add needs at most: one extracts, one decides."""

Bound = Annotated[int, Field(ge=0, le=2**53)]


class LearningBudget(Given):
    """Bounds on what a model may cost: calls and tokens (of questions and answers) of one add, and of a tenant's day in UTC.

    None is no bound.
    """

    max_calls: Annotated[int, Field(ge=0, le=CALLS)] = CALLS
    max_tokens: Bound | None = None
    max_calls_per_day: Bound | None = None
    max_tokens_per_day: Bound | None = None

    @property
    def daily(self) -> bool:
        """Whether a day has bounds, so that what was spent must be known before a call."""
        return self.max_calls_per_day is not None or self.max_tokens_per_day is not None


def refusal(budget: LearningBudget, spent: Usage, today: Usage, tokens: int) -> str | None:
    """Why one more call of about ``tokens`` is not to be made; None when it is.

    ``spent`` is what this add has cost, ``today`` what the tenant's day has.
    """
    bounds = (
        (budget.max_calls, spent.calls + 1, "max_calls", "an add"),
        (budget.max_tokens, spent.tokens + tokens, "max_tokens", "an add"),
        (budget.max_calls_per_day, today.calls + 1, "max_calls_per_day", "a day"),
        (budget.max_tokens_per_day, today.tokens + tokens, "max_tokens_per_day", "a day"),
    )
    for bound, needed, name, of in bounds:
        if bound is not None and needed > bound:
            return f"the budget for {of} is used up: one more call would make {needed:,} where {name} is {bound:,}"
    return None


def charged(usage: Usage, asked: int, answered: int) -> Usage:
    """What a call cost: as the model tells, or as it is estimated where it does not."""
    return Usage(
        calls=max(1, usage.calls),
        input_tokens=usage.input_tokens if usage.input_tokens > 0 else asked,
        output_tokens=usage.output_tokens if usage.output_tokens > 0 else answered,
    )

"""How good a skill is for a task: how well it fits, and how surely it works."""

from __future__ import annotations

import math

Z = 1.96
"""Standard deviations of the bound: 95 %."""

_UNSURE = 0.25
"""What is left of the relevance of a skill that never works."""


def wilson(successes: int, runs: int, z: float = Z) -> float:
    """The lower bound of the success rate that so many runs speak for (Wilson, JASA 22:158, 1927); 0 without runs."""
    if runs <= 0:
        return 0.0
    rate = successes / runs
    centre = rate + z * z / (2 * runs)
    spread = z * math.sqrt(rate * (1 - rate) / runs + z * z / (4 * runs * runs))
    return max(0.0, (centre - spread) / (1 + z * z / runs))


def skill_score(relevance: float, successes: int, runs: int) -> float:
    """Relevance times a trust that grows with the bound; a success and a failure are assumed before the first run.

    So a skill never tried stands between one that works and one that fails.
    """
    trust = wilson(successes + 1, runs + 2)
    return relevance * (_UNSURE + (1 - _UNSURE) * trust)

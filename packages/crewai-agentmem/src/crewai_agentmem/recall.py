"""From the hits of the core's hybrid recall to labelled matches: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crewai.memory.types import MemoryMatch

from agentmem_core import Hit, InvalidInputError
from crewai_agentmem.fields import LABELS, folded, view_of
from crewai_agentmem.records import record_of

WEIGHTS = {"short_term": 1.0, "long_term": 0.95, "entity": 0.95}
"""What a view's scores are multiplied by: among equals, what happens now comes first."""


class LabelledMatch(MemoryMatch):
    """A match that says which view it is from, also in the prompt."""

    view: str = "long_term"

    def format(self) -> str:
        """The memory as it stands in a prompt: its view, its score, its text, and what is known of it."""
        lines = [f"- [{LABELS[self.view]}] (score={self.score:.2f}) {self.record.content}"]
        if self.record.categories:
            lines.append(f"  categories: {', '.join(self.record.categories)}")
        lines += [f"  {name}: {value}" for name, value in self.record.metadata.items() if value is not None]
        return "\n".join(lines)


def matches(hits: Iterable[Hit], run: str, limit: int, weights: Mapping[str, float]) -> list[MemoryMatch]:
    """The best hits of all views, each text once, weighed and labelled."""
    weighed = [(hit.score * weights.get(view, 1.0), view, hit) for hit in hits for view in [view_of(hit.memory, run)]]
    weighed.sort(key=lambda item: item[0], reverse=True)
    found: list[MemoryMatch] = []
    said: set[str] = set()
    for score, view, hit in weighed:
        text = folded(hit.memory.content)
        if text in said:
            continue
        said.add(text)
        found.append(
            LabelledMatch(record=record_of(hit.memory), score=score, match_reasons=_reasons(hit, view), view=view)
        )
        if len(found) == limit:
            break
    return found


def checked_weights(given: Mapping[str, Any] | None) -> dict[str, float]:
    """The weights of the three views, those that are not given as they are."""
    for name, weight in (given or {}).items():
        if name not in WEIGHTS:
            raise InvalidInputError(f"weights: unknown view {name!r}; use one of {', '.join(WEIGHTS)}")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
            raise InvalidInputError(f"weights: {name} must be a number from 0 to 1, got {weight!r}")
    return {**WEIGHTS, **(given or {})}


def _reasons(hit: Hit, view: str) -> list[str]:
    signals = hit.signals
    said = [LABELS[view]]
    said += ["semantic"] if signals.dense > 0 else []
    said += ["lexical"] if signals.lexical > 0 else []
    said += ["recency"] if signals.recency > 0.5 else []
    said += ["importance"] if hit.memory.importance > 0.5 else []
    return said

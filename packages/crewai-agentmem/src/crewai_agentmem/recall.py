"""From the hits of the core's hybrid recall to labelled matches: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crewai.memory.types import MemoryMatch

from agentmem_core import Hit, InvalidInputError, speaker_of, worth_telling
from crewai_agentmem.fields import LABELS, folded, number, tag_of, view_of
from crewai_agentmem.records import record_of

WEIGHTS = {"short_term": 1.0, "long_term": 0.95, "entity": 0.95}
"""What a view's scores are multiplied by: among equals, what happens now comes first."""


class LabelledMatch(MemoryMatch):
    """A match that says which view it is from and who said it, also in the prompt."""

    view: str = "long_term"
    speaker: str = ""
    foreign: bool = False
    """Another program wrote it: objects in its metadata are that program's bookkeeping, and stay out of the prompt."""

    def format(self) -> str:
        """The memory as it stands in a prompt: its view, its score, who said what, and what is known of it."""
        said = f"{self.speaker}: {self.record.content}" if self.speaker else self.record.content
        lines = [f"- [{LABELS[self.view]}] (score={self.score:.2f}) {said}"]
        if self.record.categories:
            lines.append(f"  categories: {', '.join(self.record.categories)}")
        lines += [f"  {name}: {value}" for name, value in self.record.metadata.items() if self._tells(value)]
        return "\n".join(lines)

    def _tells(self, value: object) -> bool:
        return value is not None and not (self.foreign and isinstance(value, dict))


def matches(
    query: str, hits: Iterable[Hit], run: str, limit: int, weights: Mapping[str, float], min_score: float | None
) -> list[MemoryMatch]:
    """The best hits of all views that are worth telling, each text once, weighed and labelled."""
    told = [(view_of(hit.memory, run), hit) for hit in worth_telling(hits, min_score, query=query)]
    weighed = [(hit.score * weights.get(view, 1.0), view, hit) for view, hit in told]
    weighed.sort(key=lambda item: item[0], reverse=True)
    found: list[MemoryMatch] = []
    said: set[str] = set()
    for score, view, hit in weighed:
        text = folded(hit.memory.content)
        if text in said:
            continue
        said.add(text)
        found.append(_match(hit, view, score))
        if len(found) == limit:
            break
    return found


def checked_weights(given: object) -> dict[str, float]:
    """The weights of the three views, those that are not given as they are."""
    if given is not None and not isinstance(given, Mapping):
        raise InvalidInputError(f"weights: must be a dict of views and numbers, not {type(given).__name__}")
    for name, weight in (given or {}).items():
        if name not in WEIGHTS:
            raise InvalidInputError(f"weights: unknown view {name!r}; use one of {', '.join(WEIGHTS)}")
        number(f"weights: {name}", weight)
    return {**WEIGHTS, **(given or {})}


def _match(hit: Hit, view: str, score: float) -> MemoryMatch:
    return LabelledMatch(
        record=record_of(hit.memory),
        score=score,
        match_reasons=_reasons(hit, view),
        view=view,
        speaker=speaker_of(hit.memory),
        foreign=not tag_of(hit.memory),
    )


def _reasons(hit: Hit, view: str) -> list[str]:
    signals = hit.signals
    said = [LABELS[view]]
    said += ["semantic"] if signals.dense > 0 else []
    said += ["lexical"] if signals.lexical > 0 else []
    said += ["recency"] if signals.recency > 0.5 else []
    said += ["importance"] if hit.memory.importance > 0.5 else []
    return said

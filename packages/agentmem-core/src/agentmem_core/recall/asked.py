"""What a query asks for: the times it names, and the text that is left for words to match."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from agentmem_core.recall.text import telling_words, words
from agentmem_core.recall.when import Span, spans
from agentmem_core.recall.when.calendar import DAY

Floats = NDArray[np.float32]

FELT = 0.25
"""How near to the times of a query the nearest row must be; where none is, its times are words like any others."""
BEFORE, AFTER = 0.25, 0.75
"""Half-lives outside a span, as parts of its grain: people tell things a little after they happened."""
OTHER_YEARS = np.float32(0.7)
"""What the same time of another year counts where the query names none."""
_YEAR = 365 * DAY + DAY // 4
_HAPPENING = re.compile(r"\b(?:happen(?:s|ed|ing)?|occur(?:s|red|ring)?|took place)\b|发生", re.IGNORECASE)
"""Whatever occurred happened: beside a time these words tell no more than the time does."""
_HOW_MANY = re.compile(r"\bhow\s+(?:many|much)\b", re.IGNORECASE)
_QUANTITIES = frozenset({"mani", "much"})
"""After "how" these words ask, as "what" does: an answer has a number where they stand."""
LEAST_BEFORE, LEAST_AFTER = DAY // 2, 4 * DAY
"""The shortest half-lives, for days and hours."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query's different ``words``, those of them that ``tell`` more than a time, and the ``times`` it names."""

    words: tuple[str, ...] = ()
    tell: tuple[str, ...] = ()
    times: tuple[Span, ...] = ()


def asked(query: str | None, now: datetime) -> Asked:
    """A query taken apart."""
    if query is None or not query.strip():
        return Asked()
    times = spans(query, now)
    asking = _QUANTITIES if _HOW_MANY.search(query) else frozenset[str]()
    every = tuple(dict.fromkeys(words(query)))
    every = tuple(word for word in every if word not in asking) or every
    if not times:
        return Asked(every, every)
    tell = dict.fromkeys(word for word in _content(query, times) if word not in asking)
    return Asked(every, tuple(tell), tuple(times))


def _content(query: str, times: Sequence[Span]) -> list[str]:
    """The words outside the time expressions; none where only function words are left."""
    kept: list[str] = []
    end = 0
    for span in times:
        kept.append(query[end : max(span.at, end)])
        if span.name is not None:
            kept.append(query[span.name[0] : span.name[1]])
        end = max(end, span.to)
    kept.append(query[end:])
    return telling_words(_HAPPENING.sub(" ", " ".join(kept)))


def nearness(times: Sequence[Span], occurred: NDArray[np.int64]) -> Floats:
    """How near each moment is to the nearest of the spans: 1 inside, halving with every half-life outside."""
    best = np.zeros(len(occurred), np.float32)
    for span in times:
        np.maximum(best, _near(span, occurred), out=best)
        if span.recurs:
            years = np.rint((occurred - span.begin) / _YEAR).astype(np.int64)
            np.maximum(best, OTHER_YEARS * _near(span, occurred - years * _YEAR), out=best)
    return best


def _near(span: Span, moments: NDArray[np.int64]) -> Floats:
    before = np.maximum(span.begin - moments, 0) / max(BEFORE * span.grain, LEAST_BEFORE)
    after = np.maximum(moments - (span.until - 1), 0) / max(AFTER * span.grain, LEAST_AFTER)
    return np.exp2(-(before + after)).astype(np.float32)

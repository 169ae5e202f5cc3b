"""How relevant each row is to a query: pure arithmetic over a view.

*Lexical* is coverage: BM25 weights of the query's words, summed and divided by the words' idf, so that 1.0 means "every word
of the query stands here once". A word of like meaning counts for one that is not there (``ALIKE``). A turn also borrows from its
neighbours, each word from the nearest turn that has it (``talk``): an answer often stands next to the words that match. Names
of speakers are not lent, since everybody's turns would then carry both; they count the same in long and short turns, since they say
whose it is and not what it is about. Turns of a speaker whom the query names get ``NAMED`` beside, as do facts with that name, and turns
that only ask lose ``ASKING``.
*Dense* is the cosine between row and query, without the names of speakers in it (``names``). Both are united: a row found by one of
them alone still counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agentmem_core.errors import StoreDamagedError
from agentmem_core.model import Signals
from agentmem_core.recall.related import related
from agentmem_core.recall.view import Mask, View, as_float32

Floats = NDArray[np.float32]

ALIKE = 0.6
"""What a word of like meaning counts, times how near its meaning is."""
LIKE = 2
"""So many words may stand for one."""
NAMED = 0.2
ASKING = 0.1
DENSE = 0.4
"""Weight of the dense channel beside the lexical one's 1.0."""
PUSH = np.float32(0.5)
"""The part of its relevance that a row loses which is far from the time the query names."""
LIFT = np.float32(0.1)
"""What a row gains that lies in it."""
RECENT = 0.05
IMPORTANT = 0.10
"""How much recency and importance can lift a relevant row, as a part of its score."""
HALF_LIFE_DAYS = {
    "core": 365.0,
    "working": 0.5,
    "episodic": 30.0,
    "semantic": 180.0,
    "procedural": 365.0,
    "resource": 365.0,
    "knowledge": 365.0,
    "contextual": 1.0,
}
_DAY = 86_400_000_000
_NOBODY: AbstractSet[str] = frozenset()
_LEAST_LIFT = np.float32((1 - IMPORTANT / 2) / (1 + RECENT + IMPORTANT / 2) * 0.999)
"""What is weighed down most keeps this part of what is lifted most."""
_FEW = 160
"""Candidates that are weighed without choosing among them first: choosing takes longer."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Positions in a view, best first, with the score 0..1 and what it is made of."""

    positions: NDArray[np.int64]
    scores: Floats
    dense: Floats
    lexical: Floats
    recency: Floats
    importance: Floats
    time: Floats


def lexical_scores(
    view: View, asked: Sequence[str], exists: Mask, *, loosely: bool = False
) -> tuple[Floats, Floats | None]:
    """Coverage of the query's different words by each row that exists for the reader, and what speaker and form add, if anything.

    Rows that do not exist for the reader lend nothing; what they score themselves means nothing. ``loosely`` lets words of like meaning stand for those asked for.
    """
    scores = np.zeros(len(view), np.float32)
    if not asked or not len(view):
        return scores, None
    talk = view.talk()
    talking = len(talk.order) > 0
    names = view.speaker_words() if talking else _NOBODY
    there, wanted = view.lexicon.words, set(asked)
    taken = wanted | names
    naming = view.naming_words() if talking else _NOBODY
    lent: list[tuple[NDArray[np.int32], Floats]] = []
    about: list[NDArray[np.int32]] = []
    total = 0.0
    for word in asked:
        near = related(word) if loosely and word not in names else ()
        alike = [(other, ALIKE * share) for other, share in near if other in there and other not in taken]
        rows, weights, idf = view.lexicon.weights(word, alike[:LIKE])
        total += idf
        if not len(rows):
            continue
        if word in names:
            scores[rows] += np.float32(idf)
            if word in naming and len(talk.order) < len(view):
                about.append(rows[~view.columns["turn"][rows]])
        elif not talking:
            scores[rows] += weights  # of a row that comes twice the last counts
        else:
            lent.append((rows, weights * exists[rows]))
    if lent:
        talk.lend(lent, scores)
    scores /= np.float32(total)
    if not talking:
        return scores, None
    extra = NAMED * view.spoken_by(wanted) - ASKING * (view.columns["question"] & view.columns["turn"])
    for rows in about:
        extra[rows] = NAMED
    return scores, extra.astype(np.float32)


def fuse(lexical: Floats | None, extra: Floats | None, dense: Floats | None) -> Floats:
    """Relevance 0..1 from the channels there are; ``dense`` is a cosine, and below zero counts as zero."""
    if lexical is None:
        return np.clip(dense, 0.0, 1.0) if dense is not None else np.zeros(0, np.float32)
    relevance = lexical if dense is None else lexical + np.float32(DENSE) * np.maximum(dense, np.float32(0))
    if extra is not None:
        found = relevance > 0
        relevance = np.maximum(relevance + extra, np.float32(1e-6))
        relevance *= found
    return np.minimum(relevance, np.float32(1 + DENSE)) * np.float32(1 / (1 + DENSE))


def timed(relevance: Floats, time: Floats, *, alone: bool) -> Floats:
    """Rows near the time that the query names gain ``LIFT``, rows far from it lose ``PUSH`` of what they have.

    ``time`` is how near each row is to it. ``alone`` when the query names nothing else: then a row counts for its time, else
    only for what it says.
    """
    lift = LIFT * time if alone else np.where(relevance > 0, LIFT * time, np.float32(0))
    return as_float32(np.clip(relevance * (1 - PUSH * (1 - time)) + lift, np.float32(0), np.float32(1)))


def untimed(signals: Signals) -> float:
    """What a hit of these signals scores in a hybrid search that names no time; more only where the speaker or the form counts."""
    relevance = min((signals.lexical + DENSE * max(signals.dense, 0.0)) / (1 + DENSE), 1.0)
    lift = 1.0 + RECENT * signals.recency + IMPORTANT * (signals.importance - 0.5)
    return relevance * lift / (1.0 + RECENT + IMPORTANT / 2)


def rank(
    view: View,
    relevance: Floats,
    mask: Mask,
    *,
    limit: int,
    now: int,
    weighed: bool,
    dense: Floats | None = None,
    lexical: Floats | None = None,
    time: Floats | None = None,
    keep_all: bool = False,
) -> Ranked:
    """The ``limit`` best of the rows in ``mask``; among equals the newer first.

    ``weighed`` lets recency and importance lift relevant rows; ``keep_all`` keeps rows of no relevance at all.
    """
    order_by = dense if keep_all and dense is not None and not weighed else relevance
    pool = limit if not weighed else max(4 * limit + 32, _FEW)
    candidates = _within_reach(relevance, mask, limit, pool) if weighed and not keep_all else None
    if candidates is None:
        candidates = (mask if keep_all else mask & (relevance > 0)).nonzero()[0]
        candidates = _largest(order_by, candidates, pool)
    columns, candidates = view.columns, candidates[::-1]
    half_lives = _half_lives(view.types.names)[columns["type"][candidates]]
    recency = np.exp2(np.minimum(columns["occurred"][candidates] - now, 0) / half_lives).astype(np.float32)
    importance = columns["importance"][candidates]
    scores = relevance[candidates]
    if weighed:
        lift = RECENT * recency + IMPORTANT * importance + (1 - IMPORTANT / 2)
        scores = keys = np.minimum(scores * lift * np.float32(1 / (1 + RECENT + IMPORTANT / 2)), np.float32(1))
    else:
        keys = order_by[candidates]
    best = (-keys).argsort(kind="stable")[:limit]
    chosen = candidates[best]
    nothing = np.zeros(len(chosen), np.float32)
    return Ranked(
        chosen,
        scores[best],
        nothing if dense is None else dense[chosen],
        nothing if lexical is None else np.minimum(lexical[chosen], np.float32(1)),
        recency[best],
        importance[best],
        nothing if time is None else time[chosen],
    )


def _within_reach(relevance: Floats, mask: Mask, limit: int, pool: int) -> NDArray[np.int64] | None:
    """The rows that being weighed could lift among the ``limit`` best; None where there are few rows at all, or many of those."""
    if len(relevance) <= pool:
        return None
    masked = relevance * mask
    least = np.partition(masked, len(masked) - limit)[len(masked) - limit] * _LEAST_LIFT
    if least <= 0:
        return None
    within = (masked >= least).nonzero()[0]
    return within if len(within) <= pool else None


def _largest(values: Floats, candidates: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The candidates with the largest values, in order; of those that tie for the last places the newest."""
    if len(candidates) <= count:
        return candidates
    candidates = candidates[::-1]
    kept = np.argpartition(-values[candidates], count - 1)[:count]
    threshold = values[candidates[kept]].min()
    above = candidates[values[candidates] > threshold]
    ties = candidates[values[candidates] == threshold][: count - len(above)]
    return np.sort(np.concatenate((above, ties)))


@lru_cache(maxsize=64)
def _half_lives(kinds: tuple[str, ...]) -> NDArray[np.float64]:
    """The half-lives of types by their codes, which begin at 1, in microseconds."""
    return np.array([1.0, *(_DAY * _half_life(kind) for kind in kinds)])


def _half_life(kind: str) -> float:
    found = HALF_LIFE_DAYS.get(kind)
    if found is None:
        raise StoreDamagedError(
            "a memory in the store has a type that does not exist. Copy the folder away, then restore a backup or an export"
        )
    return found

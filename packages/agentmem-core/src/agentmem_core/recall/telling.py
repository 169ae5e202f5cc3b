"""Which hits deserve a place in a prompt."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from agentmem_core.model import Hit
from agentmem_core.recall.rendering import speaker_of
from agentmem_core.recall.text import PARTICLES, is_wide, words

PROMPT_FLOOR = 0.025
"""Of two texts without a word in common, a score below is a likeness too faint for a prompt (decision 0016)."""
WIDE_FLOOR = 0.09
"""The same where one of the two is Chinese, Japanese or Korean: embedders find such texts alike whatever they say (decision 0032)."""
_OPEN = """
any anything everything happen occur tell told talk discuss chat speak mention ask write note go went come new news thing event plan schedule agenda busy
conversation session meet remember know learn
"""
_OPEN_WIDE = frozenset("发生做干说聊谈讲讨论提问记去来新事情件安排计划日程忙见过得样")
"""Words that ask, beside a time, for whatever there was then; the second are characters."""


def worth_telling(hits: Iterable[Hit], min_score: float | None = None, *, query: str | None = None) -> list[Hit]:
    """The hits that deserve a place in a prompt: all that share a word with the question, and of the others those not too faint.

    Where the caller asked for a ``min_score``, the search has chosen already, and all are worth it that have a word. When the ``query``
    is given: of a text written without spaces one character in common is no word (two that stand together are), and
    what only lies in the time that is asked about is told where nothing else is asked.
    """
    hits = [hit for hit in hits if _says_something(hit.memory.content)]
    if min_score is not None:
        return hits
    asked = frozenset(words(query)) if query else None
    wide = query is not None and is_wide(query)
    then = query is not None and _asks_what_there_was(query, hits)
    return [hit for hit in hits if (then and _is_near(hit)) or _is_worth_telling(hit, asked, wide=wide)]


def _says_something(text: str) -> bool:
    """Whether a text is more than punctuation and signs, which is what adapters keep for a turn without a text."""
    return any(unicodedata.category(char)[0] in "LNM" or unicodedata.category(char) == "So" for char in text)


def _is_worth_telling(hit: Hit, asked: frozenset[str] | None, *, wide: bool) -> bool:
    content, score = hit.memory.content, hit.score if asked is None else _own_score(hit)
    if not is_wide(content):
        return hit.signals.lexical > 0 or score >= (WIDE_FLOOR if wide else PROMPT_FLOOR)
    if score >= WIDE_FLOOR or hit.signals.lexical <= 0 or asked is None:
        return score >= WIDE_FLOOR or hit.signals.lexical > 0
    return any(len(word) > 1 for word in asked.intersection(words(f"{content} {speaker_of(hit.memory)}")))


def _own_score(hit: Hit) -> float:
    """The score without what the time adds that the question names. A search by likeness alone adds nothing: its score is the cosine."""
    if not hit.signals.time or hit.score == hit.signals.dense:
        return hit.score
    from agentmem_core.recall.ranking import untimed

    return min(hit.score, untimed(hit.signals))


def _is_near(hit: Hit) -> bool:
    from agentmem_core.recall.asked import FELT

    return hit.signals.time > FELT


def _asks_what_there_was(query: str, hits: Sequence[Hit]) -> bool:
    """Whether a question names a time near which hits lie, and asks for nothing but what there was then."""
    if not any(hit.signals.time for hit in hits):
        return False
    from agentmem_core.recall.asked import asked

    known = asked(query, max(hit.memory.occurred_at for hit in hits))
    return bool(known.times) and all(map(_is_open, known.tell))


def _is_open(word: str) -> bool:
    return word in _open_words() or all(char in _OPEN_WIDE or char in PARTICLES for char in word)


@lru_cache(maxsize=1)
def _open_words() -> frozenset[str]:
    return frozenset(words(_OPEN))

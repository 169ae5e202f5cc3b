"""Which hits deserve a place in a prompt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from agentmem_core.model import Hit
from agentmem_core.recall.rendering import speaker_of
from agentmem_core.recall.text import PARTICLES, holds_any, is_wide, words

PROMPT_FLOOR = 0.025
"""Of two texts without a word in common, a score below is a likeness too faint for a prompt (decision 0016)."""
WIDE_FLOOR = 0.09
"""The same where one of the two is Chinese, Japanese or Korean: embedders find such texts alike whatever they say (decision 0032)."""
ASIDE_FLOOR = 0.18
"""The same where the question says 我 only for who asks, and the memory says it: half of such a likeness is that word."""
_ASKER = re.compile(
    r"(?:^|[\s,，。.;；:：!！?？、])(?:[请請你您能会會再快先都]|麻烦|麻煩|可以|可否|能否|能不能|可不可以)*(?:[帮幫给給替教]|告诉|告訴)我[们們]?(?![们們的])"
    r"|(?:^|[\s,，。.;；:：!！?？、])我[们們]?[很也还還就只]*(?:想要?|要|需要|希望)(?:知道|了解|瞭解|问|問|请教|請教|咨询|諮詢)"
)
"""帮我, 告诉我, 我想知道 at the beginning of a clause: who asks, and not whom the question is about."""
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
    if not query:
        return [hit for hit in hits if hit.signals.lexical > 0 or hit.score >= _floor(hit, wide=False)]
    asked, wide, aside = frozenset(words(query)), is_wide(query), _is_no_matter_of_mine(query)
    then = _asks_what_there_was(query, hits)
    return [
        hit
        for hit in hits
        if _shares_a_word(hit, asked)
        or _own_score(hit) >= _floor(hit, wide=wide, aside=aside)
        or (then and _is_near(hit))
    ]


def _says_something(text: str) -> bool:
    """Whether a text is more than punctuation and signs, which is what adapters keep for a turn without a text."""
    return any(unicodedata.category(char)[0] in "LNM" or unicodedata.category(char) == "So" for char in text)


def _shares_a_word(hit: Hit, asked: frozenset[str]) -> bool:
    content = hit.memory.content
    if hit.signals.lexical <= 0 or not is_wide(content):
        return hit.signals.lexical > 0
    return holds_any(f"{content} {speaker_of(hit.memory)}", {word for word in asked if len(word) > 1})


def _floor(hit: Hit, *, wide: bool, aside: bool = False) -> float:
    """The score from which a hit is told that shares no word with a question, which is ``wide`` itself or not."""
    if aside and "我" in hit.memory.content:
        return ASIDE_FLOOR
    return WIDE_FLOOR if wide or is_wide(hit.memory.content) else PROMPT_FLOOR


def _is_no_matter_of_mine(query: str) -> bool:
    """Whether a Chinese question says 我 only for who asks."""
    return "我" in query and "我" not in _ASKER.sub(" ", query)


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

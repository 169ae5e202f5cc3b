"""What to do with memories as they age; pure, so that a dry run and the real one cannot differ."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from agentmem_core.model import Memory, MemoryType
from agentmem_core.model.agents import Upkeep, UpkeepStep

DECAY_DAYS: dict[MemoryType, float] = {
    MemoryType.WORKING: 7.0,
    MemoryType.CONTEXTUAL: 7.0,
    MemoryType.EPISODIC: 180.0,
    MemoryType.SEMANTIC: 365.0,
    MemoryType.PROCEDURAL: 730.0,
}
"""Days without use after which a memory is half as important; core, resource and knowledge keep theirs."""

DECAY_STEP = 0.1
"""A smaller loss of importance is not written down."""

ARCHIVE_BELOW = 0.15
ARCHIVE_DAYS = 180.0
"""A memory less important than this, and unused for so long, is archived; never a core block, skill, file or secret."""

_ARCHIVED = {MemoryType.WORKING, MemoryType.CONTEXTUAL, MemoryType.EPISODIC, MemoryType.SEMANTIC}
_MERGED = {MemoryType.WORKING, MemoryType.EPISODIC, MemoryType.SEMANTIC}
_FILLERS = frozenset("a an the really very just quite so also too please 的 了 呢 啊 吧 很 也 就".split())
_WORD = re.compile(r"[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+")
_STOPS_BEFORE = "\"'“”‘’«»([{（【《「『¿¡"
_STOPS_AFTER = "\"'“”‘’«»)]}）】》」』.,;:!…。，、；：！"
_DAY = 86_400.0


def plan(memories: Sequence[Memory], now: datetime) -> list[UpkeepStep]:
    """What is to be done with one user's living memories: expiry first, then merges, then age."""
    steps: list[UpkeepStep] = []
    living: list[Memory] = []
    for memory in memories:
        if memory.expires_at is not None and memory.expires_at <= now:
            steps.append(_step(Upkeep.EXPIRE, memory, f"expired at {memory.expires_at:%Y-%m-%d %H:%M} UTC"))
        else:
            living.append(memory)
    merged = _merges(living)
    steps += merged
    part_of_a_merge = {name for step in merged for name in (step.id, step.into)}
    steps += [
        step for memory in living if memory.id not in part_of_a_merge and (step := _aged(memory, now)) is not None
    ]
    return steps


def decayed(importance: float, idle_days: float, half_life: float) -> float:
    """``importance * 2 ** (-idle_days / half_life)``."""
    return float(importance * 2.0 ** (-max(0.0, idle_days) / half_life))


def same_saying(text: str) -> tuple[str, ...]:
    """Equal for texts that differ only in case, width, stops and words that say nothing; the order counts.

    Signs that are part of what is said stay: C++ is not C#, -5 is not 5, a question is no statement, vitamin A no vitamin.
    """
    found = [_bare(word) for word in _WORD.findall(unicodedata.normalize("NFKC", text))]
    words = [word for word in found if word]
    said = [word.casefold() for place, word in enumerate(words) if not _says_nothing(word, place)]
    return tuple(said) or tuple(word.casefold() for word in words) or (text,)


def _bare(word: str) -> str:
    """A word without the stops around it."""
    return word.lstrip(_STOPS_BEFORE).rstrip(_STOPS_AFTER)


def _says_nothing(word: str, place: int) -> bool:
    return word.casefold() in _FILLERS and not (word == "A" and place)


def merged_fields(kept: Memory, others: Iterable[Memory]) -> dict[str, Any]:
    """What the one that is kept takes over from those merged into it."""
    importance, uses = kept.importance, kept.access_count
    metadata, entities, source = dict(kept.metadata), list(kept.entities), list(kept.source)
    expires = kept.expires_at
    for other in others:
        importance = max(importance, other.importance)
        uses += other.access_count
        metadata = {**other.metadata, **metadata}
        entities += other.entities
        source += [*other.source, other.id]
        expires = None if expires is None or other.expires_at is None else max(expires, other.expires_at)
    return {
        "importance": importance, "access_count": uses, "metadata": metadata,
        "entities": tuple(dict.fromkeys(entities)), "source": tuple(dict.fromkeys(source)), "expires_at": expires,
    }  # fmt: skip


def _merges(memories: Sequence[Memory]) -> list[UpkeepStep]:
    groups: dict[tuple[object, ...], list[Memory]] = defaultdict(list)
    for memory in memories:
        if memory.type in _MERGED and memory.role is None and memory.valid_to is None:
            groups[_group(memory)].append(memory)
    steps: list[UpkeepStep] = []
    for group in groups.values():
        kept = max(group, key=lambda memory: (memory.importance, memory.access_count, memory.updated_at, memory.id))
        steps += [
            _step(Upkeep.MERGE, memory, f"says the same as {kept.id}", into=kept.id)
            for memory in group
            if memory is not kept
        ]
    return steps


def _group(memory: Memory) -> tuple[object, ...]:
    """Equal for memories that may become one: the same saying, scope and type, and of an event the same day."""
    triple = tuple(str(memory.metadata.get(name, "")) for name in ("subject", "predicate", "object", "event"))
    day = memory.occurred_at.date() if memory.type is MemoryType.EPISODIC else None
    return (memory.type, memory.scope, same_saying(memory.content), triple, day)


def _aged(memory: Memory, now: datetime) -> UpkeepStep | None:
    half_life = DECAY_DAYS.get(memory.type)
    if half_life is None or memory.valid_to is not None:
        return None
    used = max(memory.updated_at, memory.last_accessed_at or memory.updated_at)
    idle = (now - used).total_seconds() / _DAY
    after = decayed(memory.importance, idle, half_life)
    if memory.type in _ARCHIVED and after < ARCHIVE_BELOW and idle >= ARCHIVE_DAYS:
        why = f"importance {after:.2f}, unused for {idle:.0f} days"
        return _step(
            Upkeep.ARCHIVE, memory, why, importance_before=memory.importance, importance_after=memory.importance
        )
    if memory.importance - after < DECAY_STEP:
        return None
    why = f"unused for {idle:.0f} days: importance {memory.importance:.2f} to {after:.2f}"
    return _step(Upkeep.DECAY, memory, why, importance_before=memory.importance, importance_after=after)


def _step(action: Upkeep, memory: Memory, reason: str, **more: Any) -> UpkeepStep:
    return UpkeepStep(action=action, id=memory.id, user_id=memory.scope.user_id, reason=reason, **more)

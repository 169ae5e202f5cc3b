"""Which turns are read, and how many at once."""

from __future__ import annotations

from collections.abc import Sequence

from agentmem_core.learning.prompts.rendering import cost
from agentmem_core.learning.values import Turn
from agentmem_core.model.memory import Memory

TOKENS = 6_000
"""About as many tokens of turns are shown to a model at once."""

TURNS = 100
EARLIER = 4
"""Earlier turns of a session that are shown so that the new ones are understood."""

_UNHEARD = frozenset({"system", "developer", "tool", "function"})


def is_heard(memory: Memory) -> bool:
    """Whether facts may be learnt from a memory: a turn of somebody who speaks, not instructions or what a tool told."""
    return memory.role is not None and memory.role.casefold() not in _UNHEARD


def turn_of(memory: Memory) -> Turn:
    """A stored turn as it is read."""
    return Turn(
        id=memory.id,
        role=memory.role or "user",
        content=memory.content,
        said_at=memory.occurred_at,
        name=memory.name,
    )


def fitting(turns: Sequence[Turn]) -> int:
    """How many of the turns are read at once; the first always is."""
    room = TOKENS
    for number, turn in enumerate(turns[:TURNS]):
        room -= cost(turn)
        if room < 0 and number:
            return number
    return min(len(turns), TURNS)

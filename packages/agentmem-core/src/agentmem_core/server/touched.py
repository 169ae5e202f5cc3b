"""Which memories an answer is about, for those who write down what was done: ids, never what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from agentmem_core.model import Added, Hit, Memory, Page
from agentmem_core.model.learning import Learned
from agentmem_core.server.rendered import Rendered

MOST = 20
"""Ids that are named; more are only counted."""


def touched(answer: Any) -> tuple[tuple[str, ...], int]:
    """The first ids in an answer, and how many there are."""
    found: Iterable[Any] = ()
    match answer:
        case Rendered():
            return answer.ids, answer.count
        case Added(learned=Learned(changed=changed)) if changed:
            ids = dict.fromkeys([*(memory.id for memory in answer.memories), *changed])
            return tuple(islice(ids, MOST)), len(ids)
        case Learned(changed=changed):
            return tuple(changed[:MOST]), len(changed)
        case Memory():
            found = (answer,)
        case Added():
            found = tuple(item.memory for item in answer.items if item.memory is not None)
        case Page():
            found = answer.items
        case [Memory(), *_]:
            found = answer
        case [Hit(), *_]:
            found = tuple(hit.memory for hit in answer)
        case _:
            return (), 0
    memories = tuple(found)
    return tuple(memory.id for memory in islice(memories, MOST)), len(memories)

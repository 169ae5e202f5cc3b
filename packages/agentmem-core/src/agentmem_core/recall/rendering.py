"""Hits as prompt text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentmem_core.model import Context, Hit, Memory

HEADING = "What is remembered that may matter here:"


def estimate_tokens(text: str) -> int:
    """About how many tokens a model makes of ``text``: one a CJK character, one for every four other characters."""
    wide = sum(ord(char) > 0x2E7F for char in text)
    return wide + -(-(len(text) - wide) // 4)


def render(hits: Sequence[Hit], *, max_tokens: int, count: Callable[[str], int] = estimate_tokens) -> Context:
    """The best hits that fit into ``max_tokens``, one a line with its date; in order of time, as a reader expects."""
    kept: list[Hit] = []
    used = count(HEADING)
    for hit in hits:
        cost = count("\n" + line(hit.memory))
        if used + cost > max_tokens:
            continue
        kept.append(hit)
        used += cost
    if not kept:
        return Context("")
    told = sorted(kept, key=lambda hit: hit.memory.occurred_at)
    text = "\n".join([HEADING, *(line(hit.memory) for hit in told)])
    return Context(text, tuple(kept), count(text))


def line(memory: Memory) -> str:
    """One memory on one line: ``- [2024-05-03] Ana: I moved to Lisbon``."""
    who = " ".join((memory.name or memory.role or "").split())
    said = " ".join(memory.content.split())
    return f"- [{memory.occurred_at:%Y-%m-%d}] {who}: {said}" if who else f"- [{memory.occurred_at:%Y-%m-%d}] {said}"

"""Hits as prompt text."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from agentmem_core.model import Context, Hit, Memory, MemoryType
from agentmem_core.recall.text import is_chinese

HEADING = "What is remembered that may matter here:"
CHINESE_HEADING = "可能有关的记忆："


def estimate_tokens(text: str) -> int:
    """About how many tokens a model makes of ``text``: one a CJK character, one for every four other characters."""
    wide = 0 if text.isascii() else sum(map("\u2e7f".__lt__, text))
    return wide + -(-(len(text) - wide) // 4)


def render(hits: Sequence[Hit], *, max_tokens: int, count: Callable[[str], int] = estimate_tokens) -> Context:
    """The best hits that fit into ``max_tokens``, one a line with its date; in order of time, as a reader expects.

    A text stands there once, unless another speaker said it, or it happened on another day; and no fact beside all the turns
    it was learnt from. Above them stands a heading, in Chinese where most of them are.
    """
    kept: dict[str, tuple[Hit, int]] = {}
    said: dict[str, list[Memory]] = {}
    used = count(HEADING)
    for hit in hits:
        told = said.setdefault(_flat(hit.memory.content), [])
        if any(_repeats(hit.memory, other) for other in told) or _is_told_by(hit.memory, kept):
            continue
        cost = count("\n" + line(hit.memory))
        if used + cost > max_tokens:
            continue
        kept[hit.memory.id] = hit, cost
        told.append(hit.memory)
        used += cost
        for fact in [other.memory for other, _ in kept.values() if hit.memory.id in other.memory.source]:
            if _is_told_by(fact, kept):
                used -= kept.pop(fact.id)[1]
                said[_flat(fact.content)].remove(fact)
    if not kept:
        return Context("")
    chosen = tuple(hit for hit, _ in kept.values())
    in_time = sorted(chosen, key=lambda hit: (hit.memory.occurred_at, hit.place))
    lines = [line(hit.memory) for hit in in_time]
    text = "\n".join([_heading(chosen, max_tokens - used, count), *lines])
    return Context(text, chosen, count(text))


def _heading(hits: Sequence[Hit], room: int, count: Callable[[str], int]) -> str:
    """The Chinese one above memories that are most of them Chinese, if there is room for what it takes beyond the other."""
    mostly = sum(is_chinese(hit.memory.content) for hit in hits) > len(hits) / 2
    return CHINESE_HEADING if mostly and count(CHINESE_HEADING) - count(HEADING) <= room else HEADING


def compile_parts(parts: Sequence[tuple[str, str]], max_tokens: int | None = None) -> str:
    """Labelled texts as prompt text, each between tags of its label; what does not fit is cut at a line, and said so."""
    room = max_tokens
    rendered: list[str] = []
    for label, text in parts:
        tag = "".join(char if char.isalnum() or char in "-_." else "_" for char in label)
        head, tail = f"<{tag}>", f"</{tag}>"
        text = text.replace(tail, f"<\\/{tag}>")  # noqa: PLW2901 - a text must not end its own block
        if room is None:
            rendered.append(f"{head}\n{text}\n{tail}")
            continue
        kept = _fitting_lines(text, room - estimate_tokens(head + tail) - 1)
        if kept is None:
            return "\n".join([*rendered, _LEFT_OUT]) if room >= estimate_tokens(_LEFT_OUT) else "\n".join(rendered)
        rendered.append(f"{head}\n{kept}\n{tail}")
        room -= estimate_tokens(rendered[-1]) + 1
    return "\n".join(rendered)


_LEFT_OUT = "(more does not fit)"


def _fitting_lines(text: str, room: int) -> str | None:
    """The text, or as many of its first lines as there is room for; None when there is room for none."""
    if estimate_tokens(text) <= room:
        return text
    room -= estimate_tokens(_LEFT_OUT) + 1
    kept: list[str] = []
    for line_ in text.splitlines():
        room -= estimate_tokens(line_) + 1
        if room < 0:
            break
        kept.append(line_)
    return "\n".join([*kept, _LEFT_OUT]) if kept else None


def line(memory: Memory) -> str:
    """One memory on one line: ``- [2024-05-03] Ana: I moved to Lisbon``."""
    who, said = speaker_of(memory), _flat(memory.content)
    return f"- [{memory.occurred_at:%Y-%m-%d}] {who}: {said}" if who else f"- [{memory.occurred_at:%Y-%m-%d}] {said}"


def speaker_of(memory: Memory) -> str:
    """Who said it: a name, or else a role; empty for what nobody said."""
    return _flat(memory.name or memory.role or "")


def _flat(text: str) -> str:
    return " ".join(text.split())


def _is_told_by(memory: Memory, kept: Collection[str]) -> bool:
    """Whether a memory is a fact, and all the turns that it was learnt from are told."""
    return memory.type is MemoryType.SEMANTIC and bool(memory.source) and all(turn in kept for turn in memory.source)


def _repeats(memory: Memory, other: Memory) -> bool:
    """Whether a memory of the same text says nothing new beside the other; what happened twice does."""
    if {memory.type, other.type} != {MemoryType.EPISODIC}:
        return True
    same_day = memory.occurred_at.date() == other.occurred_at.date()
    return same_day and (speaker_of(memory) == speaker_of(other) or "" in {speaker_of(memory), speaker_of(other)})

"""Texts in parts that can be recalled one by one, each knowing where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

SIZE = 800
"""Characters of a part, about."""

_SENTENCE_END = re.compile(r"(?:[。！？!?；]+[”’」』）)\"']*|\.+[\"')]*(?=\s)|\n)\s?")


@dataclass(frozen=True, slots=True)
class Passage:
    """Some text with its page (of a PDF) or its line, both from 1."""

    text: str
    line: int | None = None
    page: int | None = None


def paragraphs(text: str, *, page: int | None = None) -> Iterator[Passage]:
    """The paragraphs of a plain text: blank lines divide them, and headings of Markdown begin one."""
    kept: list[str] = []
    begun = 1
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        divides = not fenced and (not line.strip() or _HEADING.match(line))
        if divides and kept:
            yield Passage("\n".join(kept), None if page else begun, page)
            kept = []
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if line.strip() or (fenced and kept):
            begun = begun if kept else number
            kept.append(line.rstrip())
    if kept:
        yield Passage("\n".join(kept), None if page else begun, page)


_HEADING = re.compile(r"#{1,6}\s")


def parts(passages: Iterable[Passage], size: int = SIZE) -> Iterator[Passage]:
    """Passages of one page put together up to ``size`` characters; longer ones divided at sentences."""
    held: Passage | None = None
    for passage in passages:
        for piece in _pieces(passage, size):
            if held is None:
                held = piece
            elif held.page == piece.page and len(held.text) + len(piece.text) + 1 <= size:
                held = replace(held, text=f"{held.text}\n{piece.text}")
            else:
                yield held
                held = piece
    if held is not None:
        yield held


def _pieces(passage: Passage, size: int) -> Iterator[Passage]:
    """A passage, divided at ends of sentences where it is too long, within one only where there is none."""
    if len(passage.text) <= size:
        if passage.text.strip():
            yield replace(passage, text=passage.text.strip("\n"))
        return
    start = line = 0
    while start < len(passage.text):
        end = _end(passage.text, start, size)
        text = passage.text[start:end]
        lead = len(text) - len(text.lstrip())
        here = line + text.count("\n", 0, lead)
        if text.strip():
            yield replace(passage, text=text.strip(), line=None if passage.line is None else passage.line + here)
        line += text.count("\n")
        start = end


def _end(text: str, start: int, size: int) -> int:
    """Where a piece that begins at ``start`` ends: after as many whole sentences as fit."""
    limit = start + size
    if limit >= len(text):
        return len(text)
    end = start
    for found in _SENTENCE_END.finditer(text, start, limit):
        end = found.end()
    if end > start:
        return end
    space = text.rfind(" ", start + size // 2, limit)
    return limit if space < 0 else space + 1

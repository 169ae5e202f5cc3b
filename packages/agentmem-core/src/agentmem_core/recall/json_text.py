"""JSON as text that can be recalled: a line for each value, with the way to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agentmem_core.recall.decoding import usable
from agentmem_core.recall.passages import Passage

_DECODER = json.JSONDecoder()
_BLANK = " \t\n\r"


def json_passages(text: str) -> Iterator[Passage]:
    """A passage for each member of the outermost object or list, with its line; ``ValueError`` when it is no JSON."""
    start = _skip(text, 0)
    opening = text[start : start + 1]
    if opening not in {"{", "["}:
        yield _passage(json.loads(text), "", _line(text, start))
        return
    json.loads(text)
    closing = "}" if opening == "{" else "]"
    place = _skip(text, start + 1)
    line, counted = _line(text, place), place
    number = 0
    while text[place] != closing:
        line, counted = line + text.count("\n", counted, place), place
        path = f"[{number}]"
        if opening == "{":
            path, place = _DECODER.raw_decode(text, place)
            place = _skip(text, _skip(text, place) + 1)
        value, place = _DECODER.raw_decode(text, place)
        yield _passage(value, path, line)
        number += 1
        place = _skip(text, place)
        if text[place] == ",":
            place = _skip(text, place + 1)


def json_lines(text: str) -> Iterator[Passage]:
    """A passage for each line; ``ValueError`` when one is no JSON."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _passage(json.loads(line), "", number)


def _passage(value: Any, path: str, line: int) -> Passage:
    return Passage(usable("\n".join(_leaves(value, path))), line)


def _leaves(value: Any, path: str) -> Iterator[str]:
    """``a.b[0]: text`` for each value that holds no others."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    else:
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"{path}: {shown}" if path else shown


def _skip(text: str, place: int) -> int:
    while text[place : place + 1] and text[place] in _BLANK:
        place += 1
    return place


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1

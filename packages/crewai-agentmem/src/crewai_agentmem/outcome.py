"""What CrewAI hands over at the end of a task or of an agent's kickoff."""

from __future__ import annotations

import re
from typing import Self

_LONGEST = 120_000
"""Characters of a task and of a part of its result, which make one memory together: whatever their script, it stays below the core's 1 MB."""

_TASK = re.compile(
    r"Task: (?P<task>.*?)\nAgent: (?P<agent>.*?)\nExpected result: (?P<expected>.*?)\nResult: (?P<result>.*)", re.DOTALL
)
_KICKOFF = re.compile(r"Input: (?P<task>.*?)\nAgent: (?P<agent>.*?)\nResult: (?P<result>.*)", re.DOTALL)
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


class TaskOutcome(str):
    """A task and what came out of it, as one text to remember; it knows its parts."""

    __slots__ = ("agent", "expected_output", "task")

    task: str
    agent: str
    expected_output: str

    def __new__(cls, task: str, agent: str, expected_output: str, result: str) -> Self:
        """The text is the task and its result: a task like it is found by its own words."""
        made = super().__new__(cls, f"Task: {task}\nResult: {result}" if task else result)
        made.task, made.agent, made.expected_output = task, agent, expected_output
        return made


def outcomes(raw: str) -> list[str]:
    """The memories in CrewAI's account of a task; an empty result has none, a very long one several.

    What a model wrote is kept even where it is not text: NUL and lone surrogates become U+FFFD.
    """
    raw = text_of(raw)
    found = _TASK.fullmatch(raw) or _KICKOFF.fullmatch(raw)
    if found is None:
        return _parts(raw)
    said = {name: text.strip() for name, text in found.groupdict("").items()}
    return list(told_of(said["task"], said["result"], agent=said["agent"], expected_output=said.get("expected", "")))


def told_of(task: str, result: str, *, agent: str = "", expected_output: str = "") -> list[TaskOutcome]:
    """What is remembered of a task and its result: nothing of no result, several memories of a very long one."""
    return [TaskOutcome(task[:_LONGEST], agent, expected_output, part) for part in _parts(answer_of(result))]


def text_of(value: object) -> str:
    """What a model wrote as text that can be kept."""
    return _NOT_TEXT.sub("\ufffd", str(value))


def answer_of(result: str) -> str:
    """Without the thoughts that led to it."""
    thoughts, mark, answer = result.rpartition("Final Answer:")
    return answer.strip() if mark and answer.strip() and thoughts.lstrip().startswith("Thought:") else result


def _parts(text: str) -> list[str]:
    text = text.strip()
    parts = [text[start : start + _LONGEST] for start in range(0, len(text), _LONGEST)]
    return [part for part in parts if part.strip()]

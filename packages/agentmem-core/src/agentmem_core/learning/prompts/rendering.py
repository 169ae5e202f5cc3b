"""Prompts filled in: instructions in one part, what others said in another, fenced off."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from agentmem_core.learning.deciding import Known
from agentmem_core.learning.prompts.schemas import DECISIONS, FACTS, SUMMARY
from agentmem_core.learning.values import Fact, Turn
from agentmem_core.ports import Prompt
from agentmem_core.recall.rendering import estimate_tokens

Language = Literal["en", "zh"]

SPEAKER = "user"
"""What facts call a speaker whose name is not known."""

AGENT = "agent"
"""The role of a turn that tells a task and what an agent found out: ``Task: ...``, a new line, ``Result: ...``."""

_RESULT = "\nResult: "
_CHINESE_SHARE = 0.3
_SHOWN = 6_000
"""Characters of one turn that are shown; more would leave no room for the others."""

_ANSWER_TOKENS = 2_048


class Question(NamedTuple):
    """A prompt with its name and version, and about how many tokens it has."""

    prompt: Prompt
    name: str
    tokens: int


def extracting(turns: Sequence[Turn], earlier: Sequence[Turn], fence: str) -> Question:
    """What facts do these turns state? They are numbered from 1 in their order."""
    name = "work.v1" if any(is_work(turn.role) for turn in turns) else "extract.v1"
    return _question(name, turns, [*_shown(earlier, numbered=False), *_shown(turns)], fence, FACTS)


def summarising(turns: Sequence[Turn], before: str | None, fence: str) -> Question:
    """What is this conversation about? ``before`` is the summary of what came before these turns."""
    lines = [*([] if before is None else [f"[-] {_quoted(before)}"]), *_shown(turns)]
    return _question("summarise.v1", turns, lines, fence, SUMMARY)


def deciding(open_facts: Sequence[tuple[Fact, Turn | None, Sequence[Known]]], fence: str) -> Question:
    """What is to be done about these facts? They are numbered from 1, and so are all the memories."""
    lines: list[str] = []
    count = 0
    for place, (fact, turn, known) in enumerate(open_facts, 1):
        shown = [
            {"memory": count + number, "text": _clipped(memory.text), "since": _day(memory.since)}
            for number, memory in enumerate(known, 1)
        ]
        count += len(shown)
        line: dict[str, Any] = {"fact": place, "text": _clipped(fact.text), "said": turn and _day(turn.said_at)}
        if fact.retracted:
            line["holds_no_longer"] = True
        lines.append(json.dumps({**line, "known": shown}, ensure_ascii=False))
    language = language_of(fact.text for fact, _, _ in open_facts)
    return _made("decide.v1", language, "facts", lines, fence, DECISIONS)


def language_of(texts: Iterable[str]) -> Language:
    """Chinese when a fair part of the letters is."""
    letters = [char for text in texts for char in text[:_SHOWN] if char.isalpha()]
    chinese = sum("\u3400" <= char <= "\u9fff" for char in letters)
    return "zh" if letters and chinese > _CHINESE_SHARE * len(letters) else "en"


def cost(turn: Turn) -> int:
    """About how many tokens a turn takes in a prompt."""
    return estimate_tokens(_line(turn, "99"))


def _question(name: str, turns: Sequence[Turn], lines: Sequence[str], fence: str, schema: dict[str, Any]) -> Question:
    return _made(name, language_of(turn.content for turn in turns), "turns", lines, fence, schema)


def _made(
    name: str, language: Language, tag: str, lines: Sequence[str], fence: str, schema: dict[str, Any]
) -> Question:
    named = f"{name}.{language}"
    system = _instructions(named).replace("{fence}", fence)
    text = "\n".join([f"<{tag}-{fence}>", *lines, f"</{tag}-{fence}>"])
    tokens = _fixed_tokens(named) + estimate_tokens(text)
    return Question(Prompt(system, text, schema, max_tokens=_ANSWER_TOKENS), named, tokens)


@cache
def _fixed_tokens(name: str) -> int:
    """About how many tokens the instructions and the schema have."""
    schema = {"extract": FACTS, "work": FACTS, "decide": DECISIONS, "summarise": SUMMARY}[name.partition(".")[0]]
    return estimate_tokens(_instructions(name)) + estimate_tokens(json.dumps(schema))


@cache
def _instructions(name: str) -> str:
    return files("agentmem_core.learning.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8").strip()


def _shown(turns: Sequence[Turn], *, numbered: bool = True) -> list[str]:
    return [_line(turn, str(number) if numbered else "-") for number, turn in enumerate(turns, 1)]


def _line(turn: Turn, mark: str) -> str:
    """One turn on one line: its text is quoted, so that it cannot look like another turn."""
    role = " ".join(turn.role.split())
    who = " ".join(turn.name.split()) if turn.name else SPEAKER if is_person(role) else role
    text = _around(turn.content) if is_work(role) else turn.content
    return f"[{mark}] {turn.said_at:%Y-%m-%d %a} {who} ({role}): {_quoted(text)}"


def is_person(role: str) -> bool:
    """Whether a role is that of a human who speaks."""
    return role.casefold() in {"user", "human"}


def is_work(role: str) -> bool:
    """Whether a turn tells what an agent found out."""
    return role.casefold() == AGENT


def task_of(content: str) -> str:
    """The task in what an agent tells of its work: the words of whoever gave it."""
    task, mark, _ = content.removeprefix("Task: ").partition(_RESULT)
    return task if mark else ""


def _around(content: str) -> str:
    """A long task cut short, so that its result is shown."""
    task, mark, result = content.partition(_RESULT)
    room = max(_SHOWN - len(mark) - len(result), _SHOWN // 3)
    return content if not mark or len(task) <= room else f"{task[: room - 4]} ...{mark}{result}"


def _quoted(text: str) -> str:
    told = json.dumps(_clipped(text), ensure_ascii=False)
    return told.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")


def _clipped(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + " ..."


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d}"

"""Conversations and the questions about them, and those that lie in this repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.timing import ROOT

EXAMPLES = ROOT / "examples" / "data"
OWN = Path(__file__).parent / "data"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody said."""

    name: str
    speaker: str
    content: str
    occurred_at: datetime
    session: str
    role: str = "user"

    @property
    def text(self) -> str:
        """As a system is told it that has no fields for speakers."""
        return f"{self.speaker}: {self.content}"

    @property
    def dated(self) -> str:
        """The same with the day in front."""
        return f"[{self.occurred_at:%Y-%m-%d}] {self.text}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the names of the turns and of the sessions that answer it.

    Without turns or without sessions it does not count on that level; with ``nothing`` the right answer is that nobody said it.
    """

    name: str
    text: str
    evidence: tuple[str, ...]
    kind: str
    language: str = "en"
    now: datetime | None = None
    answer: str = ""
    sessions: tuple[str, ...] = ()
    nothing: bool = False


@dataclass(frozen=True, slots=True)
class Chat:
    """The conversations of one user, and the questions about them."""

    user: str
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class DataSet:
    """Chats under one name."""

    name: str
    chats: tuple[Chat, ...]

    def first(self, users: int, questions: int) -> DataSet:
        """A small part of it: is everything in place?"""
        small = [Chat(chat.user, chat.turns, chat.questions[:questions]) for chat in self.chats[:users]]
        return DataSet(self.name, tuple(small))

    def spread(self, count: int) -> DataSet:
        """About ``count`` of its questions, evenly spread over all of them; the turns stay."""
        total = sum(len(chat.questions) for chat in self.chats)
        wanted = {number * total // count for number in range(count)} if 0 < count < total else set(range(total))
        numbers = iter(range(total))
        kept = [
            Chat(chat.user, chat.turns, tuple(question for question in chat.questions if next(numbers) in wanted))
            for chat in self.chats
        ]
        return DataSet(self.name, tuple(kept))


def sessions_of(turns: Mapping[str, Turn], evidence: tuple[str, ...]) -> tuple[str, ...]:
    """The sessions in which the evidence was said."""
    return tuple(dict.fromkeys(turns[name].session for name in evidence))


def own() -> Iterator[DataSet]:
    """What lies in this repository: the friends' talk of ``examples/data`` in two languages, and a team's work log."""
    if EXAMPLES.is_dir():  # an installed copy of the benchmarks has no examples
        yield DataSet("example", (_chat("example", EXAMPLES, "chat.en.jsonl", "chat.zh.jsonl"),))
    yield DataSet("work log", (_chat("work-log", OWN, "worklog.jsonl", questions="worklog.questions.jsonl"),))


def _chat(user: str, folder: Path, *files: str, questions: str = "questions.jsonl") -> Chat:
    turns = tuple(_each(folder / file, _turn) for file in files)
    said = tuple(turn for part in turns for turn in part)
    known = {turn.name: turn for turn in said}
    asked = _each(folder / questions, lambda line: _question(line, known))
    return Chat(user, said, tuple(asked))


def _each(file: Path, read: Callable[[dict[str, Any]], _T]) -> list[_T]:
    return [read(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def _turn(line: dict[str, Any]) -> Turn:
    when = datetime.fromisoformat(line["occurred_at"])
    return Turn(line["id"], line["speaker"], line["content"], when, line["session"])


def _question(line: dict[str, Any], turns: Mapping[str, Turn]) -> Question:
    evidence = tuple(line["evidence"])
    return Question(
        line["id"],
        line["question"],
        evidence,
        line["kind"],
        line.get("lang", "en"),
        datetime.fromisoformat(line["now"]) if "now" in line else None,  # where the wording depends on it
        line["answer"],
        sessions_of(turns, evidence),
    )

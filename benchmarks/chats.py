"""The chats whose questions are asked: LoCoMo, which the caller brings, and the made-up one of ``examples/data``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parent.parent / "examples" / "data"
CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"}
_TURN = re.compile(r"D\d+:\d+")


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody said."""

    name: str
    speaker: str
    content: str
    occurred_at: datetime
    session: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the names of the turns that answer it."""

    name: str
    text: str
    evidence: tuple[str, ...]
    kind: str
    language: str = "en"
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation of one user, and the questions about it."""

    user: str
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]


def locomo(file: Path) -> list[Chat]:
    """The conversations of LoCoMo (Maharana et al., ACL 2024), questions of the categories 1 to 4 that have evidence."""
    samples = json.loads(file.read_text(encoding="utf-8"))
    return [_sample(sample) for sample in samples]


def example() -> list[Chat]:
    """The chat of ``examples/data`` in both languages, as one user's."""
    turns = [
        Turn(line["id"], line["speaker"], line["content"], datetime.fromisoformat(line["occurred_at"]), line["session"])
        for language in ("en", "zh")
        for line in _lines(EXAMPLES / f"chat.{language}.jsonl")
    ]
    questions = [
        Question(line["id"], line["question"], tuple(line["evidence"]), line["kind"], line["lang"], _now(line))
        for line in _lines(EXAMPLES / "questions.jsonl")
    ]
    return [Chat("example", tuple(turns), tuple(questions))]


def _now(line: dict[str, Any]) -> datetime | None:
    """The moment of asking, where the wording depends on it."""
    return datetime.fromisoformat(line["now"]) if "now" in line else None


def _sample(sample: dict[str, Any]) -> Chat:
    talk = sample["conversation"]
    turns = tuple(_turns(talk))
    known = {turn.name for turn in turns}
    questions: list[Question] = []
    for number, asked in enumerate(sample["qa"]):
        named = _TURN.findall(" ".join(asked.get("evidence", ())))
        evidence = tuple(name for name in dict.fromkeys(named) if name in known)
        if asked["category"] in CATEGORIES and evidence:
            questions.append(Question(f"q{number}", asked["question"], evidence, CATEGORIES[asked["category"]]))
    return Chat(sample["sample_id"], turns, tuple(questions))


def _turns(talk: dict[str, Any]) -> Iterator[Turn]:
    sessions = sorted((key for key in talk if re.fullmatch(r"session_\d+", key)), key=lambda key: int(key[8:]))
    for session in sessions:
        when = datetime.strptime(talk[f"{session}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        for turn in talk[session]:
            if turn["text"].strip():
                yield Turn(turn["dia_id"], turn["speaker"], turn["text"], when, session)


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]

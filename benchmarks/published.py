"""Readers of published data sets that the user brings: LoCoMo and LongMemEval, told apart by what the file holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.chats import Chat, DataSet, Question, Turn, sessions_of

LOCOMO, LONGMEMEVAL = "LoCoMo", "LongMemEval"
CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"}
_EVIDENCE = re.compile(r"D\d+:\d+")
_SESSION = re.compile(r"session_(\d+)")
_WEEKDAY = re.compile(r"\s*\([^)]*\)\s*")
_LISTS = ("haystack_sessions", "haystack_session_ids", "haystack_dates")


class BrokenDataError(Exception):
    """A file is no data set that can be read; says which file, where in it, and what was expected."""


def published(file: Path) -> DataSet:
    """The data set in ``file``.

    LoCoMo (Maharana et al., ACL 2024): the questions of the categories 1 to 4 that have evidence. LongMemEval (Wu et al., ICLR
    2025): each question is a user of its own, sessions in order of time.
    """
    samples = _samples(file)
    first = samples[0]
    read: Callable[[int, dict[str, Any]], Chat]
    if "conversation" in first:
        name, read = LOCOMO, _locomo
    elif "haystack_sessions" in first:
        name, read = LONGMEMEVAL, _longmemeval
    else:
        raise BrokenDataError(
            f"{file}: neither LoCoMo (items with 'conversation' and 'qa') nor LongMemEval (items with 'haystack_sessions'); "
            f"its first item has {', '.join(map(repr, first)) or 'no keys'}"
        )
    data = DataSet(name, tuple(_each(file, samples, read)))
    twice = len(data.chats) - len({chat.user for chat in data.chats})
    if twice:
        raise BrokenDataError(f"{file}: {twice} of its items have the id of another one; ids must be unique")
    if not any(chat.questions for chat in data.chats):
        raise BrokenDataError(f"{file}: holds no question that can be scored")
    return data


def _samples(file: Path) -> list[dict[str, Any]]:
    try:
        samples = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BrokenDataError(f"{file}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BrokenDataError(f"{file}: is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise BrokenDataError(
            f"{file}: is not one JSON document (line {error.lineno}, column {error.colno}: {error.msg}); is it cut short?"
        ) from error
    except RecursionError as error:
        raise BrokenDataError(f"{file}: is nested too deep to be a data set") from error
    if not isinstance(samples, list) or not samples or not all(isinstance(each, dict) for each in samples):
        raise BrokenDataError(f"{file}: must hold a list of at least one object")
    return samples


def _each(file: Path, samples: Sequence[dict[str, Any]], read: Callable[[int, dict[str, Any]], Chat]) -> Iterator[Chat]:
    for number, sample in enumerate(samples):
        try:
            yield _sound(read(number, sample))
        except BrokenDataError as error:
            raise BrokenDataError(f"{file}: {_where(number, sample)}: {error}") from error
        except KeyError as error:
            raise BrokenDataError(f"{file}: {_where(number, sample)}: {error} is missing") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise BrokenDataError(f"{file}: {_where(number, sample)}: {error}") from error


def _sound(chat: Chat) -> Chat:
    if not chat.turns:
        raise BrokenDataError("nobody says anything in it")
    if any(not question.text.strip() for question in chat.questions):
        raise BrokenDataError("a question is blank")
    return chat


def _where(number: int, sample: dict[str, Any]) -> str:
    name = sample.get("question_id", sample.get("sample_id"))
    return f"item {number + 1}" if name is None else f"item {number + 1} ({name})"


def _text(given: Any, what: str) -> str:
    if not isinstance(given, str):
        raise BrokenDataError(f"{what} must be a text, not {type(given).__name__}")
    return given


def _answer(given: Any) -> str:
    if not isinstance(given, str | int | float) or not str(given).strip():
        raise BrokenDataError(f"answer must be a text or a number, not {given!r:.40}")
    return str(given)


def _locomo(_number: int, sample: dict[str, Any]) -> Chat:
    said = tuple(_locomo_turns(sample["conversation"]))
    turns = {turn.name: turn for turn in said}
    if len(turns) < len(said):
        raise BrokenDataError(f"{len(said) - len(turns)} of its turns have the dia_id of another one")
    questions: list[Question] = []
    for place, asked in enumerate(sample["qa"]):
        named = _EVIDENCE.findall(" ".join(asked.get("evidence") or ()))
        evidence = tuple(name for name in dict.fromkeys(named) if name in turns)
        if asked["category"] in CATEGORIES and evidence:
            questions.append(
                Question(
                    f"q{place}", _text(asked["question"], "question"), evidence, CATEGORIES[asked["category"]],
                    answer=_answer(asked["answer"]), sessions=sessions_of(turns, evidence),
                )
            )  # fmt: skip
    return Chat(_text(sample["sample_id"], "sample_id"), said, tuple(questions))


def _locomo_turns(talk: dict[str, Any]) -> Iterator[Turn]:
    sessions = {int(match[1]): key for key in talk if (match := _SESSION.fullmatch(key))}
    for _, session in sorted(sessions.items()):
        when = datetime.strptime(talk[f"{session}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        for turn in talk[session]:
            if _text(turn["text"], "text").strip():
                yield Turn(turn["dia_id"], turn["speaker"], turn["text"], when, session)


def _longmemeval(number: int, sample: dict[str, Any]) -> Chat:
    """Sessions get names of ours: those of the file say which of them hold the answer."""
    said, ids, dates = (_list(sample, name) for name in _LISTS)
    if not len(said) == len(ids) == len(dates):
        raise BrokenDataError(
            f"{len(said)} haystack_sessions, {len(ids)} haystack_session_ids and {len(dates)} haystack_dates; "
            "there must be as many of each"
        )
    told = sorted(zip(map(_moment, dates), ids, said, strict=True), key=lambda session: session[0])
    wanted = set(map(str, _list(sample, "answer_session_ids")))
    if unknown := wanted - set(map(str, ids)):
        raise BrokenDataError(f"answer_session_ids names {min(unknown)!r}, which is no session of it")
    turns: list[Turn] = []
    evidence: list[str] = []
    for place, (when, _, session) in enumerate(told):
        for turn, right in _longmemeval_turns(f"s{place}", when, session):
            turns.append(turn)
            evidence += [turn.name] if right else []
    name = str(sample["question_id"])
    nothing = name.endswith("_abs")  # what it asks for was never said: nothing can be found
    sessions = tuple(f"s{place}" for place, (_, each, _) in enumerate(told) if str(each) in wanted)
    asked = Question(
        name, _text(sample["question"], "question"), () if nothing else tuple(evidence), str(sample["question_type"]),
        now=_moment(sample["question_date"]), answer=_answer(sample["answer"]), sessions=() if nothing else sessions,
        nothing=nothing,
    )  # fmt: skip
    return Chat(f"user-{number}", tuple(turns), (asked,))


def _longmemeval_turns(name: str, when: datetime, session: list[dict[str, Any]]) -> Iterator[tuple[Turn, bool]]:
    for number, turn in enumerate(session):
        if not isinstance(turn, dict):
            raise BrokenDataError(f"a turn must be an object with role and content, not {type(turn).__name__}")
        content, role = _text(turn["content"], "content"), _text(turn["role"], "role")
        if content.strip():
            yield Turn(f"{name}:{number}", role, content, when, name, role), bool(turn.get("has_answer"))


def _list(sample: dict[str, Any], name: str) -> list[Any]:
    given = sample[name]
    if not isinstance(given, list):
        raise BrokenDataError(f"{name} must be a list, not {type(given).__name__}")
    return given


def _moment(given: Any) -> datetime:
    """``2023/05/20 (Sat) 02:21``; the file names no zone, so it is read as UTC."""
    text = _WEEKDAY.sub(" ", _text(given, "a date")).strip()
    for form in ("%Y/%m/%d %H:%M", "%Y/%m/%d"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise BrokenDataError(f"{given!r} is no date like '2023/05/20 (Sat) 02:21'")

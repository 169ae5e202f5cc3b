"""Whether the turns and the sessions that answer a question are found, by us and by others, all asked in turns in one run."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from benchmarks.answering import Protocol, ask_all
from benchmarks.chats import Chat, DataSet, Question, Turn, own
from benchmarks.finding import System
from benchmarks.published import LOCOMO, BrokenDataError, published
from benchmarks.report import Report
from benchmarks.scoring import DEPTH, Answer, by_kind, scores, session_rankings, turn_rankings
from benchmarks.steps import Step
from benchmarks.systems import HYBRID, OFFLINE, SYSTEMS, each, named, opened
from benchmarks.timing import folder

CONTEXT_TOKENS = 1000
SHOWN_FAILURES = 40


def run(report: Report, data: Sequence[Path], only: Sequence[str] = (), protocol: Protocol | None = None) -> None:
    """All steps at once."""
    for step in steps(report, data, only, protocol):
        step.run(report)


def steps(
    report: Report,
    data: Sequence[Path],
    only: Sequence[str] = (),
    protocol: Protocol | None = None,
    also: Sequence[str] = (),
) -> list[Step]:
    """A step for each of our own data sets and of those in the files, which are not ours to keep.

    ``also`` names embedders that ours is asked with, too.
    """
    sets = [*own(), *(published(file) for file in data)]
    titles = [whole.name for whole in sets]
    if twice := {title for title in titles if titles.count(title) > 1}:
        raise BrokenDataError(
            f"{min(twice)} is given twice; their figures would be mixed, so give one file of it a run"
        )
    if not data:
        report.details["published data sets"] = "left out: give their paths with --data"
    names = (*_names(only, quick=report.quick), *map(named, also))
    parts = [whole.first(1 if whole.name == LOCOMO else 10, 20) if report.quick else whole for whole in sets]
    return [_step(part, names, protocol, held=not report.quick) for part in parts]


def _names(only: Sequence[str], *, quick: bool) -> tuple[str, ...]:
    """All; in a quick run those that need no environment of their own; always ours, as the one to compare with."""
    if only:
        return tuple(dict.fromkeys((HYBRID, *only)))
    return OFFLINE if quick else SYSTEMS


def bars(report: Report, wanted: AbstractSet[str], data: Sequence[Path], also: Sequence[str] = ()) -> list[Step]:
    """Steps for the bars of these names, whole even in a quick run: they ask ours only."""
    names = (HYBRID, *map(named, also))
    made = []
    if wanted & {"turns", "sessions"}:
        found = [part for part in map(published, data) if part.name == LOCOMO]
        made += [_step(part, (HYBRID,), held=True) for part in found[:1]]
        if not found:
            for name in sorted(wanted & {"turns", "sessions"}):
                report.leave_out(
                    "bars", name, why="it is held on LoCoMo, whose path is given with --data or AGENTMEM_LOCOMO"
                )
    if "chinese" in wanted:
        made += [_step(part, names, held=True) for part in own() if part.name == "example"]
        if not also:
            report.leave_out(
                "bars", "the Chinese questions with a multilingual embedder",
                why="none is bundled; name one as AgentMem(embedder=...) takes it, with --also NAME",
            )  # fmt: skip
    return made


def _step(data: DataSet, names: Sequence[str], protocol: Protocol | None = None, *, held: bool) -> Step:
    def measure(report: Report) -> None:
        with folder() as place, ExitStack() as stack:
            _Run(report, data, names, place, stack, held=held).run(protocol)

    turns = sum(len(chat.turns) for chat in data.chats)
    questions = sum(len(chat.questions) for chat in data.chats)
    seconds = sum(
        (turns + questions) * (0.03 if name.startswith(("mem0", "MemPalace")) else 0.006) + 3 for name in names
    )
    return Step(f"{data.name}, {questions} questions", seconds, measure)


class _Run:
    """One data set."""

    def __init__(
        self, report: Report, data: DataSet, names: Sequence[str], place: Path, stack: ExitStack, *, held: bool
    ) -> None:
        self._report, self._data, self._held = report, data, held
        self._systems = opened(names, place, stack, self._drop)
        self._answers: dict[str, list[Answer]] = {name: [] for name in self._systems}
        self._seconds: dict[str, list[float]] = {name: [] for name in self._systems}
        self._tokens: dict[str, list[int]] = {name: [] for name in self._systems}
        self._shown: dict[str, list[float]] = {name: [] for name in self._systems}

    def run(self, protocol: Protocol | None) -> None:
        each(self._systems, lambda _, system: system.load(self._data.chats), self._drop)
        for chat in self._data.chats:
            sessions = {turn.name: turn.session for turn in chat.turns}
            for question in chat.questions:
                if question.evidence or question.sessions:
                    each(self._systems, partial(self._ask, chat=chat, question=question, sessions=sessions), self._drop)
        for name in self._systems:
            self._tell(name)
        self._failures()
        if protocol is not None:
            ask_all(self._report, self._data, self._systems, protocol, self._drop)

    def _ask(self, name: str, system: System, chat: Chat, question: Question, sessions: dict[str, str]) -> None:
        """The deep search first: it warms up what the usual one, which is timed, uses."""
        deep = system.find(chat, question, DEPTH)
        usual = system.find(chat, question, 10)
        shown = system.context(chat, question, CONTEXT_TOKENS)
        self._answers[name].append(Answer.of(question, deep.names, sessions.get))
        self._seconds[name].append(usual.seconds)
        self._tokens[name].append(shown.tokens)
        if question.evidence:
            self._shown[name].append(len(set(shown.names) & set(question.evidence)) / len(question.evidence))

    def _tell(self, name: str) -> None:
        """The figures that are looked at first; everything lies in the details."""
        answers, part = self._answers[name], f"{self._data.name}, {name}"
        if not answers:
            return
        turns, sessions = scores(turn_rankings(answers)), scores(session_rankings(answers))
        bars = LOCOMO_BARS if (self._data.name, name) == (LOCOMO, HYBRID) and self._held else {}
        for level, table in (("turns", turns), ("sessions", sessions)):
            for label in HEADLINES[level] if table else ():
                self._report.add(part, f"{level}, {label}", table[label], at_least=bars.get((level, label)))
        p50, p95, p99 = (float(value) for value in np.percentile(1000 * np.array(self._seconds[name]), (50, 95, 99)))
        self._report.add(part, "a search, p50", p50, "ms")
        self._report.add(part, f"tokens of context, at most {CONTEXT_TOKENS:,}", mean(self._tokens[name]))
        kinds = by_kind(answers)
        for kind, limit, bar in EXAMPLE_BARS if self._data.name == "example" and _is_usual(name) and self._held else ():
            of = [answer for label, some in kinds.items() if kind in label for answer in some]
            if of:
                value = scores(turn_rankings(of))[f"any@{limit}"]
                self._report.add(
                    part, f"turns, any@{limit}, {kind} ({len(of)})", value, at_least=bar if name == HYBRID else None
                )
        self._report.details.setdefault("scores", {}).setdefault(self._data.name, {})[name] = {
            "questions": len(answers),
            "turns": turns,
            "sessions": sessions,
            "kinds": {kind: _kind(some) for kind, some in kinds.items()},
            "ms": {"p50": round(p50, 4), "p95": round(p95, 4), "p99": round(p99, 4)},
            "context": {
                "tokens": round(mean(self._tokens[name]), 1),
                "evidence in it": round(mean(self._shown[name]), 4) if self._shown[name] else None,
            },
        }

    def _failures(self) -> None:
        """Of our own data sets, what was not found: of others only names, since their words are not ours to keep."""
        missed = [answer for answer in self._answers.get(HYBRID, ()) if not any(_right(answer)[:3])]
        said = {turn.name: turn for chat in self._data.chats for turn in chat.turns}
        tell = _failure if self._data.name in {"example", "work log"} else _named
        self._report.details.setdefault("not within the first 3", {})[self._data.name] = [
            tell(answer, said) for answer in missed[:SHOWN_FAILURES]
        ]

    def _drop(self, name: str, why: str) -> None:
        self._report.leave_out(self._data.name, name, why=why)


def _is_usual(name: str) -> bool:
    """Hybrid with the bundled embedder, or one that the caller named."""
    return (name.startswith(HYBRID) and name not in OFFLINE) or name == HYBRID


def _kind(answers: Sequence[Answer]) -> dict[str, Any]:
    turns, sessions = scores(turn_rankings(answers)), scores(session_rankings(answers))
    return {
        "questions": len(answers),
        "turns": {label: turns[label] for label in KIND_LABELS if turns},
        "sessions": {label: sessions[label] for label in KIND_LABELS if sessions},
    }


def _right(answer: Answer) -> list[bool]:
    return [name in answer.question.evidence for name in answer.turns]


def _named(answer: Answer, _said: dict[str, Turn]) -> dict[str, Any]:
    return {"question": answer.question.name, "kind": answer.question.kind, "evidence": answer.question.evidence}


def _failure(answer: Answer, said: dict[str, Turn]) -> dict[str, Any]:
    ranks = {name: answer.turns.index(name) + 1 if name in answer.turns else None for name in answer.question.evidence}
    return {
        "id": answer.question.name,
        "kind": answer.question.kind,
        "question": answer.question.text,
        "evidence": {f"{name} (rank {rank})": said[name].text for name, rank in ranks.items()},
        "first 3": {name: said[name].text for name in answer.turns[:3]},
    }


HEADLINES = {
    "turns": ("fraction@10", "any@10", "pooled@10", "ndcg@10", "mrr@10"),
    "sessions": ("fraction@5", "any@5", "complete@5"),
}
KIND_LABELS = ("any@3", "any@10", "fraction@5", "fraction@10", "complete@10")
LOCOMO_BARS = {("turns", "fraction@10"): 0.78, ("sessions", "fraction@5"): 0.88}
"""Of the bundled embedder without sessions, mean over the questions of the part of the evidence found."""

EXAMPLE_BARS = (("zh-shared", 3, 0.9), ("zh-apart", 3, None), ("temporal", 3, 0.8))
"""Kind, within how many, share of the questions: 18 of 20, and 16 of 20; those that share no word are told without a bar."""

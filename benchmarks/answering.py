"""Question answering with a model that the user gives: a reader answers from what was found, a judge compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from agentmem_core.errors import AgentMemError
from agentmem_core.ports import LanguageModel, Prompt, Usage
from benchmarks.chats import Chat, DataSet, Question
from benchmarks.finding import Shown, System
from benchmarks.judging import overlap, to_judge, to_read, verdict
from benchmarks.peers.environments import PeerError
from benchmarks.report import Report

AT_ONCE = 4
CONTEXT_TOKENS = 2000


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens; ours know no prices, the user gives them."""

    into: float
    out: float

    def of(self, usage: Usage) -> float:
        """What it cost."""
        return (usage.input_tokens * self.into + usage.output_tokens * self.out) / 1e6


@dataclass(frozen=True, slots=True)
class Protocol:
    """Who reads, who judges, what they cost, of which systems, and about how many questions (0: all)."""

    reader: LanguageModel
    judge: LanguageModel
    systems: tuple[str, ...]
    questions: int = 0
    reader_price: Price | None = None
    judge_price: Price | None = None


@dataclass(slots=True)
class Told:
    """One question: what was shown, said and judged. ``right`` is None where the judge was not clear, or nobody could be asked."""

    question: Question
    shown: Shown
    said: str = ""
    judged: str = ""
    right: bool | None = None
    error: str = ""
    reading: Usage = field(default_factory=Usage)
    judging: Usage = field(default_factory=Usage)


def ask_all(
    report: Report, data: DataSet, systems: dict[str, System], protocol: Protocol, drop: Callable[[str, str], None]
) -> None:
    """Every system that the protocol names, about the same questions."""
    asked = data.spread(protocol.questions)
    for name in protocol.systems:
        if name not in systems:
            continue
        try:
            shown = list(_shown(asked, systems[name]))
        except (PeerError, OSError, ValueError) as error:
            drop(name, str(error))
            continue
        told = list(_answered(shown, protocol))
        if len(told) < len(shown):
            drop(f"{name}, answers", f"stopped after {len(told)} of {len(shown)} questions: {told[-1].error}")
        _tell(report, data.name, name, told, protocol)


def _shown(data: DataSet, system: System) -> Iterator[Told]:
    for chat in data.chats:
        for question in chat.questions:
            if question.answer:
                yield _told(chat, question, system)


def _told(chat: Chat, question: Question, system: System) -> Told:
    return Told(question, system.context(chat, question, CONTEXT_TOKENS))


def _answered(shown: Sequence[Told], protocol: Protocol) -> Iterator[Told]:
    """A few at once. When all of a batch fail, the next would too: it is the last that is asked."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, len(shown), AT_ONCE):
            batch = list(pool.map(lambda told: _one(told, protocol), shown[start : start + AT_ONCE]))
            yield from batch
            if all(told.error for told in batch):
                return


def _one(told: Told, protocol: Protocol) -> Told:
    try:
        told.said, told.reading = _asked(protocol.reader, to_read(told.question, told.shown.text))
        told.judged, told.judging = _asked(protocol.judge, to_judge(told.question, told.said))
        told.right = verdict(told.judged)
    except AgentMemError as error:  # a key that is refused, too: what was found before it stays
        told.error = f"{error.code}: {error}"
    return told


def _asked(model: LanguageModel, prompt: Prompt) -> tuple[str, Usage]:
    reply = model.ask(prompt)
    return reply.text.strip(), reply.usage


def _tell(report: Report, data: str, name: str, told: Sequence[Told], protocol: Protocol) -> None:
    """Accuracy is over the questions with a clear verdict; the others are counted, not hidden."""
    if not told:
        return
    part = f"{data}, {name}, answers"
    judged = [each for each in told if each.right is not None]
    reading = sum((each.reading for each in told), Usage())
    judging = sum((each.judging for each in told), Usage())
    if judged:
        report.add(part, f"right of {len(judged)} judged", mean(bool(each.right) for each in judged))
    report.add(part, "no clear verdict", sum(each.right is None and not each.error for each in told))
    report.add(part, "could not be asked", sum(bool(each.error) for each in told))
    answered = [each for each in told if not each.error and not each.question.nothing]
    if answered:
        report.add(part, "F1 of words", mean(overlap(each.said, each.question.answer) for each in answered))
    report.add(part, f"tokens of context, at most {CONTEXT_TOKENS:,}", mean(each.shown.tokens for each in told))
    for who, usage, price in (("reader", reading, protocol.reader_price), ("judge", judging, protocol.judge_price)):
        report.add(part, f"{who}, tokens in", usage.input_tokens)
        report.add(part, f"{who}, tokens out", usage.output_tokens)
        if price is not None:
            report.add(part, f"{who}, cost", price.of(usage), "USD")
    kinds: dict[str, list[bool]] = {}
    for each in judged:
        kinds.setdefault(each.question.kind, []).append(bool(each.right))
    report.details.setdefault("answers", {}).setdefault(data, {})[name] = {
        "reader": protocol.reader.name,
        "judge": protocol.judge.name,
        "right by kind": {kind: [sum(some), len(some)] for kind, some in sorted(kinds.items())},
        "each": [_row(each) for each in told],
    }


def _row(told: Told) -> dict[str, Any]:
    """What the models said stays to be looked at; the question's own words lie in the data set."""
    row = {"question": told.question.name, "said": told.said, "judged": told.judged, "right": told.right}
    return row | {"error": told.error} if told.error else row

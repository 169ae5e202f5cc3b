"""Whether the turns that answer a question are found: LoCoMo from a path, and the chat of ``examples/data``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from agentmem_core import AgentMem, Message
from benchmarks.chats import EXAMPLES, Chat, Question, example, locomo
from benchmarks.reference import Bm25
from benchmarks.report import Report
from benchmarks.scoring import Answer, hit_within, means, recall_at

DEEPEST = 20
MODES = ("hybrid", "dense", "lexical")
Finder = Callable[[Chat, Question, int], list[str]]


def run(report: Report, data: Path | None) -> None:
    """Both; LoCoMo only where a file is given, since its licence keeps it out of the repository."""
    if data is None:
        report.details["locomo"] = "left out: give its path with --data or in AGENTMEM_LOCOMO"
    else:
        _locomo(report, locomo(data))
    if EXAMPLES.is_dir():
        _example(report, example())


def _locomo(report: Report, chats: Sequence[Chat]) -> None:
    with AgentMem(":memory:") as memory:
        names: dict[str, str] = {}
        for chat in chats:
            turns = [
                Message(role="user", name=turn.speaker, content=turn.content, occurred_at=turn.occurred_at)
                for turn in chat.turns
            ]
            ids = memory.add(turns, user_id=chat.user).ids
            names.update(zip(ids, (turn.name for turn in chat.turns), strict=True))
        for method, finder in _finders(memory, names, chats).items():
            _score(report, chats, method, finder)


def _score(report: Report, chats: Sequence[Chat], method: str, finder: Finder) -> None:
    asked = [(chat, question) for chat in chats for question in chat.questions]
    answers = [Answer(question, tuple(finder(chat, question, 10))) for chat, question in asked]
    part = f"LoCoMo, {method}"
    bar = 0.72 if method == "hybrid" else None
    found = means(answers)
    report.add(part, f"recall@10, mean of {len(answers)} questions", found.recall, at_least=bar)
    report.add(part, "recall@10, evidence turns found of all", found.micro)
    for limit in (1, 3, 5):
        report.add(part, f"recall@{limit}", recall_at(answers, limit))
    deep = [Answer(question, tuple(finder(chat, question, DEEPEST))) for chat, question in asked]
    report.add(part, f"recall@{DEEPEST}", recall_at(deep, DEEPEST))
    report.add(part, "NDCG@10", found.ndcg)
    report.add(part, "MRR@10", found.reciprocal)
    for kind in sorted({answer.question.kind for answer in answers}):
        mine = [answer for answer in answers if answer.question.kind == kind]
        report.add(part, f"recall@10, {kind} ({len(mine)})", recall_at(mine, 10))


def _example(report: Report, chats: Sequence[Chat]) -> None:
    (chat,) = chats
    texts = {turn.name: f"{turn.speaker}: {turn.content}" for turn in chat.turns}
    with AgentMem(":memory:", user_id=chat.user) as memory:
        memory.add_many(
            {
                "role": "user", "name": turn.speaker, "content": turn.content, "occurred_at": turn.occurred_at,
                "session_id": turn.session, "id": turn.name,
            }
            for turn in chat.turns
        )  # fmt: skip
        for method, finder in _finders(memory, {name: name for name in texts}, chats).items():
            answers = [Answer(question, tuple(finder(chat, question, 10))) for question in chat.questions]
            _by_kind(report, f"example, {method}", answers)
            if method == "hybrid":
                report.details["not within the first 3"] = [
                    _failure(answer, texts) for answer in answers if not hit_within([answer], 3)
                ]


def _by_kind(report: Report, part: str, answers: Sequence[Answer]) -> None:
    groups = {"all": list(answers)}
    for answer in answers:
        groups.setdefault(answer.question.language, []).append(answer)
        groups.setdefault(f"{answer.question.language} {answer.question.kind}", []).append(answer)
    for name in sorted(groups):
        for limit in (1, 3, 10):
            share = hit_within(groups[name], limit)
            report.add(part, f"{name} ({len(groups[name])}), found within first {limit}", share)
        report.add(part, f"{name} ({len(groups[name])}), recall@10", recall_at(groups[name], 10))


def _failure(answer: Answer, texts: dict[str, str]) -> dict[str, Any]:
    question = answer.question
    ranks = [answer.found.index(name) + 1 if name in answer.found else None for name in question.evidence]
    return {
        "id": question.name,
        "kind": question.kind,
        "question": question.text,
        "evidence": {f"{name} (rank {rank})": texts[name] for name, rank in zip(question.evidence, ranks, strict=True)},
        "first 3": {name: texts[name] for name in answer.found[:3]},
    }


def _finders(memory: AgentMem, names: dict[str, str], chats: Sequence[Chat]) -> dict[str, Finder]:
    """How to find turns: our modes, and plain BM25 over the same turns, with the speaker's name in front."""

    def ours(mode: str) -> Finder:
        def find(chat: Chat, question: Question, limit: int) -> list[str]:
            hits = memory.search(question.text, user_id=chat.user, limit=limit, mode=mode, now=question.now)
            return [names[hit.memory.id] for hit in hits]

        return find

    plain = {chat.user: Bm25([f"{turn.speaker}: {turn.content}" for turn in chat.turns]) for chat in chats}

    def bm25(chat: Chat, question: Question, limit: int) -> list[str]:
        return [chat.turns[number].name for number in plain[chat.user].search(question.text, limit)]

    return {mode: ours(mode) for mode in MODES} | {"plain BM25": bm25}

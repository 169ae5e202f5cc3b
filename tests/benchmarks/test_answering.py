"""The protocol of question answering, with models that say what they are told to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benchmarks.answering import Price, Protocol
from benchmarks.chats import Question
from benchmarks.judging import overlap, to_judge, to_read, verdict
from benchmarks.report import Report
from benchmarks.systems import HYBRID
from tests.benchmarks.scripted import Scripted

from agentmem_core.errors import ModelError
from agentmem_core.ports import Prompt
from benchmarks import recall

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def only_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "own", list)


def figures(report: Report, system: str = HYBRID) -> dict[str, float]:
    return {item.name: item.value for item in report.figures if item.part == f"LongMemEval, {system}, answers"}


def run(file: Path, reader: Scripted, judge: Scripted, *names: str, **given: Any) -> Report:
    report = Report("recall")
    protocol = Protocol(reader, judge, (HYBRID, *names), **given)
    recall.run(report, [file], [HYBRID, *names], protocol)
    return report


def test_the_reader_sees_what_was_found_and_the_judge_the_right_answer(longmemeval: Write, item: dict[str, Any]):
    reader = Scripted("reader:one", lambda prompt: "the cello" if "I play the cello" in prompt.text else "no idea")
    judge = Scripted("judge:two", lambda prompt: "Yes." if "Answer to check: the cello" in prompt.text else "No.")
    report = run(longmemeval(item), reader, judge, "plain BM25", reader_price=Price(2, 10), judge_price=Price(1, 1))
    assert figures(report) == figures(report, "plain BM25") | {
        f"tokens of context, at most {2000:,}": figures(report)["tokens of context, at most 2,000"]
    }
    found = figures(report)
    assert found["right of 1 judged"] == found["F1 of words"] == 1
    assert (found["reader, tokens in"], found["judge, tokens out"]) == (100, 10)
    assert found["reader, cost"] == pytest.approx((100 * 2 + 10 * 10) / 1e6, abs=1e-4)
    told = report.details["answers"]["LongMemEval"][HYBRID]
    assert (told["reader"], told["judge"]) == ("reader:one", "judge:two")
    assert told["right by kind"] == {"single-session-user": [1, 1]}
    assert told["each"] == [{"question": "q_one", "said": "the cello", "judged": "Yes.", "right": True}]
    assert "2023-06-01" in reader.seen[0].text
    assert "The cello" not in reader.seen[0].text + reader.seen[0].system  # the reader is not told the answer


def test_a_question_nobody_answered_is_judged_by_its_refusal(longmemeval: Write, item: dict[str, Any]):
    reader = Scripted("reader", lambda _: "I do not know")
    judge = Scripted("judge", lambda prompt: "yes" if "Nothing that was said answers" in prompt.system else "no")
    report = run(longmemeval(item, {**item, "question_id": "q_two_abs"}), reader, judge)
    assert figures(report)["right of 2 judged"] == 0.5
    assert figures(report)["F1 of words"] == 0  # of the one that has an answer


def test_an_unclear_verdict_is_counted_and_is_neither_right_nor_wrong(longmemeval: Write, item: dict[str, Any]):
    judge = Scripted("judge", lambda prompt: "yes and no" if "two" in prompt.text else "no")
    report = run(longmemeval(item, {**item, "question_id": "q_2", "question": "Name two?"}), Scripted("r", lambda _: ""), judge)  # fmt: skip
    assert figures(report)["no clear verdict"] == 1
    assert figures(report)["right of 1 judged"] == 0


def failing(limit: int) -> Scripted:
    said: list[Prompt] = []

    def says(prompt: Prompt) -> str:
        said.append(prompt)
        if len(said) > limit:
            raise ModelError("too many requests")
        return "something"

    return Scripted("failing", says)


def test_a_model_that_always_fails_is_not_asked_on_and_what_was_found_stays(longmemeval: Write, item: dict[str, Any]):
    file = longmemeval(*({**item, "question_id": f"q{number}"} for number in range(20)))
    reader = failing(4)
    report = run(file, reader, Scripted("judge", lambda _: "yes"))
    assert len(reader.seen) == 8
    assert figures(report)["right of 4 judged"] == 1
    assert figures(report)["could not be asked"] == 4
    assert "stopped after 8 of 20 questions" in report.details["not measured"]["LongMemEval"][f"{HYBRID}, answers"]
    assert report.details["scores"]["LongMemEval"][HYBRID]["questions"] == 20
    rows = report.details["answers"]["LongMemEval"][HYBRID]["each"]
    assert "too many requests" in rows[-1]["error"]


def test_a_part_of_the_questions_can_be_asked(longmemeval: Write, item: dict[str, Any]):
    file = longmemeval(*({**item, "question_id": f"q{number}"} for number in range(20)))
    reader = Scripted("reader", lambda _: "cello")
    run(file, reader, Scripted("judge", lambda _: "yes"), questions=5)
    assert len(reader.seen) == 5


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("yes", True), ("Yes.", True), ("**YES**", True), ("no", False), ("No, it says 2021.", False), ("", None),
        ("yes... no", None), ("maybe", None), ("know", None), ("eyes", None), ("是", None),
    ],
)  # fmt: skip
def test_a_verdict_is_yes_or_no_and_nothing_else(said, means):
    assert verdict(said) is means


@pytest.mark.parametrize(
    ("said", "right", "value"),
    [
        ("the Cello", "A cello!", 1.0), ("a cello", "a piano", 0.0), ("", "cello", 0.0), ("cello and piano", "cello", 0.5),
        ("里斯本", "她住在里斯本", 2 * 3 / 9), ("7 May 2023", "May 7, 2023", 1.0), ("", "", 0.0), ("ＣＥＬＬＯ", "cello", 1.0),
    ],
)  # fmt: skip
def test_the_overlap_of_words(said, right, value):
    assert overlap(said, right) == pytest.approx(value)


@pytest.mark.parametrize(
    ("kind", "says"),
    [("temporal-reasoning", "off by one"), ("knowledge-update", "what held before"), ("single-session-preference", "every point")],
)  # fmt: skip
def test_the_judge_is_told_what_is_allowed_for_a_kind(kind, says):
    prompt = to_judge(Question("q", "When?", (), kind, answer="in May"), "in June {rule}")
    assert says in prompt.system
    assert "{" not in prompt.system
    assert "in June {rule}" in prompt.text


def test_the_reader_is_told_when_nothing_was_found():
    assert "(nothing)" in to_read(Question("q", "When?", (), "x"), "").text
    assert json.dumps(to_read(Question("q", "When?", (), "x"), "").text).count("Today") == 0

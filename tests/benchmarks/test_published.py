"""Published data sets are read as their makers describe them, and a broken file says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from benchmarks.published import BrokenDataError, published

Write = Callable[..., Path]


def test_a_question_of_longmemeval_is_a_user_with_its_sessions_in_order_of_time(longmemeval: Write, item):
    second = {**item, "question_id": "q_two"}
    data = published(longmemeval(item, second))
    assert data.name == "LongMemEval"
    assert [chat.user for chat in data.chats] == ["user-0", "user-1"]
    chat = data.chats[0]
    assert [turn.content for turn in chat.turns] == [
        "I play the cello, and my strings broke.", "Steel strings last longer.", "What shall I cook tonight?", "Lentils?",
    ]  # fmt: skip
    assert [turn.role for turn in chat.turns] == ["user", "assistant"] * 2
    assert chat.turns[0].occurred_at == datetime(2023, 5, 20, 2, 21, tzinfo=UTC)
    (question,) = chat.questions
    assert question.evidence == (chat.turns[0].name,)
    assert question.sessions == (chat.turns[0].session,)
    assert (question.kind, question.answer) == ("single-session-user", "The cello")
    assert question.now == datetime(2023, 6, 1, 10, tzinfo=UTC)


def test_no_name_that_a_system_could_see_says_where_the_answer_is(longmemeval: Write, item):
    (chat,) = published(longmemeval(item)).chats
    said = [chat.user, *(word for turn in chat.turns for word in (turn.name, turn.session, turn.text, turn.dated))]
    assert not [word for word in said if "answer" in word or "q_one" in word]


def test_a_question_without_an_answer_wants_nothing_found(longmemeval: Write, item):
    (chat,) = published(longmemeval({**item, "question_id": "q_one_abs"})).chats
    (question,) = chat.questions
    assert question.nothing
    assert question.evidence == question.sessions == ()


def test_a_question_whose_turns_are_not_marked_still_wants_its_session(longmemeval: Write, item):
    del item["haystack_sessions"][1][0]["has_answer"]
    (question,) = published(longmemeval(item)).chats[0].questions
    assert question.evidence == ()
    assert len(question.sessions) == 1


def test_two_sessions_of_one_id_both_hold_the_answer(longmemeval: Write, item):
    item["haystack_session_ids"] = ["answer_77", "answer_77"]
    (question,) = published(longmemeval(item)).chats[0].questions
    assert question.sessions == ("s0", "s1")


def test_an_answer_that_is_a_number_is_read_as_text(longmemeval: Write, item):
    (question,) = published(longmemeval({**item, "answer": 3})).chats[0].questions
    assert question.answer == "3"


def locomo(**changes: Any) -> list[dict[str, Any]]:
    talk = {
        "speaker_a": "Ana", "speaker_b": "Wei",
        "session_2": [{"speaker": "Wei", "dia_id": "D2:1", "text": "我养了一只猫"}],
        "session_2_date_time": "9:05 am on 3 June, 2023",
        "session_10": [{"speaker": "Ana", "dia_id": "D10:1", "text": "Lisbon it is"}, {"speaker": "Wei", "dia_id": "D10:2", "text": " "}],
        "session_10_date_time": "1:56 pm on 8 May, 2024",
        "session_11_date_time": "1:56 pm on 9 May, 2024",
    }  # fmt: skip
    asked = [
        {"question": "Which pet?", "answer": "a cat", "evidence": ["D2:1; D10:1", "D99:9"], "category": 1},
        {"question": "Adversarial?", "adversarial_answer": "no", "evidence": ["D2:1"], "category": 5},
        {"question": "Where is the evidence?", "answer": "lost", "evidence": [], "category": 4},
    ]
    return [{"sample_id": "conv-1", "conversation": talk | changes, "qa": asked}]


def test_locomo_keeps_the_four_categories_and_the_evidence_that_exists(longmemeval: Write):
    data = published(longmemeval(*locomo()))
    (chat,) = data.chats
    assert (data.name, chat.user) == ("LoCoMo", "conv-1")
    assert [turn.name for turn in chat.turns] == ["D2:1", "D10:1"]  # session 2 comes before session 10
    assert chat.turns[1].occurred_at == datetime(2024, 5, 8, 13, 56, tzinfo=UTC)
    (question,) = chat.questions
    assert question.evidence == ("D2:1", "D10:1")
    assert question.sessions == ("session_2", "session_10")
    assert (question.kind, question.answer) == ("multi-hop", "a cat")


def broken(file: Path) -> str:
    with pytest.raises(BrokenDataError) as caught:
        published(file)
    assert str(file) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"haystack_dates": ["2023/05/25 (Thu) 10:00"]}, "2 haystack_session_ids and 1 haystack_dates"),
        ({"haystack_dates": ["yesterday", "2023/05/25"]}, "'yesterday' is no date like"),
        ({"haystack_dates": [None, "2023/05/25"]}, "a date must be a text, not NoneType"),
        ({"haystack_sessions": "all of them"}, "haystack_sessions must be a list, not str"),
        ({"haystack_sessions": [["{}"], []]}, "a turn must be an object with role and content, not str"),
        ({"haystack_sessions": [[{"role": "user"}], []]}, "'content' is missing"),
        ({"haystack_sessions": [[{"role": "user", "content": 5}], []]}, "content must be a text, not int"),
        ({"answer_session_ids": ["elsewhere"]}, "'elsewhere', which is no session of it"),
        ({"question": "  "}, "a question is blank"),
        ({"answer": None}, "answer must be a text or a number, not None"),
        ({"haystack_sessions": [[], [{"role": "user", "content": " "}]]}, "nobody says anything"),
        ({"question": None}, "question must be a text, not NoneType"),
        ({"question_date": ""}, "'' is no date like"),
    ],
)
def test_a_broken_item_is_named_with_what_is_wrong_with_it(longmemeval: Write, item, changes, says):
    said = broken(longmemeval(item, {**item, "question_id": "q_bad", **changes}))
    assert "item 2 (q_bad)" in said
    assert says in said


@pytest.mark.parametrize("name", ["question_id", "question", "answer", "question_type", "question_date", "answer_session_ids"])  # fmt: skip
def test_a_field_that_is_missing_is_named(longmemeval: Write, item, name):
    del item[name]
    assert f"'{name}' is missing" in broken(longmemeval(item))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[{"question_id": "q', "is it cut short?"),
        ("", "is not one JSON document"),
        ("[]", "a list of at least one object"),
        ('{"data": []}', "a list of at least one object"),
        ("[1, 2]", "a list of at least one object"),
        ('[{"query": "x"}]', "neither LoCoMo"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_a_file_that_is_no_data_set_says_so(tmp_path: Path, text, says):
    file = tmp_path / "data.json"
    file.write_text(text, encoding="utf-8")
    assert says in broken(file)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path):
    assert "cannot be read" in broken(tmp_path / "missing.json")
    assert "cannot be read" in broken(tmp_path)
    (tmp_path / "latin.json").write_bytes('["é"]'.encode("latin-1"))
    assert "is not UTF-8" in broken(tmp_path / "latin.json")


def test_locomo_that_is_broken_says_where(longmemeval: Write):
    assert "item 1 (conv-1)" in broken(longmemeval(*locomo(session_10_date_time="some day")))
    assert "'session_12_date_time' is missing" in broken(longmemeval(*locomo(session_12=[{"text": "x"}])))
    twice = [{"speaker": "Ana", "dia_id": "D2:1", "text": "again"}]
    assert "the dia_id of another one" in broken(longmemeval(*locomo(session_3=twice, session_3_date_time="9:05 am on 4 June, 2023")))  # fmt: skip
    assert "1 of its items" in broken(longmemeval(*locomo(), *locomo()))


def test_a_data_set_without_questions_is_refused(longmemeval: Write):
    (sample,) = locomo()
    assert "no question that can be scored" in broken(longmemeval({**sample, "qa": []}))


def test_every_line_of_our_own_data_is_sound():
    from benchmarks.chats import own

    sets = {data.name: data for data in own()}
    assert len(sets["work log"].chats[0].turns) >= 150
    assert len(sets["work log"].chats[0].questions) >= 60
    for data in sets.values():
        for chat in data.chats:
            names = [turn.name for turn in chat.turns]
            assert len(set(names)) == len(names)
            assert len({question.name for question in chat.questions}) == len(chat.questions)
            assert all(question.evidence and set(question.evidence) <= set(names) for question in chat.questions)
            assert all(question.answer and question.sessions for question in chat.questions)
    assert json.dumps(sorted(sets)) == '["example", "work log"]'

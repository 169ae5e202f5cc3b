"""What a ranking is worth, by hand and by property."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from benchmarks.chats import Chat, DataSet, Question, Turn
from benchmarks.scoring import DEPTH, LIMITS, Answer, Ranking, by_kind, scores, session_rankings, turn_rankings
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def question(
    *evidence: str, kind: str = "single", sessions: tuple[str, ...] = ("s1",), language: str = "en"
) -> Question:
    return Question("q", "What?", evidence, kind, language, sessions=sessions)


def test_any_part_and_all_of_the_evidence():
    ranking = Ranking(("a", "b"), ("x", "a", "y", "z", "b"))
    assert [ranking.any(limit) for limit in (1, 3, 5)] == [0, 1, 1]
    assert [ranking.fraction(limit) for limit in (1, 3, 5)] == [0, 0.5, 1]
    assert [ranking.complete(limit) for limit in (1, 3, 5)] == [0, 0, 1]
    assert ranking.reciprocal == 0.5


def test_ndcg_by_hand():
    assert Ranking(("a",), ("a",)).ndcg == 1
    assert Ranking(("a",), ("x", "a")).ndcg == pytest.approx(0.6309, abs=1e-4)  # 1 / log2(3)
    assert Ranking(("a", "b"), ("a", "x", "b")).ndcg == pytest.approx(1.5 / 1.6309, abs=1e-4)
    assert Ranking(("a",), (*"bcdefghijk", "a")).ndcg == 0  # the eleventh is too late
    many = tuple(f"n{number}" for number in range(15))
    assert Ranking(many, many[:10]).ndcg == pytest.approx(1)


NAMES = st.lists(st.sampled_from([f"n{number}" for number in range(30)]), unique=True, max_size=30).map(tuple)


@given(NAMES.filter(bool), NAMES)
def test_measures_stay_in_their_order_and_range(wanted, found):
    ranking = Ranking(wanted, found)
    for limit in LIMITS:
        assert 0 <= ranking.complete(limit) <= ranking.fraction(limit) <= ranking.any(limit) <= 1
    for score in (ranking.any, ranking.fraction, ranking.complete):
        assert [score(limit) for limit in LIMITS] == sorted(score(limit) for limit in LIMITS)
    assert 0 <= ranking.ndcg <= 1 + 1e-9
    assert (ranking.ndcg > 0) == (ranking.reciprocal > 0) == (ranking.any(10) > 0)
    perfect = Ranking(wanted, wanted)
    assert perfect.ndcg == pytest.approx(1)
    assert perfect.reciprocal == 1


def test_sessions_are_ranked_by_their_first_turn_among_the_first_fifty():
    places = {"a1": "a", "a2": "a", "b1": "b"}
    answer = Answer.of(question("b1"), ["a2", "unknown-1", "a1", "b1"], places.get)
    assert answer.sessions == ("a", "b")
    assert answer.turns == ("a2", "unknown-1", "a1", "b1")  # a text that nobody said keeps its rank
    deep = [f"a{number}" for number in range(DEPTH)] + ["b1"]
    assert Answer.of(question("b1"), deep, lambda name: name[0]).sessions == ("a",)


def test_a_question_counts_only_on_the_levels_it_names():
    answers = [Answer(question(), (), ("s1",)), Answer(question("t1", sessions=()), ("t1",), ())]
    assert [ranking.wanted for ranking in turn_rankings(answers)] == [("t1",)]
    assert [ranking.wanted for ranking in session_rankings(answers)] == [("s1",)]
    assert scores([]) == {}


def test_pooled_weighs_turns_and_fraction_weighs_questions():
    table = scores([Ranking(("a",), ("a",)), Ranking(("b", "c", "d"), ())])
    assert table["fraction@10"] == 0.5
    assert table["pooled@10"] == 0.25


def test_kinds_of_another_language_are_kept_apart():
    answers = [Answer(question("t", kind=kind, language=language), (), ()) for kind, language in (("multi", "en"), ("multi", "zh"), ("zh-apart", "zh"), ("multi", "de"))]  # fmt: skip
    assert list(by_kind(answers)) == ["de multi", "multi", "zh multi", "zh-apart"]


def test_a_spread_of_questions_is_even_and_keeps_the_turns():
    turns = (Turn("t", "Ana", "hello", NOW, "s"),)
    chats = tuple(Chat(f"u{n}", turns, tuple(Question(f"{n}-{k}", "?", ("t",), "x") for k in range(10))) for n in range(3))  # fmt: skip
    data = DataSet("made", chats)
    for count in (1, 2, 7, 30):
        assert sum(len(chat.questions) for chat in data.spread(count).chats) == count
    assert [len(chat.questions) for chat in data.spread(3).chats] == [1, 1, 1]
    assert data.spread(0) == data.spread(99) == data
    assert data.spread(1).chats[2].turns == turns

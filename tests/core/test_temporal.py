"""Search knows time: what a query names lifts what occurred then, and nothing is lost by it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from agentmem_core import AgentMem
from agentmem_core.errors import InvalidInputError
from agentmem_core.recall.asked import asked, nearness
from agentmem_core.recall.view import micros

DATA = Path(__file__).parents[2] / "examples" / "data"
MARCH, MAY, JUNE = (datetime(2024, month, 10, tzinfo=UTC) for month in (3, 5, 6))


def lines(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def chat():
    with AgentMem(":memory:", user_id="ana") as memory:
        memory.add_many(
            {
                "id": turn["id"], "role": "user", "name": turn["speaker"], "content": turn["content"],
                "occurred_at": turn["occurred_at"], "session_id": turn["session"],
            }
            for language in ("en", "zh")
            for turn in lines(f"chat.{language}.jsonl")
        )  # fmt: skip
        yield memory


@pytest.fixture
def walks():
    """The same walk in three months, and something else in May."""
    with AgentMem(":memory:", user_id="ana") as memory:
        for name, occurred_at in (("march", MARCH), ("may", MAY), ("june", JUNE)):
            memory.add(f"A long walk to the {name}wood lake", occurred_at=occurred_at, session_id=name)
        memory.add("The dentist pulled a tooth", occurred_at=MAY + timedelta(days=1), session_id="may")
        yield memory


def found(hits):
    return [hit.memory.scope.session_id for hit in hits]


def test_the_temporal_questions_of_the_example_find_their_turn_within_three_hits(chat):
    questions = [question for question in lines("questions.jsonl") if question["kind"] == "temporal"]
    assert len(questions) == 20
    missed = []
    for question in questions:
        hits = chat.search(question["question"], limit=3, now=question.get("now"))
        if not {hit.memory.id for hit in hits} & set(question["evidence"]):
            missed.append(question["id"])
    assert len(missed) <= 4, missed


@pytest.mark.parametrize(
    ("query", "now", "expected"),
    [
        ("Where was the long walk in March 2024?", None, "march"),
        ("Where was the long walk on 2024-05-10?", None, "may"),
        ("Where was the long walk last month?", datetime(2024, 7, 2, tzinfo=UTC), "june"),
        ("Where was the long walk last month?", datetime(2024, 6, 2, tzinfo=UTC), "may"),
        ("long walk 上个月", datetime(2024, 4, 2, tzinfo=UTC), "march"),
        ("long walk 去年三月", datetime(2025, 4, 2, tzinfo=UTC), "march"),
        ("Where was the long walk in May?", datetime(2024, 8, 2, tzinfo=UTC), "may"),
    ],
)
@pytest.mark.parametrize("mode", ["hybrid", "lexical"])
def test_the_named_time_picks_among_likes(walks, query, now, expected, mode):
    first, *others = walks.search(query, now=now, mode=mode)
    assert first.memory.scope.session_id == expected
    assert first.signals.time == 1 > max(hit.signals.time for hit in others if hit.memory.scope.session_id != expected)


def test_a_time_alone_finds_what_occurred_then(walks):
    for query in ("in May 2024", "2024年5月", "What was in May 2024?"):
        for mode in ("hybrid", "lexical"):
            assert found(walks.search(query, mode=mode))[:2] == ["may", "may"]


def test_what_occurred_at_another_time_is_still_found(walks):
    hits = walks.search("Which tooth did the dentist pull in March 2021?")
    assert hits[0].memory.content == "The dentist pulled a tooth"
    assert hits[0].signals.time < 0.01


def test_where_nothing_occurred_near_the_time_its_words_are_matched_like_others(walks):
    walks.add("The marathon of 2021 was rainy", occurred_at=MAY)
    walks.add("The marathon was sunny", occurred_at=JUNE)
    assert walks.search("How was the marathon in 2021?")[0].memory.content == "The marathon of 2021 was rainy"


def test_lexical_search_finds_no_row_by_time_alone_when_words_are_asked(walks):
    hits = walks.search("dentist in May 2024", mode="lexical")
    assert [hit.memory.content for hit in hits] == ["The dentist pulled a tooth"]


def test_a_dense_search_ranks_by_the_cosine_alone_and_still_says_how_near_in_time(walks):
    hits = walks.search("long walk in May 2024", mode="dense")
    assert [hit.score for hit in hits] == sorted((max(hit.signals.dense, 0) for hit in hits), reverse=True)
    assert {hit.memory.scope.session_id for hit in hits if hit.signals.time == 1} == {"may"}


def test_without_a_time_the_signal_is_zero_and_now_changes_nothing(walks):
    plain = walks.search("a long walk")
    assert all(hit.signals.time == 0 for hit in plain)
    early = walks.search("a long walk", now="2001-01-01T00:00:00Z")
    assert [hit.memory.id for hit in early] == [hit.memory.id for hit in plain]


def test_as_of_is_the_now_unless_one_is_given(walks):
    as_of = datetime(2024, 6, 20, tzinfo=UTC)
    assert found(walks.search("long walk last month", as_of=as_of))[0] == "may"
    assert found(walks.search("long walk last month", as_of=as_of, now=datetime(2024, 4, 2, tzinfo=UTC)))[0] == "march"


def test_context_takes_now_too(walks):
    now = datetime(2024, 6, 2, tzinfo=UTC)
    assert walks.context("long walk last month", now=now, limit=1).hits[0].memory.scope.session_id == "may"


def test_a_question_stands_before_its_answer_although_both_have_one_time():
    with AgentMem(":memory:", user_id="ana") as memory:
        memory.add(
            [{"role": "user", "content": "Fruit, please"}, {"role": "assistant", "content": "Pears, then pears again"}],
            session_id="s",
        )
        told = memory.context("pears")
        assert told.hits[0].memory.role == "assistant"
        assert told.index("Fruit, please") < told.index("Pears, then")


@pytest.mark.parametrize("query", ["What happened in March 2024?", "2024年3月发生了什么？"])
def test_asking_what_happened_then_finds_what_occurred_then(query):
    with AgentMem(":memory:", user_id="ana") as memory:
        memory.add("I signed the contract", occurred_at=MARCH)
        memory.add("去了西湖", occurred_at=MARCH)
        memory.add("Something strange happened, 发生了一件事", occurred_at=MARCH + timedelta(days=600))
        assert memory.search(query)[-1].memory.occurred_at > JUNE
        assert memory.search(query)[0].memory.occurred_at == MARCH


async def test_the_async_verbs_take_now(walks):
    now = datetime(2024, 6, 2, tzinfo=UTC)
    assert found(await walks.asearch("long walk last month", now=now))[0] == "may"
    assert (await walks.acontext("long walk last month", now=now, limit=1)).hits[0].memory.scope.session_id == "may"


@pytest.mark.parametrize("now", ["last May", datetime(2024, 1, 1), 5j, []])  # noqa: DTZ001 - a moment without a zone is refused
def test_a_now_that_is_no_moment_is_refused(walks, now):
    with pytest.raises(InvalidInputError, match="now"):
        walks.search("long walk", now=now)


def test_other_users_rows_are_not_found_by_time(walks):
    walks.add("Secret of bo", user_id="bo", occurred_at=MAY)
    assert "Secret of bo" not in [hit.memory.content for hit in walks.search("in May 2024", limit=100)]
    assert [hit.memory.content for hit in walks.search("in May 2024", user_id="bo")] == ["Secret of bo"]
    assert walks.search("in May 2024", user_id="cy") == []


def test_a_filter_and_a_session_still_hold(walks):
    assert set(found(walks.search("long walk in May 2024", session_id="march"))) == {"march"}
    assert walks.search("in May 2024", types=["core"]) == []


def test_the_words_of_a_time_are_no_content_but_a_holiday_is():
    now = datetime(2024, 6, 12, tzinfo=UTC)
    assert asked("Where did Ana hike in March 2024?", now).tell == ("ana", "hike")
    assert asked("last May", now).tell == ()
    assert asked("去年五月", now).tell == ()
    assert asked("gifts at Christmas 2023", now).tell == ("gift", "christma")
    assert asked("who", now).tell == asked("who", now).words == ("who",)
    assert asked("hike in March 2024", now).words == ("hike", "march", "2024")
    assert asked(None, now).words == asked("  ", now).words == ()


def test_nearness_is_one_inside_and_fades_faster_before_than_after():
    now = datetime(2024, 12, 1, tzinfo=UTC)
    times = asked("in May 2024", now).times
    days = [datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 31, 23, 59, tzinfo=UTC)]
    days += [datetime(2024, 4, 21, tzinfo=UTC), datetime(2024, 6, 11, tzinfo=UTC), datetime(2021, 5, 5, tzinfo=UTC)]
    first, last, before, after, far = (float(value) for value in nearness(times, _moments(days)))
    assert first == last == 1
    assert 0 < before < after < 1
    assert far < 0.001


def test_a_time_of_the_year_without_a_year_also_means_other_years():
    times = asked("in May", datetime(2026, 12, 1, tzinfo=UTC)).times
    days = [datetime(year, 5, 10, tzinfo=UTC) for year in (2026, 2023)] + [datetime(2023, 11, 10, tzinfo=UTC)]
    this_year, other_year, other_month = (float(value) for value in nearness(times, _moments(days)))
    assert this_year == 1
    assert 0.5 < other_year < 1
    assert other_month < 0.05


def _moments(days):
    return np.array([micros(day) for day in days], np.int64)

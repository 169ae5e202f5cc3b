"""What ends in a prompt: a floor below which nothing does, each text once, and who said it."""

import pytest

from agentmem_core import AgentMem, InvalidInputError, render, speaker_of, worth_telling
from agentmem_core.recall.rendering import PROMPT_FLOOR

MAY_3, MAY_9 = "2026-05-03T10:00:00Z", "2026-05-09T10:00:00Z"


@pytest.fixture
def memory():
    with AgentMem(":memory:", user_id="ana") as opened:
        yield opened


def turn(content, name=None, occurred_at=MAY_3, role="user"):
    return {"role": role, "name": name, "content": content, "occurred_at": occurred_at}


def lines(prompt):
    return str(prompt).splitlines()[1:]


async def test_what_shares_no_word_and_hardly_resembles_the_question_is_found_but_not_told(memory):
    memory.add_many(["我每天早上六点去河边跑步", "会议改到下周三下午", "My sister is called Rita"])
    asked = "What is my sister's name?"
    faint = [hit for hit in memory.search(asked, limit=50) if not hit.signals.lexical]
    assert faint  # or there would be nothing to leave out
    for prompt in (memory.context(asked), await memory.acontext(asked)):
        assert "Rita" in prompt
        assert all(hit.memory.content not in prompt for hit in faint)
    for prompt in (memory.context(asked, min_score=0), await memory.acontext(asked, min_score=0.0)):
        assert all(hit.memory.content in prompt for hit in faint)
    assert memory.context(asked, min_score=1.0) == ""


def test_a_question_as_long_as_a_page_finds_what_shares_one_word_with_it(memory):
    memory.add("Rita keeps the seal")
    page = " ".join(f"matter{number}" for number in range(1_000))
    (hit,) = memory.search(f"{page} seal")
    assert 0 < hit.score < PROMPT_FLOOR
    assert "Rita" in memory.context(f"{page} seal")


def test_what_is_worth_telling_is_decided_by_the_score_that_the_caller_asked_for(memory):
    memory.add_many(["我每天早上六点去河边跑步", "会议改到下周三下午"])
    hits = memory.search("my sister's name?")
    assert hits
    assert worth_telling(hits) == []
    for asked in (0, 0.001):
        assert worth_telling(hits, asked) == hits


def test_an_answer_by_meaning_alone_stands_above_the_floor(memory):
    memory.add("I am allergic to peanuts")
    (hit,) = memory.search("what must I not eat?")
    assert hit.signals.lexical == 0
    assert "peanuts" in memory.context("what must I not eat?")


@pytest.mark.parametrize("wrong", ["high", float("nan"), -0.1, 1.1, [0.5]])
def test_a_floor_that_is_none_is_refused(memory, wrong):
    memory.add("Tea is hot")
    with pytest.raises(InvalidInputError, match="min_score"):
        memory.context("tea", min_score=wrong)


def test_a_turn_and_the_fact_that_repeats_it_are_told_once(memory):
    memory.add([turn("I moved to Lisbon", "Ana")], session_id="s")
    memory.add({"content": "I moved  to Lisbon", "occurred_at": MAY_9})  # spaces aside the same, learnt later
    memory.semantic.learn("I moved to Lisbon", subject="Ana", predicate="lives in", object="Lisbon")
    prompt = memory.context("Lisbon")
    assert len(lines(prompt)) == len(prompt.hits) == 1


def test_what_another_said_or_happened_again_is_told_again(memory):
    memory.add([turn("I have a headache", "Ana"), turn("I have a headache", "Bo")], session_id="s")
    memory.add([turn("I have a headache", "Ana", MAY_9)], session_id="t")
    memory.add([turn("I have a headache", "Ana")], session_id="u")  # the same day, in another chat
    assert sorted(lines(memory.context("headache"))) == [
        "- [2026-05-03] Ana: I have a headache",
        "- [2026-05-03] Bo: I have a headache",
        "- [2026-05-09] Ana: I have a headache",
    ]


def test_a_repeat_takes_no_room_from_what_is_new(memory):
    memory.add([turn("茶很热", session) for session in ("安娜", None)], session_id="s")
    memory.add(["茶很热", "茶很贵"])
    hits = memory.search("茶")
    room = 2 * 30
    prompt = render(hits, max_tokens=room)
    assert {hit.memory.content for hit in prompt.hits} == {"茶很热", "茶很贵"}
    assert str(prompt).count("茶很热") == 1


def test_a_text_too_long_for_the_prompt_may_still_be_told_by_a_shorter_line(memory):
    memory.add([turn("Tea is hot", "A speaker with a very long name " * 6)], session_id="s")
    memory.add("Tea is hot")
    assert lines(memory.context("tea", max_tokens=20))[0].endswith("] Tea is hot")


def test_a_speaker_is_a_name_or_else_a_role(memory):
    memory.add([turn("a", " Ana\nRibeiro "), turn("b"), turn("c", role="assistant")], session_id="s")
    memory.add("d")
    assert {item.content: speaker_of(item) for item in memory.list().items} == {
        "a": "Ana Ribeiro", "b": "user", "c": "assistant", "d": "",
    }  # fmt: skip

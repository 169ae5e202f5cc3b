"""What ends in a prompt: a floor below which nothing does, each text once, and who said it."""

import pytest

from agentmem_core import AgentMem, InvalidInputError, render, speaker_of, worth_telling
from agentmem_core.recall.rendering import CHINESE_HEADING, HEADING
from agentmem_core.recall.telling import PROMPT_FLOOR

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


KEPT = [
    "我每天早上六点去河边跑步",
    "会议改到下周三下午",
    "我妹妹叫丽塔",
    "小伟每周四上大提琴课",
    "我对花生过敏",
    "我住在里斯本",
    "我的航班是TP1363",
]
UNRELATED = [
    "怎么用Python给列表排序？",
    "2018年世界杯谁赢了？",
    "解释一下量子纠缠",
    "太阳系有多少颗行星？",
    "推荐一部科幻电影",
    "线粒体有什么功能？",
]
RELATED = [
    ("我妹妹叫什么名字", 2),
    ("我什么时候跑步", 0),
    ("小伟学什么乐器", 3),
    ("我不能吃什么", 4),
    ("我家在哪个城市", 5),
    ("航班号是多少", 6),
]


async def test_a_chinese_question_about_something_else_brings_little_and_its_answers_still_come(memory):
    memory.add_many(KEPT)
    told = [len(memory.context(question).hits) for question in UNRELATED]
    assert (
        sum(len(memory.search(question, limit=20)) for question in UNRELATED) > 30
    )  # or there would be nothing to leave out
    assert sum(told) <= 12
    for question, place in RELATED:
        assert KEPT[place] in memory.context(question), question
    assert await memory.acontext(RELATED[0][0]) == memory.context(RELATED[0][0])


def test_one_character_in_common_is_no_word_and_two_together_are(memory):
    memory.add_many(["天坛公园的门票是十五元", "周报要用蓝色的模板"])
    page = "请写一份很长的说明，" + "，".join(f"第{number}条内容" for number in range(300))
    by_text = {hit.memory.content: hit for hit in memory.search(f"{page}，天，周报", limit=5)}
    assert all(0 < hit.signals.lexical < 0.05 for hit in by_text.values())
    assert [hit.memory.content for hit in worth_telling(by_text.values(), query=f"{page}，天，周报")] == [
        "周报要用蓝色的模板"
    ]
    assert len(worth_telling(by_text.values())) == 2, "without the question a character counts as a word does elsewhere"


def test_an_english_question_still_finds_the_latin_word_of_a_chinese_text(memory):
    memory.add_many(["我的航班是TP1363", "我每天早上六点去河边跑步"])
    prompt = memory.context("when does TP1363 leave?")
    assert "TP1363" in prompt
    assert "跑步" not in prompt


def test_a_fact_does_not_stand_beside_the_turn_of_another_session_that_it_was_learnt_from(memory):
    one = memory.add([turn("I moved to Lisbon for good, the river is close", "Ana")], session_id="monday").ids[0]
    two = memory.add([turn("As I said, Lisbon is home", "Ana", MAY_9)], session_id="friday").ids[0]
    memory.semantic.learn(
        "Ana lives in Lisbon", subject="Ana", predicate="lives in", object="Lisbon", source=[one, two]
    )
    memory.semantic.learn("Ana's home is near a river in Lisbon", source=[one])
    memory.semantic.learn("Ana likes Lisbon's trams")
    told = lines(memory.context("Ana Lisbon river home", session_id=None))
    assert len(told) == 3
    assert sum("lives in" in said or "near a river" in said for said in told) == 0
    assert any("trams" in said for said in told)


@pytest.mark.parametrize("order", [1, -1])
def test_whichever_of_a_turn_and_its_fact_comes_first_the_turn_is_told_and_the_room_goes_to_others(memory, order):
    turn_id = memory.add([turn("Wei plays the cello on Thursdays", "Wei")], session_id="s").ids[0]
    memory.semantic.learn("Wei plays the cello", source=[turn_id])
    memory.add("Cello strings are in the drawer")
    hits = sorted(memory.search("cello Wei"), key=lambda hit: order * len(hit.memory.source))
    prompt = render(hits, max_tokens=1_000)
    assert {hit.memory.content for hit in prompt.hits} == {
        "Wei plays the cello on Thursdays",
        "Cello strings are in the drawer",
    }
    assert prompt.tokens == render([hit for hit in hits if not hit.memory.source], max_tokens=1_000).tokens


def test_a_fact_is_told_where_one_of_its_turns_is_not(memory):
    ids = memory.add([turn("I moved", "Ana"), turn("To Lisbon, that is", "Ana")], session_id="s").ids
    memory.semantic.learn("Ana lives in Lisbon", source=ids)
    hits = [hit for hit in memory.search("Lisbon") if hit.memory.id != ids[0]]
    assert {hit.memory.content for hit in render(hits, max_tokens=1_000).hits} == {
        "To Lisbon, that is",
        "Ana lives in Lisbon",
    }


def test_what_says_nothing_is_not_told_and_a_picture_is(memory):
    told = {"What about the weather in Lisbon?", "\U0001f44d"}
    for session, silent in enumerate(["\u2205", "\u2026", "..."]):
        talk = ["What about the weather in Lisbon?", silent, "\U0001f44d"]
        memory.add([{"role": "user", "content": text} for text in talk], session_id=f"s{session}")
    found = memory.search("weather in Lisbon", limit=20)
    assert {hit.memory.content for hit in found} == {*told, "\u2205", "\u2026", "..."}, (
        "the turn before lends its words"
    )
    assert {hit.memory.content for hit in memory.context("weather in Lisbon").hits} == told
    assert {hit.memory.content for hit in worth_telling(found, 0)} == told


@pytest.mark.parametrize(
    ("kept", "heading"),
    [
        (["我对花生过敏"], CHINESE_HEADING),
        (["我对花生过敏", "花生酱在冰箱里", "peanut 花生 butter is in the fridge"], CHINESE_HEADING),
        (["我對花生過敏", "Peanuts (花生) in Spanish: cacahuetes"], HEADING),
        (["我用 Python 写花生 peanuts 的服务"], CHINESE_HEADING),
        (["我对花生过敏", "花生 means peanuts", "No, peanuts is 花生"], HEADING),
        (["花生アレルギーがあります"], HEADING),
        (["花生", "peanuts", "花生 peanuts 알레르기"], HEADING),
    ],
)
def test_the_heading_is_in_the_language_of_most_memories(memory, kept, heading):
    memory.add_many(kept)
    told = memory.context("花生 peanuts", min_score=0)
    assert len(told.hits) == len(kept)
    assert str(told).splitlines()[0] == heading


def test_no_heading_takes_more_than_there_is_room_for(memory):
    memory.add("我对花生过敏")
    hits = memory.search("花生")
    assert len(CHINESE_HEADING.encode()) < len(HEADING) < 10 * len(CHINESE_HEADING)

    def dear(text: str) -> int:
        return sum(10 if ord(char) > 127 else 1 for char in text)

    enough = render(hits, max_tokens=10_000, count=dear).tokens
    assert enough == dear(str(render(hits, max_tokens=enough, count=dear)))
    tight = render(hits, max_tokens=enough - 1, count=dear)
    assert tight.tokens < enough
    assert str(tight).startswith(HEADING)

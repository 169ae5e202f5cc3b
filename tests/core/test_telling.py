"""What of what was found goes into a prompt: not what only lies in the time that the question names."""

import pytest

from agentmem_core import AgentMem, worth_telling
from agentmem_core.recall.telling import WIDE_FLOOR

NOW, YESTERDAY, LONG_AGO = "2026-05-09T20:00:00Z", "2026-05-08T12:00:00Z", "2026-03-02T12:00:00Z"
SOUP, TODAY = "We had fish soup for dinner", ["The printer on floor two is broken", "I drive a red Fiat"]
FISH_SOUP, NOW_TOO = "晚饭喝了鱼汤", ["二楼的打印机坏了", "小伟在学大提琴"]


@pytest.fixture
def memory():
    with AgentMem(":memory:", user_id="ana") as opened:
        opened.add_many([{"content": text, "occurred_at": NOW} for text in TODAY])
        opened.add_many(
            [
                {"content": SOUP, "occurred_at": YESTERDAY},
                {"content": "The garage door squeaks", "occurred_at": LONG_AGO},
            ]
        )
        yield opened


@pytest.fixture
def chinese():
    with AgentMem(":memory:", user_id="小伟") as opened:
        opened.add_many([{"content": text, "occurred_at": NOW} for text in NOW_TOO])
        opened.add_many(
            [{"content": FISH_SOUP, "occurred_at": YESTERDAY}, {"content": "车库的门吱吱作响", "occurred_at": LONG_AGO}]
        )
        yield opened


def told(memory, question):
    return {hit.memory.content for hit in memory.context(question, now=NOW).hits}


@pytest.mark.parametrize("question", ["what do we eat tonight?", "What is the capital of France today?"])
def test_what_only_shares_the_time_with_a_question_is_found_first_and_not_told(memory, question):
    hits = memory.search(question, now=NOW)
    assert {hit.memory.content for hit in hits[:2]} & set(TODAY)  # or there would be nothing to leave out
    assert not told(memory, question) & set(TODAY)


async def test_the_same_in_chinese_and_without_blocking(chinese):
    for question in ("今天吃什么", "今晚吃什么"):
        assert not told(chinese, question), question
        assert not (await chinese.acontext(question, now=NOW)).hits


def test_a_time_still_tells_apart_what_shares_a_word_with_the_question(memory):
    memory.add({"content": "Dinner was at the harbour", "occurred_at": LONG_AGO})
    assert SOUP in told(memory, "what was for dinner yesterday?")


@pytest.mark.parametrize(
    "question",
    [
        "what happened yesterday?",
        "What did we talk about yesterday?",
        "What did I do yesterday",
        "Anything new since yesterday?",
    ],
)
def test_a_question_for_nothing_but_a_time_is_told_what_lies_in_it(memory, question):
    assert SOUP in told(memory, question)
    assert "The garage door squeaks" not in told(memory, question)


@pytest.mark.parametrize(
    "question", ["昨天发生了什么", "昨天我们聊了什么？", "我昨天做了什么", "昨天有什么新的事情", "昨天过得怎么样"]
)
def test_a_chinese_question_for_nothing_but_a_time_is_told_what_lies_in_it(chinese, question):
    assert FISH_SOUP in told(chinese, question)


def test_what_lies_in_the_time_asked_for_is_told_however_unimportant_it_is(chinese):
    chinese.add({"content": "倒垃圾", "occurred_at": YESTERDAY, "importance": 0.0})
    assert "倒垃圾" in told(chinese, "昨天发生了什么")


def test_a_search_by_likeness_alone_is_judged_by_its_likeness_with_and_without_a_time(memory):
    hits = memory.search("dinner tonight", mode="dense", now=NOW)
    assert hits[0].signals.time
    assert SOUP in [hit.memory.content for hit in worth_telling(hits, query="dinner tonight")]
    without = [hit.model_copy(update={"signals": hit.signals.model_copy(update={"time": 0.0})}) for hit in hits]
    assert len(worth_telling(hits, query="dinner tonight")) == len(worth_telling(without, query="dinner tonight"))


ABOUT_ME = ["我对花生过敏", "我妹妹叫丽塔", "我住在里斯本", "我女儿今年上小学三年级", "我在一家银行做会计"]


@pytest.mark.parametrize(
    "question",
    [
        "帮我写一封请假的邮件",
        "给我讲一个笑话",
        "请告诉我光速是多少",
        "你能帮我翻译这句话吗",
        "我想了解一下区块链",
        "幫我翻譯一封郵件",
    ],
)
def test_who_asks_is_not_whom_a_chinese_question_is_about(question):
    with AgentMem(":memory:", user_id="小伟") as memory:
        memory.add_many(ABOUT_ME)
        assert sum(hit.score >= WIDE_FLOOR for hit in memory.search(question)) >= 4  # alike by 我 alone
        assert len(memory.context(question).hits) <= 1


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("我不能吃什么", 0),
        ("请告诉我我住在哪个城市", 2),
        ("告诉我妹妹叫什么", 1),
        ("我想知道我的职业是什么", 4),
        ("谁帮我带女儿", 3),
    ],
)
def test_a_question_about_oneself_is_still_answered_from_what_one_said(question, answer):
    with AgentMem(":memory:", user_id="小伟") as memory:
        memory.add_many(ABOUT_ME)
        assert ABOUT_ME[answer] in memory.context(question)

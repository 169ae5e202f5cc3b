"""Where a text goes when nobody says: a table, in English and Chinese, with texts that look like a rule and are none."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from tests.core.clock import remembering

from agentmem_core import AgentMem, MemoryType, NotConfiguredError
from agentmem_core.recall.routing import route
from agentmem_core.testing import strategies

SEMANTIC = [
    "I like green tea", "Ana loves jazz", "she hates noise", "My favourite colour is blue", "I'm allergic to peanuts",
    "I can't stand noise", "I prefer trains to planes", "Rita is my sister", "Lisbon is in Portugal", "I moved to Lisbon",
    "The office is on the second floor", "我喜欢喝茶", "她讨厌噪音", "我对花生过敏", "我更爱咖啡", "里斯本在葡萄牙", "她住在里斯本",
    "我的妹妹叫丽塔", "Ana works at a hospital", "Bob speaks three languages", "2024 was a good year",
    # what looks like another rule, and is none
    "How do I get to Porto?", "How to say it?", "怎么去里斯本？", "今晚吃什么？", "Did you see her yesterday?",
    "Remember the Alamo", "I remember to this day what she said", "To do or not to do, that is the question",
    "The 1. FC Köln and the 2. Bundesliga", "My to-do-list app is called Things", "First impressions last",
    "First I ate, now I sleep", "Did you remind me?", "These photos remind me of home", "你记得我的名字吗？",
    "To Anna: I was in Porto then", "To sum up: we met and then left", "To Bob: the tram was late, then it rained", "To my mother: I've moved, then",
    "记得小时候很快乐", "Chapter 1. The beginning", "Version 2.0 is out", "the todo app is broken", "It looks like rain",
    "I would like to book a table", "The last Friday of a month is payday", "A week has seven days",
    "I like yesterday's film", "我喜欢昨天的电影", "第一步很重要", "1. FC Köln and the 2. Bundesliga", "1. July 2.5 degrees",
    "To my dear Ana: happy birthday", "如何是好呢", "今天我记住了他的名字", "The reminder was late", "I should not forget her face", "", "?", "👍", "1.", "....", "\n\n\n",
]  # fmt: skip
EPISODIC = [
    "Yesterday I went to the dentist", "I met Bob last week", "We had lunch two days ago", "This morning I missed the bus",
    "She called just now", "last night it rained", "2024-05-03 signed the contract", "an hour ago the parcel came",
    "Yesterday I saw a dog that looked like a wolf", "Last night felt like a dream", "昨天我去了里斯本", "上周我们见了面",
    "三天前我到了", "刚才她打了电话", "2024年5月3日签了合同", "今天早上我错过了公交车", "2小时前收到包裹", "前天下雨了",
]  # fmt: skip
PROCEDURAL = [
    "1. Mix\n2. Rest\n3. Bake", "1) open the door\n2) go in", "(1) mix\n(2) bake", "Step 1: mix\nStep 2: bake",
    "How to bake bread: mix, rest, bake", "To reset the router, first unplug it and wait", "Steps to deploy: build, push, tag",
    "First mix the flour, then let it rest, finally bake it", "Recipe for bread: flour, water, salt",
    "第一步和面\n第二步发酵\n第三步烘烤", "如何做面包：先和面，再烘烤", "首先和面，然后发酵，最后烘烤", "做法：和面，烘烤", "1、和面\n2、烘烤",
    "第一步打开盖子，第二步倒水",
    "步骤如下：先登录，再点击", "Instructions for the washing machine: press start",
    "1. Open the app 2. Click settings 3. Save", "How the router is reset: 1) unplug it, 2) wait", "1、打开 2、关闭 3、等待",
    "(1) mix (2) bake", "Step 1: open. Step 2: close.", "To make tea: boil water, then steep it", "Here is how to reset it: hold the button",
    "How-to: reset the router", "Recipe: flour and water", "Steps:\n- a\n- b", "In order to deploy: first build it", "如何重置路由器", "泡茶的方法是先烧水", "Yesterday's recipe:\n1. mix\n2. bake",
]  # fmt: skip
WORKING = [
    "Remind me to call mum", "remind me tomorrow about the dentist", "Can you remind me to call mum?", "TODO: buy milk",
    "to-do: buy milk", "Don't forget the milk", "Please remember to water the plants", "Note to self: buy milk",
    "提醒我明天给妈妈打电话", "待办：买牛奶", "别忘了买牛奶", "记得买牛奶", "请不要忘记关灯", "todo buy milk and call the dentist",
    "Reminder: dentist at five", "I need to remember to pay rent", "I must not forget to call Bob", "[ ] buy milk", "- [ ] buy milk",
    "提醒：明天开会", "备忘：明天开会", "明天记得开会", "记住要买牛奶", "我要记得交房租",
]  # fmt: skip

TABLE = [
    *((text, MemoryType.SEMANTIC) for text in SEMANTIC),
    *((text, MemoryType.EPISODIC) for text in EPISODIC),
    *((text, MemoryType.PROCEDURAL) for text in PROCEDURAL),
    *((text, MemoryType.WORKING) for text in WORKING),
]


@pytest.mark.parametrize(("text", "kind"), TABLE)
def test_a_text_goes_where_it_belongs(text: str, kind: MemoryType) -> None:
    found, why = route(text)
    assert (found, text) == (kind, text)
    assert why


@given(strategies.texts())
def test_every_text_goes_somewhere_and_always_to_the_same(text: str) -> None:
    assert route(text) == route(text)
    assert route(text)[0] in {
        MemoryType.SEMANTIC, MemoryType.EPISODIC, MemoryType.PROCEDURAL, MemoryType.WORKING,
    }  # fmt: skip


@pytest.mark.parametrize("text", [
    "\n" * 1_000_000, "9" * 1_000_000, "十" * 1_000_000, "首先" + "然后" * 500_000, "first " + "then " * 200_000, " \n\t" * 300_000,
    "1. " * 300_000, "to a " * 200_000, "记得" * 500_000, "?" + " " * 1_000_000 + "x",
])  # fmt: skip
def test_a_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    began = time.process_time()
    route(text)
    assert time.process_time() - began < 1.0, "a rule that goes back and forth takes minutes"


def test_the_answer_says_what_was_chosen_and_why() -> None:
    memory = remembering()
    added = memory.add("Remind me to call mum")
    assert (added.memories[0].type, added.items[0].routed) == (MemoryType.WORKING, "something to do")
    assert memory.working.items()[0].content == "Remind me to call mum"


def test_what_the_caller_says_always_wins() -> None:
    memory = remembering()
    for kind in MemoryType:
        if kind in {MemoryType.RESOURCE, MemoryType.KNOWLEDGE}:
            continue
        added = memory.add(f"Remind me to call mum ({kind})", type=kind)
        assert (added.memories[0].type, added.items[0].routed) == (kind, "given")


def test_turns_are_episodic_whatever_they_say() -> None:
    memory = remembering()
    added = memory.add(
        [{"role": "user", "content": "我喜欢茶"}, {"role": "assistant", "content": "Remind me to like it"}]
    )
    assert [(item.type, item.role) for item in added.memories] == [
        (MemoryType.EPISODIC, "user"), (MemoryType.EPISODIC, "assistant"),
    ]  # fmt: skip
    assert {item.routed for item in added.items} == {"a turn"}


def test_each_of_many_is_routed_by_itself() -> None:
    memory = remembering()
    added = memory.add_many(["I like tea", "昨天我去了里斯本", {"content": "x", "type": "core"}, "TODO: milk"])
    assert [item.type for item in added.memories] == ["semantic", "episodic", "core", "working"]


async def test_the_same_without_blocking() -> None:
    added = await remembering().aadd("提醒我明天给妈妈打电话")
    assert added.memories[0].type is MemoryType.WORKING


def test_a_collection_of_its_own_is_not_routed() -> None:
    memory = remembering()
    added = memory.add("Remind me to call mum", collection="documents")
    assert added.memories[0].type is MemoryType.SEMANTIC


# --- a model instead of the rules -------------------------------------------------------------------------------------


def routed_by(answer: Any) -> AgentMem:
    """A memory whose model answers so."""
    from agentmem_core.ports import Prompt, Reply

    class Scripted:
        name = "scripted"

        def __init__(self) -> None:
            self.asked: list[Prompt] = []

        def ask(self, prompt: Prompt) -> Reply:
            self.asked.append(prompt)
            return Reply(answer if isinstance(answer, str) else json.dumps(answer))

        async def aask(self, prompt: Prompt) -> Reply:
            return self.ask(prompt)

    return AgentMem(":memory:", embedder="hashing", llm=Scripted(), router="model")


def test_a_model_decides_where_it_is_to() -> None:
    with routed_by({"types": ["contextual"]}) as memory:
        added = memory.add("I like green tea")
        assert (added.memories[0].type, added.items[0].routed) == (MemoryType.CONTEXTUAL, "scripted says so")


@pytest.mark.parametrize("answer", [
    "no json", {"types": []}, {"types": ["semantic", "semantic"]}, {"types": ["nothing"]}, {}, [], {"types": None}, "null", "5",
])  # fmt: skip
def test_a_model_that_answers_nonsense_leaves_it_to_the_rules(answer: Any) -> None:
    with routed_by(answer) as memory:
        added = memory.add("Remind me to call mum")
        assert added.memories[0].type is MemoryType.WORKING
        assert "rules decided" in added.warnings[0]


def test_a_router_needs_its_model() -> None:
    with pytest.raises(NotConfiguredError, match="llm"):
        AgentMem(":memory:", embedder="hashing", router="model")

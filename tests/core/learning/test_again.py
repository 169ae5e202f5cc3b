"""Reading what was read already changes nothing, however the conversation went."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.core.clock import DAY, Clock
from tests.core.learning.scripted import Scripted, fact, facts_at, histories, learning, rows

from agentmem_core import AgentMem
from agentmem_core.learning.rules import extract

CONVERSATIONS = {
    "there and back": ["I live in Paris", "I moved to Lisbon", "I moved to Rome", "I live in Paris"],
    "there and back twice": ["I live in Paris", "I moved to Lisbon"] * 4,
    "an end, and a new beginning": ["I have a dog", "I don't have a dog any more", "I have a dog", "I don't have a dog any more"],
    "an end between": ["I live in Paris", "I no longer live in Paris", "I live in Paris"],
    "said again": ["I live in Paris", "I live in Paris", "I moved to Rome", "As I said, I live in Rome"],
    "Chinese": ["我住在巴黎", "我搬到了里斯本", "我住在巴黎", "我不再吃肉了", "我叫李雷"],
    "both languages": ["I live in Paris", "我搬到了里斯本", "I live in Paris"],
    "tastes": ["I like tea", "I hate tea", "I like tea", "I like coffee"],
    "dated": ["I've lived in Porto since 2019", "I moved to Oslo in 2021", "I moved to Porto in 2023", "I'm flying to Rome on 3 May"],
}  # fmt: skip


def state(memory: AgentMem) -> Any:
    return histories(memory), facts_at(memory), [item.content for item in rows(memory)]


@pytest.mark.parametrize("pause", [timedelta(0), timedelta(seconds=1), DAY], ids=["at once", "seconds", "days"])
@pytest.mark.parametrize("name", CONVERSATIONS)
def test_learning_again_changes_nothing(name: str, pause: timedelta) -> None:
    clock = Clock()
    memory = learning(None, clock, extract=extract)
    for text in CONVERSATIONS[name]:
        memory.add([{"role": "user", "content": text}], session_id="s1", infer=True)
        clock.pass_(pause)
    before = state(memory)
    assert before[0]
    for _ in range(3):
        clock.pass_(DAY)
        learned = memory.learn(again=True)
        assert {decision.action for decision in learned.decisions} == {"NONE"}, learned.decisions
        assert state(memory) == before


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_the_same_when_it_was_stored_first_and_every_turn_is_read_alone(name: str, monkeypatch) -> None:
    """What is said at one moment, but read in several steps, is kept apart by the turns that said it."""
    monkeypatch.setattr("agentmem_core.learning.windows.TURNS", 1)
    memory = learning(None, extract=extract)
    memory.add([{"role": "user", "content": text} for text in CONVERSATIONS[name]], session_id="s1")
    assert memory.learn().read == len(CONVERSATIONS[name])
    before = state(memory)
    for _ in range(3):
        memory.learn(again=True)
        assert state(memory) == before


def test_a_home_that_was_left_and_found_again_is_known_for_both_times() -> None:
    clock = Clock()
    memory = learning(None, clock, extract=extract)
    days = []
    for text in CONVERSATIONS["there and back"]:
        memory.add([{"role": "user", "content": text}], session_id="s1", infer=True)
        days.append(clock())
        clock.pass_(DAY)
    memory.learn(again=True)
    assert [facts_at(memory, day) for day in days] == [
        {f"user lives in {town}"} for town in ("Paris", "Lisbon", "Rome", "Paris")
    ]


def test_an_earlier_stay_that_is_read_late_is_a_stay_of_its_own() -> None:
    """Turns that were stored without learning, between others that were learnt from."""
    clock = Clock()
    memory = learning(None, clock, extract=extract)
    for text, infer in (("I live in Paris", False), ("I moved to Lisbon", True), ("I live in Paris", True)):
        memory.add([{"role": "user", "content": text}], session_id="s1", infer=infer)
        clock.pass_(DAY)
    assert [item.action for item in memory.learn().decisions] == ["ADD"]
    assert facts_at(memory) == {"user lives in Paris"}
    assert facts_at(memory, clock() - 3 * DAY) == {"user lives in Paris"}
    assert facts_at(memory, clock() - 2 * DAY) == {"user lives in Lisbon"}
    before = state(memory)
    memory.learn(again=True)
    assert state(memory) == before


def test_a_turn_that_was_changed_is_read_anew() -> None:
    clock = Clock()
    memory = learning(None, clock, extract=extract)
    [turn] = memory.add([{"role": "user", "content": "I live in Paris"}], session_id="s1", infer=True).ids
    for town in ("Rome", "Paris"):
        clock.pass_(DAY)
        memory.update(turn, content=f"I live in {town}")
        assert memory.learn(again=True).decisions[0].action == "UPDATE"
        assert facts_at(memory) == {f"user lives in {town}"}


def test_what_was_taken_back_stays_taken_back() -> None:
    clock = Clock()
    memory = learning(None, clock, extract=extract)
    for text in ("I have a dog", "I don't have a dog any more"):
        memory.add([{"role": "user", "content": text}], session_id="s1", infer=True)
        clock.pass_(DAY)
    [dog] = rows(memory)
    memory.restore(dog.id, 1)
    memory.learn(again=True)
    assert facts_at(memory) == {"user has a dog"}


def test_a_model_that_says_the_same_again_changes_nothing() -> None:
    said = [fact(f"Ana lives in {town}", f"Ana|lives in|{town}") for town in ("Paris", "Rome", "Paris")]
    clock = Clock()
    memory = learning(
        Scripted([[one] for one in said] + [[{**one, "turns": [place]} for place, one in enumerate(said, 1)]] * 3),
        clock,
    )
    for _ in said:
        memory.add([{"role": "user", "content": "as you know", "name": "Ana"}], session_id="s1", infer=True)
        clock.pass_(DAY)
    before = state(memory)
    for _ in range(3):
        memory.learn(again=True)
        assert state(memory) == before

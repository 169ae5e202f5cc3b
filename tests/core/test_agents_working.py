"""The scratchpad: priorities, times to live, nothing shown that is over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from tests.core.clock import DAY, HOUR, NOON, Clock, remembering

from agentmem_core import AgentMem, InvalidInputError, MemoryType, NotFoundError


def contents(memory: AgentMem, **options: object) -> list[str]:
    return [item.content for item in memory.working.items(**options)]  # type: ignore[arg-type]  # options of a table


def test_the_most_urgent_is_first_then_the_newest() -> None:
    memory = remembering()
    for text, priority in (("low", -1), ("one", 0), ("high", 9), ("two", 0)):
        memory.working.push(text, priority=priority)
    assert contents(memory) == ["high", "two", "one", "low"]
    assert contents(memory, min_priority=0) == ["high", "two", "one"]
    assert contents(memory, min_priority=10) == []


def test_what_is_over_is_never_shown_swept_or_not() -> None:
    clock = Clock()
    memory = remembering(clock)
    item = memory.working.push("call mum", ttl=HOUR)
    kept = memory.working.push("for good", ttl=None)
    assert item.expires_at == NOON + HOUR
    clock.pass_(HOUR - timedelta(microseconds=1))
    assert contents(memory) == ["for good", "call mum"]
    clock.pass_(timedelta(microseconds=1))
    assert contents(memory) == ["for good"]
    assert [hit.memory.content for hit in memory.working.search("call mum")] == []
    assert [listed.content for listed in memory.working.list().items] == ["for good"]
    for call in (lambda: memory.working.get(item.id), lambda: memory.working.promote(item.id)):
        with pytest.raises(NotFoundError):
            call()
    assert memory.working.sweep() == 1
    assert memory.working.sweep() == 0
    assert contents(memory) == ["for good"]
    assert memory.history(item.id)[-1].reason == "expired"
    memory.restore(item.id, 1)
    assert contents(memory) == ["for good", "call mum"]
    assert memory.working.get(kept.id) == kept


def test_a_day_is_the_default() -> None:
    clock = Clock()
    memory = remembering(clock)
    memory.working.push("call mum")
    clock.pass_(DAY - timedelta(seconds=1))
    assert contents(memory) == ["call mum"]
    clock.pass_(timedelta(seconds=1))
    assert contents(memory) == []


def test_pushing_again_renews_the_time_and_the_priority() -> None:
    clock = Clock()
    memory = remembering(clock)
    first = memory.working.push("call mum", ttl=HOUR)
    clock.pass_(HOUR / 2)
    again = memory.working.push("call mum", ttl=3_600, priority=3)
    assert again.id == first.id
    assert again.expires_at == clock.now + HOUR
    clock.pass_(HOUR * 3 / 4)
    assert contents(memory, min_priority=3) == ["call mum"]
    assert memory.working.push("call mum", ttl=None).expires_at is None
    clock.pass_(9_999 * DAY)
    assert contents(memory) == ["call mum"]


def test_what_has_expired_is_pushed_as_something_new() -> None:
    clock = Clock()
    memory = remembering(clock)
    first = memory.working.push("call mum", ttl=1)
    clock.pass_(HOUR)
    again = memory.working.push("call mum")
    assert again.id != first.id
    assert contents(memory) == ["call mum"]


@pytest.mark.parametrize(
    "ttl", [0, -1, timedelta(0), timedelta(days=-1), timedelta(days=36_501), 1e300, float("nan"), "soon"]
)
def test_a_lifetime_that_cannot_be_is_refused(ttl: object) -> None:
    memory = remembering()
    with pytest.raises(InvalidInputError, match="ttl"):
        memory.working.push("x", ttl=ttl)  # type: ignore[arg-type]  # what a clumsy user gives
    assert contents(memory) == []


def test_an_item_can_be_promoted_for_good() -> None:
    clock = Clock()
    memory = remembering(clock)
    item = memory.working.push("Ana 对花生过敏", priority=5, ttl=HOUR)
    fact = memory.working.promote(item.id)
    assert (fact.id, fact.type, fact.expires_at, fact.version) == (item.id, MemoryType.SEMANTIC, None, 2)
    assert "priority" not in fact.metadata
    clock.pass_(9 * DAY)
    assert [hit.memory.id for hit in memory.semantic.search("花生")] == [item.id]
    assert contents(memory) == []
    assert memory.working.promote(memory.working.push("x").id, to="episodic").type is MemoryType.EPISODIC


@pytest.mark.parametrize("to", ["working", "resource", "knowledge", "nowhere", "", None, 5])
def test_there_are_places_nothing_is_promoted_to(to: object) -> None:
    memory = remembering()
    item = memory.working.push("the password is hunter2")
    with pytest.raises(InvalidInputError):
        memory.working.promote(item.id, to=to)  # type: ignore[arg-type]  # what a clumsy user gives
    assert memory.working.get(item.id) == item


def test_promote_sees_only_working_memories_of_the_scope() -> None:
    memory = remembering()
    fact = memory.semantic.add("a fact").ids[0]
    mine = memory.working.push("mine", session_id="s1")
    with pytest.raises(NotFoundError):
        memory.working.promote(fact, to="episodic")
    with pytest.raises(NotFoundError):
        memory.working.promote(mine.id, session_id="s2")
    with pytest.raises(NotFoundError):
        memory.working.promote(mine.id, user_id="bob")


def test_clearing_and_sweeping_keep_to_the_scope_and_type() -> None:
    clock = Clock()
    memory = remembering(clock)
    fact = memory.semantic.add("a fact", expires_at=NOON + HOUR).ids[0]
    for scope in ({}, {"session_id": "s1"}, {"session_id": "s2"}, {"user_id": "bob"}):
        memory.working.push("for an hour", ttl=HOUR, **scope)  # type: ignore[arg-type]  # keyword sets of a table
        memory.working.push("for a day", ttl=DAY, **scope)  # type: ignore[arg-type]
    assert memory.working.clear(session_id="s1") == 2
    assert len(contents(memory)) == 4
    clock.pass_(2 * HOUR)
    assert memory.working.sweep(session_id="s2") == 1
    assert memory.working.sweep() == 1
    assert memory.working.sweep(user_id="bob") == 1
    assert memory.working.clear() == 2
    assert memory.working.clear() == 0
    assert [item.content for item in memory.working.items(user_id="bob")] == ["for a day"]
    assert memory.history(fact)[-1].operation == "add", "another type is not swept"


def test_clearing_can_be_undone() -> None:
    memory = remembering()
    item = memory.working.push("call mum", priority=2)
    memory.working.clear()
    memory.restore(item.id, 1)
    assert contents(memory, min_priority=2) == ["call mum"]


def test_items_survive_a_restart(tmp_path: Path) -> None:
    with AgentMem(tmp_path, embedder="hashing", index="none", durability="normal") as before:
        before.working.push("给妈妈打电话", priority=1)
        items = before.working.items()
    with AgentMem(tmp_path, embedder="hashing", index="none") as after:
        assert after.working.items() == items


def test_pushing_goes_on_while_others_clear() -> None:
    memory = remembering()

    def push(_: int) -> None:
        for _turn in range(60):
            assert memory.working.push("the same").content == "the same"

    def clear(_: int) -> None:
        for _turn in range(120):
            memory.working.clear()

    with ThreadPoolExecutor(4) as pool:
        done = [*pool.map(push, range(2)), *pool.map(clear, range(2))]
    assert done == [None] * 4


async def test_the_same_without_blocking() -> None:
    memory = remembering()
    item = await memory.working.apush("call mum", priority=1)
    assert await memory.working.aitems(min_priority=1) == [item]
    assert (await memory.working.apromote(item.id)).type is MemoryType.SEMANTIC
    await memory.working.apush("another")
    assert await memory.working.asweep() == 0
    assert await memory.working.aclear() == 1

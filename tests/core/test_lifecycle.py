"""Memories age by a documented plan: pure, told in advance exactly, in the history, and undone by restoring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.clock import DAY, HOUR, NOON, Clock, remembering

from agentmem_core import AgentMem, Memory, MemoryType, Scope
from agentmem_core.model.agents import Upkeep
from agentmem_core.recall.lifecycle import DECAY_DAYS, decayed, merged_fields, plan, same_saying
from agentmem_core.testing import strategies


def a_memory(content: str = "a text", **fields: Any) -> Memory:
    scope = Scope(user_id=fields.pop("user_id", "ana"), session_id=fields.pop("session_id", None))
    values: dict[str, Any] = {
        "id": fields.pop("id", content), "content": content, "type": MemoryType.SEMANTIC, "scope": scope, "occurred_at": NOON,
        "created_at": NOON, "updated_at": NOON, **fields,
    }  # fmt: skip
    return Memory(**values)


def planned(*memories: Memory, at: datetime = NOON) -> list[tuple[str, str, str | None]]:
    return [(step.action.value, step.id, step.into) for step in plan(memories, at)]


# --- the plan ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "days"), [*DECAY_DAYS.items()])
def test_importance_is_halved_after_its_half_life(kind: MemoryType, days: float) -> None:
    memory = a_memory(type=kind, importance=1.0)
    [step] = plan([memory], NOON + timedelta(days=days))
    assert (step.action, step.importance_before) == (Upkeep.DECAY, 1.0)
    assert step.importance_after == pytest.approx(0.5)
    assert decayed(1.0, 2 * days, days) == pytest.approx(0.25)


@pytest.mark.parametrize("kind", [MemoryType.CORE, MemoryType.RESOURCE, MemoryType.KNOWLEDGE])
def test_some_kinds_never_fade(kind: MemoryType) -> None:
    assert plan([a_memory(type=kind, importance=0.01)], NOON + 40_000 * DAY) == []


@pytest.mark.parametrize(("importance", "days", "action"), [
    (0.5, 30, None), (0.5, 365, "decay"), (0.2, 179, None), (0.2, 181, "archive"), (0.14, 179, None), (0.14, 180, "archive"),
    (1.0, 1_100, "archive"), (1.0, 900, "decay"), (0.0, 10, None), (0.0, 180, "archive"), (0.5, -10, None),
])  # fmt: skip
def test_what_is_unused_fades_and_what_is_unimportant_is_archived(
    importance: float, days: int, action: str | None
) -> None:
    steps = plan([a_memory(importance=importance)], NOON + days * DAY)
    assert [step.action.value for step in steps] == ([] if action is None else [action])


def test_use_keeps_a_memory_young() -> None:
    memory = a_memory(last_accessed_at=NOON + 360 * DAY)
    assert plan([memory], NOON + 365 * DAY) == []


def test_what_has_ended_is_left_alone() -> None:
    assert plan([a_memory(importance=0.1, valid_to=NOON)], NOON + 999 * DAY) == []


def test_what_has_expired_goes_first_and_is_merged_with_nothing() -> None:
    one, two = a_memory("tea", id="one", expires_at=NOON), a_memory("tea!", id="two")
    assert planned(one, two) == [("expire", "one", None)]


EQUAL = [
    ("I like tea", "i like TEA!"), ("I like tea", "I really like the tea."), ("I  like tea", "I like tea"), ("我喜欢茶", "我很喜欢茶。"),
    ("“I like tea”", "I like tea"), ("Ｌisbon", "lisbon"), ("the", "The"), ("of the", "Of The"),
]  # fmt: skip
DIFFERENT = [
    ("👍", "👎"), ("I like C++", "I like C#"), ("I like C", "I like C++"), ("-5 degrees", "5 degrees"), ("3.5", "35"), ("50%", "50"),
    ("I take vitamin A", "I take vitamin"), ("कि", "की"), ("tea", "tea?"), ("我喜欢茶", "我不喜欢茶"), ("Ana likes Bob", "Bob likes Ana"),
    ("I can", "I can't"), ("$5", "5€"), ("!", "."), ("a@b.de", "a b.de"), ("x", ""), ("咖啡店", "咖啡"), ("<b>", "b"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "two"), EQUAL)
def test_case_width_stops_and_words_that_say_nothing_make_no_difference(one: str, two: str) -> None:
    assert same_saying(one) == same_saying(two)


@pytest.mark.parametrize(("one", "two"), DIFFERENT)
def test_everything_else_does(one: str, two: str) -> None:
    assert same_saying(one) != same_saying(two)


def test_the_heavier_the_more_used_the_newer_is_kept() -> None:
    light, heavy = a_memory("tea", id="a", importance=0.4), a_memory("tea!", id="b", importance=0.6)
    used, unused = a_memory("milk", id="c", access_count=2), a_memory("milk!", id="d")
    old, new = a_memory("rum", id="f"), a_memory("rum!", id="e", updated_at=NOON + HOUR)
    assert planned(light, heavy, used, unused, old, new, at=NOON + HOUR) == [
        ("merge", "a", "b"), ("merge", "d", "c"), ("merge", "f", "e"),
    ]  # fmt: skip


@pytest.mark.parametrize("apart", [
    {"type": MemoryType.EPISODIC}, {"session_id": "s"}, {"user_id": "bob"}, {"role": "user"}, {"valid_to": NOON + DAY},
    {"metadata": {"subject": "Ana"}}, {"metadata": {"event": "x"}},
])  # fmt: skip
def test_only_what_is_of_one_kind_and_scope_is_merged(apart: dict[str, Any]) -> None:
    assert planned(a_memory("tea", id="a"), a_memory("tea!", id="b", **apart)) == []


def test_turns_are_never_merged() -> None:
    turns = [a_memory("yes", id=str(n), type=MemoryType.EPISODIC, role="user") for n in range(3)]
    assert planned(*turns) == []


def test_events_are_merged_within_a_day_only() -> None:
    one, two, other = (
        a_memory(text, id=text, type=MemoryType.EPISODIC, occurred_at=NOON + days * DAY)
        for text, days in (("ate", 0), ("ate!", 0), ("Ate", 1))
    )
    assert [step[0] for step in planned(one, two, other)] == ["merge"]


def test_blocks_skills_states_files_and_secrets_are_never_merged() -> None:
    for kind in set(MemoryType) - {MemoryType.WORKING, MemoryType.EPISODIC, MemoryType.SEMANTIC}:
        assert planned(a_memory("tea", id="a", type=kind), a_memory("tea!", id="b", type=kind)) == []


def test_what_is_kept_takes_over_what_the_others_had() -> None:
    kept = a_memory(
        "tea", id="a", importance=0.4, access_count=1, metadata={"x": 1}, entities=("Ana",), expires_at=NOON + DAY
    )
    other = a_memory(
        "tea!",
        id="b",
        importance=0.9,
        access_count=2,
        metadata={"x": 2, "y": 3},
        entities=("Bob", "Ana"),
        source=("s",),
    )
    assert merged_fields(kept, [other]) == {
        "importance": 0.9, "access_count": 3, "metadata": {"x": 1, "y": 3}, "entities": ("Ana", "Bob"), "source": ("s", "b"),
        "expires_at": None,
    }  # fmt: skip
    later = other.model_copy(update={"expires_at": NOON + 2 * DAY})
    assert merged_fields(kept, [later])["expires_at"] == NOON + 2 * DAY


@given(
    st.lists(
        st.builds(
            lambda text, kind, importance, days, role, expires: a_memory(
                text, type=kind, importance=importance, updated_at=NOON - days * DAY, role=role,
                expires_at=None if expires is None else NOON + expires * DAY,
            ),
            st.sampled_from(("tea", "Tea!", "the tea", "milk", "我喜欢茶", "我很喜欢茶")), st.sampled_from(MemoryType),
            st.floats(0, 1), st.integers(0, 2_000), st.none() | st.just("user"), st.none() | st.integers(-2, 2),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_a_plan_does_one_thing_to_a_memory_and_keeps_what_it_merges_into(drawn: list[Memory]) -> None:
    memories = [memory.model_copy(update={"id": str(number)}) for number, memory in enumerate(drawn)]
    steps = plan(memories, NOON)
    ids = [step.id for step in steps]
    assert len(ids) == len(set(ids))
    assert not {step.into for step in steps} & set(ids)
    assert all(0.0 <= (step.importance_after or 0.0) <= (step.importance_before or 1.0) for step in steps)


# --- doing it ---------------------------------------------------------------------------------------------------------


def aged() -> tuple[Clock, AgentMem]:
    """A memory in which there is something of everything to do."""
    clock = Clock()
    memory = remembering(clock)
    memory.add("over", type="working", expires_at=NOON + HOUR)
    memory.add("I like tea", type="semantic", importance=0.9)
    memory.add("I really like tea", type="semantic", importance=0.8)
    memory.add("of no weight", type="semantic", importance=0.1)
    memory.add("fades", type="semantic", importance=0.9)
    memory.add([{"role": "user", "content": "yes"}, {"role": "user", "content": "yes"}], session_id="s1")
    memory.core.set("human", "Ana")
    memory.procedural.teach("bake", ["mix"])
    clock.pass_(300 * DAY)
    return clock, memory


def test_a_dry_run_tells_what_the_real_one_does_and_changes_nothing() -> None:
    _, memory = aged()
    before = memory.list(limit=100)
    told = memory.maintain()
    assert memory.list(limit=100) == before
    assert told.dry_run
    done = memory.maintain(dry_run=False)
    assert (done.steps, done.scanned, done.dry_run) == (told.steps, told.scanned, False)
    assert {action: done.count(action) for action in Upkeep} == {
        Upkeep.EXPIRE: 1, Upkeep.MERGE: 1, Upkeep.ARCHIVE: 1, Upkeep.DECAY: 4, Upkeep.SUMMARISE: 0,
    }  # fmt: skip
    assert memory.maintain(dry_run=False).steps == ()
    assert "would change 7 of" in str(told)
    assert str(done).count("\n") == len(done.steps) == 7


def test_every_change_is_in_the_history_and_can_be_restored() -> None:
    _, memory = aged()
    scope = {"expire": "delete", "merge": "delete", "archive": "archive", "decay": "decay"}
    before = {item.id: item for item in memory.list(limit=100).items}
    done = memory.maintain(dry_run=False)
    for step in done.steps:
        *_, first, last = memory.history(step.id)
        assert (last.operation, last.reason) == (scope[step.action.value], step.reason)
        restored = memory.restore(step.id, first.version)
        assert memory.get(step.id) == restored
        if step.id in before:
            assert (restored.content, restored.importance, restored.metadata) == (
                before[step.id].content, before[step.id].importance, before[step.id].metadata,
            )  # fmt: skip
        assert (restored.valid_to, restored.expires_at) == (None, None)
        assert step.id in {hit.memory.id for hit in memory.search(restored.content, limit=50)}


def test_what_is_archived_is_not_found_but_seen_from_before() -> None:
    clock, memory = aged()
    memory.maintain(dry_run=False)
    assert "of no weight" not in [hit.memory.content for hit in memory.search("of no weight")]
    then = [hit.memory.content for hit in memory.search("of no weight", as_of=clock.now - DAY)]
    assert "of no weight" in then


def test_a_merge_keeps_one_and_hands_its_links_over() -> None:
    memory = remembering()
    kept = memory.add("I like tea", type="semantic", importance=0.9).ids[0]
    gone = memory.add("I really like tea", type="semantic", metadata={"n": 1}).ids[0]
    pot = memory.add("the pot is blue", type="semantic").ids[0]
    memory.relate(gone, "is about", pot, weight=0.5)
    memory.semantic.relate(gone, "told by", "Bob")
    [step] = memory.maintain(dry_run=False).steps
    assert (step.id, step.into) == (gone, kept)
    assert memory.get(kept).metadata == {"n": 1}
    assert memory.get(kept).source == (gone,)
    assert [(link.source, link.weight) for link in memory.links(pot)] == [(kept, 0.5)]
    assert [found.node for found in memory.semantic.neighbours("Bob")] == [kept]
    memory.compact()
    assert [link.source for link in memory.links(pot)] == [kept]


def test_what_was_to_be_kept_for_good_outlives_what_it_is_merged_with() -> None:
    clock = Clock()
    memory = remembering(clock)
    memory.add("I like tea", type="semantic")
    memory.add("I really like tea", type="semantic", importance=0.9, expires_at=NOON + HOUR)
    assert len(memory.maintain(dry_run=False).steps) == 1
    clock.pass_(DAY)
    assert [item.content for item in memory.list().items] == ["I really like tea"]


def test_maintenance_keeps_to_its_user_unless_it_is_for_everyone() -> None:
    clock = Clock()
    memory = remembering(clock)
    for user in ("ana", "bob"):
        memory.add("I like tea", type="semantic", user_id=user)
    memory.add("I really like tea", type="semantic", user_id="bob")
    assert memory.maintain(dry_run=False).steps == ()
    assert memory.maintain(everyone=True).count("merge") == 1
    [step] = memory.maintain(dry_run=False, everyone=True).steps
    assert step.user_id == "bob"
    assert len(memory.list(user_id="ana").items) == len(memory.list(user_id="bob").items) == 1


def test_what_changes_meanwhile_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from agentmem_core.engine import maintaining

    _, memory = aged()
    fades = next(item for item in memory.list(limit=100).items if item.content == "fades")
    planning: Callable[..., Any] = plan

    def meanwhile(*given: Any) -> Any:
        memory.update(fades.id, content="changed")
        return planning(*given)

    monkeypatch.setattr(maintaining, "plan", meanwhile)
    done = memory.maintain(dry_run=False)
    assert fades.id not in {step.id for step in done.steps}
    assert (memory.get(fades.id).content, memory.get(fades.id).importance) == ("changed", 0.9)


def test_decay_adds_up_to_the_same_however_often_it_runs() -> None:
    clock = Clock()
    memory = remembering(clock)
    often = memory.add("fades", type="semantic", importance=1.0).ids[0]
    for _ in range(24):
        clock.pass_(30 * DAY)
        memory.maintain(dry_run=False)
    assert memory.get(often).importance == pytest.approx(decayed(1.0, 720, 365), abs=0.1)


def test_maintenance_holds_after_a_restart(tmp_path: Path) -> None:
    with AgentMem(tmp_path, embedder="hashing", index="none", durability="normal") as memory:
        memory.add("我喜欢茶", type="semantic", importance=0.9)
        memory.add("我很喜欢茶", type="semantic")
        told = memory.maintain()
    with AgentMem(tmp_path, embedder="hashing", index="none") as memory:
        assert memory.maintain(dry_run=False).steps == told.steps
        assert [item.content for item in memory.list().items] == ["我喜欢茶"]


@given(
    items=st.lists(st.tuples(strategies.scopes(tenants=("acme",)), strategies.new_memories()), max_size=6),
    days=st.integers(0, 900),
)
@settings(max_examples=25)
def test_a_dry_run_is_what_comes_whatever_there_is(items: list[Any], days: int) -> None:
    clock = Clock()
    memory = remembering(clock)
    for scope, item in items:
        memory.add_many([item.model_dump(exclude_none=True, exclude={"vector"})], user_id=scope.user_id)
    clock.pass_(days * DAY)
    told = memory.maintain(everyone=True)
    assert memory.maintain(dry_run=False, everyone=True).steps == told.steps


async def test_the_same_without_blocking() -> None:
    _, memory = aged()
    told = await memory.amaintain()
    assert (await memory.amaintain(dry_run=False)).steps == told.steps

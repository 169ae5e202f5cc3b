"""Facts: what contradicts ends what stood, links hold as long as their facts, and a walk sees only what the scope admits."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.core.clock import DAY, HOUR, NOON, Clock, remembering

from agentmem_core import AgentMem, InvalidInputError, Memory, NotFoundError, Page
from agentmem_core.recall.facts import holds_many


def lives(memory: AgentMem, town: str, **options: Any) -> Memory:
    return memory.semantic.learn(
        f"Ana lives in {town}", subject="Ana", predicate="lives in", object=town, **options
    )  # fmt: skip


def likes(memory: AgentMem, thing: str, **options: Any) -> Memory:
    return memory.semantic.learn(f"Ana likes {thing}", subject="Ana", predicate="likes", object=thing, **options)


def about(memory: AgentMem, name: str = "Ana", **options: Any) -> list[str]:
    return [fact.content for fact in memory.semantic.about(name, **options)]


def reached(memory: AgentMem, name: str = "Ana", **options: Any) -> list[str]:
    return sorted(found.node for found in memory.semantic.neighbours(name, **options))


# --- facts in time ----------------------------------------------------------------------------------------------------


def test_a_contradicting_fact_ends_the_older_one_and_as_of_sees_it() -> None:
    clock = Clock()
    memory = remembering(clock)
    old = lives(memory, "Porto")
    clock.pass_(DAY)
    new = lives(memory, "Lisbon")
    clock.pass_(DAY)
    assert about(memory) == ["Ana lives in Lisbon"]
    assert reached(memory) == ["Lisbon"]
    for moment, town in ((NOON, "Porto"), (NOON + DAY - HOUR, "Porto"), (NOON + DAY, "Lisbon"), (clock.now, "Lisbon")):
        assert about(memory, as_of=moment) == [f"Ana lives in {town}"]
        assert reached(memory, as_of=moment) == [town]
        assert [hit.memory.content for hit in memory.semantic.search("Ana lives", as_of=moment)] == [
            f"Ana lives in {town}"
        ]
        assert memory.semantic.path("Ana", town, as_of=moment)
    assert about(memory, as_of=NOON - timedelta(microseconds=1)) == []
    assert reached(memory, as_of=NOON - DAY) == []
    assert memory.semantic.get(old.id).valid_to == new.valid_from == NOON + DAY
    last = memory.history(old.id)[-1]
    assert (last.operation, last.reason) == ("supersede", f"superseded by {new.id}")
    assert [(link.source, link.relation, link.target) for link in memory.links(new.id)] == [
        (new.id, "supersedes", old.id)
    ]


def test_a_fact_about_earlier_times_ends_where_the_later_one_begins() -> None:
    memory = remembering()
    lives(memory, "Lisbon", valid_from=NOON - 100 * DAY)
    older = lives(memory, "Porto", valid_from=NOON - 300 * DAY)
    assert older.valid_to == NOON - 100 * DAY
    middle = lives(memory, "Faro", valid_from=NOON - 200 * DAY)
    assert middle.valid_to == NOON - 100 * DAY
    assert about(memory) == ["Ana lives in Lisbon"]
    for days, town in ((250, "Porto"), (150, "Faro"), (50, "Lisbon")):
        assert about(memory, as_of=NOON - days * DAY) == [f"Ana lives in {town}"]
        assert reached(memory, as_of=NOON - days * DAY) == [town]


def test_coming_back_is_a_fact_of_its_own() -> None:
    memory = remembering()
    for days, town in ((300, "Porto"), (200, "Lisbon"), (100, "Porto")):
        lives(memory, town, valid_from=NOON - days * DAY)
    assert about(memory) == ["Ana lives in Porto"]
    assert [about(memory, as_of=NOON - days * DAY)[0][-5:] for days in (250, 150, 50)] == ["Porto", "isbon", "Porto"]
    assert [item.content for item in memory.semantic.list()] == ["Ana lives in Porto"]
    assert len(memory.semantic.list(ended=True).items) == 3


@pytest.mark.parametrize(
    "predicate",
    [
        "likes",
        "has visited",
        "speaks",
        "is friends with",
        "teaches",
        "is a",
        "went to",
        "works on",
        "喜欢",
        "去过",
        "会说",
        "负责",
        "has",
        "has_child",
        "has friend",
    ],
)
def test_of_some_predicates_many_hold_at_once(predicate: str) -> None:
    memory = remembering()
    for thing in ("tea", "里斯本"):
        memory.semantic.learn(f"Ana {predicate} {thing}", subject="Ana", predicate=predicate, object=thing)
    assert len(about(memory)) == len(reached(memory)) == 2
    assert holds_many(predicate)


@pytest.mark.parametrize(
    "predicate",
    [
        "lives in",
        "住在",
        "favourite drink",
        "works_at",
        "current hobby",
        "最喜欢的茶",
        "has_age",
        "has a job title",
        "has status",
    ],
)
def test_of_others_only_one(predicate: str) -> None:
    memory = remembering()
    for thing in ("tea", "里斯本"):
        memory.semantic.learn(f"Ana {predicate} {thing}", subject="Ana", predicate=predicate, object=thing)
    assert reached(memory) == ["里斯本"]
    assert not holds_many(predicate)


def test_the_caller_may_say_which() -> None:
    memory = remembering()
    likes(memory, "tea", exclusive=True)
    likes(memory, "coffee", exclusive=True)
    lives(memory, "Porto")
    lives(memory, "Lisbon", exclusive=False)
    assert reached(memory) == ["Lisbon", "Porto", "coffee"]


def test_names_are_equal_however_they_are_written() -> None:
    memory = remembering()
    lives(memory, "Porto")
    memory.semantic.learn("ANA moved", subject="  ana ", predicate="Lives  In", object="Ｌisbon")
    assert reached(memory, "ＡＮＡ") == ["Ｌisbon"]
    assert len(about(memory, "ana")) == 1


def test_a_text_alone_can_become_a_fact_later_and_takes_what_is_said_again() -> None:
    memory = remembering()
    first = memory.semantic.learn("Ana knows Bob", confidence=0.5)
    again = memory.semantic.learn("Ana knows Bob", subject="Ana", predicate="knows", object="Bob")
    assert (again.id, again.entities, again.metadata["confidence"]) == (first.id, ("Ana", "Bob"), 1.0)
    assert about(memory) == ["Ana knows Bob"]
    assert reached(memory) == ["Bob"]
    assert memory.semantic.learn("Ana knows Bob").version == again.version == 2


@pytest.mark.parametrize("given", [
    {"predicate": "knows"}, {"object": "Bob"}, {"subject": "Ana", "predicate": "knows"}, {"subject": "Ana", "object": "Bob"},
    {"confidence": 1.1}, {"confidence": float("nan")}, {"confidence": -0.1}, {"subject": ""}, {"subject": "x" * 257},
    {"valid_from": datetime(2024, 1, 1)}, {"valid_from": "soon"}, {"metadata": {"x": object()}}, {"source": 5},  # noqa: DTZ001 - naive on purpose
])  # fmt: skip
def test_half_a_fact_is_refused_and_leaves_nothing(given: dict[str, Any]) -> None:
    memory = remembering()
    with pytest.raises(InvalidInputError):
        memory.semantic.learn("Ana knows Bob", **given)
    assert memory.semantic.list().items == ()


def test_a_superseded_fact_holds_again_when_it_is_restored() -> None:
    memory = remembering()
    old = lives(memory, "Porto", valid_from=NOON - DAY)
    lives(memory, "Lisbon")
    memory.restore(old.id, 1)
    assert sorted(about(memory)) == ["Ana lives in Lisbon", "Ana lives in Porto"]
    assert reached(memory) == ["Lisbon", "Porto"]


def test_undoing_a_deletion_leaves_a_superseded_fact_superseded() -> None:
    memory = remembering()
    old = lives(memory, "Porto", valid_from=NOON - DAY)
    lives(memory, "Lisbon")
    memory.delete(old.id)
    memory.restore(old.id, 1)
    assert about(memory) == ["Ana lives in Lisbon"]
    assert about(memory, as_of=NOON - HOUR) == ["Ana lives in Porto"]


# --- links and their facts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["delete", "expire", "forget"])
def test_no_link_outlives_its_fact(ending: str) -> None:
    clock = Clock()
    memory = remembering(clock)
    fact = likes(memory, "tea")
    kept = likes(memory, "coffee")
    {
        "delete": lambda: memory.delete(fact.id),
        "expire": lambda: memory.update(fact.id, expires_at=NOON + HOUR),
        "forget": lambda: memory.forget(fact.id),
    }[ending]()
    clock.pass_(2 * HOUR)
    assert reached(memory) == ["coffee"]
    assert not memory.semantic.path("Ana", "tea")
    assert about(memory) == [kept.content]
    if ending != "forget":
        memory.restore(fact.id, 1)
        assert reached(memory) == ["coffee", "tea"]


def test_a_link_between_memories_goes_with_either_end() -> None:
    clock = Clock()
    memory = remembering(clock)
    one, two, three = (memory.semantic.add(text).ids[0] for text in ("one", "two", "three"))
    memory.semantic.relate(one, "before", two, weight=0.5)
    memory.semantic.relate(two, "before", three)
    assert memory.semantic.path(one, three).nodes == (one, two, three)
    memory.update(two, expires_at=NOON + HOUR)
    clock.pass_(2 * HOUR)
    assert memory.semantic.neighbours(one) == []
    assert memory.links(one) == memory.links(three) == []


def test_forgetting_a_session_takes_its_links_and_no_others() -> None:
    memory = remembering()
    likes(memory, "tea")
    likes(memory, "tea", session_id="s1")
    likes(memory, "coffee", session_id="s1")
    likes(memory, "milk", session_id="s2")
    memory.semantic.relate("Ana", "knows", "Bob", session_id="s1")
    receipt = memory.forget(session_id="s1")
    assert (receipt.memories, receipt.links) == (3, 3)
    assert reached(memory) == ["milk", "tea"]
    assert reached(memory, session_id="s2") == ["milk"]
    assert about(memory, "Bob") == []


def test_a_fact_of_a_session_ends_only_what_the_session_sees() -> None:
    memory = remembering()
    lives(memory, "Porto")
    lives(memory, "Faro", session_id="s1")
    assert sorted(about(memory)) == ["Ana lives in Faro", "Ana lives in Porto"]
    lives(memory, "Lisbon")
    assert about(memory) == ["Ana lives in Lisbon"]
    assert about(memory, session_id="s1") == []


def test_no_memory_can_pose_as_a_thing() -> None:
    memory = remembering()
    likes(memory, "tea")
    with pytest.raises(InvalidInputError, match="marks things"):
        memory.add("poser", id="entity:tea", session_id="s1")
    memory.add("x", id="x")
    memory.export(target := io.StringIO(), user_id="ana")
    posing = target.getvalue().replace('"id": "x"', '"id": "entity:tea"')
    assert posing != target.getvalue()
    with pytest.raises(InvalidInputError, match="marks things"):
        memory.import_(io.StringIO(posing))
    assert reached(memory) == ["tea"]


@pytest.mark.parametrize("stranger", [{"user_id": "bob"}, {"session_id": "x"}, {"agent_id": "x"}])
def test_others_see_neither_facts_nor_links(stranger: dict[str, Any]) -> None:
    memory = remembering()
    fact = lives(memory, "Lisbon")
    memory.semantic.relate(fact.id, "told by", "Bob")
    for name in ("Ana", "Lisbon", "Bob", fact.id):
        assert memory.semantic.neighbours(name, depth=5, **stranger) == []
        assert memory.semantic.about(name, **stranger) == []
    assert not memory.semantic.path("Ana", "Lisbon", **stranger)
    for verb in (
        lambda: memory.semantic.relate(fact.id, "r", "Bob", **stranger),
        lambda: memory.links(fact.id, **stranger),
    ):
        with pytest.raises(NotFoundError):
            verb()


# --- walks ------------------------------------------------------------------------------------------------------------


def test_a_walk_is_nearest_first_then_heaviest_and_each_node_once() -> None:
    memory = remembering()
    for a, b, weight in (
        ("a", "b", 1.0),
        ("a", "c", 3.0),
        ("b", "d", 1.0),
        ("c", "d", 1.0),
        ("d", "a", 1.0),
        ("d", "e", 1),
    ):
        memory.semantic.relate(a, "knows", b, weight=weight)
    memory.semantic.relate("a", "hates", "f", weight=0.5)
    found = memory.semantic.neighbours("a", depth=3)
    assert [(item.node, item.depth) for item in found] == [("c", 1), ("b", 1), ("d", 1), ("f", 1), ("e", 2)]
    assert [(item.node, item.outgoing) for item in memory.semantic.neighbours("d", relation="KNOWS")] == [
        ("b", False), ("c", False), ("a", True), ("e", True),
    ]  # fmt: skip
    assert [item.node for item in memory.semantic.neighbours("a", relation="hates")] == ["f"]
    assert [item.node for item in memory.semantic.neighbours("a", limit=2)] == ["c", "b"]
    assert memory.semantic.neighbours("nobody") == []


def test_a_path_is_the_shortest_whatever_the_direction() -> None:
    memory = remembering()
    for a, b in (("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("x", "e"), ("a", "x")):
        memory.semantic.relate(a, "knows", b)
    path = memory.semantic.path("a", "e")
    assert (path.nodes, len(path)) == (("a", "x", "e"), 2)
    assert memory.semantic.path("e", "a").nodes == ("e", "x", "a")
    assert not memory.semantic.path("a", "e", max_depth=1)
    assert not memory.semantic.path("a", "nobody")
    assert not memory.semantic.path("a", "a")
    for depth in (0, 11, -1):
        with pytest.raises(InvalidInputError):
            memory.semantic.path("a", "e", max_depth=depth)


def test_the_same_relation_again_takes_the_new_weight() -> None:
    memory = remembering()
    memory.semantic.relate("安娜", "认识", "鲍勃", weight=0.5)
    again = memory.semantic.relate("安娜", "认识", "鲍勃", weight=2.0, metadata={"since": 2020})
    assert (again.weight, again.metadata) == (2.0, {"since": 2020})
    assert memory.semantic.neighbours("安娜")[0].link == again
    assert len(memory.semantic.neighbours("安娜")) == 1
    for weight in (-1.0, float("nan"), float("inf"), "heavy"):
        with pytest.raises(InvalidInputError):
            memory.semantic.relate("a", "b", "c", weight=weight)  # type: ignore[arg-type]  # what a clumsy user gives


def test_what_looks_like_an_id_and_is_none_is_not_taken_for_a_name() -> None:
    memory = remembering()
    memory.semantic.add("x")
    with pytest.raises(NotFoundError, match="give the id of one that exists, or a name"):
        memory.semantic.relate("01a20531-cd42-715a-9bf4-b74ca81e6346", "knows", "Bob")


def test_a_memory_can_be_tied_to_a_thing_and_the_tie_goes_with_it() -> None:
    memory = remembering()
    note = memory.semantic.add("the contract").ids[0]
    memory.semantic.relate(note, "about", "Lisbon", weight=0.5)
    again = memory.semantic.relate(note, "about", "Lisbon", weight=2.0)
    assert [
        (item.node, item.memory and item.memory.id, item.weight) for item in memory.semantic.neighbours("lisbon")
    ] == [(note, note, 2.0)]
    assert memory.links(note) == [again]
    memory.forget(note)
    assert memory.semantic.neighbours("lisbon") == []


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_of_many_that_contradict_at_once_one_holds() -> None:
    memory = remembering()

    def learn(number: int) -> None:
        for turn in range(8):
            lives(memory, f"town {number}.{turn}")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(learn, range(6)))
    assert len(about(memory)) == len(reached(memory)) == 1
    assert len(memory.semantic.list(ended=True).items) == 48


async def test_a_list_of_facts_holds_those_that_hold_page_by_page() -> None:
    memory = remembering()
    for number in range(60):
        lives(memory, f"town {number}", valid_from=NOON - (100 - number) * DAY)
        memory.semantic.learn(f"Ana likes {number}", subject="Ana", predicate="likes", object=str(number))
    holding = [f"Ana likes {number}" for number in range(60)]
    holding.insert(59, "Ana lives in town 59")
    found: list[str] = []
    page = memory.semantic.list(limit=7)
    while page.items:
        found += [item.content for item in page]
        page = memory.semantic.list(limit=7, cursor=page.next_cursor) if page.next_cursor else Page()
    assert found == holding
    assert [item.content for item in await memory.semantic.alist(order="newest")] == holding[::-1]
    assert len(await memory.semantic.alist(ended=True, limit=200)) == len(memory.list(limit=200)) == 120
    ended = [item for item in memory.semantic.list(ended=True, limit=200) if item.valid_to is not None]
    assert len(ended) == 59


def test_facts_and_links_survive_a_restart(tmp_path: Path) -> None:
    with AgentMem(tmp_path, embedder="hashing", index="none", durability="normal", user_id="ana") as before:
        before.semantic.learn(
            "安娜住在波尔图", subject="安娜", predicate="住在", object="波尔图", valid_from=NOON - DAY
        )
        before.semantic.learn("安娜住在里斯本", subject="安娜", predicate="住在", object="里斯本", valid_from=NOON)
        found = before.semantic.neighbours("安娜"), before.semantic.about("安娜")
    with AgentMem(tmp_path, embedder="hashing", index="none", user_id="ana") as after:
        assert (after.semantic.neighbours("安娜"), after.semantic.about("安娜")) == found
        assert reached(after, "安娜") == ["里斯本"]
        assert reached(after, "安娜", as_of=NOON - HOUR) == ["波尔图"]


def test_an_export_carries_facts_links_and_intervals(tmp_path: Path) -> None:
    clock = Clock()
    memory, other = remembering(clock), remembering(clock)
    first = lives(memory, "Porto", valid_from=NOON - DAY)
    lives(memory, "Lisbon")
    memory.semantic.relate(first.id, "told by", "Bob", weight=0.5)
    memory.semantic.relate("Ana", "knows", "Bob")
    memory.export(tmp_path / "one.jsonl")
    other.import_(tmp_path / "one.jsonl")
    other.export(tmp_path / "two.jsonl")
    one, two = ((tmp_path / name).read_text("utf-8").splitlines()[1:] for name in ("one.jsonl", "two.jsonl"))
    assert one == two
    assert reached(other) == ["Bob", "Lisbon"]
    assert reached(other, as_of=NOON - HOUR) == ["Porto"]
    lives(other, "Faro")
    assert sorted(about(other)) == ["Ana knows Bob", "Ana lives in Faro"]
    other.forget(first.id)
    assert other.semantic.neighbours("Porto") == []


async def test_the_same_without_blocking() -> None:
    memory = remembering()
    await memory.semantic.alearn("Ana lives in Porto", subject="Ana", predicate="lives in", object="Porto")
    await memory.semantic.arelate("Porto", "is in", "Portugal")
    assert [item.node for item in await memory.semantic.aneighbours("Ana", depth=2)] == ["Porto", "Portugal"]
    assert len(await memory.semantic.apath("Ana", "Portugal")) == 2
    assert len(await memory.semantic.aabout("Porto")) == 2


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("lives in", "is living in"), ("lives in", "moved_to"), ("works at", "Works For"), ("married to", "is married to"),
        ("住在", "搬到了"), ("住在", "现在住在"), ("name", "is called"),
    ],
)  # fmt: skip
def test_predicates_that_say_the_same_end_each_other(first: str, then: str) -> None:
    memory = remembering()
    old = memory.semantic.learn("the old one", subject="Ana", predicate=first, object="Paris")
    new = memory.semantic.learn("the new one", subject="Ana", predicate=then, object="Lisbon")
    assert [fact.id for fact in memory.semantic.about("Ana")] == [new.id]
    assert memory.semantic.get(old.id).valid_to == new.valid_from


def test_predicates_that_say_another_thing_do_not() -> None:
    memory = remembering()
    for predicate in ("lives in", "works at", "was born in", "来自", "married to"):
        memory.semantic.learn(f"Ana {predicate} X", subject="Ana", predicate=predicate, object=f"X of {predicate}")
    assert len(memory.semantic.about("Ana")) == 5

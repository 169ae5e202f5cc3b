"""However often somebody has moved: what is decided is the same as if all of it were looked at, and no more is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.core.clock import NOON, Clock
from tests.core.learning.scripted import facts_at, histories, learning

from agentmem_core import AgentMem
from agentmem_core.engine.drafting import digest_of
from agentmem_core.engine.learning import candidates
from agentmem_core.learning.rules import extract
from agentmem_core.model import Link
from agentmem_core.ports import Record
from agentmem_core.recall.facts import holds_many, same_predicate
from agentmem_core.storage.sqlite.reader import SqliteReader

TOWNS = ("Paris", "Lisbon", "Rome", "Oslo", "里斯本", "Porto")
SAYINGS = (
    "I moved to {}",
    "I live in {}",
    "I no longer live in {}",
    "I used to live in {}",
    "I've lived in {} since 2019",
    "I moved to {} in 2021",
    "I like {}",
    "I hate {}",
    "我搬到了{}",
)


def everything(
    reader: Any, partition: Any, scope: Any, stated: Any, record: Any, now: datetime, *, again: bool
) -> Iterator[Any]:
    """What was looked at before: all of one subject and object, and of one subject and predicate, ended or not."""
    links: list[Link] = []
    if stated.triple is not None:
        subject, predicate, thing = stated.triple
        said = reader.links(partition.id, source=subject)
        links = [link for link in said if link.target == thing]
        if stated.fact.exclusive or stated.fact.retracted or not holds_many(predicate):
            links += [link for link in said if same_predicate(link.relation) == predicate]
    found = [reader.by_id(partition.id, link.fact) for link in links if link.fact]
    found.append(reader.by_digest(partition.id, record.digest or digest_of(record.memory)))
    yield from (other for other in found if other is not None and candidates._counts(other, scope, now))


def told(said: list[tuple[str, str, int]], *, again: bool) -> Any:
    clock = Clock()
    memory = learning(None, clock, extract=extract)
    actions = []
    for saying, town, days in said:
        clock.pass_(timedelta(days=1))
        turn = {"role": "user", "content": saying.format(town), "occurred_at": NOON + timedelta(days=days)}
        learned = memory.add([turn], session_id="s1", infer=True).learned
        actions.append([one.action for one in learned.decisions] if learned else [])
    if again:
        actions.append([one.action for one in memory.learn(again=True).decisions])
    facts = sorted(
        str((versions[-1].content, begins, ends, [version.operation for version in versions]))
        for begins, ends, *versions in histories(memory).values()
    )
    return actions, facts, facts_at(memory), facts_at(memory, as_of=NOON)


@example(
    said=[
        ("我搬到了{}", "Lisbon", -8),
        ("I live in {}", "Rome", 5),
        ("我搬到了{}", "Rome", 300),
        ("我搬到了{}", "Lisbon", 149),
        ("I moved to {} in 2021", "Rome", 120),
    ],
    again=True,
)
@settings(max_examples=60, deadline=None)
@given(
    said=st.lists(
        st.tuples(st.sampled_from(SAYINGS), st.sampled_from(TOWNS), st.integers(-300, 300)), min_size=2, max_size=14
    ),
    again=st.booleans(),
)
def test_what_had_ended_before_decides_nothing(*, said: list[tuple[str, str, int]], again: bool) -> None:
    bounded = told(said, again=again)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidates, "_candidates", everything)
        assert told(said, again=again) == bounded


def move(memory: AgentMem, day: int, town: str) -> None:
    turn = {"role": "user", "content": f"I moved to {town}", "occurred_at": NOON + timedelta(days=day)}
    memory.add([turn], session_id="s1", infer=True)


def town(number: int) -> str:
    """A name of its own for every number."""
    return "Town" + "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}")


@pytest.mark.parametrize("towns", [1_000, 10], ids=["always somewhere else", "ten towns in turn"])
def test_a_move_after_a_hundred_others_reads_as_many_rows(towns: int, tmp_path: Path, monkeypatch: Any) -> None:
    rows = 0
    by_id = SqliteReader.by_id

    def counted(self: SqliteReader, partition: int, memory_id: str) -> Record | None:
        nonlocal rows
        rows += 1
        return by_id(self, partition, memory_id)

    monkeypatch.setattr(SqliteReader, "by_id", counted)
    with AgentMem(tmp_path, user_id="ana", learner="rules", durability="normal") as memory:
        read: list[int] = []
        for day in range(120):
            before = rows
            move(memory, day, town(day % towns))
            read.append(rows - before)
        assert min(read) > 0
        assert max(read[100:]) <= max(read[15:35])
        assert facts_at(memory) == {f"user lives in {town(119 % towns)}"}


def test_a_move_told_late_ends_where_the_next_of_many_begins() -> None:
    memory = learning(None, Clock(), extract=extract)
    for day in range(120):
        move(memory, 10 + day, town(day))
    move(memory, 3, "Paris")
    assert facts_at(memory, as_of=NOON + timedelta(days=9)) == {"user lives in Paris"}
    assert facts_at(memory, as_of=NOON + timedelta(days=10)) == {f"user lives in {town(0)}"}
    move(memory, 60, "Rome")
    assert facts_at(memory, as_of=NOON + timedelta(days=60, hours=1)) == {"user lives in Rome"}
    assert facts_at(memory, as_of=NOON + timedelta(days=61)) == {f"user lives in {town(51)}"}


def test_an_interval_that_is_changed_by_hand_is_that_of_the_link_too() -> None:
    clock = Clock()
    memory = learning(None, clock, extract=extract)
    move(memory, 0, "Paris")
    [home] = memory.semantic.list().items
    memory.update(home.id, valid_to=NOON - timedelta(days=5))
    assert memory.semantic.neighbours("user") == []
    memory.update(home.id, clear=["valid_to"])
    assert [node.node for node in memory.semantic.neighbours("user")] == ["Paris"]
    clock.pass_(timedelta(days=11))
    move(memory, 10, "Rome")
    assert facts_at(memory) == {"user lives in Rome"}

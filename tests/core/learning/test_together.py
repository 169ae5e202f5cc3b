"""Turns of one session that wait together are learnt in one call, and what goes wrong concerns the first of them only."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from tests.core.clock import DAY, Clock
from tests.core.learning.scripted import Scripted, facts_at, learning, rows
from tests.core.learning.test_background import TOWNS, Parrot, turn

from agentmem_core import AgentMem, LearningBudget, ModelError
from agentmem_core.engine.learning import holding
from agentmem_core.engine.learning.queue import work
from agentmem_core.learning.windows import TURNS


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread works: the test does."""
    monkeypatch.setattr("agentmem_core.engine.learning.verbs.wake", lambda engine, tenant: engine.taught.add(tenant))


def engine_of(memory: AgentMem) -> Any:
    return memory._backend._engine  # type: ignore[attr-defined]  # the parts of the queue by hand


def worked(memory: AgentMem) -> int:
    """How often something was done until nothing was due."""
    engine, times = engine_of(memory), 0
    while work(engine, engine.learner) == 0.0:
        times += 1
    return times


def waiting(memory: AgentMem) -> list[tuple[int, int, str | None]]:
    return [(item.turns, item.attempts, item.error) for item in memory.flush(timeout=0).lessons]


def add(memory: AgentMem, *towns: str, session: str = "s1") -> None:
    for town in towns:
        memory.add(turn(town), session_id=session, infer="background")


@pytest.mark.usefixtures("by_hand")
def test_turns_of_a_session_that_wait_together_are_learnt_in_one_call() -> None:
    model = Parrot()
    memory = learning(model, budget=LearningBudget(max_calls_per_day=1))
    add(memory, *TOWNS)
    assert worked(memory) == 1
    assert len(model.prompts) == 1
    assert not memory.flush(timeout=0)
    assert [item.content for item in rows(memory)] == [f"Ana lives in {town}" for town in TOWNS]
    assert facts_at(memory) == {"Ana lives in Bern"}
    assert memory.learn().read == 0, "each was marked"


@pytest.mark.usefixtures("by_hand")
def test_another_session_between_keeps_its_place() -> None:
    model = Parrot()
    memory = learning(model)
    add(memory, "Paris", "Lisbon")
    add(memory, "Rome", session="s2")
    add(memory, "Oslo", "北京")
    memory.add(turn("Bern"), user_id="bo", session_id="s1", infer="background")
    assert worked(memory) == 4
    assert len(model.prompts) == 4
    assert [item.content for item in rows(memory)] == [
        f"Ana lives in {town}" for town in ("Paris", "Lisbon", "Rome", "Oslo", "北京")
    ]
    assert facts_at(memory) == {"Ana lives in 北京"}


@pytest.mark.usefixtures("by_hand")
def test_as_many_turns_are_learnt_at_once_as_learn_reads() -> None:
    model = Parrot()
    memory = learning(model)
    for _ in range(3):
        memory.add([turn(f"town{number}")[0] for number in range(40)], session_id="s1", infer="background")
    assert worked(memory) == 2
    shown = [sum(line[1:2].isdigit() for line in prompt.text.splitlines()) for prompt in model.prompts[:2]]
    assert max(shown) <= TURNS
    assert memory.learn().read == 0


@pytest.mark.usefixtures("by_hand")
def test_what_is_too_long_together_waits_for_the_next_call() -> None:
    model = Parrot()
    memory = learning(model)
    towns = [f"town{number}" for number in range(40)]
    add(memory, *(f"{'word ' * 300}{town}" for town in towns))
    assert 1 < worked(memory) < 10
    assert memory.learn().read == 0
    assert [item.content for item in rows(memory)] == [f"Ana lives in {town}" for town in towns]


class Picky(Parrot):
    def ask(self, prompt):
        if "Atlantis" in prompt.text.partition("turns")[2] or "I live in Atlantis" in prompt.text:
            self.prompts.append(prompt)
            raise ModelError("there is no such town")
        return super().ask(prompt)


@pytest.mark.usefixtures("by_hand")
def test_one_that_cannot_be_learnt_fails_alone() -> None:
    clock = Clock()
    memory = learning(Picky(), clock)
    add(memory, "Paris", "Lisbon")
    memory.add([{"role": "user", "content": "I live in Atlantis", "name": "Ana"}], session_id="s1", infer="background")
    add(memory, "Rome", session="s2")
    worked(memory)
    assert waiting(memory)[0] == (1, 1, "ModelError: there is no such town"), "the first of them is told to have failed"
    assert [attempts for _, attempts, _ in waiting(memory)[1:]] == [0, 0, 0]
    for _ in range(12):
        clock.pass_(timedelta(minutes=2))
        worked(memory)
    queue = memory.flush(timeout=0)
    assert (queue.waiting, queue.failed, queue.lessons[0].attempts) == (0, 1, 5)
    assert [item.content for item in rows(memory)] == [f"Ana lives in {town}" for town in ("Paris", "Lisbon", "Rome")]


@pytest.mark.usefixtures("by_hand")
def test_a_budget_without_room_for_all_has_room_for_one() -> None:
    clock = Clock()
    model = Parrot()
    memory = learning(model, clock, budget=LearningBudget(max_tokens=4_500, max_calls_per_day=2))
    towns = [f"town{number}" for number in range(9)]
    add(memory, *(f"{'word ' * 400}{town}" for town in towns))
    assert worked(memory) > 2, "what was refused was tried alone"
    queue = memory.flush(timeout=0)
    assert queue.waiting
    assert (queue.deferred, queue.failed) == (1, 0), "the others wait behind it"
    for _ in range(8):
        clock.pass_(DAY)
        worked(memory)
    assert not memory.flush(timeout=0)
    assert 1 < len(model.prompts) <= 9
    assert [item.content for item in rows(memory)] == [f"Ana lives in {town}" for town in towns]


@pytest.mark.usefixtures("by_hand")
def test_who_lost_one_of_several_decides_nothing_and_gives_back_the_rest() -> None:
    memory = learning(Parrot())
    engine = engine_of(memory)
    add(memory, *TOWNS[:3])

    class Robbed(Parrot):
        def ask(self, prompt):
            with engine.writing() as writer:
                writer.drop_lesson(2)
            return super().ask(prompt)

    engine.learner.model.__class__ = Robbed
    assert work(engine, engine.learner) == 0.0
    assert facts_at(memory) == set()
    with engine.ledger.reading() as reader:
        assert [lesson.holder is None for lesson in reader.lessons()] == [True, True], "nobody waits for a lease"


@pytest.mark.usefixtures("by_hand")
def test_what_a_killed_process_held_is_taken_over_without_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    memory = learning(Parrot(), clock)
    engine = engine_of(memory)
    add(memory, *TOWNS)
    with monkeypatch.context() as patch:
        patch.setattr(holding, "HOLDER", "killed")
        assert len(holding.take(engine)) == len(TOWNS)
    assert holding.take(engine) == [], "their lease is not over"
    clock.pass_(holding.LEASE)
    engine.taught.add("default")
    assert worked(memory) == 2, "the one that was tried alone, then the others"
    assert [item.content for item in rows(memory)] == [f"Ana lives in {town}" for town in TOWNS]


def test_the_worker_of_a_process_does_it_too() -> None:
    class Slow(Parrot):
        def ask(self, prompt):
            started.wait(60)
            return super().ask(prompt)

    started = threading.Event()
    model: Scripted = Slow()
    memory = learning(model)
    add(memory, *TOWNS)
    started.set()
    assert not memory.flush(timeout=60)
    assert len(model.prompts) <= 2
    assert facts_at(memory) == {"Ana lives in Bern"}

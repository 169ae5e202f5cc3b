"""What is queued is learnt later: in order, once, also after a kill; and what cannot be learnt is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from tests.core.clock import DAY, Clock
from tests.core.learning.scripted import Scripted, fact, facts_at, learning, rows

from agentmem_core import AgentMem, LearningBudget, LearningQueue, ModelError, Scope
from agentmem_core.engine.learning import holding
from agentmem_core.engine.learning import queue as queueing
from agentmem_core.ports import Lesson

TOWNS = ["Paris", "Lisbon", "Rome", "Oslo", "Bern"]
PATIENCE = 60.0


class Parrot(Scripted):
    """Learns of every turn that Ana lives in the town that stands last in it."""

    def ask(self, prompt):
        lines = [line for line in prompt.text.splitlines()[1:-1] if line[1].isdigit()]
        towns = [json.loads(line.partition("): ")[2]).split()[-1] for line in lines]
        self.facts = [
            [
                fact(f"Ana lives in {town}", f"Ana|lives in|{town}", turns=[place + 1])
                for place, town in enumerate(towns)
            ]
        ]
        return super().ask(prompt)


def turn(town: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"I live in {town}", "name": "Ana"}]


def test_what_is_queued_is_learnt_in_order() -> None:
    memory = learning(Parrot())
    for town in TOWNS:
        added = memory.add(turn(town), session_id="s1", infer="background")
        assert added.learned is not None
        assert (added.learned.queued, added.learned.decisions, added.learned.left) == (True, (), 1)
    assert memory.flush(timeout=PATIENCE) == LearningQueue()
    assert facts_at(memory) == {"Ana lives in Bern"}
    assert [item.content for item in rows(memory)] == [f"Ana lives in {town}" for town in TOWNS]
    assert memory.learn().read == 0, "it was learnt already"


async def test_the_same_without_blocking() -> None:
    memory = learning(Parrot())
    for town in TOWNS:
        await memory.aadd(turn(town), infer="background")
    assert not await memory.aflush(timeout=PATIENCE)
    assert facts_at(memory) == {"Ana lives in Bern"}


def test_users_do_not_wait_for_each_other_and_see_their_own_queue_only() -> None:
    class Picky(Parrot):
        def ask(self, prompt):
            if "Atlantis" in prompt.text:
                raise ModelError("there is no such town")
            return super().ask(prompt)

    memory = learning(Picky())
    memory.add(turn("Atlantis"), user_id="bo", infer="background")
    memory.add(turn("Paris"), infer="background")
    assert not memory.flush(timeout=PATIENCE)
    assert facts_at(memory) == {"Ana lives in Paris"}
    waiting = memory.flush(user_id="bo", timeout=0)
    assert (waiting.waiting, waiting.lessons[0].attempts) == (1, 1)
    assert "no such town" in str(waiting.lessons[0].error)
    assert memory.flush(everyone=True, timeout=0).waiting == 1


def test_what_fails_is_tried_again_a_few_times_and_then_told() -> None:
    clock = Clock()
    model = Scripted([ModelError(f"no. {number}") for number in range(100)])
    memory = learning(model, clock)
    memory.add(turn("Paris"), infer="background")
    for _ in range(200):
        queue = memory.flush(timeout=0.05)
        clock.pass_(timedelta(minutes=2))
        if queue.failed:
            break
    queue = memory.flush()
    assert (queue.waiting, queue.failed, len(model.prompts)) == (0, 1, queueing.ATTEMPTS)
    assert queue.lessons[0].error == "ModelError: no. 4"
    assert "retry" in queue.warnings[0]
    assert [part.ok for part in memory.health().components if part.name == "learning"] == [False]
    assert memory.add(turn("Rome"), infer="background").learned.queued  # type: ignore[union-attr]  # it is there
    model.facts = [[fact("Ana lives in Paris", "Ana|lives in|Paris")], []]
    assert not memory.flush(retry=True, timeout=PATIENCE)
    assert facts_at(memory) == {"Ana lives in Paris"}
    assert all(part.ok for part in memory.health().components)


def test_a_budget_that_is_used_up_is_waited_for_until_tomorrow() -> None:
    clock = Clock()
    memory = learning(Parrot(), clock, budget=LearningBudget(max_calls_per_day=1))
    for town in TOWNS[:2]:
        memory.add(turn(town), session_id=town, infer="background")
    queue = memory.flush(timeout=PATIENCE)
    assert (queue.waiting, queue.deferred, queue.failed) == (1, 1, 0)
    assert "tomorrow" in queue.warnings[0]
    clock.pass_(DAY)
    assert not memory.flush(timeout=PATIENCE)
    assert facts_at(memory) == {"Ana lives in Lisbon"}


def test_a_long_lesson_is_learnt_a_window_at_a_time() -> None:
    model = Parrot()
    memory = learning(model)
    memory.add([turn("Paris " + "word " * 300 + str(number))[0] for number in range(60)], infer="background")
    assert not memory.flush(timeout=PATIENCE)
    assert len(model.prompts) > 2
    assert memory.learn().read == 0


def test_what_is_forgotten_is_not_learnt() -> None:
    started, go_on = threading.Event(), threading.Event()

    class Slow(Parrot):
        def ask(self, prompt):
            started.set()
            go_on.wait(PATIENCE)
            return super().ask(prompt)

    memory = learning(Slow())
    for town in TOWNS[:3]:
        memory.add(turn(town), infer="background")
    assert started.wait(PATIENCE)
    memory.forget(user_id="ana")
    go_on.set()
    assert not memory.flush(timeout=PATIENCE)
    assert memory.stats(everyone=True).memories == 0


def test_closing_does_not_wait_for_a_model_and_gives_back_what_it_held(tmp_path: Path) -> None:
    started, go_on = threading.Event(), threading.Event()

    class Slow(Parrot):
        def ask(self, prompt):
            started.set()
            go_on.wait(PATIENCE)
            return super().ask(prompt)

    def opened(model):
        return AgentMem(tmp_path, embedder="hashing", index="none", durability="normal", llm=model, user_id="ana")

    memory = opened(Slow())
    memory.add(turn("Paris"), infer="background")
    assert started.wait(PATIENCE)
    memory.close()
    with opened(Parrot()) as again:
        assert not again.flush(timeout=PATIENCE)
        go_on.set()
        assert facts_at(again) == {"Ana lives in Paris"}


def test_a_process_that_cannot_learn_leaves_the_queue_alone(tmp_path: Path) -> None:
    options = {"embedder": "hashing", "index": "none", "durability": "normal", "user_id": "ana"}
    with AgentMem(tmp_path, llm=Scripted([ModelError("gone")] * 9), **options) as memory:  # type: ignore[arg-type]  # plain names
        memory.add(turn("Paris"), infer="background")
    with AgentMem(tmp_path, **options) as memory:  # type: ignore[arg-type]  # plain names
        queue = memory.flush(timeout=PATIENCE)
        assert queue.waiting == 1
        assert "nobody who learns" in queue.warnings[0]
    with AgentMem(tmp_path, llm=Parrot(), **options) as memory:  # type: ignore[arg-type]  # plain names
        assert not memory.flush(timeout=PATIENCE)
        assert facts_at(memory) == {"Ana lives in Paris"}


CHILD = """
import sys, time
from pathlib import Path
sys.path[:0] = {paths!r}
from tests.core.learning.test_background import Parrot, turn, TOWNS
from agentmem_core import AgentMem

class Stuck(Parrot):
    def ask(self, prompt):
        print("asked", flush=True)
        time.sleep(600)

memory = AgentMem(sys.argv[1], embedder="hashing", index="none", llm=Stuck(), user_id="ana")
for town in TOWNS:
    memory.add(turn(town), infer="background")
time.sleep(600)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_what_is_queued_survives_a_kill(tmp_path: Path, monkeypatch) -> None:
    root = Path(__file__).parents[3]
    program = CHILD.format(paths=[str(root)])
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "asked\n"
    options = {"embedder": "hashing", "index": "none", "durability": "normal", "user_id": "ana"}
    with AgentMem(tmp_path, **options) as looking:  # type: ignore[arg-type]  # plain names
        until = time.monotonic() + PATIENCE
        while looking.stats().memories < len(TOWNS) and time.monotonic() < until:
            os.sched_yield()
    child.kill()
    child.wait()
    child.stdout.close()
    with AgentMem(tmp_path, llm=Parrot(), **options) as memory:  # type: ignore[arg-type]  # plain names
        assert not memory.flush(timeout=PATIENCE)
        assert facts_at(memory) == {"Ana lives in Bern"}
        assert [len(memory.history(item.id)) for item in rows(memory)] == [2, 2, 2, 2, 1]


RELAY = """
import sys, time
sys.path[:0] = {paths!r}
from tests.core.learning.test_background import Parrot, turn
from agentmem_core import AgentMem

class Thoughtful(Parrot):
    def ask(self, prompt):
        time.sleep(0.05)
        return super().ask(prompt)

number = int(sys.argv[2])
memory = AgentMem(sys.argv[1], embedder="hashing", index="none", durability="normal", llm=Thoughtful())
for place in range(10):
    memory.add(turn(f"town{{number}}x{{place}}"), user_id=f"user {{place % 2}}", infer="background")
print("added", flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_processes_that_are_killed_in_turns_leave_nothing_unlearnt(tmp_path: Path) -> None:
    """Two are always at work, whichever came first is killed: what it held is taken over, once, and each user's order stays."""
    program = RELAY.format(paths=[str(Path(__file__).parents[3])])
    running: list[subprocess.Popen[str]] = []
    try:
        for number in range(6):
            child = subprocess.Popen(
                [sys.executable, "-c", program, str(tmp_path), str(number)], stdout=subprocess.PIPE, text=True
            )
            running.append(child)
            assert child.stdout is not None
            assert child.stdout.readline() == "added\n"
            while len(running) > (number < 5):
                _kill(running.pop(0))
    finally:
        for child in running:
            _kill(child)
    with AgentMem(tmp_path, embedder="hashing", index="none", durability="normal", llm=Parrot()) as memory:
        assert not memory.flush(everyone=True, timeout=PATIENCE)
        for user in range(2):
            facts = memory.list(user_id=f"user {user}", types=["semantic"], limit=1_000).items
            said = [f"Ana lives in town{number}x{place}" for number in range(6) for place in range(user, 10, 2)]
            assert [item.content for item in facts] == said
            versions = [len(memory.history(item.id, user_id=f"user {user}")) for item in facts]
            assert versions == [2] * 29 + [1], "each was learnt once, and ended by the next"


def _kill(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


def test_what_a_lesson_costs_does_not_grow_with_those_that_wait(tmp_path: Path, monkeypatch) -> None:
    """Taking the next of 3,000 lessons looks at few of them: counted in steps of the database, which no other job can disturb."""
    monkeypatch.setattr("agentmem_core.engine.learning.verbs.wake", lambda engine, tenant: None)
    with AgentMem(tmp_path, embedder="hashing", index="none", durability="normal", llm=Parrot()) as memory:
        engine = memory._backend._engine  # type: ignore[attr-defined]  # the parts of the queue by hand
        steps: dict[int, int] = {}
        for count in (30, 3_000):
            with engine.writing() as writer:
                for number in range(count):
                    scope = Scope(user_id=f"user {number % 3}")
                    writer.put_lesson(Lesson(scope, ("t",), queued_at=engine.clock(), due_at=engine.clock()))
            with engine.ledger.reading() as reader:
                counted: Counter[str] = Counter()
                reader._db.set_progress_handler(lambda counted=counted: counted.update(["step"]), 1)
                assert reader.due_lesson("default", engine.clock()) is not None
                reader._db.set_progress_handler(None, 0)
            steps[count] = counted["step"]
        assert steps[3_000] < 3 * steps[30], steps


def test_two_clients_of_one_store_do_nothing_twice(tmp_path: Path) -> None:
    models = [Parrot(), Parrot()]
    clients = [
        AgentMem(tmp_path, embedder="hashing", index="none", durability="normal", llm=model, user_id="ana")
        for model in models
    ]
    for number in range(30):
        clients[number % 2].add(
            turn(f"town{number}"), user_id=f"user {number % 3}", session_id=str(number), infer="background"
        )
    for client in clients:
        assert not client.flush(everyone=True, timeout=PATIENCE)
    assert sum(len(model.prompts) for model in models) == 30
    for number in range(3):
        found = clients[0].list(user_id=f"user {number}", types=["semantic"]).items
        assert [item.content for item in found] == [f"Ana lives in town{n}" for n in range(30) if n % 3 == number]
    for client in clients:
        client.close()


def test_who_lost_a_lesson_decides_nothing(monkeypatch) -> None:
    """A worker that gave no sign of life for too long finds that somebody else has taken over."""
    clock = Clock()
    first = learning(Parrot(), clock)
    engine = first._backend._engine  # type: ignore[attr-defined]  # the parts of the queue by hand
    monkeypatch.setattr("agentmem_core.engine.learning.verbs.wake", lambda engine, tenant: None)
    first.add(turn("Paris"), infer="background")
    engine.taught.add("default")
    [lesson] = holding.take(engine)
    assert holding.take(engine) == [], "it is held"
    clock.pass_(holding.LEASE)
    monkeypatch.setattr(holding, "HOLDER", "another")
    assert holding.take(engine)
    monkeypatch.undo()
    queueing.do(engine, engine.learner, [lesson])
    assert facts_at(first) == set()
    with engine.ledger.reading() as reader:
        assert reader.lesson(lesson.number).holder.startswith("another")


def test_turns_of_another_tenant_never_go_to_our_model(tmp_path: Path) -> None:
    options = {"embedder": "hashing", "index": "none", "durability": "normal", "user_id": "ana"}
    with AgentMem(tmp_path, tenant="acme", llm=Scripted([ModelError("gone")] * 9), **options) as acme:  # type: ignore[arg-type]  # plain names
        acme.add(turn("Paris"), infer="background")
    model = Parrot()
    with AgentMem(tmp_path, tenant="globex", llm=model, **options) as globex:  # type: ignore[arg-type]  # plain names
        globex.add(turn("Rome"), infer="background")
        assert not globex.flush(everyone=True, timeout=PATIENCE)
        assert len(model.prompts) == 1
        assert all("Paris" not in prompt.text for prompt in model.prompts)
    with AgentMem(tmp_path, tenant="acme", llm=Parrot(), **options) as acme:  # type: ignore[arg-type]  # plain names
        assert not acme.flush(timeout=PATIENCE)
        assert facts_at(acme) == {"Ana lives in Paris"}

"""Short searches on a server's event loop: the same answers, in turns, and never where something would have to be waited for."""

from __future__ import annotations

import asyncio
import threading
from time import perf_counter

import pytest

from agentmem_core import AgentMem
from agentmem_core.engine.searching import search_at_once
from agentmem_core.engine.turns import Turns
from agentmem_core.operations import Search, build
from agentmem_core.ports.cancelling import ON_LOOP

TEXTS = [
    "I moved to Lisbon in May", "The cello lesson is on Thursday", "我去年五月搬到了里斯本", "Rita teaches the cello",
    "The wifi is down", "Peanuts make me ill",
]  # fmt: skip


@pytest.fixture
def memory(tmp_path):
    with AgentMem(tmp_path) as opened:
        opened.add_many([{"content": text, "user_id": user} for text in TEXTS for user in ("ana", "bo")])
        yield opened


def op_of(query, **more):
    scope = {"tenant": "default", "user_id": more.pop("user_id", "ana")}
    return build(Search, query=query, scope=scope, **more)


@pytest.mark.parametrize(
    "query", ["where does she live?", "cello", "搬到哪里了", "what did I do last May?", None, "nothing of it"]
)
@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_it_answers_what_a_search_answers(memory, query, mode):
    expected = memory.search(query, user_id="ana", mode=mode)
    found = search_at_once(memory._backend._engine, op_of(query, mode=mode))
    assert found is not None
    assert [(hit.memory.content, pytest.approx(hit.score)) for hit in found] == [
        (hit.memory.content, hit.score) for hit in expected
    ]


def test_it_sees_what_was_added_changed_and_erased_since(memory):
    engine = memory._backend._engine
    memory.search("cello", user_id="ana")
    (added,) = memory.add("The cello is in the attic", user_id="ana").ids
    assert "The cello is in the attic" in [
        hit.memory.content for hit in search_at_once(engine, op_of("cello attic")) or ()
    ]
    memory.update(added, content="The cello is in the cellar", user_id="ana")
    found = search_at_once(engine, op_of("cello cellar"))
    assert found
    assert found[0].memory.content == "The cello is in the cellar"
    memory.forget(user_id="ana")
    assert not search_at_once(engine, op_of("cello"))


def test_what_has_not_been_read_or_would_take_long_is_left_to_a_thread(memory):
    engine = memory._backend._engine
    assert search_at_once(engine, op_of("cello")) is None  # not in memory yet
    memory.search("cello", user_id="ana")
    assert search_at_once(engine, op_of("cello")) is not None
    assert search_at_once(engine, op_of("cello", limit=1_000)) is None
    assert search_at_once(engine, op_of("cello " * 1_000)) is None
    assert search_at_once(engine, op_of("cello", filters={"topic": "music"})) is None
    assert search_at_once(engine, op_of("cello", as_of="2026-01-01T00:00:00Z")) is None
    assert search_at_once(engine, op_of("cello", user_id="nobody")) is None


def test_a_view_that_somebody_else_is_at_is_not_waited_for(memory):
    engine = memory._backend._engine
    memory.search("cello", user_id="ana")
    partition = engine.seen.partition(("default", "memories", "ana"))
    with engine.views.current(engine.ledger, partition):
        began = perf_counter()
        assert search_at_once(engine, op_of("cello")) is None
        assert perf_counter() - began < 5


@pytest.mark.parametrize("on_loop", [True, False])
async def test_only_a_servers_loop_works_itself(memory, on_loop):
    memory.search("cello", user_id="ana")
    engine = memory._backend._engine
    threads: list[threading.Thread] = []
    note = engine.touches.note

    def noting(rows, now):
        threads.append(threading.current_thread())
        return note(rows, now)

    engine.touches.note = noting
    ON_LOOP.set(on_loop)
    assert (await memory.asearch("cello lesson", user_id="ana"))[0].memory.content == TEXTS[1]
    assert [thread is threading.main_thread() for thread in threads] == [on_loop]


async def test_others_have_their_turn_between_long_work():
    turns = Turns()
    rounds = 0
    done: list[int] = []

    async def working(number: int) -> None:
        await turns.wait()
        began = perf_counter()
        while perf_counter() - began < 0.003:  # longer than a round may take
            pass
        turns.note(began)
        done.append(rounds)

    async def counting() -> None:
        nonlocal rounds
        while len(done) < 20:
            rounds += 1
            await asyncio.sleep(0)

    await asyncio.gather(counting(), *(working(number) for number in range(20)))
    assert len(set(done)) >= 19  # hardly two of them in one round of the loop


async def test_one_who_gives_up_waiting_holds_up_nobody():
    turns = Turns()
    waiting = [asyncio.ensure_future(turns.wait()) for _ in range(5)]
    turns.note(perf_counter() - 1)
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[2].cancel()
    await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert [task.cancelled() for task in waiting] == [True, False, True, False, False]

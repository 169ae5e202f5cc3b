"""Tasks for agents: answered, never raised; given up before they write, or waited for; tried again only where that is safe."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.core.clock import remembering

from agentmem_core import AgentMem, AgentReply, AgentTask, EmbedderError, InvalidInputError, StoreBusyError
from agentmem_core.embedders.hashing import HashingEmbedder
from agentmem_core.testing import MemoryLedger, in_memory_backend

Dispatch = Callable[..., AgentReply]


class Held(HashingEmbedder):
    """An embedder that waits until it is let go, and may fail a few times first."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()
        self.go.set()
        self.failures = 0
        self.calls = 0

    def embed(self, texts: Sequence[str], *, kind: Literal["document", "query"]) -> NDArray[np.float32]:
        self.calls += 1
        self.begun.set()
        assert self.go.wait(30)
        if self.failures:
            self.failures -= 1
            raise EmbedderError("not now")
        return super().embed(texts, kind=kind)


class SlowLedger(MemoryLedger):
    """A ledger whose transactions begin, and then wait until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()
        self.go.set()
        self.busy = 0

    def writing(self) -> Any:
        self.begun.set()
        assert self.go.wait(30)
        if self.busy:
            self.busy -= 1
            raise StoreBusyError("another process writes")
        return super().writing()


@pytest.fixture
def embedder() -> Held:
    return Held()


@pytest.fixture
def ledger() -> SlowLedger:
    return SlowLedger()


@pytest.fixture
def memory(embedder: Held, ledger: SlowLedger) -> Iterator[AgentMem]:
    with AgentMem(backend=in_memory_backend(embedder=embedder, ledger=ledger), user_id="ana") as memory:
        yield memory
        embedder.go.set()
        ledger.go.set()


@pytest.fixture(params=["sync", "async"])
def dispatch(request: pytest.FixtureRequest, memory: AgentMem) -> Dispatch:
    """Dispatches in one colour."""

    def dispatching(agent: str, operation: str, *, timeout: float | None = None, **parameters: Any) -> AgentReply:
        task = AgentTask(type=agent, operation=operation, parameters=parameters, timeout=timeout)
        if request.param == "sync":
            return memory.agents.dispatch(task)
        return asyncio.run(memory.agents.adispatch(task))

    return dispatching


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_a_task_is_done_and_answered(dispatch: Dispatch, timeout: float | None) -> None:
    reply = dispatch("core", "set", label="human", text="安娜", timeout=timeout)
    assert (reply.success, reply.data.text, reply.agent, reply.attempts, reply.timed_out) == (
        True,
        "安娜",
        "core",
        1,
        False,
    )
    assert (reply.error, reply.error_code) == (None, None)
    assert reply.seconds >= 0
    found = dispatch("core", "get", label="human", timeout=timeout)
    assert found.data == reply.data


@pytest.mark.parametrize("timeout", [None, 60.0])
@pytest.mark.parametrize(("agent", "operation", "parameters", "code", "says"), [
    ("nobody", "set", {}, "not_found", "core, working, episodic"),
    ("core", "fly", {}, "not_found", "append, blocks, compile"),
    ("core", "aset", {}, "not_found", "blocks"),
    ("core", "_op", {}, "not_found", "blocks"),
    ("core", "__init__", {}, "not_found", "blocks"),
    ("core", "scope", {}, "not_found", "blocks"),
    ("core", "set", {"label": "x"}, "invalid_input", "missing a required argument: 'text'"),
    ("core", "set", {"label": "x", "text": "y", "self": 1}, "invalid_input", "self"),
    ("core", "set", {"label": "x", "text": "y", "tenant": "z"}, "invalid_input", "tenant"),
    ("core", "set", {"label": 1, "text": None}, "invalid_input", "label"),
    ("core", "get", {"label": "x"}, "not_found", "none yet"),
    ("core", "add", {"content": object()}, "invalid_input", "content"),
    ("core", "search", {"query": "x", "filters": object()}, "invalid_filter", "filter"),
    ("episodic", "delete", {"id": 5}, "invalid_input", "ids"),
    ("episodic", "timeline", {"by": ["day"]}, "invalid_input", "by"),
])  # fmt: skip
def test_what_cannot_be_done_is_answered_with_what_there_is(
    dispatch: Dispatch,
    agent: str,
    operation: str,
    parameters: dict[str, Any],
    code: str,
    says: str,
    timeout: float | None,
) -> None:
    reply = dispatch(agent, operation, timeout=timeout, **parameters)
    assert (reply.success, reply.error_code, reply.data, reply.timed_out) == (False, code, None, False)
    assert says in (reply.error or "")


@pytest.mark.parametrize("given", [
    {"type": "core"}, {"type": "", "operation": "x"}, {"type": "core", "operation": 5}, {"type": "core", "operation": "x", "timeout": 0},
    {"type": "core", "operation": "x", "timeout": -1}, {"type": "core", "operation": "x", "timeout": float("nan")},
    {"type": "core", "operation": "x", "timeout": float("inf")}, {"type": "core", "operation": "x", "timeout": 1e300},
    {"type": "core", "operation": "x", "parameters": []}, {"type": "core", "operation": "x", "more": 1},
    {"type": "core", "operation": "x", "priority": "high"},
])  # fmt: skip
def test_a_task_that_is_none_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        AgentTask(**given)


def test_only_a_task_is_dispatched() -> None:
    memory = remembering()
    with pytest.raises(InvalidInputError, match="AgentTask"):
        memory.agents.dispatch({"type": "core"})  # type: ignore[arg-type]  # what a clumsy user gives


def test_a_task_too_slow_is_given_up_before_it_writes(dispatch: Dispatch, memory: AgentMem, embedder: Held) -> None:
    embedder.go.clear()
    reply = dispatch("semantic", "learn", text="too slow", timeout=0.05)
    assert (reply.success, reply.timed_out, reply.error_code) == (False, True, "timed_out")
    assert "nothing was written" in (reply.error or "")
    embedder.go.set()
    assert dispatch("semantic", "learn", text="in time", timeout=60.0).success
    assert [item.content for item in memory.list().items] == ["in time"]


def test_a_task_that_writes_already_is_waited_for_and_told_late(
    dispatch: Dispatch, memory: AgentMem, ledger: SlowLedger
) -> None:
    ledger.go.clear()
    ledger.begun.clear()

    def let_go() -> None:
        assert ledger.begun.wait(60)
        time.sleep(1.2)  # past its time, whenever it began to write
        ledger.go.set()

    with ThreadPoolExecutor(1) as pool:
        letting_go = pool.submit(let_go)
        reply = dispatch("core", "set", label="human", text="Ana", timeout=1.0)
        letting_go.result()
    assert (reply.success, reply.timed_out, reply.data.text) == (True, True, "Ana")
    assert memory.core.get("human").text == "Ana"


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_what_may_be_repeated_is_tried_three_times(dispatch: Dispatch, embedder: Held, timeout: float | None) -> None:
    embedder.failures = 2
    reply = dispatch("core", "set", label="human", text="Ana", timeout=timeout)
    assert (reply.success, reply.attempts) == (True, 3)
    embedder.failures = 9
    reply = dispatch("core", "set", label="human", text="Bob", timeout=timeout)
    assert (reply.success, reply.attempts, reply.error_code, embedder.failures) == (False, 3, "embedder_failed", 6)


def test_a_busy_store_is_tried_again(dispatch: Dispatch, ledger: SlowLedger) -> None:
    ledger.busy = 1
    reply = dispatch("contextual", "set", key="town", value="Lisbon")
    assert (reply.success, reply.attempts) == (True, 2)


@pytest.mark.parametrize(("agent", "operation", "parameters"), [
    ("core", "append", {"label": "human", "text": "more"}),
    ("episodic", "record", {"text": "ate noodles"}),
    ("semantic", "add", {"content": "text"}),
])  # fmt: skip
def test_what_must_not_be_repeated_is_tried_once(
    dispatch: Dispatch, memory: AgentMem, embedder: Held, agent: str, operation: str, parameters: dict[str, Any]
) -> None:
    memory.core.set("human", "Ana")
    before, embedder.calls, embedder.failures = memory.list().items, 0, 1
    reply = dispatch(agent, operation, **parameters)
    assert (reply.success, reply.attempts, embedder.calls) == (False, 1, 1)
    assert memory.list().items == before


def test_errors_of_the_caller_are_not_tried_again(dispatch: Dispatch) -> None:
    assert dispatch("core", "get", label="nobody").attempts == 1


async def test_cancelling_a_task_cancels_what_it_has_not_written(memory: AgentMem, embedder: Held) -> None:
    embedder.go.clear()
    embedder.begun.clear()
    task = AgentTask(type="semantic", operation="learn", parameters={"text": "cancelled"}, timeout=60.0)
    running = asyncio.create_task(memory.agents.adispatch(task))
    await asyncio.to_thread(embedder.begun.wait, 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    embedder.go.set()
    await memory.semantic.alearn("after")
    assert [item.content for item in (await memory.alist()).items] == ["after"]


async def test_a_slow_task_does_not_hold_the_event_loop(memory: AgentMem, embedder: Held) -> None:
    embedder.go.clear()
    task = AgentTask(type="semantic", operation="learn", parameters={"text": "slow"}, timeout=60.0)
    running = asyncio.create_task(memory.agents.adispatch(task))
    await asyncio.to_thread(embedder.begun.wait, 10)
    assert not running.done()
    embedder.go.set()
    assert (await running).success


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_many_are_done_by_priority_and_answered_in_order(memory: AgentMem, colour: str) -> None:
    memory.core.set("log", "begin")
    tasks = [
        AgentTask(
            type="core", operation="append", parameters={"label": "log", "text": str(priority)}, priority=priority
        )
        for priority in (0, 5, -1, 5)
    ]
    replies = memory.agents.dispatch_all(tasks) if colour == "sync" else asyncio.run(memory.agents.adispatch_all(tasks))
    assert memory.core.get("log").text == "begin\n5\n5\n0\n-1"
    assert [reply.data.text.splitlines()[-1] for reply in replies] == ["0", "5", "-1", "5"]
    assert memory.agents.dispatch_all([]) == []


def test_one_that_fails_does_not_stop_the_others() -> None:
    memory = remembering()
    tasks = [AgentTask(type=name, operation="list") for name in ("core", "nobody", "working")]
    assert [reply.success for reply in memory.agents.dispatch_all(tasks)] == [True, False, True]


def test_a_task_may_name_its_scope(dispatch: Dispatch, memory: AgentMem) -> None:
    dispatch("core", "set", label="human", text="Bob", user_id="bob")
    assert memory.core.blocks() == []
    assert memory.core.get("human", user_id="bob").text == "Bob"


def test_a_task_does_not_read_files_of_this_machine(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not for a model")
    with remembering() as memory:
        for path in (str(secret), secret, "../../etc/passwd"):
            reply = memory.agents.dispatch(AgentTask(type="resource", operation="put", parameters={"file": path}))
            assert (reply.success, reply.error_code) == (False, "invalid_input")
        kept = memory.agents.dispatch(
            AgentTask(type="resource", operation="put", parameters={"file": b"bytes", "name": "a.txt"})
        )
        assert kept.success
        assert [file.name for file in memory.resource.list()] == ["a.txt"]


def test_a_task_may_be_written_in_the_order_of_its_fields(memory: AgentMem) -> None:
    task_of: Any = AgentTask  # types know its fields by name only
    task = task_of("working", "push", {"text": "call Rita"}, 2, 5)
    assert task == AgentTask(type="working", operation="push", parameters={"text": "call Rita"}, priority=2, timeout=5)
    assert memory.agents.dispatch(task).success
    with pytest.raises(InvalidInputError, match="type: was given twice"):
        task_of("working", "push", type="core")
    with pytest.raises(
        InvalidInputError, match="AgentTask takes type, operation, parameters, priority, timeout, and 6"
    ):
        task_of("working", "push", {}, 0, 1, "more")

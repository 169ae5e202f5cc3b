"""Many processes, threads and event loops on one store: nothing is lost, mixed up or waited for in vain."""

from __future__ import annotations

import asyncio
import gc
import json
import random
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agentmem_core import AgentMem, AgentMemError, StoreClosedError

PROCESSES = 8
ADDS = 200


def opened(folder: Path | str, **options: Any) -> AgentMem:
    return AgentMem(folder, **{"embedder": "hashing", "index": "none", "durability": "normal", **options})


def run(script: str, *arguments: object, timeout: float = 60.0) -> str:
    """What a program prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", script, *map(str, arguments)],
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3_000:]
    return done.stdout


def together(script: str, *arguments: object) -> list[Any]:
    """The same program in several processes, each told its number; what each says last."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(number), *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    ended = [child.communicate(timeout=100) for child in children]
    assert [child.returncode for child in children] == [0] * PROCESSES, "\n".join(errors[-800:] for _, errors in ended)
    return [json.loads(output.splitlines()[-1]) for output, _ in ended]


# --- processes --------------------------------------------------------------------------------------------------------

ADDING = """
import json, sys, time
from agentmem_core import AgentMem
number, folder, begin, options = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), json.loads(sys.argv[4])
memory = AgentMem(":memory:", embedder="hashing"); memory.close()
time.sleep(max(0.0, begin - time.time()))
memory = AgentMem(folder, embedder="hashing", **options)
ids = []
for n in range(200):
    ids += memory.add(f"process{number} says item{n}x{number}").ids
    if n % 20 == 0:
        memory.search("says")
until = time.monotonic() + 60
while memory.stats().memories < 1600 and time.monotonic() < until:
    time.sleep(0.05)
missing = [
    f"process{other} says item{n}x{other}" for other in range(8) for n in range(0, 200, 20)
    if not any(hit.memory.content == f"process{other} says item{n}x{other}"
               for hit in memory.search(f"process{other} says item{n}x{other}", limit=3))
]
print(json.dumps({"ids": ids, "seen": memory.stats().memories, "missing": missing}))
memory.close()
"""


@pytest.mark.parametrize(
    "options",
    [{"index": "none"}, {"index": "none", "durability": "normal"}, {"exact_limit": 50, "durability": "normal"}],
    ids=["full", "normal", "index in use"],
)
def test_8_processes_that_add_200_each_lose_nothing_and_see_each_other(tmp_path, options):
    answers = together(ADDING, tmp_path / "store", time.time() + 2.0, json.dumps(options))
    assert [answer["missing"] for answer in answers] == [[]] * PROCESSES
    assert {answer["seen"] for answer in answers} == {PROCESSES * ADDS}
    acknowledged = [memory_id for answer in answers for memory_id in answer["ids"]]
    assert len(set(acknowledged)) == PROCESSES * ADDS
    with opened(tmp_path / "store") as memory:
        assert {item.id for item in memory.list(limit=10_000).items} == set(acknowledged)
        assert memory.health().ok


OPENING = """
import json, sys, time
from agentmem_core import AgentMem
number, folder, begin = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
memory = AgentMem(":memory:", embedder="hashing"); memory.close()
failures = []
for store in range(12):
    time.sleep(max(0.0, begin + store * 0.12 - time.time()))
    try:
        with AgentMem(f"{folder}/{store}", embedder="hashing", index="none", durability="normal") as memory:
            memory.add(f"process{number}")
    except Exception as error:
        failures.append(f"{store}: {error!r}")
print(json.dumps(failures))
"""


def test_8_processes_may_make_one_store_at_the_same_moment(tmp_path):
    assert together(OPENING, tmp_path, time.time() + 2.0) == [[]] * PROCESSES
    for store in tmp_path.iterdir():
        with opened(store) as memory:
            assert memory.stats().memories == PROCESSES


def test_two_clients_of_one_process_see_each_others_changes_at_once(tmp_path):
    with opened(tmp_path) as one, opened(tmp_path) as two:
        added = one.add("the sky is blue").ids[0]
        assert two.search("sky")[0].memory.id == added
        two.update(added, content="the sky is grey")
        assert one.search("sky")[0].memory.content == "the sky is grey"
        one.delete(added)
        assert two.search("sky") == []


# --- threads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["store", ":memory:"])
def test_16_threads_on_one_client_lose_and_mix_up_nothing(tmp_path, folder):
    memory = opened(folder if folder == ":memory:" else tmp_path / folder)

    def work(number: int) -> dict[str, str | None]:
        """Adds, changes and deletes of one user; answers what must stand in the end."""
        chance = random.Random(number)
        user = f"user{number % 4}"
        mine: dict[str, str | None] = {}
        for n in range(60):
            added = memory.add(f"thread{number} item{n}", user_id=user).ids[0]
            mine[added] = f"thread{number} item{n}"
            living = [key for key, value in mine.items() if value is not None]
            chosen = chance.choice(living)
            step = chance.random()
            if step < 0.25:
                memory.update(chosen, content=f"thread{number} changed{n}", user_id=user)
                mine[chosen] = f"thread{number} changed{n}"
            elif step < 0.4:
                memory.delete(chosen, user_id=user)
                mine[chosen] = None
            elif step < 0.8:
                hits = memory.search(f"thread{number} item{n}", user_id=user, limit=5)
                assert all(hit.memory.scope.user_id == user for hit in hits)
            else:
                memory.list(user_id=user, limit=20)
                memory.stats(user_id=user)
        return mine

    with memory, ThreadPoolExecutor(16) as pool:
        done = list(pool.map(work, range(16)))
        for number, mine in enumerate(done):
            user = f"user{number % 4}"
            found = {item.id: item.content for item in memory.get_many([*mine], user_id=user)}
            assert found == {key: value for key, value in mine.items() if value is not None}
            content = next(value for value in mine.values() if value is not None)
            assert content in {hit.memory.content for hit in memory.search(content, user_id=user)}
        living = sum(value is not None for mine in done for value in mine.values())
        assert memory.stats(everyone=True).memories == living
        assert memory.health().ok


def test_the_same_id_from_many_threads_is_one_memory(tmp_path):
    with opened(tmp_path) as memory, ThreadPoolExecutor(16) as pool:
        added = list(pool.map(lambda _: memory.add("the same text", id="same"), range(64)))
        assert sum(one.created for one in added) == 1
        plain = list(pool.map(lambda _: memory.add("another text"), range(64)))
        assert sum(one.created for one in plain) == 1
        assert len({one.ids[0] for one in plain}) == 1
        assert memory.stats().memories == 2


def test_closing_while_others_work_ends_their_calls_with_our_error(tmp_path):
    memory = opened(tmp_path)
    begun = threading.Barrier(9)
    strange: list[BaseException] = []
    acknowledged: list[str] = []

    def work(number: int) -> None:
        begun.wait()
        try:
            for n in range(10_000):
                acknowledged.extend(memory.add(f"thread{number} item{n}").ids)
                memory.search("item")
        except StoreClosedError:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever else comes is the finding
            strange.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    begun.wait()
    time.sleep(0.3)
    memory.close()
    for thread in threads:
        thread.join(30)
    assert strange == []
    with opened(tmp_path) as again:
        assert {item.id for item in again.list(limit=10_000).items} >= set(acknowledged[:10_000])
        assert again.health().ok


# --- event loops ------------------------------------------------------------------------------------------------------


async def lag_during(work: Callable[[], Any]) -> list[float]:
    """How much later than asked the loop woke up, while ``work`` went on."""
    late: list[float] = []

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            late.append(time.perf_counter() - before - 0.001)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.05)
    late.clear()
    await work()
    ticking.cancel()
    return sorted(late)


def tell(late: list[float]) -> None:
    """Shown by ``pytest -rP``."""
    p50, p99 = (late[int(len(late) * share)] * 1e3 for share in (0.5, 0.99))
    print(f"loop lag over {len(late)} ticks: p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {late[-1] * 1e3:.1f} ms")  # noqa: T201


async def test_100_calls_at_once_leave_the_event_loop_free(tmp_path):
    async with AgentMem(tmp_path) as memory:
        await memory.aadd_many([f"an old note about subject{n}" for n in range(2_000)])
        await memory.asearch("subject7")

        async def one(number: int) -> None:
            for turn in range(3):
                await memory.aadd(f"a new note number {number} of turn {turn}")
                assert await memory.asearch(f"a note about subject{number}")

        late = await lag_during(lambda: asyncio.gather(*(one(number) for number in range(100))))
        assert memory.stats().memories == 2_300
    p99 = late[int(len(late) * 0.99)]
    tell(late)
    assert p99 < 0.1


async def test_the_index_being_written_leaves_the_event_loop_free(tmp_path):
    async with opened(tmp_path, index=None, exact_limit=50) as memory:
        await memory.aadd_many([f"an old note about subject{n}" for n in range(100)])
        follower = memory._backend._engine.follower  # type: ignore[attr-defined]
        assert await asyncio.to_thread(follower.wait, 60)

        async def work() -> None:
            await memory.aadd_many([f"a new note about subject{n}" for n in range(1_500)])
            assert await asyncio.to_thread(follower.wait, 60)

        late = await lag_during(work)
    p99 = late[int(len(late) * 0.99)]
    tell(late)
    assert p99 < 0.1


def test_one_client_serves_three_event_loops_one_after_another(tmp_path):
    with opened(tmp_path) as memory:

        async def turn(number: int) -> None:
            await asyncio.gather(*(memory.aadd(f"loop{number} item{n}") for n in range(20)))
            assert (await memory.asearch(f"loop{number} item7"))[0].memory.content == f"loop{number} item7"

        for number in range(3):
            asyncio.run(turn(number))
        assert memory.stats().memories == 60


def test_one_client_serves_several_event_loops_at_the_same_time(tmp_path):
    with opened(tmp_path) as memory:

        async def turn(number: int) -> None:
            await asyncio.gather(*(memory.aadd(f"loop{number} item{n}") for n in range(20)))
            await memory.asearch(f"loop{number}")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: asyncio.run(turn(number)), range(4)))
        assert memory.stats().memories == 80


async def test_cancelling_calls_leaves_the_store_consistent(tmp_path):
    async with opened(tmp_path) as memory:
        tasks = [asyncio.create_task(memory.aadd([f"task{n} one", f"task{n} two"])) for n in range(60)]
        await asyncio.sleep(0.01)
        for task in tasks[::2]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        acknowledged = {memory_id for added in done if not isinstance(added, BaseException) for memory_id in added.ids}
        assert {type(failure) for failure in done if isinstance(failure, BaseException)} <= {asyncio.CancelledError}
        added = await memory.aadd("after the cancellations")
        page = await memory.alist(limit=1_000)
        contents = {item.content for item in page.items}
        assert {item.id for item in page.items} >= acknowledged | set(added.ids)
        halves = [n for n in range(60) if (f"task{n} one" in contents) != (f"task{n} two" in contents)]
        assert halves == [], "each call whole or not at all"
        assert (await memory.ahealth()).ok
    with opened(tmp_path) as again:
        assert {item.content for item in again.list(limit=1_000).items} >= contents


async def test_closing_while_calls_wait_ends_them_with_an_answer_or_our_error(tmp_path):
    memory = opened(tmp_path)
    tasks = [asyncio.create_task(memory.aadd(f"task{n}")) for n in range(50)]
    await asyncio.sleep(0.005)
    await memory.aclose()
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
    strange = [one for one in done if isinstance(one, BaseException) and not isinstance(one, StoreClosedError)]
    assert strange == []


# --- fork -------------------------------------------------------------------------------------------------------------

FORKING = """
import asyncio, json, os, signal, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from agentmem_core import AgentMem, StoreClosedError

def opened(folder, **options):
    return AgentMem(folder, **{"embedder": "hashing", "index": "none", "durability": "normal", **options})

def in_child(work):
    # what work answers, or how it failed; a child that hangs is ended
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(8)
        try:
            answer = work()
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        os.write(write, json.dumps(answer).encode())
        os._exit(0)
    os.close(write)
    status = os.waitpid(child, 0)[1]
    said = os.read(read, 65_536)
    os.close(read)
    return json.loads(said) if said else f"ended with {os.waitstatus_to_exitcode(status)}"
"""


def forking(script: str, folder: Path) -> Any:
    return json.loads(run(FORKING + script, folder).splitlines()[-1])


def test_a_client_carried_over_a_fork_says_that_it_must_be_opened_again(tmp_path):
    answers = forking(
        """
memory = opened(sys.argv[1])
memory.add("before the fork")
answers = [in_child(lambda: memory.add("in the child").ids), in_child(lambda: memory.search("before")),
           in_child(lambda: memory.stats().memories), in_child(memory.health)]
memory.add("after the fork")
print(json.dumps([answers, memory.stats().memories]))
memory.close()
""",
        tmp_path,
    )
    assert answers[1] == 2
    for answer in answers[0]:
        assert answer.startswith("StoreClosedError: ")
        assert "fork" in answer
        assert "open AgentMem again" in answer


@pytest.mark.parametrize("before", ["", 'asyncio.run(memory.aadd("awaited before"))'], ids=["fresh", "used"])
def test_an_async_call_on_a_client_carried_over_a_fork_does_not_hang(tmp_path, before):
    answer = forking(
        f"""
memory = opened(sys.argv[1])
{before}
print(json.dumps(in_child(lambda: asyncio.run(memory.aadd("in the child")).ids)))
memory.close()
""",
        tmp_path,
    )
    assert str(answer).startswith("StoreClosedError: ")


def test_a_client_opened_in_a_forked_child_works_and_the_parent_goes_on(tmp_path):
    answer = forking(
        """
memory = opened(sys.argv[1])
memory.add("before the fork")
def work():
    with opened(sys.argv[1]) as mine:
        mine.add("in the child")
        return [hit.memory.content for hit in mine.search("the fork child")]
found = in_child(work)
memory.add("after the fork")
print(json.dumps([sorted(found), sorted(item.content for item in memory.list().items), memory.health().ok]))
memory.close()
""",
        tmp_path,
    )
    every = ["after the fork", "before the fork", "in the child"]
    assert answer == [["before the fork", "in the child"], every, True]


def test_what_a_forked_child_adds_is_kept_when_its_parent_closes(tmp_path):
    """SQLite counts the locks of a process; a child inherits the count, but not the locks."""
    answer = forking(
        """
parent = opened(sys.argv[1])
parent.add("parent before")
ready, closed = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    signal.alarm(20)
    mine = opened(sys.argv[1])
    mine.add("child one")
    os.write(ready[1], b"x")
    os.read(closed[0], 1)
    mine.add("child two")
    mine.close()
    os._exit(0)
os.read(ready[0], 1)
parent.close()
os.write(closed[1], b"x")
assert os.waitpid(child, 0)[1] == 0
with opened(sys.argv[1]) as again:
    print(json.dumps([sorted(item.content for item in again.list().items), again.health().ok]))
""",
        tmp_path,
    )
    assert answer == [["child one", "child two", "parent before"], True]


def test_children_forked_while_threads_write_can_open_and_write_too(tmp_path):
    """A lock that another thread holds at the fork must not be held for ever in the child."""
    answer = forking(
        """
import threading
memory = opened(sys.argv[1])
memory.add("what is built at the first call is built")
memory.search("built")
stop = threading.Event()
acknowledged = []
def write(number):
    n = 0
    while not stop.is_set():
        n += 1
        acknowledged.extend(memory.add(f"parent{number} item{n}").ids)
        memory.search("item")
threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
[thread.start() for thread in threads]
def work():
    with opened(sys.argv[1]) as mine:
        return mine.add(f"child {os.getpid()}").ids
children = [in_child(work) for _ in range(5)]
stop.set()
[thread.join() for thread in threads]
memory.close()
with opened(sys.argv[1]) as again:
    wanted = acknowledged + [memory_id for ids in children if isinstance(ids, list) for memory_id in ids]
    missing = len(wanted) - len(again.get_many(wanted))
    print(json.dumps([[ids for ids in children if not isinstance(ids, list)], missing, again.health().ok]))
""",
        tmp_path,
    )
    assert answer == [[], 0, True]


# --- opening and closing ----------------------------------------------------------------------------------------------


def test_a_client_that_is_collected_without_a_close_leaves_nothing_open(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        memory: AgentMem | None = opened(tmp_path, index=None, exact_limit=50)
        assert memory is not None
        memory.add_many([f"memory {n}" for n in range(60)])
        asyncio.run(memory.aadd("the last memory"))
        memory = None
        gc.collect()
    for thread in threading.enumerate():
        if thread.name == "agentmem-index":
            thread.join(timeout=60)  # it may be in the middle of a step of Chroma's
    assert not [thread.name for thread in threading.enumerate() if thread.name == "agentmem-index"]
    with opened(tmp_path) as again:
        assert again.stats().memories == 61


def test_a_program_that_ends_without_a_close_is_silent_and_loses_nothing(tmp_path):
    script = (
        "import asyncio, sys\n"
        "from agentmem_core import AgentMem\n"
        "memory = AgentMem(sys.argv[1], embedder='hashing', exact_limit=50)\n"
        "memory.add_many([f'memory {n}' for n in range(200)])\n"
        "async def last():\n"
        "    asyncio.get_running_loop().slow_callback_duration = 60  # a busy machine is no fault\n"
        "    await memory.aadd('the last memory')\n"
        "asyncio.run(last())\n"
        "memory.search('memory')\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with opened(tmp_path) as again:
        assert again.stats().memories == 201
        assert again.get_many([again.search("the last memory")[0].memory.id])[0].access_count >= 0


@pytest.mark.parametrize(
    ("owner", "name"),
    [("_engine.touches", "_counts"), ("_engine.views", "_views"), ("_engine.ledger._connections", "_idle")],
)
def test_a_handler_of_a_signal_may_close_in_the_middle_of_a_search(tmp_path, owner, name):
    """Wherever the signal comes: here in the middle of what threads share."""
    script = (
        "import signal, sys\n"
        "from operator import attrgetter\n"
        "from agentmem_core import AgentMem, StoreClosedError\n"
        "memory = AgentMem(sys.argv[1], embedder='hashing', index='none')\n"
        "memory.add('tea')\n"
        "memory.search('tea')\n"
        "signal.signal(signal.SIGINT, lambda *_: (memory.close(), print('closed')))\n"
        "owner = attrgetter(sys.argv[2])(memory._backend)\n"
        "shared = getattr(owner, sys.argv[3])\n"
        "def signalled(name):\n"
        "    def method(self, *given, **named):\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "        return getattr(super(kind, self), name)(*given, **named)\n"
        "    return method\n"
        "kind = type('Shared', (type(shared),), {name: signalled(name) for name in ('get', 'pop') if hasattr(shared, name)})\n"
        "setattr(owner, sys.argv[3], kind(shared))\n"
        "try:\n"
        "    memory.search('tea')\n"
        "except StoreClosedError:\n"
        "    pass\n"
    )
    assert "closed" in run(script, tmp_path, owner, name, timeout=20)


CALLS: list[Callable[[AgentMem], Any]] = [
    lambda memory: memory.add("more"),
    lambda memory: memory.add_many(["more"]),
    lambda memory: memory.search("more"),
    lambda memory: memory.context("more"),
    lambda memory: memory.get("more"),
    lambda memory: memory.list(),
    lambda memory: memory.update("more", content="less"),
    lambda memory: memory.delete("more"),
    lambda memory: memory.history("more"),
    lambda memory: memory.restore("more", 1),
    lambda memory: memory.relate("more", "than", "less"),
    lambda memory: memory.forget(user_id="ana"),
    lambda memory: memory.stats(),
    lambda memory: memory.health(),
    lambda memory: memory.reindex(),
    lambda memory: memory.compact(),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("folder", ["store", ":memory:"])
def test_a_closed_client_says_that_it_must_be_opened_again(tmp_path, call, folder):
    memory = opened(folder if folder == ":memory:" else tmp_path / folder)
    memory.close()
    memory.close()
    with pytest.raises(StoreClosedError, match="is closed; open AgentMem again"):
        call(memory)


@pytest.mark.parametrize("used", [False, True], ids=["fresh", "used before"])
async def test_a_closed_client_says_so_to_awaiting_callers_too(tmp_path, used):
    memory = opened(tmp_path)
    if used:
        await memory.aadd("while it is open")
    await memory.aclose()
    await memory.aclose()
    for verb, argument in (("aadd", "more"), ("asearch", "more"), ("aget", "more"), ("aforget", "more")):
        with pytest.raises(StoreClosedError, match="is closed; open AgentMem again"):
            await getattr(memory, verb)(argument)


async def test_a_client_is_a_context_manager_in_both_colours(tmp_path):
    with opened(tmp_path) as memory:
        memory.add("written in one colour")
    with pytest.raises(StoreClosedError):
        memory.stats()
    async with opened(tmp_path) as memory:
        assert (await memory.asearch("colour"))[0].memory.content == "written in one colour"
    with pytest.raises(StoreClosedError):
        await memory.astats()


def test_leaving_a_context_by_an_error_closes_and_keeps_what_was_added(tmp_path):
    def failing() -> None:
        with opened(tmp_path) as memory:
            memory.add("kept")
            memory.add("")

    with pytest.raises(AgentMemError, match="blank"):
        failing()
    with opened(tmp_path) as again:
        assert again.stats().memories == 1


def test_many_clients_may_be_opened_and_closed_without_leaving_files_open(tmp_path):
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("open files cannot be counted here")
    for _ in range(3):
        opened(tmp_path).close()
    before = len(list(descriptors.iterdir()))
    for _ in range(30):
        with opened(tmp_path) as memory:
            memory.add("the same text")
            memory.search("text")
    gc.collect()
    assert len(list(descriptors.iterdir())) <= before + 2


SHORT_LIVED = """
import os, sys
from agentmem_core import AgentMem
with AgentMem(sys.argv[1], embedder="hashing", index="none", durability="normal") as memory:
    for number in range(40):
        memory.add(f"child {os.getpid()} {number}")
"""


def test_a_second_client_of_one_process_does_not_end_the_locks_of_the_first(tmp_path):
    """Reading the file's header to check it would: POSIX ends a process's locks when any descriptor of the file closes."""
    with opened(tmp_path / "store") as first:
        first.add("first")
        with opened(tmp_path / "store") as second:
            assert second.stats().memories == 1
        for turn in range(3):
            subprocess.run([sys.executable, "-c", SHORT_LIVED, str(tmp_path / "store")], check=True)
            for number in range(10):
                first.add(f"parent {turn} {number}")
        assert first.stats().memories == 1 + 3 * 40 + 3 * 10
    with opened(tmp_path / "store") as again:
        assert again.stats().memories == 1 + 3 * 40 + 3 * 10

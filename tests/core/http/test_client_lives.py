"""Connections: shared, kept, left behind by loops and forks, and closed."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.core.http.peer import Peer, answer
from tests.core.server_process import ServerProcess

from agentmem_core import AgentMem, StoreClosedError
from agentmem_core.client import sharing


def client(server: ServerProcess, **options: Any) -> AgentMem:
    return AgentMem(api_url=server.url, tenant="lives", user_id="ana", **options)


def open_sockets() -> int:
    found = 0
    for entry in list(Path("/proc/self/fd").iterdir()):
        with suppress(FileNotFoundError):  # what listed them is among them
            found += str(entry.readlink()).startswith("socket:")
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts what /proc shows")
def test_loops_that_come_and_go_leave_nothing_open(server):
    memory = client(server)
    before = open_sockets()
    for _ in range(20):
        asyncio.run(memory.asearch("tea"))
        loop = asyncio.new_event_loop()
        loop.run_until_complete(asyncio.wait_for(memory.asearch("tea"), 30))
        loop.close()
    gc.collect()
    assert open_sockets() <= before + 1
    memory.close()
    assert open_sockets() <= before


def test_calls_of_one_loop_use_a_connection_again(server):
    async def ask() -> int:
        async with client(server) as memory:
            for _ in range(20):
                await memory.asearch("tea")
            [pools] = memory._backend._by_process.values()  # type: ignore[attr-defined]
            [pool] = pools._pools.values()
            return len(pool._transport.sockets._open)

    assert asyncio.run(ask()) == 1


def test_a_loop_in_each_thread(server):
    memory = client(server)

    def work(number: int) -> int:
        async def several() -> list[Any]:
            return await asyncio.gather(*(memory.asearch(f"tea {number}") for _ in range(5)))

        return sum(answered == [[]] * 5 for answered in (asyncio.run(several()) for _ in range(5)))

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == [5] * 6
    memory.close()


def test_both_colours_at_once(server):
    async def both() -> None:
        async with client(server) as memory:
            threads = [asyncio.to_thread(memory.search, "tea") for _ in range(10)]
            assert await asyncio.gather(*threads, *(memory.asearch("tea") for _ in range(10))) == [[]] * 20

    asyncio.run(both())


def test_a_call_that_is_given_up_leaves_the_client_usable(server):
    async def ask() -> None:
        async with client(server) as memory:
            for delay in (0, 0.001, 0.002, 0.005):
                call = asyncio.create_task(memory.asearch("tea"))
                await asyncio.sleep(delay)
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
            assert await memory.asearch("tea") == []

    asyncio.run(ask())


def test_closing_waits_for_what_is_under_way_in_another_thread(server):
    started = threading.Event()

    def late(connection, request):
        started.set()
        time.sleep(0.5)
        connection.sendall(answer("[]"))
        connection.close()

    with Peer(late) as peer, ThreadPoolExecutor(1) as pool:
        memory = AgentMem(api_url=peer.url)
        call = pool.submit(memory.search, "tea")
        assert started.wait(60)
        memory.close()
        assert call.done() or call.result(1) == []
        assert call.result() == []
        with pytest.raises(StoreClosedError):
            memory.search("tea")


def test_what_is_under_way_on_a_loop_ends_well_after_a_close(server):
    async def ask() -> None:
        memory = client(server)
        calls = [asyncio.create_task(memory.asearch("tea")) for _ in range(5)]
        await asyncio.sleep(0)
        await memory.aclose()
        assert await asyncio.gather(*calls) == [[]] * 5
        with pytest.raises(StoreClosedError):
            await memory.asearch("tea")

    asyncio.run(ask())


QUIET = """
import asyncio, gc, sys, threading
from agentmem_core import AgentMem
url = sys.argv[1]
memory = AgentMem(api_url=url, tenant="quiet")
memory.add("tea")
asyncio.run(memory.asearch("tea"))

def in_a_thread():
    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(memory.asearch("tea"))
    finally:
        loop.close()

for _ in range(3):
    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
gc.collect()
asyncio.run(memory.asearch("tea"))
AgentMem(api_url=url).search("tea")
asyncio.run(AgentMem(api_url=url).asearch("tea"))
gc.collect()
memory.search("tea")
assert threading.active_count() == 1, threading.enumerate()
# neither closed
"""


def test_nothing_is_said_about_what_was_not_closed(server):
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-W", "always::ResourceWarning", "-c", QUIET, server.url],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    said = [
        line for line in done.stderr.splitlines() if " took " not in line
    ]  # a slow step of a loop, on a slow machine
    assert (done.returncode, said) == (0, [])


FORKED = """
import asyncio, os, sys
from agentmem_core import AgentMem
memory = AgentMem(api_url=sys.argv[1], tenant="forked")
memory.add("tea")
child = os.fork()
if child == 0:
    for n in range(20):
        memory.add(f"child {n}")
        asyncio.run(memory.asearch("tea"))
    os._exit(0)
for n in range(20):
    memory.add(f"parent {n}")
assert os.waitpid(child, 0)[1] == 0
print(len(memory.list().items))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_after_a_fork_both_go_on_with_connections_of_their_own(server):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKED, server.url],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("41", "")


def shares(url: str) -> int:
    return sum(url in str(key) for key in sharing._OPENED)


def test_clients_of_one_server_and_key_share_their_connections(server):
    gc.collect()
    one, two = (AgentMem.shared(api_url=server.url, user_id=name) for name in ("ana", "bo"))
    with AgentMem.shared(api_url=server.url + "/", user_id="cy"), AgentMem.shared(api_url=server.url, api_key="other"):
        assert shares(server.url) == 2
        assert "other" not in str(sharing._OPENED)
    assert shares(server.url) == 1
    one.close()
    assert two.search("tea") == []
    assert two.scoped(session_id="s").search("tea") == []
    two.close()
    assert shares(server.url) == 0
    with pytest.raises(StoreClosedError):
        two.search("tea")


LIGHT = """
import json, sys
import agentmem_core
memory = agentmem_core.AgentMem(api_url=sys.argv[1])
made = set(sys.modules)
memory.add("tea"); memory.search("tea"); memory.context("tea"); memory.core.set("human", "Ana"); memory.semantic.about("Ana")
memory.close()
heavy = {"numpy", "sqlite3", "chromadb", "wordllama", "tokenizers", "safetensors", "fastapi", "uvicorn"}
print(json.dumps([sorted(heavy & made), "httpx" in made, sorted(heavy & set(sys.modules))]))
"""


def test_a_client_needs_no_part_of_a_store(server):
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COV")}  # coverage loads sqlite3
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LIGHT, server.url], capture_output=True, text=True, check=True, env=bare
    )
    assert json.loads(done.stdout) == [[], False, []]

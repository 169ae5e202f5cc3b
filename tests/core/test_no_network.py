"""No socket is opened and no name is looked up: the whole tour runs with the network taken away."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

WRAPPED = """
import socket

opened = []

def refuse(name, real):
    def call(*arguments, **options):
        opened.append(f"{name}{arguments!r}")
        raise OSError(f"{name}: there is no network in this test")
    return call

class NoSocket(socket.socket):
    def __init__(self, *arguments, **options):
        opened.append(f"socket{arguments!r}")
        raise OSError("socket: there is no network in this test")

real = socket.socket
socket.socket = socket.SocketType = NoSocket
for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "create_connection", "socketpair", "fromfd"):
    setattr(socket, name, refuse(name, getattr(socket, name)))
"""

AUDITED = """
import sys

opened = []

def watch(event, arguments):
    if event.startswith("socket."):
        opened.append(f"{event}{arguments[1:]!r}")
        raise OSError(f"{event}: there is no network in this test")

sys.addaudithook(watch)
"""

TOUR = """
import json, os, sys
from pathlib import Path
folder = Path(sys.argv[1])
import agentmem_core
from agentmem_core.engine import searching
searching._EXACT_SHARE = 0  # a small store asks its index, too

with agentmem_core.AgentMem(folder / "store", exact_limit=50) as memory:
    memory.add("I moved to Lisbon in May", user_id="ana")
    assert memory.search("where does she live?", user_id="ana")[0].memory.content == "I moved to Lisbon in May"
    memory.add([{"role": "user", "content": "我搬到了里斯本"}, {"role": "assistant", "content": "How nice!"}], session_id="s")
    memory.add_many([f"note number {n} is about subject{n}" for n in range(300)])
    assert memory._backend._engine.follower.wait(60)
    assert memory._backend._engine.follower.state == "level with the ledger"
    assert memory.search("note number 17 is about subject17")[0].memory.content.endswith("subject17")
    memory.add("v", vector=[1.0, 0.0], collection="mine")
    assert memory.search(vector=[1.0, 0.1], collection="mine")[0].memory.content == "v"
    first, second = memory.list(limit=2).items
    memory.update(first.id, content="changed")
    memory.relate(first.id, "before", second.id)
    memory.restore(first.id, 1)
    memory.delete(second.id)
    assert "Lisbon" in memory.context("where does she live?", user_id="ana")
    memory.export(folder / "all.jsonl", everyone=True)
    assert memory.health().ok
    memory.stats(everyone=True)
    memory.reindex()
    memory.reindex(embedder="hashing")
    memory.forget(user_id="ana")
    memory.compact()
with agentmem_core.AgentMem(folder / "copy", exact_limit=50) as memory:
    memory.import_(folder / "all.jsonl")
    assert memory.search("where does she live?", user_id="ana")
    assert memory._backend._engine.follower.wait(60)
assert "chromadb" in sys.modules
print(json.dumps(opened))
"""

ASYNC_TOUR = """
import asyncio, json, sys
from pathlib import Path
loop = asyncio.new_event_loop()  # its own wake-up pair of sockets is not ours
{watch}
from agentmem_core import AgentMem

async def tour():
    async with AgentMem(Path(sys.argv[1]) / "store") as memory:
        await memory.aadd("I moved to Lisbon in May", user_id="ana")
        assert (await memory.asearch("where does she live?", user_id="ana"))[0].memory.content == "I moved to Lisbon in May"
        await asyncio.gather(*(memory.aadd(f"note number {n}") for n in range(20)))
        await memory.aforget(user_id="ana")

loop.run_until_complete(tour())
print(json.dumps(opened))
"""


def sockets(program: str, folder: Any) -> list[str]:
    """What the program tried to open."""
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", program, folder],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    opened: list[str] = json.loads(done.stdout.splitlines()[-1])
    return opened


WATCHES = pytest.mark.parametrize("watch", [WRAPPED, AUDITED], ids=["wrapped", "audited"])


@WATCHES
def test_the_watch_sees_a_socket(watch, tmp_path):
    attempt = (
        "import json, socket\n"
        "for call in (socket.socket, lambda: socket.create_connection(('127.0.0.1', 9)),\n"
        "             lambda: socket.getaddrinfo('localhost', 80)):\n"
        "    try:\n"
        "        call()\n"
        "    except OSError:\n"
        "        pass\n"
        "print(json.dumps(opened))\n"
    )
    assert len(sockets(watch + attempt, tmp_path)) >= 3


@WATCHES
def test_the_whole_tour_opens_no_socket(watch, tmp_path):
    assert sockets(watch + TOUR, tmp_path) == []


@WATCHES
def test_the_verbs_on_an_event_loop_open_no_socket(watch, tmp_path):
    assert sockets(ASYNC_TOUR.replace("{watch}", watch), tmp_path) == []

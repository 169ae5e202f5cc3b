"""Starting: imports in fresh interpreters, and the time from a new process to its first answer."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from agentmem_core import AgentMem
from benchmarks.report import Report
from benchmarks.timing import asked, folder, spawned
from benchmarks.workload import Workload

_PACKAGE = "import agentmem_core"
_CLIENT = "from agentmem_core import AgentMem"
_LOADED = "import sys, json; {}; print(json.dumps('chromadb' in sys.modules))"
_SEARCH = """
import sys
from agentmem_core import AgentMem
memory = AgentMem(sys.argv[1])
hits = memory.search(sys.argv[2], user_id="user-0")
print(hits[0].memory.content)
"""
_CLOSED_SEARCH = _SEARCH + "import os; sys.stdout.flush(); os._exit(0)\n"
_LIGHT = """
import json, sys
from agentmem_core import AgentMem
AgentMem(sys.argv[1]).search("whatever it is", user_id="user-0")
print(json.dumps("chromadb" in sys.modules))
"""


def imports(report: Report) -> None:
    """Against an empty interpreter, taking turns; the first round only warms the disk."""
    rounds = 3 if report.quick else 10
    times: dict[str, list[float]] = {"pass": [], _PACKAGE: [], _CLIENT: []}
    for code in times:
        spawned(code)
    for _ in range(rounds):
        for code, taken in times.items():
            taken.append(spawned(code))
    empty = median(times["pass"])
    report.add("start", "empty interpreter", empty, "ms")
    report.add("start", f"{_PACKAGE}, more", median(times[_PACKAGE]) - empty, "ms", at_most=250)
    report.add("start", f"{_CLIENT}, more", median(times[_CLIENT]) - empty, "ms")
    bare = {code: median(spawned(code, compiled=False) for _ in range(rounds)) for code in times}
    for code in (_PACKAGE, _CLIENT):
        report.add("start", f"{code}, more, without byte code", bare[code] - bare["pass"], "ms")
        report.add("start", f"{code}: chromadb imported", asked(_LOADED.format(code)), "", at_most=0)


def first_answer(report: Report) -> None:
    """From the start of a process to the answer, of 10,000 memories over 100 users and of one user."""
    rounds = 3 if report.quick else 9
    work = Workload()
    for users in (100, 1):
        with folder() as place:
            _fill(place, work, 10_000, users)
            spawned(_CLOSED_SEARCH, place, "it compiles the libraries")
            answers = [spawned(_CLOSED_SEARCH, place, work.queries(1)[0]) for _ in range(rounds)]
            whole = [spawned(_SEARCH, place, work.queries(1)[0]) for _ in range(rounds)]
            bare = [spawned(_CLOSED_SEARCH, place, query, compiled=False) for query in work.queries(rounds)]
            loaded = asked(_LIGHT, place)
        name = f"10,000 memories over {users} users"
        report.add("first", f"new process to first answer, {name}", median(answers) / 1000, "s", at_most=1.2)
        report.add("first", f"the same to the end of the process, {name}", median(whole) / 1000, "s")
        report.add("first", f"the same without byte code of any library, {name}", median(bare) / 1000, "s")
        report.add("first", f"chromadb imported by it, {name}", loaded, "", at_most=0)


def _fill(place: Path, work: Workload, count: int, users: int) -> None:
    owners = work.users(count, users)
    with AgentMem(place) as memory:
        memory.add_many(
            {"content": text, "user_id": user} for text, user in zip(work.sentences(count), owners, strict=True)
        )

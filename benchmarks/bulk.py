"""Loading 100,000 at once, and what a search waits while the index follows."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from agentmem_core import AgentMem
from benchmarks.exactness import follower_of
from benchmarks.report import Report
from benchmarks.timing import folder, percentiles
from benchmarks.workload import Workload

COUNT = 100_000
RATE = 5_000
SLOWER = 2
OTHERS = 2_000
"""Memories of a user who searches meanwhile."""
LONGEST = 900.0


def run(report: Report) -> None:
    """Of one user, whose index must follow, and of 100, who need none."""
    count = COUNT // 10 if report.quick else COUNT
    for users in (100, 1):
        with folder() as place:
            _one(report, place, count, users)


def _one(report: Report, place: Path, count: int, users: int) -> None:
    work = Workload(23)
    limit = count // 4 if report.quick else None
    name = f"{count:,} of {users} user{'s' if users > 1 else ''}"
    with AgentMem(place, exact_limit=limit) as memory:
        memory.add_many([{"content": text, "user_id": "other"} for text in work.sentences(OTHERS)])
        memory.search("warm up", user_id="other")
        items = [
            {"content": text, "user_id": user}
            for text, user in zip(work.sentences(count), work.users(count, users), strict=True)
        ]
        begun = time.perf_counter()
        added = memory.add_many(items)
        seconds = time.perf_counter() - begun
        assert not added.failures, added.failures[:3]
        report.add("bulk", f"{name}, acknowledged", count / seconds, "a second", at_least=RATE)
        if users == 1:
            _following(report, memory, work, name)


def _following(report: Report, memory: AgentMem, work: Workload, name: str) -> None:
    """Another user's searches and the loaded user's, while the index follows and when it is level."""
    queries = work.queries(500)
    begun = time.perf_counter()
    memory.search("wake the index up", user_id="user-0")
    report.add("bulk", f"{name}, its first search", 1000 * (time.perf_counter() - begun), "ms")
    follower = follower_of(memory)
    during: dict[str, list[float]] = {"other": [], "user-0": []}
    number = 0
    level = bool(follower.wait(0.01))
    while not level and time.perf_counter() - begun < LONGEST:
        for user, times in during.items():
            times.append(_search(memory, queries[number % 500], user))
        number += 1
        level = bool(follower.wait(0.01))
    report.add("bulk", f"{name}, until the index is level", time.perf_counter() - begun, "s")
    assert level, f"the index was not level after {LONGEST:g} s"
    after = {user: [_search(memory, queries[n], user) for n in range(300)] for user in during}
    for user, who in (("other", f"another user of {OTHERS:,}"), ("user-0", "the same user")):
        quiet = percentiles(report, "bulk", f"{name}, search of {who}, index level", after[user])
        if not during[user]:
            report.leave_out("bulk", f"{name}, search of {who} while the index follows", why="it was level at once")
            continue
        busy = percentiles(report, "bulk", f"{name}, search of {who}, index following", during[user])
        what = f"{name}, search of {who}, p50 while the index follows against level"
        report.add("bulk", what, busy / quiet, "times", at_most=SLOWER)
        report.add("bulk", f"{name}, longest of {who} meanwhile", float(np.max(during[user])), "ms")


def _search(memory: AgentMem, query: str, user: str) -> float:
    begun = time.perf_counter()
    memory.search(query, user_id=user)
    return 1000 * (time.perf_counter() - begun)

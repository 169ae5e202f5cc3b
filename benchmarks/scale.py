"""What adding and searching cost as the store grows, over few users and over many."""

from __future__ import annotations

import time
from functools import partial

from agentmem_core import AgentMem
from benchmarks.report import Report
from benchmarks.timing import folder, milliseconds, percentiles
from benchmarks.workload import Workload

ROWS = (1_000, 10_000, 100_000)
USERS = (100, 10_000)


def run(report: Report) -> None:
    for users in USERS:
        for rows in ROWS[:-1] if report.quick else ROWS:
            _one(report, rows, min(rows, users), 50 if report.quick else 300)


def _one(report: Report, rows: int, users: int, rounds: int) -> None:
    part = f"{rows:,} rows, {users:,} users"
    work = Workload()
    with folder() as place, AgentMem(place) as memory:
        memory.add("The embedder is loaded.", user_id="warm")
        items = [
            {"content": content, "user_id": user}
            for content, user in zip(work.sentences(rows), work.users(rows, users), strict=True)
        ]
        started = time.perf_counter()
        memory.add_many(items)
        report.add(part, "add_many", rows / (time.perf_counter() - started), "items/s")
        report.add(part, "on disk", memory.stats(everyone=True).bytes_on_disk / 1000 / rows, "kB/row")
        askers = work.users(rounds, users)
        texts, queries = work.sentences(rounds), work.queries(rounds)
        adds = [milliseconds(partial(memory.add, texts[n], user_id=askers[n])) for n in range(rounds)]
        firsts = [milliseconds(partial(memory.search, queries[n], user_id=askers[n])) for n in range(rounds)]
        warm = [milliseconds(partial(memory.search, queries[-n], user_id=askers[n])) for n in range(rounds)]
    percentiles(report, part, "add", adds)
    percentiles(report, part, "search, a first time", firsts)
    percentiles(report, part, "search, again", warm)

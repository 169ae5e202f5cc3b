"""How late an event loop gets while a hundred adds and searches run on it."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from agentmem_core import AgentMem
from benchmarks.report import Report
from benchmarks.timing import folder
from benchmarks.workload import Workload

TICK = 0.001


def lag(report: Report) -> None:
    """50 ``aadd`` and 50 ``asearch`` at once, some rounds; with an index that follows, too."""
    rounds = 3 if report.quick else 10
    work = Workload(21)
    for name, limit in (("as it comes", None), ("index following", 500)):
        with folder() as place, AgentMem(place, exact_limit=limit) as memory:
            memory.add_many([{"content": text, "user_id": "ana"} for text in work.sentences(10_000)])
            lates, seconds = asyncio.run(_rounds(memory, work, rounds))
        idle = asyncio.run(_idle())
        for label, late in ((name, lates), (f"{name}: idle loop for comparison", idle)):
            p50, p99 = np.percentile(late, (50, 99))
            report.add("loop", f"{label}, lag p50", p50, "ms")
            report.add("loop", f"{label}, lag p99", p99, "ms", at_most=20)
        report.add("loop", f"{name}, longest lag", max(lates), "ms")
        report.add("loop", f"{name}, a round of 100 calls", 1000 * seconds / rounds, "ms")


async def _rounds(memory: AgentMem, work: Workload, rounds: int) -> tuple[list[float], float]:
    await memory.asearch("the view is loaded", user_id="ana")
    lates: list[float] = []
    prepared = [(work.sentences(50), work.queries(50)) for _ in range(rounds)]  # making them would hold the loop up
    ticking = asyncio.create_task(_tick(lates))
    started = time.perf_counter()
    for sentences, queries in prepared:
        adds = [memory.aadd(text, user_id="ana") for text in sentences]
        searches = [memory.asearch(text, user_id="ana") for text in queries]
        await asyncio.gather(*adds, *searches)
    seconds = time.perf_counter() - started
    ticking.cancel()
    return lates, seconds


async def _idle() -> list[float]:
    lates: list[float] = []
    ticking = asyncio.create_task(_tick(lates))
    await asyncio.sleep(1)
    ticking.cancel()
    return lates


async def _tick(lates: list[float]) -> None:
    while True:
        due = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        lates.append(1000 * (time.perf_counter() - due))

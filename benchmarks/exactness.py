"""Whether dense search finds the nearest: against numpy, up to the exact limit and beyond it with the index."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from agentmem_core import AgentMem
from agentmem_core.settings import SETTINGS
from benchmarks.made import Made, ask
from benchmarks.reference import exact_recall
from benchmarks.report import Report
from benchmarks.timing import folder, percentiles
from benchmarks.workload import Workload


def within_limit(report: Report) -> None:
    """Random scopes and filters over users of 1 to ``exact_limit`` memories; each answer must be the exact one."""
    largest = 2000 if report.quick else SETTINGS["exact_limit"].default
    made = Made(Workload(11), {"ana": largest, "wei": 2500, "bob": 300, "eva": 7})
    with folder() as place, AgentMem(place) as memory:
        made.load(memory)
        recalls = [_recall(memory, made, *case) for case in made.cases(100 if report.quick else 400)]
    report.add("exact", f"recall up to {largest:,} rows, mean of {len(recalls)}", float(np.mean(recalls)), at_least=1)
    report.add("exact", "worst answer", min(recalls), "", at_least=1)


def beyond_limit(report: Report) -> None:
    """One user of 60,000 memories, held by the index; then the same store without an index."""
    count = 22_000 if report.quick else 60_000
    rounds = 60 if report.quick else 200
    made = Made(Workload(12), {"ana": count})
    with folder() as place:
        with AgentMem(place) as memory:
            started = time.perf_counter()
            made.load(memory)
            loaded = time.perf_counter()
            level(memory, "ana")
            report.add("beyond", f"loading {count:,}", count / (loaded - started), "items/s")
            report.add("beyond", "then until the index is level", time.perf_counter() - loaded, "s")
            _unfiltered(report, memory, made, rounds)
            _filtered(report, memory, made, rounds)
            _latencies(report, memory, made, "index", rounds)
        with AgentMem(place, index="none") as memory:
            _latencies(report, memory, made, "no index", rounds // 4)
        _after_opening(report, place, made)


def level(memory: AgentMem, user_id: str) -> None:
    """Wait until the index has followed everything."""
    memory.search("wake the index up", user_id=user_id, limit=1)
    assert follower_of(memory).wait(900)


def follower_of(memory: AgentMem) -> Any:
    """What keeps the index: its ``wait(seconds)`` says whether that is level."""
    backend: Any = memory._backend  # noqa: SLF001 - there is no public way to wait for the index
    return backend._engine.follower  # noqa: SLF001


def _unfiltered(report: Report, memory: AgentMem, made: Made, rounds: int) -> None:
    for limit in (10, 100):
        recalls = [_recall(memory, made, "ana", {}, None, query, limit) for query in made.queries[:rounds]]
        report.add("beyond", f"recall@{limit} of dense search, whole scope", float(np.mean(recalls)), at_least=0.95)


def _filtered(report: Report, memory: AgentMem, made: Made, rounds: int) -> None:
    recalls = [_recall(memory, made, *case) for case in made.cases(rounds)]
    report.add("beyond", f"recall, scopes and filters, mean of {len(recalls)}", float(np.mean(recalls)), at_least=0.95)
    report.add("beyond", "worst answer", min(recalls))


def _latencies(report: Report, memory: AgentMem, made: Made, name: str, rounds: int) -> None:
    for mode in ("dense", "hybrid", "lexical"):
        ask(memory, "ana", {}, None, made.queries[0], 10, mode)
        times: list[float] = []
        for query in made.queries[:rounds]:
            started = time.perf_counter()
            memory.search(query, user_id="ana", mode=mode)
            times.append(1000 * (time.perf_counter() - started))
        percentiles(report, "beyond", f"{mode} search, {name}", times)


def _after_opening(report: Report, place: Path, made: Made) -> None:
    started = time.perf_counter()
    with AgentMem(place) as memory:
        memory.search(made.queries[0], user_id="ana")
        report.add("beyond", "first search after opening again", time.perf_counter() - started, "s")
        added = [memory.add(text, user_id="ana").ids[0] for text in Workload(13).sentences(30)]
        found = [memory.get(name, user_id="ana").content for name in added]
        hits = sum(memory.search(text, user_id="ana", mode="dense")[0].memory.content == text for text in found)
        report.add("beyond", "rows just added found by dense search", hits / len(found), "", at_least=1)


def _recall(
    memory: AgentMem, made: Made, user: str, scope: dict[str, str], filters: Any, query: str, limit: int
) -> float:
    hits = ask(memory, user, scope, filters, query, limit, "dense")
    found = [made.number[hit.memory.id] for hit in hits]
    passing = made.passing(user, scope, filters)
    return exact_recall(found, made.vectors, made.asked[query], passing, limit)

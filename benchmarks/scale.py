"""What adding and searching cost as one store grows, over few users and over many, and how much one machine holds."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from benchmarks.grid import found, record
from benchmarks.peers.asking import Asked
from benchmarks.peers.environments import OURS, PEERS
from benchmarks.report import Report
from benchmarks.steps import Step, span
from benchmarks.timing import folder
from benchmarks.workload import Workload

SIZES, USERS = (1_000, 10_000, 100_000, 1_000_000), (1, 100, 10_000, 100_000)
BAR_USERS, BAR = 10_000, 1.5
"""Over how many users the cost may grow by how much, from the smallest store to the largest."""
CHUNK = 2_000
SAID = 10.0
GROWING, SMALL = "agentmem, one growing store", "agentmem, a small store"
WORKS = {"add": "one add", "first": "search, a user's first", "search": "search, again"}


def steps(report: Report, sizes: Sequence[int] = (), users: Sequence[int] = ()) -> list[Step]:
    """A step for each number of users: one store that grows from size to size."""
    sizes = sorted(sizes or (SIZES[:2] if report.quick else SIZES))
    users = users or (USERS[1:3] if report.quick else USERS)
    return [
        Step(f"growing to {sizes[-1]:,} over {_users(count)}", sizes[-1] / 1_500 + 30 * len(sizes), partial(_grow, sizes=sizes, users=count))
        for count in users
    ]  # fmt: skip


def _users(count: int) -> str:
    return f"{count:,} user{'s' if count > 1 else ''}"


def _grow(report: Report, sizes: Sequence[int], users: int) -> None:
    """At the largest size a store of the smallest is asked in turns with it, so that noise hits both."""
    rounds = 50 if report.quick else 300
    work = Workload(17)
    with folder() as place, Asked(PEERS[OURS], place / "one", "bundled") as system, ExitStack() as stack:
        system.ask("add", text="The embedder is loaded.", user="warm")
        held = 0
        for size in sizes:
            seconds = _fill(system, work, size - held, users)
            where: dict[str, Any] = {"size": size, "users": users}
            record(report, GROWING, "load", value=(size - held) / max(seconds, 1e-9), **where)
            asked = {GROWING: system}
            if size == sizes[-1] > sizes[0]:
                asked[SMALL] = stack.enter_context(Asked(PEERS[OURS], place / "small", "bundled"))
                _fill(asked[SMALL], Workload(17), sizes[0], users)
            times = _measure(asked, work, rounds, users)
            for work_, of in times.items():
                record(report, GROWING, work_, milliseconds=of[GROWING], **where)
            record(report, GROWING, "memory", value=system.ask("memory")[1]["resident"] / 1e6, **where)
            record(report, GROWING, "disk", value=system.bytes_on_disk() / 1e6, **where)
            held = size + rounds + 20
            if SMALL in asked:
                _compare(report, times, sizes, users)
            report.save()


def _fill(system: Asked, work: Workload, count: int, users: int) -> float:
    seconds, said = 0.0, time.monotonic()
    for start in range(0, count, CHUNK):
        texts = work.sentences(min(CHUNK, count - start))
        seconds += system.ask("load", texts=texts, users=work.anybody(len(texts), users), tags=["none"] * len(texts))[0]
        if time.monotonic() - said > SAID:
            said, done = time.monotonic(), start + len(texts)
            left = span(seconds * (count - done) / done)
            print(f"  {done:,} of {count:,} more loaded, about {left} left", file=sys.stderr, flush=True)
    return seconds


def _measure(asked: dict[str, Asked], work: Workload, rounds: int, users: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of adds of anybody, first searches of as many users as there are, then of the same users again."""
    askers = work.anybody(rounds, users)
    texts, queries, others = work.sentences(rounds + 20), work.queries(rounds), work.queries(rounds)
    for system in asked.values():
        for text in texts[rounds:]:
            system.ask("add", text=text, user="warm")
        system.ask("search", query="warm up", user="warm", limit=10)
    calls: dict[str, list[dict[str, Any]]] = {
        "add": [{"text": texts[n], "user": askers[n]} for n in range(rounds)],
        "first": [
            {"query": query, "user": user, "limit": 10}
            for user, query in dict(zip(askers, queries, strict=True)).items()
        ],
        "search": [{"query": others[n], "user": askers[n], "limit": 10} for n in range(rounds)],
    }
    times: dict[str, dict[str, list[float]]] = {name: {of: [] for of in asked} for name in calls}
    for name, given in calls.items():
        for call in given:
            for of, system in asked.items():
                times[name][of].append(1000 * system.ask("add" if name == "add" else "search", **call)[0])
    return times


def _compare(report: Report, times: dict[str, dict[str, list[float]]], sizes: Sequence[int], users: int) -> None:
    """The largest store against the smallest; an add and a search that a program asks again and again are held to the bar."""
    small, large = sizes[0], sizes[-1]
    for name, says in WORKS.items():
        bar = BAR if users == BAR_USERS and name != "first" else None
        grown, reference = (float(np.median(times[name][of])) for of in (GROWING, SMALL))
        what = f"{says}, p50, from {small:,} to {large:,} over {_users(users)}, grows"
        report.add("growth", what, grown / reference, "times", at_most=bar)
    disk, memory = (
        found(report.grid, system=GROWING, work=name, users=users, size=large) for name in ("disk", "memory")
    )
    if disk is not None and memory is not None:
        report.add("growth", f"on disk at {large:,} over {_users(users)}", 1000 * disk["p50"] / large, "kB a memory")
        report.add("growth", f"resident at {large:,} over {_users(users)}", memory["p50"], "MB")

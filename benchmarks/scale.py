"""What adding and searching cost as one store grows, over few users and over many, and how much one machine holds."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

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
GROWING = "agentmem, one growing store"
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
    rounds = 50 if report.quick else 300
    work = Workload(17)
    with folder() as place, Asked(PEERS[OURS], place, "bundled") as system:
        system.ask("add", text="The embedder is loaded.", user="warm")
        held = 0
        for size in sizes:
            seconds = _fill(system, work, size - held, users)
            where: dict[str, Any] = {"size": size, "users": users}
            record(report, GROWING, "load", value=(size - held) / max(seconds, 1e-9), **where)
            held = size
            _measure(report, system, work, rounds, where)
            held += rounds + 20
            report.save()
    _compare(report, sizes, users)


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


def _measure(report: Report, system: Asked, work: Workload, rounds: int, where: dict[str, Any]) -> None:
    """Adds of anybody, first searches of as many users as there are, then the same users again."""
    askers = work.anybody(rounds, where["users"])
    texts, queries, others = work.sentences(rounds + 20), work.queries(rounds), work.queries(rounds)
    for text in texts[rounds:]:
        system.ask("add", text=text, user="warm")
    add = [1000 * system.ask("add", text=texts[n], user=askers[n])[0] for n in range(rounds)]
    once = dict(zip(askers, queries, strict=True))
    first = [1000 * system.ask("search", query=query, user=user, limit=10)[0] for user, query in once.items()]
    again = [1000 * system.ask("search", query=others[n], user=askers[n], limit=10)[0] for n in range(rounds)]
    for name, times in (("add", add), ("first", first), ("search", again)):
        record(report, GROWING, name, milliseconds=times, **where)
    record(report, GROWING, "memory", value=system.ask("memory")[1]["resident"] / 1e6, **where)
    record(report, GROWING, "disk", value=system.bytes_on_disk() / 1e6, **where)


def _compare(report: Report, sizes: Sequence[int], users: int) -> None:
    """From the smallest store to the largest; an add and a search that a program asks again and again are held to the bar."""
    small, large = sizes[0], sizes[-1]
    for name, says in WORKS.items():
        one, other = (found(report.grid, system=GROWING, work=name, users=users, size=size) for size in (small, large))
        if one is None or other is None or small == large:
            continue
        bar = BAR if users == BAR_USERS and name != "first" else None
        what = f"{says}, p50, from {small:,} to {large:,} over {_users(users)}, grows"
        report.add("growth", what, other["p50"] / one["p50"], "times", at_most=bar)
    disk, memory = (
        found(report.grid, system=GROWING, work=name, users=users, size=large) for name in ("disk", "memory")
    )
    if disk is not None and memory is not None:
        report.add("growth", f"on disk at {large:,} over {_users(users)}", 1000 * disk["p50"] / large, "kB a memory")
        report.add("growth", f"resident at {large:,} over {_users(users)}", memory["p50"], "MB")

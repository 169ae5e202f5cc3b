"""The server under load, against a FastAPI route that returns a constant of the same size: same clients, same run."""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.core.server_process import serving

from agentmem_core import AgentMem
from benchmarks.http_load import Asked, Load, loaded
from benchmarks.report import Report
from benchmarks.timing import folder
from benchmarks.workload import Workload

CLIENTS = 64
MEMORIES = 10_000
USERS = 100
ADDS = 0.2

_CONSTANT = [sys.executable, "-m", "benchmarks.constant"]


def run(report: Report) -> None:
    """Three rounds of both, in turns."""
    seconds = 2.0 if report.quick else 10.0
    workload = Workload()
    queries, texts = workload.queries(2_000), workload.sentences(5_000)
    with folder() as place:
        with AgentMem(place / "store") as memory:
            users = workload.users(MEMORIES, USERS)
            memory.add_many(
                [
                    {"content": text, "user_id": user}
                    for text, user in zip(workload.sentences(MEMORIES), users, strict=True)
                ]
            )
        ours: list[Load] = []
        constant: list[Load] = []
        with _server(place / "store") as server:
            size = round(statistics.mean(_mixed(server.url, queries, texts, 2.0).sizes))
            with serving(place / "constant", command=[*_CONSTANT, "--size", str(size)]) as other:
                for _ in range(3):
                    ours.append(_mixed(server.url, queries, texts, seconds))
                    constant.append(loaded(other.url, lambda _: _same(queries), clients=CLIENTS, seconds=seconds))
    _tell(report, ours, constant, size)


def _server(path: Path):  # noqa: ANN202 - that of the tests
    return serving(path, env={"AGENTMEM_EMBEDDER": "wordllama", "AGENTMEM_INDEX": "chroma"})


def _mixed(url: str, queries: list[str], texts: list[str], seconds: float) -> Load:
    return loaded(url, lambda number: _asks(number, queries, texts), clients=CLIENTS, seconds=seconds)


def _asks(number: int, queries: list[str], texts: list[str]) -> Iterator[Asked]:
    """80 % searches of some user, 20 % adds of something new."""
    chance = random.Random(number)
    while True:
        user = f"user-{chance.randrange(USERS)}"
        if chance.random() < ADDS:
            text = f"{chance.choice(texts)} {chance.getrandbits(40):x}"
            yield "add", "/v1/memories", {"content": text, "user_id": user}
        else:
            yield "search", "/v1/memories/search", {"query": chance.choice(queries), "user_id": user}


def _same(queries: list[str]) -> Iterator[Asked]:
    for query in queries * 1_000:
        yield "constant", "/constant", {"query": query}


def _tell(report: Report, ours: list[Load], constant: list[Load], size: int) -> None:
    errors = [error for load in (*ours, *constant) for error in load.errors]
    ratio = statistics.median(mine.throughput / theirs.throughput for mine, theirs in zip(ours, constant, strict=True))
    times = sorted(second for load in ours for second in load.all())
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    report.add(
        "server", "throughput, 64 clients, 80 % search", statistics.median(x.throughput for x in ours), "a second"
    )
    report.add("server", f"constant of {size:,} bytes", statistics.median(x.throughput for x in constant), "a second")
    report.add("server", "throughput against the constant", ratio, "times", at_least=0.2)
    report.add("server", "p50", p50 * 1000, "ms")
    report.add("server", "p99 against p50", p99 / p50, "times", at_most=10)
    report.add("server", "errors", len(errors), at_most=0)
    for kind in ("search", "add"):
        found = sorted(second for load in ours for second in load.times.get(kind, ()))
        report.add("server", f"{kind}, p50", found[len(found) // 2] * 1000, "ms")
        report.add("server", f"{kind}, p99", found[len(found) * 99 // 100] * 1000, "ms")
    report.details["errors"] = errors[:20]

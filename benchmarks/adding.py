"""Adding: one sentence at a time against bare Chroma, and many at once."""

from __future__ import annotations

import time
from statistics import median

from agentmem_core import AgentMem
from benchmarks.reference import BareChroma
from benchmarks.report import Report
from benchmarks.timing import alternating, folder, percentiles
from benchmarks.workload import Workload, vectors_of


def one_by_one(report: Report) -> None:
    """``add`` with durability full: as it comes, and with an ``exact_limit`` so low that Chroma follows every row."""
    for part, limit in (("add", None), ("add, indexed", 50)):
        _one_by_one(report, part, limit)


def _one_by_one(report: Report, part: str, exact_limit: int | None) -> None:
    count = 200 if report.quick else 1000
    work = Workload()
    sentences = work.sentences(count + 20)
    vectors = vectors_of(sentences)
    with folder() as place, AgentMem(place / "ours", exact_limit=exact_limit) as memory:
        chroma = BareChroma(place / "chroma")
        for number in range(count, count + 20):
            memory.add(sentences[number], user_id="ana")
            chroma.add(str(number), vectors[number])
        ours, theirs = alternating(
            (
                lambda number: memory.add(sentences[number], user_id="ana"),
                lambda number: chroma.add(str(number), vectors[number]),
            ),
            count,
        )
    mine = percentiles(report, part, "ours", ours)
    reference = percentiles(report, part, "Chroma", theirs)
    report.add(part, "times faster at p50", reference / mine, "x", at_least=6)


def in_bulk(report: Report) -> None:
    """``add_many`` of 10,000 sentences, embedding included, until acknowledged."""
    count = 2000 if report.quick else 10_000
    work = Workload()
    for users in (1, 100):
        rates: list[float] = []
        for _ in range(3):
            owners = work.users(count, users)
            items = [
                {"content": content, "user_id": user}
                for content, user in zip(work.sentences(count), owners, strict=True)
            ]
            with folder() as place, AgentMem(place) as memory:
                memory.add("The embedder is loaded.", user_id="warm")
                started = time.perf_counter()
                added = memory.add_many(items)
                rates.append(len(added.memories) / (time.perf_counter() - started))
        report.add("bulk", f"add_many of {count:,} over {users} users", median(rates), "items/s", at_least=4000)
        report.add("bulk", f"add_many of {count:,} over {users} users, best of 3", max(rates), "items/s")

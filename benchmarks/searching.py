"""Hybrid search of one user's memories among many users', embedding included, against bare Chroma with a filter."""

from __future__ import annotations

from functools import partial

from agentmem_core import AgentMem
from benchmarks.reference import BareChroma
from benchmarks.report import Report
from benchmarks.timing import alternating, folder, milliseconds, percentiles
from benchmarks.workload import Workload, vectors_of

USERS = 100


def over_users(report: Report) -> None:
    _over_users(report, 10_000, at_least=4)
    if not report.quick:
        _over_users(report, 100_000, at_least=8)


def _over_users(report: Report, count: int, *, at_least: float) -> None:
    part = f"search {count:,}/{USERS}"
    work = Workload()
    sentences, owners = work.sentences(count), work.users(count, USERS)
    queries = work.queries(300)
    askers = work.users(300, USERS)
    asked = vectors_of(queries)
    with folder() as place, AgentMem(place / "ours") as memory:
        items = ({"content": text, "user_id": user} for text, user in zip(sentences, owners, strict=True))
        memory.add_many(items, batch_size=2000)
        chroma = BareChroma(place / "chroma")
        chroma.load(owners, vectors_of(sentences))
        memory.search("the embedder is loaded", user_id="nobody")
        cold = [
            milliseconds(partial(memory.search, queries[number], user_id=f"user-{number}")) for number in range(USERS)
        ]
        for number in range(5):
            chroma.query(askers[number], asked[number])
        ours, theirs = alternating(
            (
                lambda number: memory.search(queries[number], user_id=askers[number]),
                lambda number: chroma.query(askers[number], asked[number]),
            ),
            100 if report.quick else 300,
        )
    percentiles(report, part, "ours, a user's first search", cold)
    mine = percentiles(report, part, "ours", ours)
    reference = percentiles(report, part, "Chroma", theirs)
    report.add(part, "times faster at p50", reference / mine, "x", at_least=at_least)

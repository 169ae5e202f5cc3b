"""The bars: what the product is held to, each measured by one step of ``python -m benchmarks bars``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bulk, recall, scale
from benchmarks.cell import Cell, Shape
from benchmarks.grid import found
from benchmarks.peers.environments import BY_HAND, MEM0, OURS, UNFILTERED
from benchmarks.report import Report
from benchmarks.steps import Step


@dataclass(frozen=True, slots=True)
class Ratio:
    """Two systems in one store. ``faster`` says how many times faster ours must be, else how many times it may take."""

    name: str
    says: str
    work: str
    other: str
    size: int
    users: int
    bar: float
    label: str = "p50"
    faster: bool = True


RATIOS = (
    Ratio("add", "one durable add against mem0 on Chroma", "add", MEM0, 10_000, 100, 8),
    Ratio("add", "one durable add against mem0 on Chroma", "add", MEM0, 10_000, 100, 1, label="p99"),
    Ratio("search", "search, embedding included, against mem0 on Chroma", "search", MEM0, 10_000, 100, 10),
    Ratio("batch", "adding 200 in one call against mem0 on Chroma", "batch", MEM0, 10_000, 100, 40),
    Ratio("delete", "deleting a user with 400 memories against mem0 on Chroma", "delete", MEM0, 10_000, 100, 5),
    Ratio("limit", "search against numpy and SQLite by hand", "search", BY_HAND, 100_000, 100, 2, faster=False),
    Ratio("limit", "search against numpy and SQLite by hand", "search", BY_HAND, 100_000, 1, 2, faster=False),
    Ratio(
        "one-user", "hybrid search against Chroma without a filter", "search", UNFILTERED, 100_000, 1, 8, faster=False
    ),
)
PART = "bars"
QUICK = 10
"""A quick run is held to the same with a tenth of the memories."""


def judge(report: Report) -> None:
    """Hold what was measured so far to the bars, each once."""
    told = {figure.name for figure in report.figures if figure.part == PART}
    for ratio in RATIOS:
        size = ratio.size // QUICK if report.quick else ratio.size
        at = {"work": ratio.work, "size": size, "users": ratio.users, "callers": 1, "embedder": "bundled"}
        ours, theirs = found(report.grid, system=OURS, **at), found(report.grid, system=ratio.other, **at)
        name = f"{ratio.says}, {size:,} of {ratio.users:,}, {ratio.label}"
        if ours is None or theirs is None or name in told:
            continue
        mine, other = ours[ratio.label], theirs[ratio.label]
        if ratio.faster:
            report.add(PART, name, other / mine, "times faster", at_least=ratio.bar)
        else:
            report.add(PART, name, mine / other, "times its time", at_most=ratio.bar)


def measured(shape: Shape, names: Sequence[str]) -> Callable[[Report], None]:
    """What measures a store and holds it to the bars."""

    def measure(report: Report) -> None:
        Cell(report, shape).run(names)
        judge(report)

    return measure


def steps(report: Report, only: Sequence[str], data: Sequence[Path], also: Sequence[str] = ()) -> list[Step]:
    """One step for each group of bars that is wanted; all without ``only``."""
    wanted = set(only or NAMES)
    made = list(_speed(report, wanted))
    if "bulk" in wanted:
        made.append(Step("bulk load and the index behind it", 60 if report.quick else 400, bulk.run))
    if "growth" in wanted:
        made += scale.steps(report, SIZES[:2] if report.quick else SIZES, (10_000,))
    return made + recall.bars(report, wanted, data, also)


SIZES = (1_000, 10_000, 100_000, 1_000_000)
NAMES = ("add", "search", "batch", "delete", "limit", "one-user", "bulk", "growth", "turns", "sessions", "chinese")
"""What the bars are called after ``--only``."""


def _speed(report: Report, wanted: set[str]) -> Iterator[Step]:
    """Stores with just the systems and the work that the wanted bars look at."""
    for size, users in dict.fromkeys((ratio.size, ratio.users) for ratio in RATIOS):
        some = [ratio for ratio in RATIOS if (ratio.size, ratio.users) == (size, users) and ratio.name in wanted]
        if not some:
            continue
        shape = Shape(
            size // QUICK if report.quick else size, users,
            works=tuple(dict.fromkeys(ratio.work for ratio in some)), rounds=40 if report.quick else 300,
        )  # fmt: skip
        systems = tuple(dict.fromkeys((OURS, *(ratio.other for ratio in some))))
        names = ", ".join(dict.fromkeys(ratio.name for ratio in some))
        yield Step(f"{names}: {shape.name}", shape.seconds(systems), measured(shape, systems))

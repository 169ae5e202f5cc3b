"""What was measured, system by system: records that go into a result's details, and tables of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.report import Report

WORKS = {
    "load": "loading in bulk, memories a second",
    "add": "one add, ms",
    "batch": "adding 200 in one call, ms",
    "parts": "adding 25 in one call, ms",
    "search": "search for 10, ms",
    "first": "a user's first search for 10, ms",
    "filtered": "search for 10 with a filter that leaves a tenth, ms",
    "get": "get by id, ms",
    "delete": "deleting a user with 400 memories, ms",
    "cold": "from the start of a new process to its first answer, ms",
    "memory": "resident memory, MB",
    "disk": "on disk, MB",
}
"""Kinds of work in the order of the tables, and what is counted."""

Record = Mapping[str, Any]


def record(
    report: Report, system: str, work: str, *, size: int, users: int, embedder: str = "bundled", callers: int = 1,
    milliseconds: Sequence[float] = (), value: float | None = None, rate: float | None = None,
) -> None:  # fmt: skip
    """Keep what one system took, or ``value`` where it is one number, and say it at once."""
    row: dict[str, Any] = {
        "system": system, "work": work, "size": size, "users": users, "callers": callers, "embedder": embedder,
    }  # fmt: skip
    if value is None:
        p50, p95, p99 = np.percentile(milliseconds, (50, 95, 99))
        row |= {"p50": round(float(p50), 4), "p95": round(float(p95), 4), "p99": round(float(p99), 4)}
        row["calls"] = len(milliseconds)
    else:
        row["p50"] = round(float(value), 4)
    if rate is not None:
        row["rate"] = round(rate, 2)
    report.grid.append(row)
    said = f"{row['p50']:g}" if value is not None else f"p50 {row['p50']:g}, p95 {row['p95']:g}, p99 {row['p99']:g}"
    print(f"  {place(row)}: {WORKS[work]}: {system}: {said}", file=sys.stderr, flush=True)


def place(row: Record) -> str:
    """Where a record was measured."""
    callers = f", {row['callers']} callers" if row["callers"] > 1 else ""
    free = "" if row["embedder"] == "bundled" else f", {row['embedder']} embedder"
    return f"{row['size']:,} of {row['users']:,} {'user' if row['users'] == 1 else 'users'}{callers}{free}"


def found(grid: Iterable[Record], **wanted: Any) -> Record | None:
    """The record that has all of it."""
    return next((row for row in grid if all(row[name] == value for name, value in wanted.items())), None)


def tables(grid: Sequence[Record]) -> Iterator[tuple[str, Sequence[str], list[Sequence[str]]]]:
    """Title, head and rows of a table for each kind of work, embedder and number of callers; a column a store."""
    for embedder in dict.fromkeys(row["embedder"] for row in grid):
        for work, says in WORKS.items():
            for callers in sorted({row["callers"] for row in grid}):
                some = [
                    row for row in grid if (row["embedder"], row["work"], row["callers"]) == (embedder, work, callers)
                ]
                if not some:
                    continue
                stores = sorted({(row["users"], row["size"]) for row in some})
                systems = dict.fromkeys(row["system"] for row in some)
                title = says + (f", {callers} callers at once" if callers > 1 else "")
                title += "" if embedder == "bundled" else f", {embedder} embedder"
                head = ("system", *(f"{size:,} / {users:,}" for users, size in stores))
                body: list[Sequence[str]] = [
                    (system, *(_cell(found(some, system=system, users=users, size=size)) for users, size in stores))
                    for system in systems
                ]
                yield title, head, body


def _cell(row: Record | None) -> str:
    if row is None:
        return ""
    if "p95" not in row:
        return _number(row["p50"])
    times = " / ".join(_number(row[name]) for name in ("p50", "p95", "p99"))
    return times + (f" ({row['rate']:,.0f} a second)" if row["callers"] > 1 and "rate" in row else "")


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"

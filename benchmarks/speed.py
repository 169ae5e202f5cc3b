"""How fast, against bare Chroma in the same run: each part by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks import adding, exactness, learning, loop, resident, searching, starting
from benchmarks.report import Report
from benchmarks.steps import Step

PARTS: dict[str, Callable[[Report], None]] = {
    "start": starting.imports,
    "first": starting.first_answer,
    "add": adding.one_by_one,
    "bulk": adding.in_bulk,
    "learning": learning.cost_of_learning,
    "search": searching.over_users,
    "exact": exactness.within_limit,
    "beyond": exactness.beyond_limit,
    "memory": resident.resident_memory,
    "loop": loop.lag,
}


SECONDS = {
    "start": 30, "first": 90, "add": 40, "bulk": 30, "learning": 15, "search": 150, "exact": 20, "beyond": 150, "memory": 90, "loop": 60,
}  # fmt: skip
"""About how long each takes in full."""


def steps(report: Report, only: Sequence[str] = ()) -> list[Step]:
    """A step a part, of all or of those named; the load beside each says how far to believe its milliseconds."""
    return [Step(name, SECONDS[name] / (4 if report.quick else 1), partial(_part, name=name)) for name in only or PARTS]


def _part(report: Report, name: str) -> None:
    report.details.setdefault("load before each part", {})[name] = round(os.getloadavg()[0], 2)
    PARTS[name](report)

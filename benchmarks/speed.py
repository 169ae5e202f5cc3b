"""How fast, against bare Chroma in the same run: each part by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from benchmarks import adding, exactness, learning, loop, resident, searching, starting
from benchmarks.report import Report

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


def run(report: Report, only: Sequence[str] = ()) -> None:
    """All parts, or those named; the load beside each says how far to believe its milliseconds."""
    report.details["load before each part"] = {}
    for name in only or PARTS:
        report.details["load before each part"][name] = round(os.getloadavg()[0], 2)
        PARTS[name](report)

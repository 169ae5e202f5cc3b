"""Measuring: percentiles, alternation, child processes, stores in a temporary folder."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import Report

ROOT = Path(__file__).parent.parent


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - started)


def alternating(calls: Sequence[Callable[[int], object]], rounds: int) -> list[list[float]]:
    """Milliseconds of each call in each round; all take their turn in every round, so that noise hits all of them."""
    times: list[list[float]] = [[] for _ in calls]
    for number in range(rounds):
        for call, taken in zip(calls, times, strict=True):
            started = time.perf_counter()
            call(number)
            taken.append(1000 * (time.perf_counter() - started))
    return times


def percentiles(report: Report, part: str, name: str, times: Sequence[float]) -> float:
    """Report p50, p95 and p99; answers p50."""
    p50, p95, p99 = np.percentile(times, (50, 95, 99))
    for label, value in (("p50", p50), ("p95", p95), ("p99", p99)):
        report.add(part, f"{name}, {label}", value, "ms")
    return float(p50)


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder on disk that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="agentmem-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def spawned(code: str, *arguments: object) -> float:
    """Milliseconds from the start of a new interpreter to the end of ``code`` in it."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return milliseconds(lambda: subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL))  # noqa: S603


def asked(code: str, *arguments: object, given: object = None) -> Any:
    """What ``code`` prints as JSON in a new interpreter, which may read ``given`` as JSON."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, check=True, input=json.dumps(given), stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])

"""Measuring: percentiles, alternation, child processes, stores in a temporary folder."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
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


def spawned(code: str, *arguments: object, compiled: bool = True) -> float:
    """Milliseconds from the start of a new interpreter to the end of ``code`` in it."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    surroundings = environment(compiled=compiled)
    return milliseconds(
        lambda: subprocess.run(command, cwd=ROOT, env=surroundings, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    )


def asked(code: str, *arguments: object, given: object = None) -> Any:
    """What ``code`` prints as JSON in a new interpreter, which may read ``given`` as JSON."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment(), check=True, input=json.dumps(given), stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def environment(*, compiled: bool = True) -> dict[str, str]:
    """The variables of a child: with byte code in a cache of ours, or as right after an install that compiles nothing.

    Where ``PYTHONDONTWRITEBYTECODE`` is set, every start would compile every library anew, and measure that.
    """
    mine = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    mine["PYTHONPYCACHEPREFIX"] = _byte_code() if compiled else str(Path(_byte_code()) / "nothing")
    return mine if compiled else mine | {"PYTHONDONTWRITEBYTECODE": "1"}


@cache
def _byte_code() -> str:
    name = tempfile.mkdtemp(prefix="agentmem-bench-pyc-")
    atexit.register(shutil.rmtree, name, ignore_errors=True)
    return name

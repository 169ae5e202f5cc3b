"""A long run as steps: each says how long it takes, what it found is written at once, and a run that ended can go on."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.report import Report


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a run; ``seconds`` is about how long it takes on two cores."""

    name: str
    seconds: float
    run: Callable[[Report], None]


def work_through(report: Report, steps: Sequence[Step]) -> bool:
    """Do what is not done yet; whether nothing failed. A step that fails is told with its reason, and the others go on."""
    left = [step for step in steps if step.name not in report.done]
    if len(left) < len(steps):
        _say(f"{len(steps) - len(left)} of {len(steps)} steps were done before")
    spent = expected = 0.0
    sound = True
    for number, step in enumerate(left):
        pace = spent / expected if expected else 1.0
        rest = pace * sum(later.seconds for later in left[number:])
        _say(
            f"[{number + 1} of {len(left)}] {step.name}: about {span(pace * step.seconds)}; all that is left: about {span(rest)}"
        )
        begun = time.perf_counter()
        try:
            step.run(report)
        except Exception as error:  # noqa: BLE001 - whatever ends one step must not cost the others
            traceback.print_exc()
            report.fail(step.name, f"{type(error).__name__}: {error}")
            sound = False
        taken = time.perf_counter() - begun
        spent, expected = spent + taken, expected + step.seconds
        report.finish(step.name, taken)
        _say(f"[{number + 1} of {len(left)}] {step.name}: took {span(taken)}")
    return sound


def span(seconds: float) -> str:
    """A time for people.

    >>> span(42), span(600), span(9000)
    ('42 s', '10 min', '2 h 30 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)

"""The command: ``python -m benchmarks speed|peers|bars|recall|scale|profile|llamaindex|crewai|server|report [--quick] ...``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from agentmem_core import NotConfiguredError
from benchmarks import against, bars, crewai, flames, llamaindex, recall, reporting, scale, server, speed
from benchmarks.answering import Price, Protocol
from benchmarks.cell import MEASURED
from benchmarks.finding import FindingError
from benchmarks.grid import tables
from benchmarks.peers.environments import PEERS
from benchmarks.published import BrokenDataError
from benchmarks.repeated import WORKS
from benchmarks.report import Report, ResumeError, default_file, table
from benchmarks.steps import Step, span, work_through
from benchmarks.systems import HYBRID, SYSTEMS

DATA = ("AGENTMEM_LOCOMO", "AGENTMEM_LONGMEMEVAL")
COMMANDS = ("speed", "peers", "bars", "recall", "scale", "profile", "llamaindex", "crewai", "server", "report")
ONLY = {"speed": tuple(speed.PARTS), "peers": tuple(PEERS), "recall": SYSTEMS, "bars": bars.NAMES, "profile": WORKS}
"""What ``--only`` chooses from."""

OPTIONS = {
    "sizes": {"peers", "scale", "profile"},
    "users": {"peers", "scale", "profile"},
    "callers": {"peers"},
    "work": {"peers"},
    "embedder": {"peers"},
    "llm": {"recall"},
    "also": {"recall", "bars"},
}
"""Which commands look at an option."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    _check(parser, given)
    if given.what == "report":
        return _report(parser, given)
    try:
        report = _begun(given)
        steps = _steps(report, given)
    except (BrokenDataError, FindingError, NotConfiguredError, ResumeError) as error:
        parser.error(str(error))
    if given.plan:
        return _plan(report, steps)
    report.details["unfinished"] = True
    sound = work_through(report, steps)
    del report.details["unfinished"]
    _print(report)
    print(f"\nwritten to {report.save()}", file=sys.stderr)
    return 0 if sound else 1


def _print(report: Report) -> None:
    """What was found; of the bars only what is held to one."""
    held = [figure for figure in report.figures if figure.ok is not None]
    print(table(held) if report.what == "bars" else report.markdown())
    for title, head, body in tables(report.grid):
        print("\n".join(["", f"### {title}", "", *reporting.rows(head, body)]))
    for name, why in reporting.left_out(report.details.get("not measured", {})):
        print(f"\nNot measured: {name}: {why}")
    for name, why in report.details.get("failed", {}).items():
        print(f"\nEnded early: {name}: {why}")


def _check(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    known = ONLY.get(given.what, ())
    if unknown := set(given.only) - set(known):
        parser.error(f"--only: {', '.join(sorted(unknown))}; {given.what} has {', '.join(known) or 'no parts'}")
    for name, commands in OPTIONS.items():
        if getattr(given, name) and given.what not in commands:
            parser.error(f"--{name}: {given.what} does not look at it, only {' and '.join(sorted(commands))}")
    if given.what != "report" and given.files:
        parser.error(f"{given.what} takes no files in this place: data sets come after --data")
    if any(number < 1 for number in (*given.sizes, *given.users, *given.callers)) or given.patience <= 0:
        parser.error("--sizes, --users, --callers and --patience must be positive")
    if given.questions < 0 or any(price < 0 for price in (*(given.price or ()), *(given.judge_price or ()))):
        parser.error("--questions and prices must not be negative")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure agentmem-core on this machine.")
    parser.add_argument("what", choices=COMMANDS)
    parser.add_argument(
        "files", nargs="*", type=Path, help="report: results as JSON, by default the newest of each kind"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: is everything in place?")
    parser.add_argument("--plan", action="store_true", help="say the steps and how long they take, and do nothing")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on with the run whose results lie there")
    parser.add_argument(
        "--data", type=Path, nargs="+", help=f"recall, bars: LoCoMo, LongMemEval as JSON (or in {' and '.join(DATA)})"
    )
    parser.add_argument(
        "--json", type=Path, help="where the results go instead of benchmarks/results/<date>-<what>.json"
    )
    parser.add_argument("--to", type=Path, help="report: the folder it goes to instead of benchmarks/results")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        help="parts of speed, bars; kinds of work of profile; peers, systems of recall by name",
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[], help="peers, scale, profile: memories in the store")
    parser.add_argument("--users", nargs="+", type=int, default=[], help="peers, scale, profile: whose they are")
    parser.add_argument("--callers", nargs="+", type=int, default=[], help="peers: how many ask at once")
    parser.add_argument("--work", nargs="+", default=[], choices=MEASURED, help="peers: kinds of work")
    parser.add_argument(
        "--embedder",
        nargs="+",
        default=[],
        choices=against.EMBEDDERS,
        help="peers: the bundled one, or one that costs nothing",
    )
    parser.add_argument(
        "--patience", type=float, default=1800.0, help="peers: seconds after which loading a system is given up"
    )
    parser.add_argument(
        "--also", nargs="+", default=[], help="recall, bars: other embedders of ours, such as openai:NAME"
    )
    parser.add_argument("--llm", help="recall: a model that answers the questions, such as openai:gpt-4.1-mini")
    parser.add_argument("--judge", help="recall: a model that judges the answers; by default the one that answers")
    parser.add_argument("--questions", type=int, default=0, help="recall --llm: about how many of each data set")
    for name in ("--price", "--judge-price"):
        parser.add_argument(name, nargs=2, type=float, metavar=("IN", "OUT"), help="dollars for a million tokens")
    return parser


def _begun(given: argparse.Namespace) -> Report:
    """A new run, or the one to go on with; one in full that did not end is not written over."""
    if given.resume is not None:
        return Report.resumed(given.resume, given.what, quick=given.quick)
    report = Report(given.what, quick=given.quick)
    report.file = given.json or default_file(report)
    if not given.plan and not given.quick:
        report.refuse_unfinished()
    return report


def _steps(report: Report, given: argparse.Namespace) -> list[Step]:
    data = given.data or [Path(found) for name in DATA if (found := os.environ.get(name))]
    plan = against.Plan(
        tuple(given.only), tuple(given.sizes), tuple(given.users), tuple(given.callers), tuple(given.embedder),
        tuple(given.work), given.patience,
    )  # fmt: skip
    slower = 1 if report.quick else 3
    made: dict[str, Callable[[], list[Step]]] = {
        "speed": lambda: speed.steps(report, given.only),
        "peers": lambda: against.steps(report, plan),
        "bars": lambda: bars.steps(report, given.only, data, given.also),
        "recall": lambda: recall.steps(report, data, given.only, _protocol(given), given.also),
        "scale": lambda: scale.steps(report, given.sizes, given.users),
        "profile": lambda: flames.steps(report, given.only, given.sizes, given.users),
        "server": lambda: [Step("server", 25 * slower, server.run)],
        "llamaindex": lambda: [Step("llamaindex", 60 * slower, llamaindex.run)],
        "crewai": lambda: [Step("crewai", 60 * slower, crewai.run)],
    }
    return made[given.what]()


def _plan(report: Report, steps: Sequence[Step]) -> int:
    for step in steps:
        print(f"{'done ' if step.name in report.done else ''}{step.name}: about {span(step.seconds)}")
    print(f"together: about {span(sum(step.seconds for step in steps if step.name not in report.done))}")
    return 0


def _protocol(given: argparse.Namespace) -> Protocol | None:
    """A model is asked only where the caller names one here: whoever has a key in the environment did not mean this."""
    if given.llm is None:
        return None
    from agentmem_core.llms import open_model

    reader = open_model(given.llm)
    prices = [None if price is None else Price(*price) for price in (given.price, given.judge_price)]
    return Protocol(
        reader=reader,
        judge=open_model(given.judge) if given.judge else reader,
        systems=tuple(given.only) or (HYBRID,),
        questions=20 if given.quick and not given.questions else given.questions,
        reader_price=prices[0],
        judge_price=prices[1] or (None if given.judge else prices[0]),
    )


def _report(parser: argparse.ArgumentParser, given: argparse.Namespace) -> int:
    try:
        written = reporting.write(given.files, given.to)
    except (reporting.NoResultsError, NotConfiguredError) as error:
        parser.error(str(error))
    print(f"written to {written}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The command: ``python -m benchmarks speed|peers|recall|scale|llamaindex|crewai|server|report [--quick] [--data PATH ...] [--json FILE] ...``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from agentmem_core import NotConfiguredError
from benchmarks import against, crewai, llamaindex, recall, reporting, scale, server, speed
from benchmarks.answering import Price, Protocol
from benchmarks.finding import FindingError
from benchmarks.peers.environments import PEERS
from benchmarks.published import BrokenDataError
from benchmarks.report import Report
from benchmarks.systems import HYBRID, SYSTEMS

DATA = ("AGENTMEM_LOCOMO", "AGENTMEM_LONGMEMEVAL")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    known = {"speed": tuple(speed.PARTS), "peers": tuple(PEERS), "recall": SYSTEMS}.get(given.what, ())
    if unknown := set(given.only) - set(known):
        parser.error(f"--only: {', '.join(sorted(unknown))}; {given.what} has {', '.join(known) or 'no parts'}")
    if given.what == "report":
        return _report(parser, given)
    if given.files:
        parser.error(f"{given.what} takes no files in this place: data sets come after --data")
    if given.llm is not None and given.what != "recall":
        parser.error(f"--llm: {given.what} asks no model, only recall does")
    if given.questions < 0 or any(price < 0 for price in (*(given.price or ()), *(given.judge_price or ()))):
        parser.error("--questions and prices must not be negative")
    report = Report(given.what, quick=given.quick)
    try:
        _run(report, given)
    except (BrokenDataError, FindingError, NotConfiguredError) as error:
        parser.error(str(error))
    print(report.markdown())
    print(f"\nwritten to {report.save(given.json)}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure agentmem-core on this machine.")
    parser.add_argument(
        "what", choices=["speed", "peers", "recall", "scale", "llamaindex", "crewai", "server", "report"]
    )
    parser.add_argument(
        "files", nargs="*", type=Path, help="report: results as JSON, by default the newest of each kind"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: is everything in place?")
    parser.add_argument(
        "--data", type=Path, nargs="+", help=f"recall: LoCoMo, LongMemEval as JSON (or in {' and '.join(DATA)})"
    )
    parser.add_argument(
        "--json", type=Path, help="where the results go instead of benchmarks/results/<date>-<what>.json"
    )
    parser.add_argument("--to", type=Path, help="report: the folder it goes to instead of benchmarks/results")
    parser.add_argument(
        "--only", nargs="+", default=[], help="parts of speed; peers or systems of recall by their names"
    )
    parser.add_argument("--embedder", choices=["bundled", "free"], default="bundled", help="what peers embed with")
    parser.add_argument("--llm", help="recall: a model that answers the questions, such as openai:gpt-4.1-mini")
    parser.add_argument("--judge", help="recall: a model that judges the answers; by default the one that answers")
    parser.add_argument("--questions", type=int, default=0, help="recall --llm: about how many of each data set")
    for name in ("--price", "--judge-price"):
        parser.add_argument(name, nargs=2, type=float, metavar=("IN", "OUT"), help="dollars for a million tokens")
    return parser


def _run(report: Report, given: argparse.Namespace) -> None:
    if given.what == "speed":
        speed.run(report, only=given.only)
    elif given.what == "peers":
        against.run(report, given.only, given.embedder)
    elif given.what == "recall":
        data = given.data or [Path(found) for name in DATA if (found := os.environ.get(name))]
        recall.run(report, data, given.only, _protocol(given))
    elif given.what == "llamaindex":
        llamaindex.run(report)
    elif given.what == "crewai":
        crewai.run(report)
    elif given.what == "server":
        server.run(report)
    else:
        scale.run(report)


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

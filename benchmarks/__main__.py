"""The command: ``python -m benchmarks speed|recall|scale|llamaindex|crewai|server [--quick] [--data PATH] [--json FILE] [--only PART ...]``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import crewai, llamaindex, recall, scale, server, speed
from benchmarks.report import Report


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure agentmem-core on this machine.")
    parser.add_argument("what", choices=["speed", "recall", "scale", "llamaindex", "crewai", "server"])
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: is everything in place?")
    parser.add_argument("--data", type=Path, help="LoCoMo as JSON (recall; or the variable AGENTMEM_LOCOMO)")
    parser.add_argument(
        "--json", type=Path, help="where the results go instead of benchmarks/results/<date>-<what>.json"
    )
    parser.add_argument("--only", nargs="+", default=[], choices=speed.PARTS, help="parts of speed")
    given = parser.parse_args(arguments)
    report = Report(given.what, quick=given.quick)
    if given.only and given.what != "speed":
        parser.error("--only chooses parts of speed")
    if given.what == "speed":
        speed.run(report, only=given.only)
    elif given.what == "recall":
        data = given.data or (Path(found) if (found := os.environ.get("AGENTMEM_LOCOMO")) else None)
        recall.run(report, data)
    elif given.what == "llamaindex":
        llamaindex.run(report)
    elif given.what == "crewai":
        crewai.run(report)
    elif given.what == "server":
        server.run(report)
    else:
        scale.run(report)
    print(report.markdown())
    print(f"\nwritten to {report.save(given.json)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

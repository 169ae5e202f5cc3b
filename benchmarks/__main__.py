"""The command: ``python -m benchmarks speed|peers|recall|scale|llamaindex|crewai [--quick] [--data PATH] [--json FILE] [--only NAME ...]``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import against, crewai, llamaindex, recall, scale, speed
from benchmarks.peers.environments import PEERS
from benchmarks.report import Report


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure agentmem-core on this machine.")
    parser.add_argument("what", choices=["speed", "peers", "recall", "scale", "llamaindex", "crewai"])
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: is everything in place?")
    parser.add_argument("--data", type=Path, help="LoCoMo as JSON (recall; or the variable AGENTMEM_LOCOMO)")
    parser.add_argument(
        "--json", type=Path, help="where the results go instead of benchmarks/results/<date>-<what>.json"
    )
    parser.add_argument("--only", nargs="+", default=[], help="parts of speed; or peers by their names")
    parser.add_argument("--embedder", choices=["bundled", "free"], default="bundled", help="what peers embed with")
    given = parser.parse_args(arguments)
    report = Report(given.what, quick=given.quick)
    known = {"speed": speed.PARTS, "peers": PEERS}.get(given.what, {})
    if unknown := set(given.only) - set(known):
        parser.error(f"--only: {', '.join(sorted(unknown))}; {given.what} has {', '.join(known) or 'no parts'}")
    if given.what == "speed":
        speed.run(report, only=given.only)
    elif given.what == "peers":
        against.run(report, given.only, given.embedder)
    elif given.what == "recall":
        data = given.data or (Path(found) if (found := os.environ.get("AGENTMEM_LOCOMO")) else None)
        recall.run(report, data)
    elif given.what == "llamaindex":
        llamaindex.run(report)
    elif given.what == "crewai":
        crewai.run(report)
    else:
        scale.run(report)
    print(report.markdown())
    print(f"\nwritten to {report.save(given.json)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

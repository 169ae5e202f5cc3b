"""A process that does one kind of work for some seconds, to be looked at by a profiler: ``python -m benchmarks.repeated search ...``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from agentmem_core import AgentMem
from benchmarks.workload import Workload

WORKS = ("search", "filtered", "add", "batch", "context", "get", "first")
"""``first`` is a user's first search, with nothing of the store in memory yet."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.repeated")
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--path", type=Path, required=True)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    work = Workload(29)
    with AgentMem(given.path) as memory:
        once = _once(given.work, memory, given.path, work, given.users)
        once(0)
        until = time.monotonic() + given.seconds
        done = 0
        for number in count(1):
            if time.monotonic() > until:
                break
            once(number)
            done = number
    print(f"{done} times in {given.seconds:g} s")


def _once(what: str, memory: AgentMem, path: Path, work: Workload, users: int) -> Callable[[int], object]:
    queries, sentences = work.queries(2_000), work.sentences(2_000)
    whose = work.anybody(2_000, users)
    got = memory.add("the one to get", user_id="user-0").ids[0]

    def opened_anew(n: int) -> object:
        with AgentMem(path) as other:
            return other.search(queries[n % 2_000], user_id=whose[n % 2_000])

    doing: dict[str, Callable[[int], object]] = {
        "search": lambda n: memory.search(queries[n % 2_000], user_id=whose[n % 2_000]),
        "filtered": lambda n: memory.search(queries[n % 2_000], user_id=whose[n % 2_000], filters={"tag": "tag-1"}),
        "context": lambda n: memory.context(queries[n % 2_000], user_id=whose[n % 2_000]),
        "get": lambda _: memory.get(got, user_id="user-0"),
        "add": lambda n: memory.add(f"{sentences[n % 2_000]} {n}", user_id=whose[n % 2_000]),
        "batch": lambda n: memory.add_many([f"{text} {n}" for text in sentences[:200]], user_id=f"batch-{n}"),
        "first": opened_anew,
    }
    return doing[what]


if __name__ == "__main__":
    main()

"""The server under load for long: its memory must not grow once it is warm. ``python -m benchmarks.soak [--seconds 1800]``."""

from __future__ import annotations

import argparse
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tests.core.server_process import serving

from benchmarks.http_load import Asked, loaded
from benchmarks.timing import folder
from benchmarks.workload import Workload

CLIENTS = 16
USERS = 50
KEPT = 100
"""Memories of a user, so that what is kept does not grow: one more replaces an older one."""

ALLOWED = 0.1
"""Growth from the end of the first third, when everything is warm, to the end."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--seconds", type=float, default=1_800)
    seconds = parser.parse_args().seconds
    workload = Workload()
    queries, texts = workload.queries(500), workload.sentences(5_000)
    samples: list[tuple[float, float]] = []
    over = threading.Event()
    with folder() as place, serving(place, env={"AGENTMEM_EMBEDDER": "wordllama"}) as server:
        watch = threading.Thread(target=_watch, args=(server.process.pid, samples, over, seconds))
        watch.start()
        load = loaded(server.url, lambda number: _asks(number, queries, texts), clients=CLIENTS, seconds=seconds)
        over.set()
        watch.join()
    third = [size for at, size in samples if at <= seconds / 3][-5:]
    last = [size for _, size in samples][-5:]
    warm, end = float(np.median(third)), float(np.median(last))
    growth = end / warm - 1
    print(f"{load.answered:,} answers, {load.throughput:.0f} a second, {len(load.errors)} errors")
    print(f"resident: {warm:.1f} MB when warm, {end:.1f} MB at the end ({growth:+.1%})")
    if load.errors or growth > ALLOWED:
        print(f"MISSED: errors {load.errors[:5]}", file=sys.stderr)
        return 1
    return 0


def _asks(number: int, queries: list[str], texts: list[str]) -> Iterator[Asked]:
    chance = random.Random(number)
    while True:
        user = f"user-{chance.randrange(USERS)}"
        if chance.random() < 0.2:
            body = {
                "content": chance.choice(texts),
                "user_id": user,
                "id": f"m{chance.randrange(KEPT)}",
                "on_conflict": "replace",
            }
            yield "add", "/v1/memories", body
        else:
            yield "search", "/v1/memories/search", {"query": chance.choice(queries), "user_id": user}


def _watch(pid: int, samples: list[tuple[float, float]], over: threading.Event, seconds: float) -> None:
    begun = time.monotonic()
    page = os.sysconf("SC_PAGE_SIZE") / 1e6
    while not over.wait(max(0.5, seconds / 200)):
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
        samples.append((time.monotonic() - begun, resident))


if __name__ == "__main__":
    sys.exit(main())

"""How fast, against other memories: the same sentences, the same embedder, no model, in turns on one machine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.asking import Asked, PeerError
from benchmarks.peers.environments import PEERS
from benchmarks.report import Report
from benchmarks.timing import folder
from benchmarks.workload import Workload

OURS = "agentmem"
USERS = 100
_MINE = "user-0"


def run(report: Report, only: Sequence[str] = (), embedder: str = "bundled") -> None:
    """All systems, or ours and those named."""
    rounds, held = (20, 500) if report.quick else (200, 10_000)
    with folder() as place, ExitStack() as stack:
        systems = _opened(stack, place, only, embedder, report)
        _Comparison(report, systems, embedder, held).run(rounds)


def _opened(stack: ExitStack, place: Path, only: Sequence[str], embedder: str, report: Report) -> dict[str, Asked]:
    systems: dict[str, Asked] = {}
    for name, peer in PEERS.items():
        if only and name not in {OURS, *only}:
            continue
        try:
            systems[name] = stack.enter_context(Asked(peer, place, embedder))
        except (PeerError, OSError) as error:
            report.details.setdefault("not measured", {})[name] = str(error)[-500:]
            print(f"{name} cannot be measured: {error}", file=sys.stderr)
            continue
        report.add("start", f"{name}, import and open", systems[name].started, "s")
    return systems


class _Comparison:
    """One verb after the other; in every round each system has its turn, so that noise hits all of them."""

    def __init__(self, report: Report, systems: dict[str, Asked], embedder: str, held: int) -> None:
        self._report, self._systems, self._embedder, self._held = report, systems, embedder, held
        self._work = Workload(seed=11)
        self._ids: dict[str, str] = {}

    def run(self, rounds: int) -> None:
        self._load()
        queries, sentences = self._work.queries(rounds), iter(self._work.sentences(rounds * 4))
        self._alternating(
            "search", rounds, lambda n, _: {"query": queries[n], "user": f"user-{n % USERS}", "limit": 10}
        )
        self._alternating("add", rounds, lambda n, _: {"text": f"{queries[n]} {n}", "user": f"user-{n % USERS}"})
        batches = [list(islice(sentences, 200)) or self._work.sentences(200) for _ in range(3)]
        self._alternating(
            "add_many", 3, lambda n, _: {"texts": batches[n], "user": f"batch-{n}"}, "adding 200 in one call"
        )
        self._get(rounds)
        self._delete()
        for name, system in self._systems.items():
            self._report.add("memory", f"{name}, resident", system.ask("memory")[1] / 1e6, "MB")
            self._report.add("disk", name, system.bytes_on_disk() / 1e6, "MB")
        self._hold_to_bars()

    def _load(self) -> None:
        """The same memories for all, of 100 users; the first searches of each are a warm-up."""
        texts = self._work.sentences(self._held)
        whose = self._work.users(self._held, USERS)
        by_user: dict[str, list[str]] = {}
        for text, user in zip(texts, whose, strict=True):
            by_user.setdefault(user, []).append(text)
        for name, system in list(self._systems.items()):
            try:
                seconds = sum(system.ask("add_many", texts=texts, user=user)[0] for user, texts in by_user.items())
                self._ids[name] = str(system.ask("add", text="the one to get", user=_MINE)[1])
                for user in by_user:
                    system.ask("search", query="warm up", user=user, limit=10)
            except PeerError as error:
                self._drop(name, error)
                continue
            self._report.add("load", f"{name}, {self._held:,} of {USERS} users", self._held / seconds, "a second")

    def _alternating(
        self, verb: str, rounds: int, given: Callable[[int, str], dict[str, Any]], called: str = ""
    ) -> None:
        times: dict[str, list[float]] = {
            name: [] for name, system in self._systems.items() if verb not in system.peer.lacks
        }
        for number in range(rounds):
            for name in [name for name in times if name in self._systems]:
                try:
                    times[name].append(1000 * self._systems[name].ask(verb, **given(number, name))[0])
                except PeerError as error:
                    self._drop(name, error)
        for name in [name for name in times if name in self._systems]:
            for label, share in (("p50", 50), ("p95", 95), ("p99", 99)):
                self._report.add(called or verb, f"{name}, {label}", float(np.percentile(times[name], share)), "ms")

    def _get(self, rounds: int) -> None:
        self._alternating("get", rounds, lambda _, name: {"memory_id": self._ids[name], "user": _MINE})

    def _delete(self) -> None:
        """A user with 400 memories; ours are erased from every file, the peers' as they do it."""
        texts = self._work.sentences(400)
        for name, system in list(self._systems.items()):
            try:
                system.ask("add_many", texts=texts, user="leaving")
            except PeerError as error:
                self._drop(name, error)
        self._alternating("delete_user", 1, lambda _n, _name: {"user": "leaving"}, "deleting a user with 400")

    def _drop(self, name: str, error: PeerError) -> None:
        self._report.details.setdefault("not measured", {})[name] = str(error)
        print(f"{name} is left out from here: {error}", file=sys.stderr)
        self._systems.pop(name, None)

    def _value(self, part: str, name: str) -> float | None:
        return next((item.value for item in self._report.figures if (item.part, item.name) == (part, name)), None)

    def _hold_to_bars(self) -> None:
        for part, peer, label, bar in BARS:
            ours, theirs = self._value(part, f"{OURS}, {label}"), self._value(part, f"{peer}, {label}")
            if ours and theirs:
                self._report.add("bars", f"{part} against {peer}, {label}", theirs / ours, "x faster", at_least=bar)


BARS = (
    ("add", "mem0 on Chroma", "p50", 8.0),
    ("add", "mem0 on Chroma", "p99", 1.0),
    ("search", "mem0 on Chroma", "p50", 10.0),
    ("adding 200 in one call", "mem0 on Chroma", "p50", 40.0),
    ("deleting a user with 400", "mem0 on Chroma", "p50", 5.0),
)
"""Part, peer, percentile, and how many times faster we mean to be."""

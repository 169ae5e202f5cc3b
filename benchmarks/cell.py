"""One store of some size and users, held by every system in turn, and every kind of work done to it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.grid import place, record
from benchmarks.peers.asking import Asked
from benchmarks.peers.environments import PEERS, PeerError
from benchmarks.report import Report
from benchmarks.steps import span
from benchmarks.timing import folder
from benchmarks.workload import Workload

TAGS = 10
CHUNK = 2_000
WARM = 100
BATCHES = {"batch": 200, "parts": 25}
"""Texts in one call: of one caller, and of each of many."""
LEAVING = 400
SAID = 10.0
"""Seconds between two signs of progress."""
ALONE = ("search", "filtered", "get", "add", "batch")
TOGETHER = ("search", "filtered", "get", "add", "parts")
"""What is done by many callers at once, too."""
VERBS = {"filtered": "search", "batch": "add_many", "parts": "add_many"}
"""What a system is asked for it, where it has another name."""
ENDS = ("delete", "memory", "disk", "cold")
MEASURED = (*ALONE, "parts", *ENDS)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a cell is asked: how large the store, whose, by how many at once, which work, and how often."""

    size: int
    users: int
    embedder: str = "bundled"
    callers: tuple[int, ...] = (1,)
    works: tuple[str, ...] = MEASURED
    rounds: int = 200
    patience: float = 1800.0
    """Seconds after which a load is given up."""

    @property
    def whole(self) -> bool:
        """Whether it is more than a look whether everything is in place."""
        return self.rounds >= 100

    @property
    def name(self) -> str:
        return place({"size": self.size, "users": self.users, "callers": 1, "embedder": self.embedder})

    def seconds(self, systems: Sequence[str]) -> float:
        """About how long it takes."""
        total = 0.0
        for name in systems:
            pace = PEERS[name].pace / 1000
            many = sum(count for count in self.callers if count > 1)
            batches = 3 * 200 * ("batch" in self.works) + 25 * many * ("parts" in self.works)
            added = self.rounds * (len(self.callers) if "add" in self.works else 0) + batches
            added += 5 * LEAVING if "delete" in self.works else 0
            searched = 2 * self.rounds * (1 + 2 * (len(self.callers) - 1)) * (0.005 + self.size / self.users * 2e-7)
            total += min(pace * self.size, self.patience) + pace * added + searched + 12
        return total


@dataclass
class Cell:
    """In every round each system has its turn, so that noise hits all of them; one that fails is out, with its reason."""

    report: Report
    shape: Shape
    systems: dict[str, Asked] = field(default_factory=dict)
    _asked: int = 0

    def run(self, names: Sequence[str]) -> None:
        """Open, load and measure the systems of these names."""
        with folder() as place_, ExitStack() as stack:
            self._open(names, place_, stack)
            self.work = Workload(seed=11)
            self._load()
            for work in (*ALONE, *ENDS):
                if work in self.shape.works:
                    self._measure(work, 1)
                    self.report.save()
            for callers in sorted(set(self.shape.callers) - {1}):  # last: some do not survive it whole
                self._warm()
                for work in TOGETHER:
                    if work in self.shape.works:
                        self._measure(work, callers)
                        self.report.save()

    def _open(self, names: Sequence[str], place_: Path, stack: ExitStack) -> None:
        told = self.report.details.setdefault("systems", {})
        for name in names:
            try:
                asked = Asked(PEERS[name], place_, self.shape.embedder)
            except (PeerError, OSError) as error:
                self._drop(name, error)
                continue
            stack.callback(asked.close)
            self.systems[name] = asked
            told[name] = {"configured": asked.peer.configured, "versions": asked.versions}

    def _load(self) -> None:
        """The same memories for all, user by user."""
        texts = self.work.sentences(self.shape.size)
        users = sorted(self.work.users(self.shape.size, self.shape.users))
        tags = [f"tag-{number % TAGS}" for number in range(len(texts))]
        for name, system in list(self.systems.items()):
            try:
                seconds = self._fill(system, texts, users, tags)
            except PeerError as error:
                self._drop(name, error)
                continue
            self._record(name, "load", value=len(texts) / seconds)
        self._warm()
        self.report.save()

    def _warm(self) -> None:
        """Searches of some users, the same for all; whoever finds nothing is out."""
        some = list(dict.fromkeys(self.work.anybody(4 * WARM, self.shape.users)))[:WARM]
        queries = self.work.queries(max(len(some), 20))
        for name, system in list(self.systems.items()):
            try:
                for number, query in enumerate(queries):
                    _look(system, query, some[number % len(some)], there=True)
            except PeerError as error:
                self._drop(name, error)

    def _fill(self, system: Asked, texts: list[str], users: list[str], tags: list[str]) -> float:
        seconds, said = 0.0, time.monotonic()
        for start in range(0, len(texts), CHUNK):
            part = slice(start, start + CHUNK)
            seconds += system.ask("load", texts=texts[part], users=users[part], tags=tags[part])[0]
            done = min(start + CHUNK, len(texts))
            whole = seconds * len(texts) / done
            if whole > self.shape.patience and seconds > min(60.0, self.shape.patience):
                raise PeerError(
                    f"loading {len(texts):,} would take about {span(whole)}, more than --patience {self.shape.patience:g} s"
                )
            if time.monotonic() - said > SAID:
                said = time.monotonic()
                print(
                    f"  {system.peer.name}: {done:,} of {len(texts):,} loaded, about {span(whole - seconds)} left",
                    file=sys.stderr,
                    flush=True,
                )
        return seconds

    def _measure(self, work: str, callers: int) -> None:
        if work == "delete":
            self._delete()
        elif work in ENDS:
            self._end(work)
        elif callers == 1:
            self._alternating(work, 3 if work == "batch" else self.shape.rounds)
        elif work == "parts":
            self._together(work, callers, 1, callers)
        else:
            self._together(work, callers, 3, max(callers, self.shape.rounds // 3))

    def _given(self, work: str) -> Callable[[str], dict[str, Any]]:
        """What the next call of a system is given: the same for all, each in its own order of calls."""
        count = 40 * self.shape.rounds
        queries, users = self.work.queries(self.shape.rounds), self.work.anybody(count, self.shape.users)
        calls: dict[str, int] = {}
        self._asked += 1
        mark = f"{work} {self._asked}"  # no text comes twice, and it is the same for all

        def next_of(name: str) -> int:
            calls[name] = calls.get(name, -1) + 1
            return calls[name]

        if work == "get":
            owners = self.work.anybody(20, self.shape.users)
            ids = {
                name: self._ids(system, owners)
                for name, system in list(self.systems.items())
                if work not in system.peer.lacks
            }

            def got(name: str) -> dict[str, Any]:
                found = ids[name]
                return dict(zip(("memory_id", "user"), found[next_of(name) % len(found)], strict=True))

            return got
        if work in BATCHES:
            batches = [self.work.sentences(BATCHES[work]) for _ in range(3)]

            def batch(name: str) -> dict[str, Any]:
                number = next_of(name)
                return {
                    "texts": [f"{text} {number}" for text in batches[number % 3]],
                    "user": f"{work}-{self._asked}-{number}",
                    "tag": f"tag-{number % TAGS}",
                }

            return batch

        def one(name: str) -> dict[str, Any]:
            number = next_of(name)
            query, user = queries[number % len(queries)], users[number % count]
            if work == "add":
                return {"text": f"{query} {mark} {number}", "user": user, "tag": f"tag-{number % TAGS}"}
            tag = {"tag": f"tag-{number % TAGS}"} if work == "filtered" else {}
            return {"query": query, "user": user, "limit": 10, **tag}

        return one

    def _ids(self, system: Asked, owners: Sequence[str]) -> list[tuple[str, str]]:
        """Some memories to get, of some users."""
        made: list[tuple[str, str]] = []
        try:
            for number, user in enumerate(owners):
                made.append((str(system.ask("add", text=f"the one to get, {number}", user=user)[1]), user))
        except PeerError as error:
            self._drop(system.peer.name, error)
        return made or [("", "")]

    def _alternating(self, work: str, rounds: int) -> None:
        given, verb = self._given(work), VERBS.get(work, work)
        times: dict[str, list[float]] = {name: [] for name, system in self._able(work)}
        for _ in range(rounds):
            for name, system in self._able(work):
                try:
                    times[name].append(1000 * system.ask(verb, **given(name))[0])
                except PeerError as error:
                    self._drop(name, error, work)
        for name, _ in self._able(work):
            self._record(name, work, milliseconds=times[name])

    def _together(self, work: str, callers: int, turns: int, each: int) -> None:
        """Turns of many calls; one that fails now and then is told beside its times, one that always fails is out."""
        given, verb = self._given(work), VERBS.get(work, work)
        times: dict[str, list[float]] = {name: [] for name, _ in self._able(work)}
        spent = dict.fromkeys(times, 0.0)
        errors: dict[str, list[str]] = {name: [] for name in times}
        for _ in range(turns):
            for name, system in self._able(work):
                try:
                    calls = [given(name) for _ in range(each)]
                    seconds, said = system.ask("together", call=verb, callers=callers, given=calls)
                    times[name] += [1000 * second for second in said["times"]]
                    errors[name] += said["errors"]
                    spent[name] += seconds
                except PeerError as error:
                    self._drop(name, error, work)
        for name, _ in self._able(work):
            if errors[name]:
                asked = len(errors[name]) + len(times[name])
                why = f"{len(errors[name])} of {asked} calls failed, the first: {errors[name][0]}"
                self.report.leave_out(self.shape.name, f"{name}, {work}, {callers} callers", why=why)
            if times[name]:
                self._record(name, work, milliseconds=times[name], callers=callers, rate=len(times[name]) / spent[name])

    def _delete(self) -> None:
        """Users with 400 memories; ours are erased from every file, the peers' as they do it."""
        texts = self.work.sentences(LEAVING)
        times: dict[str, list[float]] = {name: [] for name, _ in self._able("delete")}
        for number in range(5 if self.shape.whole else 2):
            for name, system in self._able("delete"):
                try:
                    system.ask("add_many", texts=texts, user=f"leaving-{number}", tag="tag-0")
                except PeerError as error:
                    self._drop(name, error)
            for name, system in self._able("delete"):
                try:
                    times[name].append(1000 * system.ask("delete_user", user=f"leaving-{number}")[0])
                    _look(system, texts[0], f"leaving-{number}", there=False)
                except PeerError as error:
                    self._drop(name, error, "delete")
        for name, _ in self._able("delete"):
            self._record(name, "delete", milliseconds=times[name])

    def _end(self, work: str) -> None:
        """What it takes, and how long a new process takes over what is there."""
        queries = self.work.queries(5 if self.shape.whole else 2)
        for name, system in self._able(work):
            try:
                if work == "memory":
                    self._record(name, work, value=system.ask("memory")[1]["resident"] / 1e6)
                elif work == "cold":
                    self._record(name, work, milliseconds=[1000 * system.cold(query, "user-0") for query in queries])
                elif held := system.bytes_on_disk():
                    self._record(name, work, value=held / 1e6)
            except PeerError as error:
                self._drop(name, error, work)

    def _able(self, work: str) -> list[tuple[str, Asked]]:
        lost = self.report.details.get("not measured", {}).get(self.shape.name, {})
        return [
            (name, system)
            for name, system in self.systems.items()
            if work not in system.peer.lacks and f"{name}, {work}" not in lost
        ]

    def _record(self, name: str, work: str, **what: Any) -> None:
        record(
            self.report, name, work,
            size=self.shape.size, users=self.shape.users, embedder=self.shape.embedder, **what,
        )  # fmt: skip

    def _drop(self, name: str, error: Exception, work: str = "") -> None:
        """Leave out a system; where only one kind of work failed and its process lives, only that."""
        system = self.systems.get(name)
        if work and system is not None and system.running:
            self.report.leave_out(self.shape.name, f"{name}, {work}", why=str(error))
            return
        self.report.leave_out(self.shape.name, name, why=str(error))
        if self.systems.pop(name, None) is not None and system is not None:
            system.close()


def _look(system: Asked, query: str, user: str, *, there: bool) -> None:
    """A search that must find something, or nothing: a system that is fast because it does not do the work is out."""
    found = system.ask("search", query=query, user=user, limit=10)[1]
    if there and not found:
        raise PeerError(f"{system.peer.name}, search: found nothing for {user}, who has memories")
    if found and not there:
        raise PeerError(f"{system.peer.name}, delete_user: what was deleted is still found")

"""A made-up store whose every field is known, so that any search in it can be answered in numpy as well."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentmem_core import AgentMem, Hit
from benchmarks.workload import Workload, vectors_of

AGENTS, SESSIONS, CITIES = 3, 20, ("Lisbon", "Porto", "Basel", "Kyoto", "Quito")
Case = tuple[str, dict[str, str], Any, str, int]


class Made:
    """Memories of some users with agents, sessions and metadata, and queries about them."""

    def __init__(self, work: Workload, sizes: Mapping[str, int], queries: int = 400) -> None:
        """Make them; ``sizes`` says how many memories each user has."""
        self._random = random.Random(5)
        self.users = [user for user, size in sizes.items() for _ in range(size)]
        count = len(self.users)
        self.contents = work.sentences(count)
        self.vectors = vectors_of(self.contents)
        self.agents = [f"agent-{self._random.randrange(AGENTS)}" for _ in range(count)]
        self.sessions = [f"session-{self._random.randrange(SESSIONS)}" for _ in range(count)]
        self.cities = [self._random.choice(CITIES) for _ in range(count)]
        self.years = [self._random.randrange(1990, 2026) for _ in range(count)]
        self.queries = work.queries(queries)
        self.asked = dict(zip(self.queries, vectors_of(self.queries), strict=True))
        self.number: dict[str, int] = {f"m{number}": number for number in range(count)}

    def load(self, memory: AgentMem) -> None:
        """Add all of it."""
        added = memory.add_many((self._item(number) for number in range(len(self.users))), batch_size=1000)
        assert not added.failures, added.failures[:3]

    def cases(self, count: int) -> Iterator[Case]:
        """Random searches: user, scope, filter, query, limit."""
        names = list(dict.fromkeys(self.users))
        for number in range(count):
            scope: dict[str, str] = {}
            if self._random.random() < 0.4:
                scope["agent_id"] = f"agent-{self._random.randrange(AGENTS)}"
            if self._random.random() < 0.3:
                scope["session_id"] = f"session-{self._random.randrange(SESSIONS)}"
            query = self.queries[number % len(self.queries)]
            yield self._random.choice(names), scope, self._filter(), query, self._random.choice((1, 5, 10, 50))

    def passing(self, user: str, scope: Mapping[str, str], filters: Any) -> NDArray[np.bool_]:
        """Which memories a search may answer with."""
        rows = zip(self.users, self.agents, self.sessions, self.cities, self.years, strict=True)
        agent, session = scope.get("agent_id"), scope.get("session_id")
        return np.array(
            [
                owner == user
                and agent in {None, said}
                and session in {None, then}
                and (filters is None or _holds(filters, {"city": city, "year": year}))
                for owner, said, then, city, year in rows
            ]
        )

    def _filter(self) -> Any:
        kind = self._random.randrange(4)
        city = {"field": "city", "operator": "eq", "value": self._random.choice(CITIES)}
        year = {"field": "year", "operator": "gte", "value": self._random.randrange(1990, 2030)}
        if kind == 0:
            return None
        if kind == 3:
            return {"condition": self._random.choice(("and", "or")), "filters": [city, year]}
        return city if kind == 1 else year

    def _item(self, number: int) -> dict[str, Any]:
        return {
            "content": self.contents[number], "id": f"m{number}", "user_id": self.users[number],
            "agent_id": self.agents[number], "session_id": self.sessions[number],
            "metadata": {"city": self.cities[number], "year": self.years[number]},
        }  # fmt: skip


def ask(
    memory: AgentMem, user: str, scope: Mapping[str, str], filters: Any, query: str, limit: int, mode: str
) -> list[Hit]:
    """One search."""
    return memory.search(
        query,
        user_id=user,
        filters=filters,
        limit=limit,
        mode=mode,
        agent_id=scope.get("agent_id"),
        session_id=scope.get("session_id"),
    )


def _holds(given: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    if "filters" in given:
        either = any if given["condition"] == "or" else all
        return either(_holds(item, fields) for item in given["filters"])
    value = fields[given["field"]]
    return bool(value == given["value"] if given["operator"] == "eq" else value >= given["value"])

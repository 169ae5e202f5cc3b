"""How the extractor fares on a file of sentences with the triples they state."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentmem_core.learning.rules import extract
from agentmem_core.learning.values import Fact, Turn

DATA = Path(__file__).parent / "data"
SAID_AT = datetime(2025, 3, 12, 12, tzinfo=UTC)


@dataclass
class Score:
    """True and false finds, what was missed, and the lines where either is."""

    right: int = 0
    found: int = 0
    wanted: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0


def score(name: str) -> Score:
    total = Score()
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        given = json.loads(line)
        told = given.get("turns") or [["user", given["text"]]]
        turns = [
            Turn(id=f"t{number}", role=role, content=text, said_at=SAID_AT) for number, (role, text) in enumerate(told)
        ]
        facts = extract(turns, about="user")
        wanted = list(given["facts"])
        total.wanted += len(wanted)
        total.found += len(facts)
        spurious: list[str] = []
        for fact in facts:
            match = next((want for want in wanted if same(want, fact)), None)
            if match is None:
                spurious.append(shown(fact))
            else:
                wanted.remove(match)
                total.right += 1
        if spurious or wanted:
            total.wrong.append(f"{told}: missed {wanted}, wrong {spurious}")
    return total


def same(want: list[Any], fact: Fact) -> bool:
    more = want[3] if len(want) > 3 else {}
    since = fact.valid_from.date().isoformat() if fact.valid_from else None
    on = fact.occurred_at.date().isoformat() if fact.occurred_at else None
    return (
        want[:3] == [fact.subject, fact.predicate, fact.object]
        and more.get("retracted", False) == fact.retracted
        and more.get("since", since) == since
        and more.get("on", on) == on
    )


def shown(fact: Fact) -> str:
    mark = " (ended)" if fact.retracted else ""
    return f"{fact.subject} | {fact.predicate} | {fact.object}{mark} [{fact.text}] on {fact.occurred_at} since {fact.valid_from}"

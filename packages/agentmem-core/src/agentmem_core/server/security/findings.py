"""What an examination of the audit finds wrong: counted by what it means, and the first of it told one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["keyless", "changed", "gone", "archived"]

MEANINGS: Mapping[Kind, str] = {
    "keyless": "under a key that is not configured here, so that nothing can be said about them: give the server's AGENTMEM_AUDIT_KEY",
    "changed": "not as they were written, or written by somebody else: do not trust the trail from the first of them on",
    "gone": "gone or out of order: somebody removed entries, or put an older file in the place of this one",
    "archived": "about archives: an `audit archive` was interrupted, or files and trail are not of each other",
}
"""What it means, behind a number of entries."""

_MOST = 20
"""Problems that are told one by one, unless all are asked for."""


@dataclass(slots=True)
class Findings:
    """How many problems there are of each kind; of the texts no more than ``most``, which None takes away."""

    most: int | None = _MOST
    told: list[str] = field(default_factory=list)
    counts: dict[Kind, int] = field(default_factory=dict)

    def add(self, kind: Kind, text: str) -> None:
        """One more."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.most is None or len(self.told) < self.most:
            self.told.append(text)

    def add_all(self, kind: Kind, texts: Iterable[str]) -> None:
        """Several of one kind."""
        for text in texts:
            self.add(kind, text)

    def include(self, other: Findings, of: str) -> None:
        """What an examination of something else found, with its name in front."""
        for kind, count in other.counts.items():
            self.counts[kind] = self.counts.get(kind, 0) + count
        room = None if self.most is None else self.most - len(self.told)
        self.told += [f"{of}: {text}" for text in other.told][:room]

    @property
    def problems(self) -> tuple[str, ...]:
        """The texts, and how many more there are."""
        more = sum(self.counts.values()) - len(self.told)
        return (*self.told, *([f"and {more:,} more"] if more > 0 else ()))

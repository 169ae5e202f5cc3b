"""A clause as the forms read it, and what a form finds in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from agentmem_core.learning.rules.times import Times


class Stands(Enum):
    """Whether what a clause says holds, holds no longer, or never did."""

    HOLDS = "holds"
    GONE = "gone"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Clause:
    """``said`` is what follows the subject, without its negation and its times; ``whole`` keeps the times.

    ``subject`` is how facts call whom it is about, ``me`` whom "I" stands for. ``kind`` is what the subject is to them (sister,
    dog), empty for themselves, and ``named`` the name that the clause gives them. ``wrong`` is what it says it is not ("Bob, not Rob").
    ``casual`` holds for a turn in small letters only, where a name cannot be told by its capital.
    """

    subject: str
    me: str
    said: str
    whole: str
    stands: Stands
    times: Times
    kind: str = ""
    named: str = ""
    wrong: str | None = None
    casual: bool = False

    @property
    def holds(self) -> bool:
        """Whether it is told as true now."""
        return self.stands is Stands.HOLDS

    @property
    def mine(self) -> bool:
        """Whether it is about the speaker."""
        return not self.kind


@dataclass(frozen=True, slots=True)
class Told:
    """A triple and the sentence that tells it; the times as far as the clause names them."""

    subject: str
    predicate: str
    object: str
    text: str
    confidence: float = 0.9
    retracted: bool = False
    exclusive: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    on: datetime | None = None


Form = Callable[[Clause], Iterable[Told]]

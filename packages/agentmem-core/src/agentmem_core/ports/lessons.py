"""What of the store has been learnt from, and what waits to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from agentmem_core.model import Scope


@dataclass(frozen=True, slots=True)
class Lesson:
    """Turns (their ids) of one scope that wait to be learnt from, not before ``due_at``.

    ``holder`` is who works on it, for as long as ``due_at`` lies ahead. A lesson that ``failed`` is not tried again by itself.
    """

    scope: Scope
    turns: tuple[str, ...]
    queued_at: datetime
    due_at: datetime
    attempts: int = 0
    holder: str | None = None
    failed: bool = False
    error: str | None = None
    number: int = 0


class LessonReader(Protocol):
    """The part of a ledger's reader about learning."""

    def learnt(self, rows: Sequence[int]) -> set[int]:
        """Those of these rows that were learnt from."""
        ...

    def lesson(self, number: int) -> Lesson | None:
        """The lesson of that number, while it waits."""
        ...

    def lessons(
        self,
        tenant: str | None = None,
        user_id: str | None = None,
        *,
        failed: bool | None = None,
        holder: str | None = None,
        after: int = 0,
        limit: int = 1_000,
    ) -> list[Lesson]:
        """The oldest lessons that wait past number ``after``, in order: failed ones too unless ``failed`` says which."""
        ...

    def due_lesson(self, tenant: str, now: datetime) -> Lesson | None:
        """The oldest one of a tenant that may be taken: it is due, has not failed, and no older one of its user waits."""
        ...

    def waiting_lessons(self, tenant: str, user_id: str | None = None) -> tuple[int, int]:
        """How many of a tenant or a user wait, and how many have failed."""
        ...

    def deferred_lessons(self, tenant: str, user_id: str | None = None, *, until: datetime) -> int:
        """How many wait that nobody holds and that are due only after ``until``."""
        ...


class LessonWriter(Protocol):
    """The part of a ledger's writer about learning."""

    def mark_learnt(self, rows: Sequence[int]) -> None:
        """These rows were learnt from; erasing a row ends it."""
        ...

    def put_lesson(self, lesson: Lesson) -> int:
        """A new lesson when its number is 0, else the one of that number anew; answers the number."""
        ...

    def drop_lesson(self, number: int) -> None:
        """It waits no longer."""
        ...

    def erase_lessons(self, scope: Scope) -> None:
        """Those in a scope wait no longer."""
        ...

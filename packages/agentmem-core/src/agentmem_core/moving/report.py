"""What a move did, or would do."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from agentmem_core.model.values import Value

KEPT = 100
"""How many misfits a report holds; all are counted."""


class MoveExample(Value):
    """One of the first memories of a move, in short."""

    id: str
    original_id: str | None
    user_id: str
    type: str
    occurred_at: datetime | None
    text: str


class MoveMisfit(Value):
    """Something of the source that did not come, where it stands there, and why."""

    place: str
    reason: str
    original_id: str | None = None


class MoveReport(Value):
    """What a move did; of a dry run, what it would do.

    ``read`` is ``moved`` + ``known`` + ``changed`` + ``deleted`` + ``misfit_count``. ``known`` stand here already (or came twice in
    the source), ``changed`` stand here with another text and are left so, ``deleted`` were moved before and deleted here since.
    ``by_type`` and ``by_user`` count what is moved. ``misfits`` are the first hundred, ``reasons`` counts all. ``notes`` say what was assumed.
    """

    kind: str
    path: str
    dry_run: bool = False
    read: int = 0
    moved: int = 0
    known: int = 0
    changed: int = 0
    deleted: int = 0
    misfit_count: int = 0
    by_type: dict[str, int] = Field(default_factory=dict)
    by_user: dict[str, int] = Field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None
    examples: tuple[MoveExample, ...] = ()
    misfits: tuple[MoveMisfit, ...] = ()
    reasons: dict[str, int] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """A few lines for people."""
        does = "would move" if self.dry_run else "moved"
        lines = [f"{self.kind} {self.path}: read {self.read:,}, {does} {self.moved:,}"]
        for count, what in (
            (self.known, "there already"),
            (self.changed, "there with another text, left as they are"),
            (self.deleted, "deleted here since, left so"),
        ):
            if count:
                lines.append(f"  {count:,} {what}")
        lines += [f"  user {user}: {count:,}" for user, count in self.by_user.items()]
        lines += [f"  {kind}: {count:,}" for kind, count in self.by_type.items()]
        lines += [f"  not moved: {count:,} ({reason})" for reason, count in self.reasons.items()]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)

"""What is decided about facts that a conversation states, and what became of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from agentmem_core.model.memory import Memory
from agentmem_core.model.scope import Scope
from agentmem_core.model.usage import Usage
from agentmem_core.model.values import Value


class Action(StrEnum):
    """What is done about one fact."""

    ADD = "ADD"
    """It is new."""
    UPDATE = "UPDATE"
    """What was known is told better in place, or has ended and the fact stands from now on."""
    DELETE = "DELETE"
    """What was known holds no longer, and nothing takes its place."""
    MERGE = "MERGE"
    """Memories that say the same become one."""
    NONE = "NONE"
    """It was known already, or is not to be kept."""


class Decision(Value):
    """What was decided about one fact, and why.

    ``memory`` is what stands for it now; ``changed`` are the ids of all memories that were written for it, ``turns`` those of the
    turns that state it. ``by`` is who decided: ``rules`` or ``model``.
    """

    action: Action
    fact: str
    reason: str
    by: str = "rules"
    memory: Memory | None = None
    changed: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    confidence: float = 1.0


class Learned(Value):
    """What was learnt from turns, which are kept whatever becomes of it.

    ``read`` is how many turns were read, ``left`` how many were not (no budget, no room in one call, or a failure, of which
    ``warnings`` tell); ``learn()`` reads those. ``queued`` says that all of it is done in the background.
    """

    decisions: tuple[Decision, ...] = ()
    usage: Usage = Field(default_factory=Usage)
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    learner: str = ""
    read: int = 0
    left: int = 0
    queued: bool = False
    cursor: str | None = Field(default=None, repr=False)
    """Where the next step of a long ``learn()`` goes on."""

    @property
    def memories(self) -> list[Memory]:
        """What stands for the facts now, each once."""
        return list({item.memory.id: item.memory for item in self.decisions if item.memory is not None}.values())

    @property
    def changed(self) -> list[str]:
        """The ids of all memories that were written, each once."""
        return list(dict.fromkeys(memory_id for item in self.decisions for memory_id in item.changed))

    def count(self, action: Action | str) -> int:
        """How many decisions of one kind there are."""
        return sum(item.action == action for item in self.decisions)

    def __add__(self, other: Learned) -> Learned:
        """Both, one after the other."""
        return Learned(
            decisions=self.decisions + other.decisions,
            usage=self.usage + other.usage,
            seconds=self.seconds + other.seconds,
            warnings=tuple(dict.fromkeys(self.warnings + other.warnings)),
            learner=other.learner or self.learner,
            read=self.read + other.read,
            left=other.left,
            queued=self.queued or other.queued,
            cursor=other.cursor,
        )


class WaitingLesson(Value):
    """Turns that wait to be learnt from; ``failed`` when it was tried too often, and ``error`` says why."""

    number: int
    scope: Scope
    turns: int
    queued_at: datetime
    due_at: datetime
    attempts: int = 0
    failed: bool = False
    error: str | None = None


class LearningQueue(Value):
    """How much waits to be learnt in the background, for a user, and what could not be.

    ``deferred`` of those that are ``waiting`` are not due before tomorrow, because the budget of the day is used up.
    """

    waiting: int = 0
    deferred: int = 0
    failed: int = 0
    learning: bool = True
    """Whether there is somebody here who learns."""
    lessons: tuple[WaitingLesson, ...] = ()
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything waits or has failed."""
        return bool(self.waiting or self.failed)

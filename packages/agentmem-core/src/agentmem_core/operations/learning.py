"""Learning from what is remembered."""

from __future__ import annotations

from typing import ClassVar

from agentmem_core.model.learning import Learned, LearningQueue
from agentmem_core.model.values import Instant
from agentmem_core.operations.base import Op


class Learn(Op[Learned]):
    """One bounded step of learning from turns that are stored; repeat with the answer's ``cursor`` until there is none.

    Turns that were learnt from are passed over, unless ``again``; so are those before ``since``.
    """

    repeatable: ClassVar[bool] = True

    since: Instant | None = None
    again: bool = False
    cursor: str | None = None


class FlushLearning(Op[LearningQueue]):
    """Set the background to work, and tell what still waits for the user; ``retry`` tries what has failed once more."""

    repeatable: ClassVar[bool] = True

    retry: bool = False
    everyone: bool = False

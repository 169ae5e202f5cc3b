"""What is read, and what is learnt from it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from agentmem_core.model.values import Content, Name, Value

Confidence = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


class Turn(Value):
    """A turn that facts may be learnt from, stored already under ``id``; ``said_at`` is when it was said."""

    id: Name
    role: Name
    content: Content
    said_at: datetime
    name: Name | None = None


class Fact(Value):
    """One thing that turns state, told so that it stands alone: ``Ana lives in Lisbon``.

    ``subject``, ``predicate`` and ``object`` are given all three or none. ``exclusive`` says whether the subject has one such
    object at a time; None lets the predicate decide. A fact that is ``retracted`` is one that holds no longer, with nothing in its
    place: "I no longer have a car". ``valid_from`` and ``valid_to`` say since and until when it holds, where the turn says so.
    ``occurred_at`` is the moment of an event or plan that the turn dates.
    """

    text: Content
    subject: Name | None = None
    predicate: Name | None = None
    object: Name | None = None
    exclusive: bool | None = None
    retracted: bool = False
    confidence: Confidence = 1.0
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    occurred_at: datetime | None = None
    turns: tuple[Name, ...] = ()
    """The ids of the turns that state it."""

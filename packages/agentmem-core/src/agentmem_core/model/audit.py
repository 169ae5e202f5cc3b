"""Who did what, for those who must be able to ask later."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agentmem_core.model.scope import Scope
from agentmem_core.model.values import Moment, Value


class AuditEntry(Value):
    """One thing that was done: ``operation`` is agent and verb, ``subject`` what it was done to, ``scope`` who did it.

    ``target`` is the id of the memory it is about, where it is about one. Entries are numbered in the order they were written.
    """

    number: int = 0
    at: Moment
    operation: str
    scope: Scope
    subject: str
    target: str | None = None
    reason: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)

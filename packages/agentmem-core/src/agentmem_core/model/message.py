"""A chat turn."""

from __future__ import annotations

from pydantic import Field

from agentmem_core.model.values import Content, Given, Instant, Metadata, Name


class Message(Given):
    """One chat turn: who said what, and when. ``role`` is the model's word (user, assistant, ...), ``name`` the speaker's."""

    role: Name
    content: Content
    name: Name | None = None
    occurred_at: Instant | None = None
    metadata: Metadata = Field(default_factory=dict)
    id: Name | None = None

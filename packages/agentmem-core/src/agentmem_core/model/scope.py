"""Whose memory it is."""

from __future__ import annotations

from agentmem_core.model.values import Name, Value


class Scope(Value):
    """Whose memory it is: always whole, so a missing user is the user ``"default"`` and never everyone.

    ``agent_id`` and ``session_id`` are written with a memory, and narrow a read when given.
    """

    tenant: Name = "default"
    user_id: Name = "default"
    agent_id: Name | None = None
    session_id: Name | None = None

    def admits(self, other: Scope) -> bool:
        """Whether a row of scope ``other`` exists for a caller of this scope."""
        return (
            self.tenant == other.tenant
            and self.user_id == other.user_id
            and self.agent_id in (None, other.agent_id)
            and self.session_id in (None, other.session_id)
        )

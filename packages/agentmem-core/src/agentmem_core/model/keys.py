"""Keys of a server: what is known of them, which is never the keys themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.values import Instant, Name, Text, Value

ROLES = ("read", "write", "admin")
EVERY_TENANT = "*"
"""The tenant of an operator's key, which may name any tenant."""


def _role(value: Any) -> Any:
    if value not in ROLES:
        raise InvalidInputError(f"role: unknown role {value!r}; use one of {', '.join(ROLES)}")
    return value


Role = Annotated[Literal["read", "write", "admin"], BeforeValidator(_role)]
"""What a key may do; each may what stands before it may too."""


class ApiKey(Value):
    """What is known of a key: whom it lets in (``user_id`` None: every user of the tenant), and until when.

    ``limits`` are its own rate limits and quotas, ``"600/minute;100000/day"``; None for those of the server. ``last_used_at``
    is coarse: it is written down about once a minute.
    """

    id: Name
    tenant: Name
    role: Role
    user_id: Name | None = None
    name: Text | None = None
    limits: Text | None = None
    created_at: Instant
    expires_at: Instant | None = None
    revoked_at: Instant | None = None
    last_used_at: Instant | None = None

    def state(self, now: datetime) -> Literal["active", "expired", "revoked"]:
        """Whether it lets anybody in."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"

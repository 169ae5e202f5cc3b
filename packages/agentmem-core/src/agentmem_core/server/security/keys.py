"""Keys: made, shown once, rotated, revoked."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from agentmem_core.errors import ConflictError, InvalidInputError, NotFoundError
from agentmem_core.model.keys import EVERY_TENANT, ApiKey, Role
from agentmem_core.model.values import is_text
from agentmem_core.operations import build
from agentmem_core.server.security.limiting import parsed_limits
from agentmem_core.storage.sqlite import SqliteKeys

PREFIX = "agm_"
GRACE = timedelta(hours=24)
"""How long the former secret of a rotated key is still valid, unless it is said."""

LONGEST_GRACE = timedelta(days=90)


def now_utc() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


def new_secret() -> str:
    """A key: ``agm_`` and 32 random bytes in base64url.

    >>> len(new_secret())
    47
    """
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """What is kept of a key.

    A slow hash (bcrypt, argon2) makes guessing costly where there is little to guess. Nobody guesses 256 random bits, at any
    price of a guess, and a slow hash would be paid by every request.
    """
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Shown:
    """A key and its secret, at the one moment when both are known."""

    key: ApiKey
    secret: str = field(repr=False)


class Keys:
    """The keys of a store. ``tenant`` in its verbs is who asks: a key of another tenant does not exist for it, None sees all."""

    def __init__(self, store: SqliteKeys, clock: Callable[[], datetime] = now_utc) -> None:
        self._store = store
        self._clock = clock

    def create(
        self,
        *,
        tenant: str,
        role: Role = "write",
        user_id: str | None = None,
        name: str | None = None,
        expires_at: datetime | None = None,
        limits: str | None = None,
    ) -> Shown:
        """A new key; ``user_id`` None lets it name any user of the tenant, the tenant ``"*"`` any tenant."""
        now = self._clock()
        key = build(
            ApiKey, id=f"key_{secrets.token_hex(8)}", tenant=tenant, role=role, user_id=user_id, name=name, limits=limits,
            created_at=now, expires_at=expires_at,
        )  # fmt: skip
        if key.tenant == EVERY_TENANT and key.user_id is not None:
            raise InvalidInputError(
                "user_id: an operator's key is for every tenant; leave user_id out, or name the tenant"
            )
        if key.expires_at is not None and key.expires_at <= now:
            raise InvalidInputError("expires_at: is in the past; a key must be valid for some time")
        if limits is not None:
            parsed_limits(limits)
        secret = new_secret()
        self._store.add(key, digest_of(secret))
        return Shown(key, secret)

    def find(self, key_id: str, tenant: str | None) -> ApiKey:
        """The key of that id, or ``NotFoundError``."""
        key = self._store.find(key_id) if is_text(key_id) else None
        if key is None or tenant not in (None, key.tenant):
            raise NotFoundError("no such key; look at the list of keys for their ids")
        return key

    def list(self, tenant: str | None, *, after: str | None = None, limit: int = -1) -> list[ApiKey]:
        """Every key, also those that have expired or were revoked, in the order they were made.

        With ``after`` those past the key of that id, or ``NotFoundError``; with a ``limit`` no more.
        """
        if after is not None:
            self.find(after, tenant)
        if tenant is not None and not is_text(tenant):
            return []
        return self._store.of(tenant, after=after, limit=limit)

    def rotate(self, key_id: str, tenant: str | None, *, grace: timedelta = GRACE) -> Shown:
        """A new secret for a key; the former one is valid for ``grace`` yet, which may be nothing."""
        if not timedelta(0) <= grace <= LONGEST_GRACE:
            raise InvalidInputError(f"grace: must be 0 to {LONGEST_GRACE.days} days; 0 ends the former secret at once")
        key = self.find(key_id, tenant)
        self.require_active(key)
        now = self._clock()
        secret = new_secret()
        self._store.rotate(key.id, digest_of(secret), now=now, until=now + grace)
        return Shown(key, secret)

    def require_active(self, key: ApiKey) -> None:
        """``ConflictError`` when a key lets nobody in any more."""
        state = key.state(self._clock())
        if state != "active":
            raise ConflictError(f"the key is {state}; create a new one")

    def revoke(self, key_id: str, tenant: str | None) -> ApiKey:
        """Let nobody in by this key, nor by a token that was made of it, ever again."""
        key = self.find(key_id, tenant)
        self._store.revoke(key.id, self._clock())
        return self.find(key_id, tenant)

    def deny(self, tenant: str, token_id: str, until: datetime | None = None) -> None:
        """Let nobody in by this token of a tenant; ``until`` is when it expires by itself, None when that is not known."""
        if not is_text(tenant) or not is_text(token_id):
            raise InvalidInputError("token: the id and the tenant must be text without NUL bytes and lone surrogates")
        self._store.deny(tenant, token_id, until=until, now=self._clock())

"""What a running server knows of its keys, which another process may change at any time."""

from __future__ import annotations

import asyncio
import hmac
import math
import time
from collections.abc import Callable
from datetime import datetime

from agentmem_core.errors import AuthenticationError
from agentmem_core.model.keys import ApiKey
from agentmem_core.server.security.keys import digest_of
from agentmem_core.storage.sqlite import Keyring, SqliteKeys

FRESH_SECONDS = 0.25
"""For how long nobody looks whether a key was made or revoked."""

NOTE_SECONDS = 60.0
"""How often it is written down when keys were last used."""

UNKNOWN = "the key or token is not known here, has expired or was revoked"
"""One sentence for all of them, so that a refusal does not tell which."""

_NO_DIGEST = bytes(32)


class LiveKeys:
    """The keyring, looked after from worker threads: the event loop never waits for a file."""

    def __init__(self, store: SqliteKeys, clock: Callable[[], datetime]) -> None:
        """Read everything once; errors are ``StoreError``."""
        self._store = store
        self._clock = clock
        self._ring = store.keyring(clock())
        self._looked = time.monotonic()
        self._noted = time.monotonic()
        self._used: dict[str, datetime] = {}

    @property
    def known(self) -> Keyring:
        """The keyring as it was last read."""
        return self._ring

    async def ring(self) -> Keyring:
        """The keyring as it was a quarter of a second ago or later; ``StoreError`` when it cannot be known."""
        if time.monotonic() - self._looked >= FRESH_SECONDS:
            self._looked = time.monotonic()  # others need not look too
            try:
                await asyncio.to_thread(self.look)
            except BaseException:
                self._looked = -math.inf  # the next one looks again: an old keyring must not be trusted for long
                raise
        return self._ring

    def look(self) -> None:
        """Read what has changed, and write down what was used; blocks."""
        if time.monotonic() - self._noted >= NOTE_SECONDS:
            self.note()
        self._ring = self._store.followed(self._ring, self._clock())

    def note(self) -> None:
        """Write down when keys were last used; blocks."""
        self._noted = time.monotonic()
        used, self._used = self._used, {}
        if used:
            self._store.touch(used)

    def opened_by(self, secret: str, ring: Keyring) -> ApiKey:
        """The key of a secret, or ``AuthenticationError``: an unknown one costs the same steps as one that is over."""
        now = self._clock()
        digest = digest_of(secret)
        held = ring.secrets.get(digest)
        known = hmac.compare_digest(digest, held.digest if held else _NO_DIGEST)
        key = ring.keys.get(held.key if held else "")
        fresh = held is None or held.valid_until is None or held.valid_until > now
        if key is None or not known or not fresh or key.state(now) != "active":
            raise AuthenticationError(UNKNOWN)
        self.use(key)
        return key

    def use(self, key: ApiKey) -> None:
        """Remember that a key was used now, to the minute."""
        self._used[key.id] = self._clock().replace(second=0, microsecond=0)


def expires_after(key: ApiKey, moment: datetime) -> datetime:
    """``moment``, or when the key ends if that is earlier."""
    return moment if key.expires_at is None else min(moment, key.expires_at)

"""The gate of a server with keys: lets callers in by key or token, refuses what they may not, writes down what was done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agentmem_core.errors import AuthenticationError, RateLimitedError
from agentmem_core.http import ROUTE_OF
from agentmem_core.model.keys import EVERY_TENANT, ApiKey
from agentmem_core.operations import Op
from agentmem_core.operations.base import MEMORIES
from agentmem_core.server.gate import Admission, Caller, Outcome
from agentmem_core.server.security.chain import Fields
from agentmem_core.server.security.keys import PREFIX, Keys, now_utc
from agentmem_core.server.security.limiting import Limiter, cost_of, parsed_limits
from agentmem_core.server.security.live import UNKNOWN, LiveKeys
from agentmem_core.server.security.rights import permit
from agentmem_core.server.security.tokens import Bearer, Tokens
from agentmem_core.server.security.trail import AuditTrail
from agentmem_core.server.touched import MOST
from agentmem_core.storage.sqlite import Keyring, SqliteKeys, SqliteTrail

if TYPE_CHECKING:
    from limits import RateLimitItem

logger = logging.getLogger("agentmem_core.server")

FAILURES = "1000/minute"
"""How often one peer may fail to be let in before it is told to wait; keys and tokens that are good pass all the same."""

NOTED = "30/minute"
"""How many of these are written down, so that nobody fills the disk with them."""

LOOKS = frozenset({"key_list", "key_show"})
"""What is done to keys and changes none."""

_LONGEST_HEADER = 10_000

_NOTHING_DONE = frozenset({"forbidden", "invalid_input", "not_found", "rate_limited", "store_full", "unauthenticated"})
"""How what would have changed something has ended without having done so."""


@dataclass(frozen=True, slots=True)
class Bearing(Caller):
    """A caller with what let it in: ``key`` itself, or the key that ``bearer`` was made of."""

    key: ApiKey | None = None
    bearer: Bearer | None = None

    is_checked = True

    @property
    def account(self) -> str:
        return self.key.id if self.key else self.name


class KeyGate:
    """A ``WatchingGate`` of keys and tokens.

    ``open_without_keys`` lets everyone do everything while there is no key at all, and no token can be let in: for loopback only.
    The first key closes it, at once, and revoking keys does not open it again.
    """

    def __init__(
        self,
        keys: SqliteKeys,
        trail: AuditTrail,
        trail_store: SqliteTrail,
        tokens: Tokens,
        limiter: Limiter,
        *,
        limits: Sequence[RateLimitItem] = (),
        open_without_keys: bool = False,
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        """Everything of it is closed with the gate; ``limits`` are for keys that have none of their own."""
        self.keys = Keys(keys, clock)
        self.tokens = tokens
        self.trail = trail
        self._store = keys
        self._trail_store = trail_store
        self._live = LiveKeys(keys, clock)
        self._limiter = limiter
        self._limits = limits
        self._failures = parsed_limits(FAILURES)
        self._noted = parsed_limits(NOTED)
        self._open_without_keys = open_without_keys
        self._clock = clock

    async def admit(self, authorization: str | None, peer: str) -> Admission:
        await self.trail.ready()
        ring = await self._live.ring()
        if self._open_to_all(ring):
            return Admission(Caller("open", "admin"))
        try:
            caller, limits = await self._known(authorization, ring)
        except AuthenticationError as error:
            await self._turned_away(peer, error)
            raise
        return Admission(caller, await self._limiter.take(limits, f"key/{caller.account}"))

    async def still(self, authorization: str | None) -> Caller:
        ring = await self._live.ring()
        return Caller("open", "admin") if self._open_to_all(ring) else (await self._known(authorization, ring))[0]

    async def ready(self) -> None:
        await self.trail.ready()

    @property
    def is_open(self) -> bool:
        """Whether everyone was let in, for want of any key, when it was last looked."""
        return self._open_to_all(self._live.known)

    def allow(self, caller: Caller, op: Op[Any]) -> None:
        permit(caller, op)
        if op.access != "read":
            self.trail.require_writable()

    async def record(self, caller: Caller, op: Op[Any], outcome: Outcome) -> None:
        extra = cost_of(op) - 1
        if extra and outcome.code == "ok" and isinstance(caller, Bearing):
            await self._limiter.charge(self._limits_of(caller.key), f"key/{caller.account}", extra)
        changed = op.access != "read"
        await self.trail.append(
            self._entry(caller, op, outcome),
            durable=changed or outcome.code in {"forbidden", "unauthenticated"},
            patient=not changed or outcome.code in _NOTHING_DONE,
        )

    async def close(self) -> None:
        await self._limiter.close()
        await self.trail.close()
        await asyncio.to_thread(self._let_go)

    def close_now(self) -> None:
        """The same, blocking: for those who have no event loop."""
        self.trail.close_now()
        self._let_go()

    async def changed(self) -> None:
        """What was just changed here about keys and tokens holds for the next request."""
        await asyncio.to_thread(self._live.look)

    async def note(
        self, caller: Caller, what: str, ids: Sequence[str], *, tenant: str | None, code: str = "ok"
    ) -> None:
        """Write down what was done to keys and tokens."""
        fields = {"op": what, "who": caller.name, "tenant": tenant, "ids": list(ids), "code": code, "at": self._now()}
        await self.trail.append(fields, durable=True, patient=code != "ok" or what in LOOKS)

    def _open_to_all(self, ring: Keyring) -> bool:
        return self._open_without_keys and not ring.keys and not self.tokens.configured

    def _let_go(self) -> None:
        self._live.note()
        self.tokens.close()
        self._trail_store.close()
        self._store.close()

    async def _known(self, authorization: str | None, ring: Keyring) -> tuple[Bearing, Sequence[RateLimitItem]]:
        """Who shows this header, and what it may ask in a time."""
        shown = _credential(authorization)
        if shown.startswith(PREFIX):
            key = self._live.opened_by(shown, ring)
            tenant = None if key.tenant == EVERY_TENANT else key.tenant
            return Bearing(key.id, key.role, tenant, key.user_id, key), self._limits_of(key)
        if not self.tokens.configured:
            raise AuthenticationError(UNKNOWN)
        bearer = await self.tokens.examine(shown)
        key_of = None if bearer.key is None else ring.keys.get(bearer.key)
        lost = bearer.key is not None and (key_of is None or key_of.state(self._clock()) != "active")
        if lost or (bearer.tenant, bearer.id) in ring.denied:
            raise AuthenticationError(UNKNOWN)
        if key_of is not None:
            self._live.use(key_of)
        name = f"token_{bearer.id}" if bearer.id else f"token of {bearer.user_id or bearer.tenant}"
        return Bearing(name, bearer.role, bearer.tenant, bearer.user_id, key_of, bearer), self._limits_of(key_of)

    def _limits_of(self, key: ApiKey | None) -> Sequence[RateLimitItem]:
        return self._limits if key is None or key.limits is None else parsed_limits(key.limits)

    async def _turned_away(self, peer: str, error: AuthenticationError) -> None:
        """Count it, and write the first of a minute down."""
        try:
            await self._limiter.take(self._failures, f"peer/{peer}")
        except RateLimitedError as too_many:
            raise RateLimitedError(
                f"too many requests without a valid key; try again in {too_many.retry_after:.0f} s",
                too_many.retry_after, too_many.headers,
            ) from None  # fmt: skip
        try:
            await self._limiter.take(self._noted, f"noted/{peer}")
        except RateLimitedError:
            return
        fields = {"op": "admit", "peer": peer, "code": error.code, "at": self._now()}
        await self.trail.append(fields, durable=False, patient=True)

    def _entry(self, caller: Caller, op: Op[Any], outcome: Outcome) -> Fields:
        named = _targets(op)
        ids, count = (named, len(named)) if named else (outcome.ids, outcome.count)
        fields: dict[str, Any] = {
            "at": self._now(), "who": caller.name, "op": ROUTE_OF[type(op)].name, "tenant": op.scope.tenant,
            "user": op.scope.user_id, "agent": op.scope.agent_id, "session": op.scope.session_id,
            "ids": list(ids[:MOST]), "count": count, "code": outcome.code, "status": outcome.status,
            "us": int(outcome.seconds * 1e6), "request": outcome.request_id,
        }  # fmt: skip
        collection = getattr(op, "collection", None)
        if collection not in (None, MEMORIES):
            fields["collection"] = collection
        return {name: value for name, value in fields.items() if value is not None and value != []}

    def _now(self) -> str:
        return self._clock().isoformat(timespec="microseconds")


def _credential(authorization: str | None) -> str:
    """What an ``Authorization`` header shows."""
    if not authorization or not authorization.strip():
        raise AuthenticationError(
            "no key was given; give AgentMem api_key= (or AGENTMEM_API_KEY), or send the header Authorization: Bearer agm_..."
        )
    scheme, _, shown = authorization.strip().partition(" ")
    shown = shown.strip()
    if scheme.lower() != "bearer" or not shown or " " in shown or len(shown) > _LONGEST_HEADER or not shown.isascii():
        raise AuthenticationError("the Authorization header must be the word Bearer, a space, and a key or a token")
    return shown


def _targets(op: Op[Any]) -> tuple[str, ...]:
    """The ids that an operation names; names of entries, labels and keys are content, and are left out."""
    fields = op.__dict__
    ids = fields.get("ids")
    if ids:
        return tuple(ids)
    one = fields.get("id")
    return (one,) if isinstance(one, str) else ()

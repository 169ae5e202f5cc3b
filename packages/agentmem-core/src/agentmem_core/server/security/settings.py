"""What decides who is let in, and the gate that comes of it."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agentmem_core.errors import InvalidInputError, NotConfiguredError
from agentmem_core.server.loopback import is_loopback
from agentmem_core.server.security.chain import Chain
from agentmem_core.server.security.gate import KeyGate
from agentmem_core.server.security.keys import now_utc
from agentmem_core.server.security.limiting import Limiter, MemoryCounter, RedisCounter, parsed_limits
from agentmem_core.server.security.tokens import Tokens, TokenSettings
from agentmem_core.server.security.trail import AuditTrail
from agentmem_core.settings import current
from agentmem_core.storage.sqlite import SqliteKeys, SqliteTrail

if TYPE_CHECKING:
    from limits import RateLimitItem

logger = logging.getLogger("agentmem_core.server")


@dataclass(frozen=True, slots=True)
class SecuritySettings:
    """``folder`` holds the keys and the audit, beside the ledger (None: in memory).

    ``limits`` are for every key without limits of its own, counted in memory, or at ``redis_url`` for several servers together.
    ``audit_keys`` make the audit's chain one that nobody without them can write.
    """

    folder: Path | None
    durability: Literal["full", "normal"] = "full"
    tokens: TokenSettings = field(default_factory=TokenSettings)
    limits: str | None = None
    redis_url: str | None = field(default=None, repr=False)
    audit_keys: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def configured(cls, folder: Path | None) -> SecuritySettings:
        """What the settings say; ``NotConfiguredError`` names the one that cannot be used."""
        return cls(
            folder,
            durability=current().value("durability"),
            tokens=TokenSettings(
                secret=_said("token_secret"), jwks=_said("jwks"), algorithm=_said("token_algorithm"),
                issuer=_said("token_issuer"), audience=_said("token_audience"), claims=_claims(),
            ),
            limits=_said("limits"),
            redis_url=_said("redis_url"),
            audit_keys=audit_keys(),
        )  # fmt: skip


def gate_for(settings: SecuritySettings, host: str) -> KeyGate:
    """The gate of a server that listens on ``host``; ``NotConfiguredError`` where it would be open to others."""
    limits = () if settings.limits is None else _limits(settings.limits)
    tokens = Tokens(settings.tokens, now_utc)
    limiter = Limiter(MemoryCounter() if settings.redis_url is None else RedisCounter(settings.redis_url))
    chain = Chain(settings.audit_keys)
    keys = SqliteKeys(settings.folder)
    try:
        _require_somebody(keys, tokens, host, settings.folder)
        store = SqliteTrail(settings.folder, durability=settings.durability)
    except BaseException:
        keys.close()
        raise
    return KeyGate(
        keys, AuditTrail(store, keys, chain), store, tokens, limiter, limits=limits, open_without_keys=is_loopback(host)
    )


def _require_somebody(keys: SqliteKeys, tokens: Tokens, host: str, folder: Path | None) -> None:
    """Refuse what would let in everybody, or nobody."""
    now, ours = now_utc(), keys.of(None)
    if tokens.configured or any(key.state(now) == "active" for key in ours):
        return
    how = "agentmem keys create --tenant default --role admin" + ("" if folder is None else f" --path {folder}")
    if ours:
        raise NotConfiguredError(
            f"every key has expired or was revoked, so that nobody could be let in; make one with  {how}"
        )
    if not is_loopback(host):
        raise NotConfiguredError(
            f"there is no key, so that everybody who reaches {host} would be let in; make one with  {how}"
        )
    logger.warning("there is no key: who reaches %s may read and erase everything; make one with  %s", host, how)


def audit_keys() -> tuple[bytes, ...]:
    """The keys of the audit's chain that are configured, the one that writes first; each base64 of 16 bytes or more."""
    found: list[bytes] = []
    said = current().found("server.audit_key")
    for number, text in enumerate((said.value or "").split(","), 1):
        if not text.strip():
            continue
        try:
            found.append(base64.urlsafe_b64decode(text.strip().replace("+", "-").replace("/", "_") + "=="))
        except (ValueError, binascii.Error):
            raise NotConfiguredError(f"{said.where}: key {number} is not base64") from None
    return tuple(found)


def _said(name: str) -> Any:
    return current().value(f"server.{name}")


def _claims() -> Mapping[str, str]:
    """``tenant=org,user=sub`` as a mapping."""
    said = current().found("server.token_claims")
    pairs = [part.split("=", 1) for part in (said.value or "").split(",") if part.strip()]
    if any(len(pair) != 2 or not all(word.strip() for word in pair) for pair in pairs):
        raise NotConfiguredError(f"{said.where}: must be like tenant=org,user=sub, not {json.dumps(said.value)}")
    return {pair[0].strip(): pair[1].strip() for pair in pairs}


def _limits(text: str) -> tuple[RateLimitItem, ...]:
    try:
        return parsed_limits(text)
    except InvalidInputError as error:
        raise NotConfiguredError(f"AGENTMEM_LIMITS: {error}") from None

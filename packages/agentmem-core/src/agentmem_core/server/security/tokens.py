"""Bearer tokens (JWT): short-lived ones of our own, and those that an issuer elsewhere signs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from agentmem_core.errors import (
    AgentMemError,
    AuthenticationError,
    InvalidInputError,
    NotConfiguredError,
    PermissionDeniedError,
)
from agentmem_core.model.keys import EVERY_TENANT, ApiKey, Role
from agentmem_core.model.values import Name, Value
from agentmem_core.operations import build
from agentmem_core.server.gate import RANKS
from agentmem_core.server.security.issuers import JwkSet
from agentmem_core.server.security.live import UNKNOWN, expires_after

if TYPE_CHECKING:
    from types import ModuleType

OURS = "agentmem"
"""``iss`` and ``aud`` of the tokens that are signed with the secret."""

SHORTEST_SECRET = 32
LEEWAY = 30
"""Seconds by which clocks may differ."""

LIFETIME = timedelta(minutes=15)
LONGEST = timedelta(hours=24)
"""How long a token is valid at most, and how long it can be refreshed before its key must be shown again."""

_MOST_CHARACTERS = 8_192
_SIGNED_ELSEWHERE = ("RS256", "EdDSA")


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Who may sign tokens, and how their claims are called.

    ``secret`` signs our own (HS256). ``jwks`` holds the keys of an issuer elsewhere, whose tokens are signed by ``algorithm``
    alone, and must be by ``issuer`` and for ``audience``. ``claims`` says how theirs are called; a ``user`` that is named there
    must be in every token, otherwise one without a user is for every user of its tenant.
    """

    secret: str | None = field(default=None, repr=False)
    jwks: str | None = None
    algorithm: str = "RS256"
    issuer: str | None = None
    audience: str | None = None
    claims: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """``NotConfiguredError`` says what is missing or too weak."""
        if self.secret is not None and (len(self.secret.encode()) < SHORTEST_SECRET or len(set(self.secret)) < 8):
            raise NotConfiguredError(
                f"AGENTMEM_TOKEN_SECRET: must be {SHORTEST_SECRET} random bytes or more; make one with  "
                'python -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        if self.jwks is not None and not (self.issuer and self.audience):
            raise NotConfiguredError(
                "AGENTMEM_JWKS: needs AGENTMEM_TOKEN_ISSUER and AGENTMEM_TOKEN_AUDIENCE, or tokens that the issuer signed for "
                "other programs would be let in"
            )
        if self.algorithm not in _SIGNED_ELSEWHERE:
            raise NotConfiguredError(f"AGENTMEM_TOKEN_ALGORITHM: must be {' or '.join(_SIGNED_ELSEWHERE)}")
        if unknown := set(self.claims) - {"tenant", "user", "role"}:
            raise NotConfiguredError(f"AGENTMEM_TOKEN_CLAIMS: names are tenant, user, role, not {', '.join(unknown)}")


class Bearer(Value):
    """What a token says, checked."""

    id: Name | None = None
    tenant: Name
    user_id: Name | None = None
    role: Role
    key: Name | None = None
    """The key that a token of ours was made of."""

    expires_at: datetime
    shown_at: datetime | None = None
    """When that key was shown for it, or for the one that it refreshes."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, at the one moment when it is known."""

    bearer: Bearer
    token: str = field(repr=False)


class Tokens:
    """Issues tokens and examines them. The algorithm is that of the configured key, never what a token asks for."""

    def __init__(self, settings: TokenSettings, clock: Callable[[], datetime]) -> None:
        """``NotConfiguredError`` when PyJWT is not installed, or what is configured cannot be used."""
        self._settings = settings
        self._clock = clock
        self._jwks = None if settings.jwks is None else JwkSet(settings.jwks)
        if self.configured:
            _jwt()

    @property
    def configured(self) -> bool:
        """Whether any token can be let in."""
        return self._settings.secret is not None or self._jwks is not None

    @property
    def elsewhere(self) -> bool:
        """Whether an issuer elsewhere is trusted, so that it is not known when a token expires that is named by its id."""
        return self._jwks is not None

    def issue(
        self,
        key: ApiKey,
        *,
        lifetime: timedelta = LIFETIME,
        tenant: str | None = None,
        role: Role | None = None,
        user_id: str | None = None,
        shown_at: datetime | None = None,
    ) -> Issued:
        """A token for what a key may do, or less: ``role`` and ``user_id`` narrow it. It ends with its key."""
        secret = self._secret()
        _no_more(key, role, user_id)
        now = self._clock()
        if not timedelta(seconds=1) <= lifetime <= LONGEST:
            raise InvalidInputError(f"lifetime: must be 1 second to {LONGEST.days * 24} hours")
        shown = shown_at or now
        ends = min(expires_after(key, now + lifetime), shown + LONGEST)
        if ends <= now:
            raise AuthenticationError("this token cannot be refreshed any more; show the key again")
        bearer = build(
            Bearer, id=secrets.token_hex(16), key=key.id, tenant=_tenant(key, tenant), role=role or key.role,
            user_id=user_id or key.user_id, expires_at=ends, shown_at=shown,
        )  # fmt: skip
        claims = {
            "iss": OURS, "aud": OURS, "sub": bearer.key, "jti": bearer.id, "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()), "exp": int(ends.timestamp()), "tenant": bearer.tenant, "role": bearer.role,
            "key": bearer.key, "auth_time": int(shown.timestamp()),
        }  # fmt: skip
        if bearer.user_id is not None:
            claims["user"] = bearer.user_id
        return Issued(bearer, _jwt().encode(claims, secret, algorithm="HS256"))

    async def examine(self, token: str) -> Bearer:
        """What a token says, or ``AuthenticationError``, whatever is wrong with it."""
        jwt = _jwt()
        if len(token) > _MOST_CHARACTERS:
            raise AuthenticationError(UNKNOWN)
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm == "HS256" and self._settings.secret is not None:
                return self._ours(jwt, token, self._settings.secret)
            if algorithm == self._settings.algorithm and self._jwks is not None:
                kid = header.get("kid")
                public = await self._jwks.key(kid if isinstance(kid, str) else None, self._settings.algorithm)
                return self._theirs(jwt, token, public)
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise AuthenticationError(UNKNOWN) from None
        raise AuthenticationError(UNKNOWN)

    def close(self) -> None:
        """Nothing is asked of anybody any more."""
        if self._jwks is not None:
            self._jwks.close()

    def _secret(self) -> str:
        if self._settings.secret is None:
            raise NotConfiguredError(
                "this server issues no tokens; set AGENTMEM_TOKEN_SECRET to 32 random bytes or more, for example from  "
                'python -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        return self._settings.secret

    def _ours(self, jwt: ModuleType, token: str, secret: str) -> Bearer:
        required = ["exp", "iat", "iss", "aud", "jti", "tenant", "role"]
        claims: Mapping[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            issuer=OURS,
            audience=OURS,
            leeway=LEEWAY,
            options={"require": required},
        )
        return _bearer(claims, {}, key=claims.get("key"), shown_at=claims.get("auth_time"))

    def _theirs(self, jwt: ModuleType, token: str, public: Any) -> Bearer:
        settings = self._settings
        claims: Mapping[str, Any] = jwt.decode(
            token, public, algorithms=[settings.algorithm], issuer=settings.issuer, audience=settings.audience,
            leeway=LEEWAY, options={"require": ["exp", "iss", "aud"]},
        )  # fmt: skip
        return _bearer(claims, settings.claims)


def _no_more(key: ApiKey, role: Role | None, user_id: str | None) -> None:
    """A token may less than its key, or the same."""
    if role is not None and RANKS.get(role, len(RANKS)) > RANKS[key.role]:
        raise PermissionDeniedError(f"role: the key may {key.role}, and a token made of it no more")
    if key.user_id is not None and user_id not in (None, key.user_id):
        raise PermissionDeniedError("user_id: the key is for one user, and a token made of it for no other")


def _bearer(claims: Mapping[str, Any], names: Mapping[str, str], **more: Any) -> Bearer:
    def said(name: str) -> Any:
        return claims.get(names.get(name, name))

    if said("tenant") == EVERY_TENANT or ("user" in names and said("user") is None):
        raise AuthenticationError(UNKNOWN)
    moments = {"expires_at": claims["exp"], **more}
    try:
        return Bearer(id=claims.get("jti"), tenant=said("tenant"), user_id=said("user"), role=said("role"), **moments)
    except (AgentMemError, ValueError):
        raise AuthenticationError(UNKNOWN) from None


def _tenant(key: ApiKey, named: str | None) -> str:
    if key.tenant != EVERY_TENANT:
        return key.tenant
    if named in (None, EVERY_TENANT):
        raise InvalidInputError("tenant: an operator's key makes tokens for one tenant at a time; name it")
    return str(named)


def _jwt() -> ModuleType:
    try:
        import jwt
    except ImportError as error:
        raise NotConfiguredError('tokens need PyJWT; run: pip install "agentmem-core[server]"') from error
    return jwt

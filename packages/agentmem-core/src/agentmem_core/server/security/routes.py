"""``/v1/keys``: keys and tokens over HTTP, for those who may see to a tenant."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import ConfigDict, Field

from agentmem_core.errors import AgentMemError, InvalidInputError, NotConfiguredError, PermissionDeniedError
from agentmem_core.model.keys import ApiKey, Role
from agentmem_core.model.values import Instant, Name, Text, Value
from agentmem_core.server.gate import Caller
from agentmem_core.server.security.gate import LOOKS, Bearing, KeyGate
from agentmem_core.server.security.keys import GRACE, LONGEST_GRACE, Shown
from agentmem_core.server.security.tokens import LEEWAY, LIFETIME, LONGEST

T = TypeVar("T")

_MOST_LISTED = 1_000

_KEY = {"role": "read", "user_id": "ana", "name": "ana's phone", "limits": "600/minute;100000/day"}
_TOKEN = {"role": "read", "user_id": "ana", "lifetime_seconds": 900}
_GRACE = {"grace_seconds": 3_600}
"""What requests look like."""


class Asked(Value):
    """What a request says; built at once, since FastAPI looks at it at once."""

    model_config = ConfigDict(defer_build=False)


class NewKey(Asked):
    """The key to make. A ``tenant`` only an operator may name; ``user_id`` fixes the user."""

    tenant: Name | None = None
    role: Role = "write"
    user_id: Name | None = None
    name: Text | None = None
    expires_at: Instant | None = None
    limits: Text | None = None


class NewToken(Asked):
    """The token to make: for what the key may, or less."""

    tenant: Name | None = None
    role: Role | None = None
    user_id: Name | None = None
    lifetime_seconds: Annotated[int, Field(ge=1, le=int(LONGEST.total_seconds()))] = int(LIFETIME.total_seconds())


class Rotation(Asked):
    """For how long the former secret is still valid."""

    grace_seconds: Annotated[int, Field(ge=0, le=int(LONGEST_GRACE.total_seconds()))] = int(GRACE.total_seconds())


class KeyAnswer(ApiKey):
    """What is known of a key, and whether it lets anybody in."""

    status: str


class SecretAnswer(KeyAnswer):
    """The same with its secret, which nobody can show again."""

    secret: Annotated[str, Field(repr=False)]


class TokenAnswer(Value):
    """A token; ``expires_in`` is in seconds."""

    id: str
    token: Annotated[str, Field(repr=False)]
    token_type: str = "Bearer"  # noqa: S105 - the scheme, no secret
    expires_in: int
    expires_at: Instant


class Self(Value):
    """Who asks; a ``tenant`` or ``user_id`` that is None may be named in each request."""

    name: str
    role: Role
    tenant: Name | None
    user_id: Name | None


class _Desk:
    """What the routes have in common: who asks is let in, what is done is written down."""

    def __init__(self, gate: KeyGate | None) -> None:
        self._gate = gate

    @property
    def gate(self) -> KeyGate:
        """Of a server that runs."""
        if self._gate is None:
            raise NotConfiguredError("these routes were made to be described only; give them a gate")
        return self._gate

    async def caller(self, request: Request, response: Response) -> Caller:
        """Who asks."""
        peer = request.client.host if request.client else ""
        admission = await self.gate.admit(request.headers.get("authorization"), peer)
        response.headers.update(admission.headers)
        return admission.caller

    async def do(
        self, caller: Caller, what: str, ids: Sequence[str], named: str | None, work: Callable[[str | None], T],
        *, allowed: Callable[[Caller], None] | None = None,
    ) -> T:  # fmt: skip
        """What ``work`` answers about the caller's tenant, or the one that it names; what is refused is written down too."""
        tenant = caller.tenant
        try:
            if allowed is not None:
                allowed(caller)
            tenant = _one_tenant(caller, named)
            if what not in LOOKS:
                self.gate.trail.require_writable()
            answer = await asyncio.to_thread(work, tenant)
        except AgentMemError as error:
            await self.gate.note(caller, what, ids, tenant=tenant, code=error.code)
            raise
        made = [answer.key.id] if isinstance(answer, Shown) else ids
        tenant = answer.key.tenant if isinstance(answer, Shown) else tenant
        await self.gate.note(caller, what, made, tenant=tenant)
        await self.gate.changed()
        return answer


def key_routes(gate: KeyGate | None) -> APIRouter:
    """Routes to make, list, rotate and revoke keys and tokens; ``create_app`` takes them as one of its ``routers``.

    Without a gate they can be described, and not asked.
    """
    router = APIRouter(prefix="/v1/keys", tags=["keys"])
    desk = _Desk(gate)
    asking: Any = Depends(desk.caller)

    @router.get("/self", operation_id="key_self")
    async def who_am_i(caller: Caller = asking) -> Self:
        """Who asks, and what it may.

        For every key and token.
        """
        return Self(name=caller.name, role=caller.access, tenant=caller.tenant, user_id=caller.user_id)

    @router.post("/token", status_code=201, operation_id="token_create", openapi_extra=_body(_TOKEN))
    async def make_token(asked: NewToken, caller: Caller = asking) -> TokenAnswer:
        """A short-lived token for the key, or the token of ours, that is shown.

        For every key; what is asked for must not be more than it may.
        """
        key, shown_at = _key_of(caller)
        issued = await desk.do(caller, "token_create", (), None, lambda _: desk.gate.tokens.issue(
            key, lifetime=timedelta(seconds=asked.lifetime_seconds), tenant=asked.tenant, role=asked.role,
            user_id=asked.user_id, shown_at=shown_at,
        ))  # fmt: skip
        bearer = issued.bearer
        left = bearer.expires_at - datetime.now(UTC)
        return TokenAnswer(
            id=str(bearer.id), token=issued.token, expires_in=max(0, round(left.total_seconds())),
            expires_at=bearer.expires_at,
        )  # fmt: skip

    @router.delete("/token/{token_id}", status_code=204, operation_id="token_revoke")
    async def revoke_token(
        token_id: Name, tenant: Annotated[Name | None, Query()] = None, caller: Caller = asking
    ) -> None:
        """Let nobody in by this token from now on; whether there is one is not told.

        Needs admin access, or the token itself.
        """
        own = isinstance(caller, Bearing) and caller.bearer is not None and caller.bearer.id == token_id
        until = None if desk.gate.tokens.elsewhere else datetime.now(UTC) + LONGEST + timedelta(seconds=2 * LEEWAY)
        await desk.do(
            caller, "token_revoke", (token_id,), tenant,
            lambda whose: desk.gate.keys.deny(whose or "default", token_id, until), allowed=None if own else _require_admin,
        )  # fmt: skip

    @router.post("", status_code=201, operation_id="key_create", openapi_extra=_body(_KEY))
    async def create(asked: NewKey, caller: Caller = asking) -> SecretAnswer:
        """Make a key. Its secret is in this answer, and nowhere else ever.

        Needs a key of admin access that is for all users; a token makes none. On a server without keys the first one closes it.
        """
        shown = await desk.do(caller, "key_create", (), asked.tenant, lambda whose: desk.gate.keys.create(
            tenant=whose or "default", role=asked.role, user_id=asked.user_id, name=asked.name,
            expires_at=asked.expires_at, limits=asked.limits,
        ), allowed=_require_maker)  # fmt: skip
        return _shown(shown)

    @router.get("", operation_id="key_list")
    async def keys(
        after: Annotated[Name | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=_MOST_LISTED)] = _MOST_LISTED,
        caller: Caller = asking,
    ) -> list[KeyAnswer]:
        """The keys of the tenant in the order they were made, those that are over too; never their secrets.

        Needs admin access to all users. With as many as the limit there may be more: ask again with the last id as after.
        """
        found = await desk.do(
            caller, "key_list", (), None, lambda whose: desk.gate.keys.list(whose, after=after, limit=limit),
            allowed=_require_admin,
        )  # fmt: skip
        return [_known(key) for key in found]

    @router.get("/{key_id}", operation_id="key_show")
    async def one(key_id: Name, caller: Caller = asking) -> KeyAnswer:
        """What is known of a key.

        Needs admin access to all users; a key of another tenant does not exist.
        """
        found = await desk.do(
            caller,
            "key_show",
            (key_id,),
            None,
            lambda whose: desk.gate.keys.find(key_id, whose),
            allowed=_require_admin,
        )
        return _known(found)

    @router.post("/{key_id}/rotate", operation_id="key_rotate", openapi_extra=_body(_GRACE))
    async def rotate(key_id: Name, asked: Rotation | None = None, caller: Caller = asking) -> SecretAnswer:
        """Give a key a new secret; the former one is valid for a time of grace.

        Needs a key of admin access that is for all users; a token makes none.
        """
        grace = timedelta(seconds=(asked or Rotation()).grace_seconds)
        return _shown(await desk.do(
            caller, "key_rotate", (key_id,), None, lambda whose: desk.gate.keys.rotate(key_id, whose, grace=grace),
            allowed=_require_maker,
        ))  # fmt: skip

    @router.delete("/{key_id}", operation_id="key_revoke")
    async def revoke(key_id: Name, caller: Caller = asking) -> KeyAnswer:
        """Let nobody in by this key, or a token made of it, from now on.

        Needs admin access to all users. It is safe to repeat.
        """
        return _known(await desk.do(
            caller, "key_revoke", (key_id,), None, lambda whose: desk.gate.keys.revoke(key_id, whose), allowed=_require_admin
        ))  # fmt: skip

    return router


def _body(example: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"example": example}}}}


def _require_admin(caller: Caller) -> None:
    if caller.access != "admin":
        raise PermissionDeniedError(f"this needs a key of role admin, and this one may {caller.access}")
    if caller.user_id is not None:
        raise PermissionDeniedError("this concerns every user of the tenant, and this key is for one; use another key")


def _require_maker(caller: Caller) -> None:
    """A token of ours ends soon; what it could make would not."""
    _require_admin(caller)
    if isinstance(caller, Bearing) and caller.bearer is not None and caller.bearer.key is not None:
        raise PermissionDeniedError("a token makes no keys; show the key itself")


def _one_tenant(caller: Caller, named: str | None) -> str | None:
    if caller.tenant is not None and named not in (None, caller.tenant):
        raise PermissionDeniedError("tenant: this key is for another one; leave tenant out, or use a key for it")
    return caller.tenant or named


def _key_of(caller: Caller) -> tuple[ApiKey, datetime | None]:
    """What a token may be made of: the key that is shown, or as much of it as the token that is shown has."""
    if not isinstance(caller, Bearing) or caller.key is None:
        if caller.name == "open":
            raise NotConfiguredError("this server has no keys, and asks for none")
        raise PermissionDeniedError("tokens are made of keys; show a key, or a token that was made of one here")
    if caller.bearer is None:
        return caller.key, None
    narrowed = {"role": caller.bearer.role, "user_id": caller.bearer.user_id, "tenant": caller.bearer.tenant}
    if caller.bearer.shown_at is None:
        raise InvalidInputError("this token does not say when its key was shown; show the key itself")
    return caller.key.model_copy(update=narrowed), caller.bearer.shown_at


def _known(key: ApiKey) -> KeyAnswer:
    return KeyAnswer.model_construct(**dict(key), status=key.state(datetime.now(UTC)))


def _shown(shown: Shown) -> SecretAnswer:
    return SecretAnswer(**_known(shown.key).model_dump(), secret=shown.secret)

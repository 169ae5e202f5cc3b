"""Who asks, and what they may: the one place where requests are let in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from agentmem_core.errors import PermissionDeniedError
from agentmem_core.http import ScopeNames
from agentmem_core.model import Scope
from agentmem_core.operations import Op
from agentmem_core.operations.base import Access

RANKS: dict[Access, int] = {"read": 0, "write": 1, "admin": 2}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: ``name`` is the id of the key or token, never itself. None for ``tenant`` or ``user_id``: it may say which."""

    name: str
    access: Access
    tenant: str | None = None
    user_id: str | None = None

    is_checked: ClassVar[bool] = False
    """Whether both are known to be names as ``Name`` has them; those of any gate need not be."""

    @property
    def account(self) -> str:
        """Whose limits it counts against: a key, with the tokens that were made of it."""
        return self.name

    def require(self, access: Access) -> None:
        """``PermissionDeniedError`` where its role is too low."""
        if RANKS[self.access] < RANKS[access]:
            raise PermissionDeniedError(f"this needs a key of role {access}, and this one may {self.access}")

    def scope(self, names: ScopeNames) -> Scope:
        """The scope of a request; what it does not name is the caller's, or else the default."""
        is_known = self.is_checked or (self.tenant is None and self.user_id is None)
        return (Scope.trusted if is_known else Scope)(
            tenant=_one("tenant", self.tenant, names.tenant),
            user_id=_one("user_id", self.user_id, names.user_id),
            agent_id=names.agent_id,
            session_id=names.session_id,
        )


def _one(what: str, fixed: str | None, named: str | None) -> str:
    if fixed is not None and named not in (None, fixed):
        raise PermissionDeniedError(f"{what}: this key is for another one; leave {what} out, or use a key for it")
    return fixed or named or "default"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request went, without any content: ``code`` is that of the error, or "ok".

    ``ids`` are the first of the ``count`` memories that it answered with.
    """

    code: str
    status: int
    seconds: float
    request_id: str
    ids: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Admission:
    """A caller let in for one request; ``headers`` say what is left of its limits."""

    caller: Caller
    headers: Mapping[str, str] = field(default_factory=dict)


class Gate(Protocol):
    """Lets callers in. Called on the event loop, so it must not block: what takes long it does elsewhere."""

    async def admit(self, authorization: str | None, peer: str) -> Admission:
        """The caller of an ``Authorization`` header; ``AuthenticationError``, or ``RateLimitedError`` with its headers."""
        ...

    def allow(self, caller: Caller, op: Op[Any]) -> None:
        """Whether the caller may do this: ``PermissionDeniedError``, or ``NotFoundError`` where it must not know."""
        ...

    async def record(self, caller: Caller, op: Op[Any], outcome: Outcome) -> None:
        """Write down what was done or refused, before the answer leaves."""
        ...

    async def close(self) -> None:
        """Everything written down is on disk."""
        ...


@runtime_checkable
class WatchingGate(Gate, Protocol):
    """A gate that can say at any time whether it would let callers in, and a caller that was let in before."""

    async def still(self, authorization: str | None) -> Caller:
        """Who shows this header now, or ``AuthenticationError``; it counts for nothing and is not written down."""
        ...

    async def ready(self) -> None:
        """Nothing when callers can be let in; ``AgentMemError`` says why nobody is."""
        ...


class OpenGate:
    """Lets everyone do everything: for one machine only, where a server listens on loopback."""

    async def admit(self, authorization: str | None, peer: str) -> Admission:
        return Admission(Caller("open", "admin"))

    def allow(self, caller: Caller, op: Op[Any]) -> None:
        """All is allowed."""

    async def record(self, caller: Caller, op: Op[Any], outcome: Outcome) -> None:
        """Nobody to be told apart."""

    async def close(self) -> None:
        """Nothing to finish."""

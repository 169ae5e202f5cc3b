"""What a caller may do, decided by the operation and nothing else."""

from __future__ import annotations

from typing import Any

from agentmem_core.errors import PermissionDeniedError
from agentmem_core.operations import Add, Compact, Import, Op, Reindex
from agentmem_core.operations.agents.knowledge import RotateKey
from agentmem_core.server.gate import RANKS, Caller

_OF_THE_TENANT = (Compact, Reindex, RotateKey)
"""What goes through everything of a tenant, whoever's it is."""


def permit(caller: Caller, op: Op[Any]) -> None:
    """Nothing, or ``PermissionDeniedError``.

    A refusal is decided without a look at what is stored, so that it tells nothing of it. What the scope does not hold is not
    decided here: the engine does not find it, whether it exists for somebody else or not.
    """
    caller.require(op.access)
    if caller.tenant not in (None, op.scope.tenant):
        raise PermissionDeniedError("tenant: this key is for another one; leave tenant out, or use a key for it")
    if _of_everyone(op) and RANKS[caller.access] < RANKS["admin"]:
        raise PermissionDeniedError("everyone: needs a key of role admin; leave everyone out, or use one")
    if isinstance(op, Reindex) and op.embedder is not None and caller.tenant is not None:
        raise PermissionDeniedError(
            "embedder: all tenants of a server have the same one, so only an operator's key may change it; leave embedder out"
        )
    if caller.user_id is not None:
        _within_user(caller.user_id, op)


def _within_user(user_id: str, op: Op[Any]) -> None:
    """A key for one user reaches no other, by whatever an operation names."""
    if op.scope.user_id != user_id:
        raise _another_user("user_id")
    match op:
        case Add(items=items):
            if any(item.user_id not in (None, user_id) for item in items):
                raise _another_user("items.user_id")
        case Import(keep_users=True, records=records):
            if any(record.get("user_id") != user_id for record in records):
                raise _another_user("records.user_id", "or give keep_users=False, which makes all yours")
        case _ if _of_everyone(op):
            raise _another_user("everyone")
        case _ if isinstance(op, _OF_THE_TENANT):
            raise PermissionDeniedError(
                "this concerns every user of the tenant, and this key is for one; use another key"
            )
        case _:
            pass


def _of_everyone(op: Op[Any]) -> bool:
    """Whether it is about all users of the tenant; asked of the field, so that a new operation cannot be forgotten here."""
    return op.__dict__.get("everyone") is True


def _another_user(what: str, instead: str = "or use a key for it") -> PermissionDeniedError:
    return PermissionDeniedError(f"{what}: this key is for one user; leave out what is another's, {instead}")

"""What all verbs share: the backend, and whose memory a call is about."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Scope
from agentmem_core.operations import Op, build
from agentmem_core.ports import Backend

T = TypeVar("T")

_NAMES = (str, type(None))


def _built(tenant: str, user_id: str, agent_id: str | None, session_id: str | None) -> Scope:
    """A checked scope, or an ``InvalidInputError``."""
    return build(Scope, tenant=tenant, user_id=user_id, agent_id=agent_id, session_id=session_id)


_scope_of = lru_cache(maxsize=1024)(_built)
"""A person is usually heard more than once: the same names are checked once. For plain texts alone: others may say they are equal."""


def require_callable(name: str, given: object) -> None:
    """What is called later is refused now, before anything is done."""
    if given is not None and not callable(given):
        raise InvalidInputError(f"{name}: must be a function, not {type(given).__name__}")


class Verbs:
    """A backend and the scope that calls fall back to."""

    _backend: Backend
    _scope: Scope

    @property
    def scope(self) -> Scope:
        """Whose memory a call is about when it does not say."""
        return self._scope

    def _within(self, user_id: str | None, agent_id: str | None, session_id: str | None) -> Scope:
        mine = self._scope
        if user_id is None and agent_id is None and session_id is None:
            return mine
        user_id = mine.user_id if user_id is None else user_id
        agent_id = mine.agent_id if agent_id is None else agent_id
        session_id = mine.session_id if session_id is None else session_id
        plain = type(user_id) is str and type(agent_id) in _NAMES and type(session_id) in _NAMES
        return (_scope_of if plain else _built)(mine.tenant, user_id, agent_id, session_id)

    def _run(self, op: Op[T]) -> T:
        return self._backend.execute(op)

    async def _arun(self, op: Op[T]) -> T:
        return await self._backend.aexecute(op)

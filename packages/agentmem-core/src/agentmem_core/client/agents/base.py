"""What all eight agents have in common: one memory type each, and the common verbs on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypedDict, TypeVar, Unpack

from agentmem_core.client.base import Verbs
from agentmem_core.client.items import Content, items_of
from agentmem_core.errors import InvalidInputError, NotFoundError
from agentmem_core.model import Added, Hit, Memory, MemoryType, Page, Scope
from agentmem_core.model.values import Value
from agentmem_core.operations import Add, Delete, Get, List, Search, Update, build
from agentmem_core.ports import Backend

V = TypeVar("V", bound=Value)
Memories = list[Memory]
Kind = type[V]


class Within(TypedDict, total=False):
    """Whose memory a call is about; what is not given is that of the client."""

    user_id: str | None
    agent_id: str | None
    session_id: str | None


class Agent(Verbs):
    """add, search, get, list, update, delete on the memories of one type; each with its ``a...`` twin."""

    name: ClassVar[str]
    type: ClassVar[MemoryType]

    def __init__(self, backend: Backend, scope: Scope) -> None:
        """The agent of one client."""
        self._backend = backend
        self._scope = scope

    def __repr__(self) -> str:
        """Which agent it is; nothing of what it holds."""
        return f"<{self.name} agent of {self._scope.user_id!r}>"

    def add(
        self,
        content: Content,
        *,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        occurred_at: datetime | str | None = None,
        expires_at: datetime | str | None = None,
        id: str | None = None,
        **scope: Unpack[Within],
    ) -> Added:
        """Remember texts or turns as memories of this agent's type."""
        return self._run(self._adding(content, scope, metadata, importance, occurred_at, expires_at, id))

    async def aadd(
        self,
        content: Content,
        *,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        occurred_at: datetime | str | None = None,
        expires_at: datetime | str | None = None,
        id: str | None = None,
        **scope: Unpack[Within],
    ) -> Added:
        """``add`` without blocking the event loop."""
        return await self._arun(self._adding(content, scope, metadata, importance, occurred_at, expires_at, id))

    def search(
        self,
        query: str | None = None,
        *,
        limit: int = 10,
        filters: Any = None,
        mode: str = "hybrid",
        as_of: datetime | str | None = None,
        now: datetime | str | None = None,
        min_score: float | None = None,
        **scope: Unpack[Within],
    ) -> list[Hit]:
        """The memories of this agent that answer ``query``, best first; times in it are relative to ``now``."""
        return self._run(self._searching(query, scope, limit, filters, mode, as_of, now, min_score))

    async def asearch(
        self,
        query: str | None = None,
        *,
        limit: int = 10,
        filters: Any = None,
        mode: str = "hybrid",
        as_of: datetime | str | None = None,
        now: datetime | str | None = None,
        min_score: float | None = None,
        **scope: Unpack[Within],
    ) -> list[Hit]:
        """``search`` without blocking the event loop."""
        return await self._arun(self._searching(query, scope, limit, filters, mode, as_of, now, min_score))

    def list(
        self,
        *,
        limit: int = 100,
        cursor: str | None = None,
        filters: Any = None,
        order: str = "oldest",
        **scope: Unpack[Within],
    ) -> Page:
        """A page of this agent's memories in the order they were added."""
        return self._run(
            self._op(List, scope, limit=limit, cursor=cursor, filters=filters, order=order, types=(self.type,))
        )

    async def alist(
        self,
        *,
        limit: int = 100,
        cursor: str | None = None,
        filters: Any = None,
        order: str = "oldest",
        **scope: Unpack[Within],
    ) -> Page:
        """``list`` without blocking the event loop."""
        return await self._arun(
            self._op(List, scope, limit=limit, cursor=cursor, filters=filters, order=order, types=(self.type,))
        )

    def update(
        self,
        id: str,
        *,
        content: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        occurred_at: datetime | str | None = None,
        expires_at: datetime | str | None = None,
        reason: str | None = None,
        expected_version: int | None = None,
        **scope: Unpack[Within],
    ) -> Memory:
        """Change a memory of this agent, as a new version."""
        return self._run(
            self._updating(
                id, scope, content=content, metadata=metadata, importance=importance, occurred_at=occurred_at,
                expires_at=expires_at, reason=reason, expected_version=expected_version,
            )
        )  # fmt: skip

    async def aupdate(
        self,
        id: str,
        *,
        content: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        occurred_at: datetime | str | None = None,
        expires_at: datetime | str | None = None,
        reason: str | None = None,
        expected_version: int | None = None,
        **scope: Unpack[Within],
    ) -> Memory:
        """``update`` without blocking the event loop."""
        return await self._arun(
            self._updating(
                id, scope, content=content, metadata=metadata, importance=importance, occurred_at=occurred_at,
                expires_at=expires_at, reason=reason, expected_version=expected_version,
            )
        )  # fmt: skip

    def _op(self, kind: Kind[V], scope: Within, **given: Any) -> V:
        """A checked operation in the scope of a call."""
        strange = [name for name in scope if name not in Within.__annotations__]
        if strange:
            raise InvalidInputError(f"{strange[0]}: is not an argument of this call")
        within = self._within(scope.get("user_id"), scope.get("agent_id"), scope.get("session_id"))
        return build(kind, scope=within, **given)

    def _adding(
        self,
        content: Content,
        scope: Within,
        metadata: Any,
        importance: Any,
        occurred_at: Any,
        expires_at: Any,
        id_: Any,
    ) -> Add:
        items = items_of(
            content, type=self.type, metadata=metadata, importance=importance, occurred_at=occurred_at,
            expires_at=expires_at, id=id_,
        )  # fmt: skip
        return self._op(Add, scope, items=tuple(item.model_copy(update={"type": self.type}) for item in items))

    def _searching(
        self,
        query: str | None,
        scope: Within,
        limit: Any,
        filters: Any,
        mode: Any,
        as_of: Any,
        now: Any,
        min_score: Any,
    ) -> Search:
        if isinstance(query, str) and not query.strip():
            raise InvalidInputError("query: must not be empty or blank; leave it out to get the newest memories")
        return self._op(
            Search, scope, query=query, limit=limit, filters=filters, mode=mode, as_of=as_of, now=now, min_score=min_score,
            types=(self.type,),
        )  # fmt: skip

    def _updating(self, memory_id: str, scope: Within, **changes: Any) -> Update:
        return self._op(Update, scope, id=memory_id, types=(self.type,), **changes)

    def _getting(self, memory_id: str, scope: Within) -> Get:
        return self._op(Get, scope, ids=(memory_id,), types=(self.type,))

    def _deleting(self, ids: str | Sequence[str], scope: Within) -> Delete:
        several = (ids,) if isinstance(ids, str) else ids
        return self._op(Delete, scope, ids=several, types=(self.type,))

    def _only(self, memory_id: str, found: Memories) -> Memory:
        if not found:
            raise NotFoundError(f"no {self.type} memory {memory_id!r} in this scope")
        return found[0]


class ByIdAgent(Agent):
    """An agent whose memories are got and deleted by their ids."""

    def get(self, id: str, **scope: Unpack[Within]) -> Memory:
        """The memory of that id."""
        return self._only(id, self._run(self._getting(id, scope)))

    async def aget(self, id: str, **scope: Unpack[Within]) -> Memory:
        """``get`` without blocking the event loop."""
        return self._only(id, await self._arun(self._getting(id, scope)))

    def delete(self, id: str | Sequence[str], **scope: Unpack[Within]) -> int:
        """Delete memories of this agent by their ids; they can be restored until ``compact``."""
        return self._run(self._deleting(id, scope))

    async def adelete(self, id: str | Sequence[str], **scope: Unpack[Within]) -> int:
        """``delete`` without blocking the event loop."""
        return await self._arun(self._deleting(id, scope))

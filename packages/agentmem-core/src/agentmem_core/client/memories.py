"""Verbs on memories one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from agentmem_core.client.base import Verbs
from agentmem_core.errors import InvalidInputError, NotFoundError
from agentmem_core.model import Link, Memory, Page, Version
from agentmem_core.operations import MEMORIES, Delete, Get, History, Links, List, Relate, Restore, Update, build

Order = Literal["oldest", "newest"]
Memories = list[Memory]
Versions = list[Version]
LinkList = list[Link]


class MemoryVerbs(Verbs):
    """get, list, update, delete, history, restore, relate, links; each with its ``a...`` twin."""

    def get(
        self,
        id: str,  # noqa: A002
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
    ) -> Memory:
        """The memory of that id; ``NotFoundError`` when there is none in the scope."""
        return _only(id, self._run(self._get((id,), user_id, agent_id, session_id, collection)))

    async def aget(
        self,
        id: str,  # noqa: A002
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
    ) -> Memory:
        """``get`` without blocking the event loop."""
        return _only(id, await self._arun(self._get((id,), user_id, agent_id, session_id, collection)))

    def get_many(
        self,
        ids: Sequence[str],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
    ) -> Memories:
        """The memories of these ids in their order; those that do not exist in the scope are left out."""
        return self._run(self._get(ids, user_id, agent_id, session_id, collection))

    async def aget_many(
        self,
        ids: Sequence[str],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
    ) -> Memories:
        """``get_many`` without blocking the event loop."""
        return await self._arun(self._get(ids, user_id, agent_id, session_id, collection))

    def list(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        types: Sequence[str] | None = None,
        filters: Any = None,
        order: Order = "oldest",
        collection: str = MEMORIES,
    ) -> Page:
        """A page of memories in the order they were added; pass ``next_cursor`` as ``cursor`` for the next one."""
        return self._run(
            build(
                List, scope=self._within(user_id, agent_id, session_id), limit=limit, cursor=cursor, types=types,
                filters=filters, order=order, collection=collection,
            )
        )  # fmt: skip

    async def alist(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        types: Sequence[str] | None = None,
        filters: Any = None,
        order: Order = "oldest",
        collection: str = MEMORIES,
    ) -> Page:
        """``list`` without blocking the event loop."""
        return await self._arun(
            build(
                List, scope=self._within(user_id, agent_id, session_id), limit=limit, cursor=cursor, types=types,
                filters=filters, order=order, collection=collection,
            )
        )  # fmt: skip

    def update(
        self,
        id: str,  # noqa: A002
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        content: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        type: str | None = None,  # noqa: A002
        occurred_at: datetime | str | None = None,
        expires_at: datetime | str | None = None,
        valid_from: datetime | str | None = None,
        valid_to: datetime | str | None = None,
        vector: Sequence[float] | None = None,
        clear: Sequence[str] = (),
        reason: str | None = None,
        expected_version: int | None = None,
        collection: str = MEMORIES,
    ) -> Memory:
        """Change what is given, as a new version; ``metadata`` replaces all of it, ``clear`` empties date fields.

        With ``expected_version`` a change that came first is a ``ConflictError`` instead of being overwritten.
        """
        return self._run(
            build(
                Update, scope=self._within(user_id, agent_id, session_id), id=id, content=content, metadata=metadata,
                importance=importance, type=type, occurred_at=occurred_at, expires_at=expires_at, valid_from=valid_from,
                valid_to=valid_to, vector=vector, clear=clear, reason=reason, expected_version=expected_version,
                collection=collection,
            )
        )  # fmt: skip

    async def aupdate(
        self,
        id: str,  # noqa: A002
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        content: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        type: str | None = None,  # noqa: A002
        occurred_at: datetime | str | None = None,
        expires_at: datetime | str | None = None,
        valid_from: datetime | str | None = None,
        valid_to: datetime | str | None = None,
        vector: Sequence[float] | None = None,
        clear: Sequence[str] = (),
        reason: str | None = None,
        expected_version: int | None = None,
        collection: str = MEMORIES,
    ) -> Memory:
        """``update`` without blocking the event loop."""
        return await self._arun(
            build(
                Update, scope=self._within(user_id, agent_id, session_id), id=id, content=content, metadata=metadata,
                importance=importance, type=type, occurred_at=occurred_at, expires_at=expires_at, valid_from=valid_from,
                valid_to=valid_to, vector=vector, clear=clear, reason=reason, expected_version=expected_version,
                collection=collection,
            )
        )  # fmt: skip

    def delete(
        self,
        id: str | Sequence[str] | None = None,  # noqa: A002
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        filters: Any = None,
        missing: Literal["error", "ignore"] = "error",
        reason: str | None = None,
        collection: str = MEMORIES,
    ) -> int:
        """Delete one memory, several, or those that pass ``filters``; answers how many.

        They can be restored until ``compact()``; ``forget()`` erases for good.
        """
        return self._run(self._delete(id, user_id, agent_id, session_id, filters, missing, reason, collection))

    async def adelete(
        self,
        id: str | Sequence[str] | None = None,  # noqa: A002
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        filters: Any = None,
        missing: Literal["error", "ignore"] = "error",
        reason: str | None = None,
        collection: str = MEMORIES,
    ) -> int:
        """``delete`` without blocking the event loop."""
        return await self._arun(self._delete(id, user_id, agent_id, session_id, filters, missing, reason, collection))

    def history(
        self,
        id: str,  # noqa: A002
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
    ) -> Versions:
        """Every version of a memory, oldest first; also of a deleted one."""
        scope = self._within(user_id, agent_id, session_id)
        return self._run(build(History, scope=scope, id=id, collection=collection))

    async def ahistory(
        self,
        id: str,  # noqa: A002
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
    ) -> Versions:
        """``history`` without blocking the event loop."""
        scope = self._within(user_id, agent_id, session_id)
        return await self._arun(build(History, scope=scope, id=id, collection=collection))

    def restore(
        self,
        id: str,  # noqa: A002
        version: int,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
    ) -> Memory:
        """Make an earlier version the current one, as a new version; a deleted memory lives again."""
        scope = self._within(user_id, agent_id, session_id)
        return self._run(build(Restore, scope=scope, id=id, version=version, collection=collection))

    async def arestore(
        self,
        id: str,  # noqa: A002
        version: int,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
    ) -> Memory:
        """``restore`` without blocking the event loop."""
        scope = self._within(user_id, agent_id, session_id)
        return await self._arun(build(Restore, scope=scope, id=id, version=version, collection=collection))

    def relate(
        self,
        source: str,
        relation: str,
        target: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        weight: float = 1.0,
        metadata: Mapping[str, Any] | None = None,
    ) -> Link:
        """Link two memories by their ids; the same relation again changes its weight and metadata."""
        scope = self._within(user_id, agent_id, session_id)
        return self._run(
            build(
                Relate, scope=scope, source=source, relation=relation, target=target, weight=weight, metadata=metadata
            )
        )

    async def arelate(
        self,
        source: str,
        relation: str,
        target: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        weight: float = 1.0,
        metadata: Mapping[str, Any] | None = None,
    ) -> Link:
        """``relate`` without blocking the event loop."""
        scope = self._within(user_id, agent_id, session_id)
        return await self._arun(
            build(
                Relate, scope=scope, source=source, relation=relation, target=target, weight=weight, metadata=metadata
            )
        )

    def links(
        self,
        id: str,  # noqa: A002
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        relation: str | None = None,
    ) -> LinkList:
        """The links from and to a memory."""
        return self._run(build(Links, scope=self._within(user_id, agent_id, session_id), id=id, relation=relation))

    async def alinks(
        self,
        id: str,  # noqa: A002
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        relation: str | None = None,
    ) -> LinkList:
        """``links`` without blocking the event loop."""
        return await self._arun(
            build(Links, scope=self._within(user_id, agent_id, session_id), id=id, relation=relation)
        )

    def _get(self, ids: Any, user_id: str | None, agent_id: str | None, session_id: str | None, collection: str) -> Get:
        if isinstance(ids, str) or not isinstance(ids, Iterable):
            raise InvalidInputError("ids: must be a list of ids; for one use get(id)")
        return build(Get, scope=self._within(user_id, agent_id, session_id), ids=tuple(ids), collection=collection)

    def _delete(
        self,
        id: str | Sequence[str] | None,  # noqa: A002
        user_id: str | None,
        agent_id: str | None,
        session_id: str | None,
        filters: Any,
        missing: str,
        reason: str | None,
        collection: str,
    ) -> Delete:
        ids = (id,) if isinstance(id, str) else id
        return build(
            Delete, scope=self._within(user_id, agent_id, session_id), ids=ids, filters=filters, missing=missing,
            reason=reason, collection=collection,
        )  # fmt: skip


def _only(memory_id: str, found: Memories) -> Memory:
    if not found:
        raise NotFoundError(f"no memory {memory_id!r} in this scope")
    return found[0]

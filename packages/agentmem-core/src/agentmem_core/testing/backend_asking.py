"""How the backend suite asks: every operation in both colours, in words as short as the client's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from agentmem_core.model import Hit, Link, Memory, Page, Receipt, Scope, Transferred, Version, new_id
from agentmem_core.operations import (
    Add,
    Delete,
    Export,
    Forget,
    Get,
    History,
    Import,
    Links,
    List,
    NewMemory,
    Op,
    Relate,
    Restore,
    Search,
    Update,
    build,
)
from agentmem_core.ports import Backend

T = TypeVar("T")
Colour = Literal["sync", "async"]

ANA, BOB = Scope(user_id="ana"), Scope(user_id="bob")
STRANGERS = (
    BOB,
    Scope(tenant="zeta", user_id="ana"),
    Scope(user_id="ana", agent_id="x"),
    Scope(user_id="ana", session_id="x"),
)
"""Scopes for which nothing of ``ANA`` (without agent and session) exists."""

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


class Asking:
    """Executes operations in one colour; async ones each in an event loop of their own."""

    def __init__(self, backend: Backend, colour: Colour) -> None:
        self.backend = backend
        self.colour = colour

    def __call__(self, op: Op[T]) -> T:
        """The operation's answer."""
        if self.colour == "sync":
            return self.backend.execute(op)
        return asyncio.run(self.backend.aexecute(op))

    def add(self, *items: str | NewMemory, scope: Scope = ANA, **options: Any) -> list[Memory]:
        """The memories that now stand for the items."""
        made = tuple(NewMemory(content=item) if isinstance(item, str) else item for item in items)
        return self(build(Add, scope=scope, items=made, **options)).memories

    def get(self, *ids: str, scope: Scope = ANA, collection: str = "memories") -> list[Memory]:
        """The memories with these ids."""
        return self(build(Get, scope=scope, ids=ids, collection=collection))

    def page(self, *, scope: Scope = ANA, **options: Any) -> Page:
        """One page."""
        return self(build(List, scope=scope, **options))

    def contents(self, *, scope: Scope = ANA, **options: Any) -> list[str]:
        """What is listed, by content."""
        return [memory.content for memory in self.page(scope=scope, **options).items]

    def search(self, query: str | None = None, *, scope: Scope = ANA, **options: Any) -> list[Hit]:
        """Hits."""
        return self(build(Search, scope=scope, query=query, **options))

    def found(self, query: str | None = None, *, scope: Scope = ANA, **options: Any) -> list[str]:
        """What is found, by content."""
        return [hit.memory.content for hit in self.search(query, scope=scope, **options)]

    def update(self, id: str, *, scope: Scope = ANA, **changes: Any) -> Memory:  # noqa: A002 - the field's word
        """The memory as it is now."""
        return self(build(Update, scope=scope, id=id, **changes))

    def delete(self, *ids: str, scope: Scope = ANA, **options: Any) -> int:
        """How many."""
        return self(build(Delete, scope=scope, ids=ids or None, **options))

    def history(self, id: str, *, scope: Scope = ANA, **options: Any) -> list[Version]:  # noqa: A002
        """Versions."""
        return self(build(History, scope=scope, id=id, **options))

    def restore(self, id: str, version: int, *, scope: Scope = ANA, **options: Any) -> Memory:  # noqa: A002
        """The memory as it is now."""
        return self(build(Restore, scope=scope, id=id, version=version, **options))

    def relate(self, source: str, target: str, *, scope: Scope = ANA, relation: str = "knows", **options: Any) -> Link:
        """The link."""
        return self(build(Relate, scope=scope, source=source, relation=relation, target=target, **options))

    def links(self, id: str, *, scope: Scope = ANA, **options: Any) -> list[Link]:  # noqa: A002
        """The links from and to it."""
        return self(build(Links, scope=scope, id=id, **options))

    def forget(self, *ids: str, scope: Scope = ANA, **options: Any) -> Receipt:
        """What was removed."""
        return self(build(Forget, scope=scope, ids=ids or None, **options))

    def export(self, *, scope: Scope = ANA, limit: int = 500, everyone: bool = False) -> list[dict[str, Any]]:
        """All records."""
        records: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            part, cursor = self(build(Export, scope=scope, cursor=cursor, limit=limit, everyone=everyone))
            records += part
            if cursor is None:
                return records

    def import_(self, records: Sequence[dict[str, Any]], *, scope: Scope = ANA, keep_users: bool = True) -> Transferred:
        """What was read."""
        return self(build(Import, scope=scope, records=tuple(records), keep_users=keep_users))

    def expired(self, content: str, *, scope: Scope = ANA) -> str:
        """The id of a memory that expired yesterday, as an import brings it."""
        memory_id = new_id()
        then = (YESTERDAY - timedelta(days=1)).isoformat()
        self.import_(
            [{
                "kind": "memory", "collection": "memories", "user_id": scope.user_id, "session_id": scope.session_id, "id": memory_id,
                "content": content, "type": "semantic", "occurred_at": then, "created_at": then, "updated_at": then,
                "valid_from": then, "expires_at": YESTERDAY.isoformat(),
            }],
            scope=Scope(tenant=scope.tenant, user_id=scope.user_id),
        )  # fmt: skip
        return memory_id


def item(content: str, **fields: Any) -> NewMemory:
    """A checked item."""
    return build(NewMemory, content=content, **fields)


def turn(content: str, *, session_id: str = "s1", role: str = "user", **fields: Any) -> NewMemory:
    """A chat turn."""
    return item(content, role=role, session_id=session_id, **fields)

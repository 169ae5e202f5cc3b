"""A server that is already there, as an empty one: everything is kept in tenants of which nobody else knows."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import uuid4

from agentmem_core.http import ROUTE_OF
from agentmem_core.operations import Op
from agentmem_core.ports import Backend

T = TypeVar("T")


class Apart:
    """A ``Backend`` whose tenants are its own: a mark stands before their names on the server, and is taken off answers."""

    def __init__(self, backend: Backend, mark: str | None = None) -> None:
        self._backend = backend
        self._mark = f"{mark or uuid4().hex}."

    def execute(self, op: Op[T]) -> T:
        return self._returned(op, self._backend.execute(self._marked(op)))

    async def aexecute(self, op: Op[T]) -> T:
        return self._returned(op, await self._backend.aexecute(self._marked(op)))

    def close(self) -> None:
        self._backend.close()

    async def aclose(self) -> None:
        await self._backend.aclose()

    def _marked(self, op: Op[T]) -> Op[T]:
        scope = op.scope.model_copy(update={"tenant": self._mark + op.scope.tenant})
        return op.model_copy(update={"scope": scope})

    def _returned(self, op: Op[T], answer: Any) -> Any:
        if type(op) not in ROUTE_OF:
            return answer
        adapter = ROUTE_OF[type(op)].answer
        text = adapter.dump_json(answer)
        mark = self._mark.encode()
        return adapter.validate_json(text.replace(mark, b"")) if mark in text else answer

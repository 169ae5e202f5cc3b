"""What crews wrote, looked through and erased by scope, without a query."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crewai.memory.types import MemoryRecord, ScopeInfo
from crewai.memory.unified_memory import Memory
from pydantic import PrivateAttr

from agentmem_core import AgentMem
from agentmem_core import Memory as Stored
from crewai_agentmem.census import categories_of, children_of, info_of, newest, tree_of, walk
from crewai_agentmem.filters import (
    AnyFilter,
    before,
    below,
    both,
    having,
    in_categories,
    of_crews,
    of_run,
    with_ids,
    within,
)
from crewai_agentmem.records import record_of
from crewai_agentmem.views import MEMORIES


class Shelf(Memory):
    """The part of ``AgentMemMemory`` that needs no embedding and no model."""

    _client: AgentMem = PrivateAttr()
    _run: str = PrivateAttr()

    def list_records(self, scope: str | None = None, limit: int = 200, offset: int = 0) -> list[MemoryRecord]:
        """What crews wrote in a scope and below it, newest first."""
        rows = newest(self._listed(scope), limit, offset)
        return [record_of(memory) for memory in rows]

    def list_scopes(self, path: str | None = None) -> list[str]:
        """The scopes right below one that hold records."""
        return children_of(self._path(path), self._listed(path))

    def list_categories(self, path: str | None = None) -> dict[str, int]:
        """How many records each category has."""
        return categories_of(self._listed(path))

    def info(self, path: str | None = None) -> ScopeInfo:
        """How many records a scope and those below hold, since when, and in which children."""
        return info_of(self._path(path), self._listed(path))

    def tree(self, path: str | None = None, max_depth: int = 3) -> str:
        """The scopes as an indented list with how many records each holds."""
        return tree_of(self._path(path), self._listed(path), max_depth)

    def reset(self, scope: str | None = None) -> None:
        """Erase for good what crews wrote in a scope, below ``root_scope`` if there is one; other programs' memories stay."""
        self._erase(self._rows(scope, of_crews()))

    def reset_all(self) -> None:
        """Erase for good what crews of this user wrote, whatever ``root_scope`` is; other programs' memories stay."""
        self._erase(walk(self._client, of_crews(), MEMORIES))

    def forget(
        self,
        scope: str | None = None,
        categories: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
        record_ids: list[str] | None = None,
    ) -> int:
        """Erase for good what meets all that is given; answers how many.

        What other programs told the store is erased only by its id.
        """
        rows = self._rows(
            scope, in_categories(categories), before(older_than), having(metadata_filter),
            of_crews() if record_ids is None else with_ids(record_ids),
        )  # fmt: skip
        return self._erase(rows)

    def _path(self, scope: str | None) -> str:
        return below(self.root_scope, scope)

    def _rows(self, scope: str | None, *asked: AnyFilter | None) -> list[Stored]:
        return walk(self._client, both(within(self._path(scope)), *asked), MEMORIES)

    def _listed(self, scope: str | None) -> list[Stored]:
        """What crews wrote, of other runs only what lasts."""
        return self._rows(scope, of_crews(), of_run(self._run))

    def _erase(self, rows: list[Stored]) -> int:
        return self._client.forget([memory.id for memory in rows], collection=MEMORIES).memories if rows else 0

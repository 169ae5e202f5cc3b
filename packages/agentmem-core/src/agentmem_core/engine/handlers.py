"""Which function handles which operation; its module is imported when the first such operation comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from agentmem_core.engine.engine import Engine
from agentmem_core.operations import (
    Add,
    Compact,
    Delete,
    Embed,
    Export,
    FlushLearning,
    Forget,
    Get,
    HealthCheck,
    History,
    Import,
    Learn,
    Links,
    List,
    Maintain,
    Op,
    Reindex,
    Relate,
    Restore,
    Search,
    StatsOf,
    Update,
    Vectors,
)

Handler = Callable[[Engine, Any], Any]
"""Answers, or gives steps that ask a model before there is an answer."""

Handlers = Mapping[type[Op[Any]], Handler]


class LateHandlers(Mapping[type[Op[Any]], Handler]):
    """Handlers by the names of their homes, ``module:function`` below the engine."""

    def __init__(self, homes: Mapping[type[Op[Any]], str]) -> None:
        """None of them is imported yet."""
        self._homes = homes
        self._found: dict[type[Op[Any]], Handler] = {}

    def get(self, kind: type[Op[Any]], default: Any = None) -> Any:
        """The handler, or the default; that of ``Mapping`` takes two steps more."""
        return self._found.get(kind) or (self[kind] if kind in self._homes else default)

    def __getitem__(self, kind: type[Op[Any]]) -> Handler:
        """The handler, imported now if it was not."""
        found = self._found.get(kind)
        if found is None:
            module, _, name = self._homes[kind].partition(":")
            found = self._found[kind] = getattr(import_module(f"agentmem_core.engine.{module}"), name)
        return found

    def __iter__(self) -> Iterator[type[Op[Any]]]:
        """The operations."""
        return iter(self._homes)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._homes)


def add_and_perhaps_learn(engine: Engine, op: Add) -> Any:
    """What is added without learning needs nothing of learning."""
    if op.infer is False:
        from agentmem_core.engine.adding import add

        return add(engine, op)
    from agentmem_core.engine.learning import add_and_learn

    return add_and_learn(engine, op)


HANDLERS = LateHandlers({
    Add: "handlers:add_and_perhaps_learn",
    Compact: "erasing:compact",
    Delete: "changing:delete",
    Embed: "vectors:embed",
    Export: "transfer:export",
    FlushLearning: "learning:flush_learning",
    Forget: "erasing:forget",
    Get: "reading:get",
    HealthCheck: "upkeep:health",
    History: "reading:history",
    Import: "transfer:import_",
    Learn: "learning:learn",
    Links: "reading:links",
    List: "reading:list_",
    Maintain: "learning:maintain_and_summarise",
    Reindex: "upkeep:reindex",
    Relate: "changing:relate",
    Restore: "changing:restore",
    Search: "searching:search",
    StatsOf: "upkeep:stats",
    Update: "changing:update",
    Vectors: "vectors:vectors",
})  # fmt: skip

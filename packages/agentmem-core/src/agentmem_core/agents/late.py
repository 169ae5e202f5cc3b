"""The agents' handlers, imported when the first operation of an agent comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agentmem_core.engine.handlers import Handler, Handlers
from agentmem_core.operations.base import Op

_OPERATIONS = "agentmem_core.operations.agents."


class LateAgents(Mapping[type[Op[Any]], Handler]):
    """The table of the agents; what is no operation of an agent is refused without looking into it."""

    def __getitem__(self, kind: type[Op[Any]]) -> Handler:
        """The handler of an agent's operation."""
        if not kind.__module__.startswith(_OPERATIONS):
            raise KeyError(kind)
        return _table()[kind]

    def __iter__(self) -> Iterator[type[Op[Any]]]:
        """The operations."""
        return iter(_table())

    def __len__(self) -> int:
        """How many there are."""
        return len(_table())


def _table() -> Handlers:
    from agentmem_core.agents.table import AGENT_HANDLERS

    return AGENT_HANDLERS

"""All eight agents of a client."""

from __future__ import annotations

from collections.abc import Iterator

from agentmem_core.client.agents.base import Agent
from agentmem_core.client.agents.contextual import ContextualAgent
from agentmem_core.client.agents.core import CoreAgent
from agentmem_core.client.agents.episodic import EpisodicAgent
from agentmem_core.client.agents.knowledge import KnowledgeAgent
from agentmem_core.client.agents.procedural import ProceduralAgent
from agentmem_core.client.agents.resource import ResourceAgent
from agentmem_core.client.agents.semantic import SemanticAgent
from agentmem_core.client.agents.working import WorkingAgent
from agentmem_core.errors import NotFoundError
from agentmem_core.model import Scope
from agentmem_core.ports import Backend

KINDS: tuple[type[Agent], ...] = (
    CoreAgent, WorkingAgent, EpisodicAgent, SemanticAgent, ProceduralAgent, ResourceAgent, KnowledgeAgent, ContextualAgent,
)  # fmt: skip


class Agents:
    """The agents, by name; iteration gives each once."""

    def __init__(self, backend: Backend, scope: Scope) -> None:
        """Those of one client."""
        self._agents = {kind.name: kind(backend, scope) for kind in KINDS}

    def __iter__(self) -> Iterator[Agent]:
        """Each agent."""
        return iter(self._agents.values())

    def __len__(self) -> int:
        """How many there are."""
        return len(self._agents)

    def get(self, name: str) -> Agent:
        """The agent of that name; ``NotFoundError`` says which there are."""
        found = self._agents.get(name)
        if found is None:
            raise NotFoundError(f"no agent {name!r}; there are {', '.join(self._agents)}")
        return found

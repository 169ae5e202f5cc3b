"""All eight agents of a client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agentmem_core.client.agents.base import Agent
from agentmem_core.client.agents.contextual import ContextualAgent
from agentmem_core.client.agents.core import CoreAgent
from agentmem_core.client.agents.dispatching import adispatch, dispatch
from agentmem_core.client.agents.episodic import EpisodicAgent
from agentmem_core.client.agents.knowledge import KnowledgeAgent
from agentmem_core.client.agents.procedural import ProceduralAgent
from agentmem_core.client.agents.resource import ResourceAgent
from agentmem_core.client.agents.semantic import SemanticAgent
from agentmem_core.client.agents.working import WorkingAgent
from agentmem_core.errors import NotFoundError
from agentmem_core.model import Scope
from agentmem_core.model.agents import AgentReply, AgentTask
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

    def dispatch(self, task: AgentTask) -> AgentReply:
        """Do a task and say how it went; an error is in the reply, not raised.

        A task that takes longer than its timeout is given up before it writes anything; one that is writing already is
        waited for, and its reply says that it was late. Only what is safe to repeat is tried again, three times at most.
        """
        return dispatch(self._agents, task)

    async def adispatch(self, task: AgentTask) -> AgentReply:
        """``dispatch`` without blocking the event loop."""
        return await adispatch(self._agents, task)

    def dispatch_all(self, tasks: Iterable[AgentTask]) -> list[AgentReply]:
        """Do tasks one after another, the highest priority first; the replies stand in the order of the tasks."""
        several = list(tasks)
        replies = {number: self.dispatch(several[number]) for number in _by_priority(several)}
        return [replies[number] for number in range(len(several))]

    async def adispatch_all(self, tasks: Iterable[AgentTask]) -> list[AgentReply]:
        """``dispatch_all`` without blocking the event loop."""
        several = list(tasks)
        replies = {number: await self.adispatch(several[number]) for number in _by_priority(several)}
        return [replies[number] for number in range(len(several))]


def _by_priority(tasks: list[AgentTask]) -> list[int]:
    return sorted(range(len(tasks)), key=lambda number: -tasks[number].priority)

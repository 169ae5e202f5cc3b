"""The face: AgentMem and its verbs."""

from agentmem_core.client.agentmem import AgentMem

__all__ = ["AgentMem"]

"""The agents' faces."""

from agentmem_core.client.agents.agents import Agents

__all__ = ["Agents"]

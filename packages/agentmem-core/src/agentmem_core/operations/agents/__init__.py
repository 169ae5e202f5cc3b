"""The verbs of the eight agents, one value each."""

from agentmem_core.operations.agents.table import AGENT_OPS

__all__ = ["AGENT_OPS"]

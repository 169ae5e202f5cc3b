"""The handlers of the agents' own verbs; they run beside the ledger, in its transactions."""

from agentmem_core.agents.table import AGENT_HANDLERS

__all__ = ["AGENT_HANDLERS"]

"""The REST server: routes from the table, callers let in by a gate."""

from agentmem_core.server.gate import Admission, Caller, Gate, OpenGate, Outcome

__all__ = ["Admission", "Caller", "Gate", "OpenGate", "Outcome"]

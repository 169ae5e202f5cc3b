"""Language models behind one question, over three dialects of HTTP."""

from agentmem_core.llms.providers import PROVIDERS, Provider
from agentmem_core.llms.registry import find_model, open_model

__all__ = ["PROVIDERS", "Provider", "find_model", "open_model"]

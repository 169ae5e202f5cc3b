"""What turns texts into vectors; the heavy ones are loaded when used."""

from agentmem_core.embedders.callables import CallableEmbedder
from agentmem_core.embedders.registry import find_embedder

__all__ = ["CallableEmbedder", "find_embedder"]

"""The index on Chroma."""

from agentmem_core.storage.chroma.index import ChromaIndex

__all__ = ["ChromaIndex"]

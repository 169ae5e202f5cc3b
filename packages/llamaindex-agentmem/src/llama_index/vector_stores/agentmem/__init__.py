"""The place where LlamaIndex users look for a vector store."""

from llamaindex_agentmem import AgentMemEmbedding, AgentMemVectorStore

__all__ = ["AgentMemEmbedding", "AgentMemVectorStore"]

"""The place where LlamaIndex users look for a memory."""

from llamaindex_agentmem import AgentMemBlock, AgentMemChatStore, AgentMemMemory

__all__ = ["AgentMemBlock", "AgentMemChatStore", "AgentMemMemory"]

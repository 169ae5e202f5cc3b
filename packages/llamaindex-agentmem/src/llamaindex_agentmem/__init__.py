"""AgentMem for LlamaIndex: a vector store, a chat memory, a memory block, a chat store and an embedding.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llamaindex_agentmem.block import AgentMemBlock
    from llamaindex_agentmem.chat_store import AgentMemChatStore
    from llamaindex_agentmem.embeddings import AgentMemEmbedding, as_core_embedder
    from llamaindex_agentmem.memory import AgentMemMemory
    from llamaindex_agentmem.models import as_core_model
    from llamaindex_agentmem.vector_store import AgentMemVectorStore

__version__ = "1.0.0"

_HOME_OF = {
    "AgentMemBlock": "llamaindex_agentmem.block",
    "AgentMemChatStore": "llamaindex_agentmem.chat_store",
    "AgentMemEmbedding": "llamaindex_agentmem.embeddings",
    "AgentMemMemory": "llamaindex_agentmem.memory",
    "AgentMemVectorStore": "llamaindex_agentmem.vector_store",
    "as_core_embedder": "llamaindex_agentmem.embeddings",
    "as_core_model": "llamaindex_agentmem.models",
}

__all__ = [
    "AgentMemBlock",
    "AgentMemChatStore",
    "AgentMemEmbedding",
    "AgentMemMemory",
    "AgentMemVectorStore",
    "as_core_embedder",
    "as_core_model",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

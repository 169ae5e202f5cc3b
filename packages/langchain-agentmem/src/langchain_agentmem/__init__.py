"""AgentMem for LangChain and LangGraph.

Names are loaded when they are first used, so that importing the package costs next to nothing, and only what is used needs
its extra: ``classic`` for ``AgentMemMemory``, ``agents`` for ``AgentMemMiddleware``, ``langgraph`` for ``AgentMemStore``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_agentmem.chat_history import AgentMemChatMessageHistory
    from langchain_agentmem.embeddings import as_core_embedder
    from langchain_agentmem.imports import aimport_history, aimport_store, import_history, import_store
    from langchain_agentmem.memory import AgentMemMemory
    from langchain_agentmem.middleware import AgentMemMiddleware
    from langchain_agentmem.models import as_core_model
    from langchain_agentmem.retriever import AgentMemRetriever
    from langchain_agentmem.store import AgentMemStore
    from langchain_agentmem.tools import memory_tools
    from langchain_agentmem.vector_store import AgentMemVectorStore

__version__ = "1.0.0"

_HOMES = {
    "AgentMemChatMessageHistory": "langchain_agentmem.chat_history",
    "AgentMemMemory": "langchain_agentmem.memory",
    "AgentMemMiddleware": "langchain_agentmem.middleware",
    "AgentMemRetriever": "langchain_agentmem.retriever",
    "AgentMemStore": "langchain_agentmem.store",
    "AgentMemVectorStore": "langchain_agentmem.vector_store",
    "aimport_history": "langchain_agentmem.imports",
    "aimport_store": "langchain_agentmem.imports",
    "as_core_embedder": "langchain_agentmem.embeddings",
    "as_core_model": "langchain_agentmem.models",
    "import_history": "langchain_agentmem.imports",
    "import_store": "langchain_agentmem.imports",
    "memory_tools": "langchain_agentmem.tools",
}
_EXTRAS = {
    "AgentMemMemory": ("classic", "langchain_classic"),
    "AgentMemMiddleware": ("agents", "langchain"),
    "AgentMemStore": ("langgraph", "langgraph"),
}

__all__ = [
    "AgentMemChatMessageHistory",
    "AgentMemMemory",
    "AgentMemMiddleware",
    "AgentMemRetriever",
    "AgentMemStore",
    "AgentMemVectorStore",
    "aimport_history",
    "aimport_store",
    "as_core_embedder",
    "as_core_model",
    "import_history",
    "import_store",
    "memory_tools",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _EXTRAS:
        from langchain_agentmem.extras import require

        require(name, *_EXTRAS[name])
    try:
        value = globals()[name] = getattr(import_module(home), name)
    except ImportError as error:
        if name in _EXTRAS and (error.name or "").partition(".")[0] == _EXTRAS[name][1]:  # found, and yet not to be had
            from langchain_agentmem.extras import missing

            raise missing(name, *_EXTRAS[name]) from error
        raise
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

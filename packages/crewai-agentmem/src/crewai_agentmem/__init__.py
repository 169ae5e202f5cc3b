"""AgentMem for CrewAI: short-term, long-term and entity memory, for today's crews and yesterday's.

Names are loaded when they are first used: what belongs to the generation of CrewAI that is not installed costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crewai_agentmem.embeddings import AgentMemEmbedding
    from crewai_agentmem.entities import EntityView
    from crewai_agentmem.legacy import (
        entity_memory,
        external_memory,
        legacy_memories,
        long_term_memory,
        short_term_memory,
    )
    from crewai_agentmem.memory import AgentMemMemory
    from crewai_agentmem.recall import LabelledMatch
    from crewai_agentmem.registration import register
    from crewai_agentmem.storage import AgentMemStorage
    from crewai_agentmem.views import LongTermView, ShortTermView

__version__ = "1.0.0"

_HOMES = {
    "embeddings": ("AgentMemEmbedding",),
    "legacy": ("entity_memory", "external_memory", "legacy_memories", "long_term_memory", "short_term_memory"),
    "memory": ("AgentMemMemory",),
    "recall": ("LabelledMatch",),
    "registration": ("register",),
    "storage": ("AgentMemStorage",),
    "entities": ("EntityView",),
    "views": ("LongTermView", "ShortTermView"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_TODAY = {"entities", "memory", "recall", "registration", "storage", "views"}

__all__ = [
    "AgentMemEmbedding",
    "AgentMemMemory",
    "AgentMemStorage",
    "EntityView",
    "LabelledMatch",
    "LongTermView",
    "ShortTermView",
    "entity_memory",
    "external_memory",
    "legacy_memories",
    "long_term_memory",
    "register",
    "short_term_memory",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if home in _TODAY:
        from crewai_agentmem.generation import require_today

        require_today(name)
    value = globals()[name] = getattr(import_module(f"crewai_agentmem.{home}"), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

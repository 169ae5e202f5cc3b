"""One frozen value per verb, typed by its answer."""

from agentmem_core.operations.base import MEMORIES, Op, build
from agentmem_core.operations.learning import FlushLearning, Learn
from agentmem_core.operations.memories import (
    Add,
    Delete,
    Get,
    History,
    Links,
    List,
    NewMemory,
    Relate,
    Restore,
    Update,
)
from agentmem_core.operations.recall import Search
from agentmem_core.operations.store import Compact, Export, Forget, HealthCheck, Import, Maintain, Reindex, StatsOf
from agentmem_core.operations.vectors import Embed, Vectors

__all__ = [
    "MEMORIES",
    "Add",
    "Compact",
    "Delete",
    "Embed",
    "Export",
    "FlushLearning",
    "Forget",
    "Get",
    "HealthCheck",
    "History",
    "Import",
    "Learn",
    "Links",
    "List",
    "Maintain",
    "NewMemory",
    "Op",
    "Reindex",
    "Relate",
    "Restore",
    "Search",
    "StatsOf",
    "Update",
    "Vectors",
    "build",
]

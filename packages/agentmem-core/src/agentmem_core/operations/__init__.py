"""One frozen value per verb, typed by its answer."""

from agentmem_core.operations.base import MEMORIES, Op, build
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
from agentmem_core.operations.store import Compact, Export, Forget, HealthCheck, Import, Reindex, StatsOf
from agentmem_core.operations.vectors import Embed, Vectors

__all__ = [
    "MEMORIES",
    "Add",
    "Compact",
    "Delete",
    "Embed",
    "Export",
    "Forget",
    "Get",
    "HealthCheck",
    "History",
    "Import",
    "Links",
    "List",
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

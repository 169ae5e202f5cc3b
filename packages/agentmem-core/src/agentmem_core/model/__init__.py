"""Words: values only, frozen, without any behaviour that touches the world."""

from agentmem_core.model.audit import AuditEntry
from agentmem_core.model.filters import Filter, FilterCondition, FilterGroup, FilterOperator, parse_filter
from agentmem_core.model.ids import new_id
from agentmem_core.model.memory import Memory, MemoryType
from agentmem_core.model.message import Message
from agentmem_core.model.results import (
    Added,
    AddedItem,
    AddOutcome,
    CollectionStats,
    Compacted,
    ComponentHealth,
    Context,
    Health,
    Hit,
    Link,
    Page,
    Progress,
    Receipt,
    Signals,
    Stats,
    Transferred,
    Version,
)
from agentmem_core.model.scope import Scope

__all__ = [
    "AddOutcome",
    "Added",
    "AddedItem",
    "AuditEntry",
    "CollectionStats",
    "Compacted",
    "ComponentHealth",
    "Context",
    "Filter",
    "FilterCondition",
    "FilterGroup",
    "FilterOperator",
    "Health",
    "Hit",
    "Link",
    "Memory",
    "MemoryType",
    "Message",
    "Page",
    "Progress",
    "Receipt",
    "Scope",
    "Signals",
    "Stats",
    "Transferred",
    "Version",
    "new_id",
    "parse_filter",
]

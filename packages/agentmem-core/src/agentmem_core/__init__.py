"""AgentMem: one long-term memory for every agent framework a person uses.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentmem_core.client import AgentMem
    from agentmem_core.errors import (
        AgentMemError,
        AuthenticationError,
        BadAnswerError,
        ConflictError,
        EmbedderError,
        EmbedderMismatchError,
        InvalidFilterError,
        InvalidInputError,
        ModelError,
        NotConfiguredError,
        NotFoundError,
        NotSupportedError,
        PermissionDeniedError,
        RateLimitedError,
        ServerError,
        ServerUnavailableError,
        StoreBusyError,
        StoreClosedError,
        StoreDamagedError,
        StoreError,
        StoreFullError,
        StoreTooNewError,
        StoreUnavailableError,
        TimedOutError,
        TooLargeError,
        VaultError,
        VectorMismatchError,
    )
    from agentmem_core.learning.budget import LearningBudget
    from agentmem_core.model import (
        Added,
        AddedItem,
        AddOutcome,
        Context,
        Filter,
        FilterCondition,
        FilterGroup,
        FilterOperator,
        Health,
        Hit,
        Link,
        Memory,
        MemoryType,
        Message,
        Page,
        Receipt,
        Scope,
        Signals,
        Stats,
        Version,
        parse_filter,
    )
    from agentmem_core.model.agents import (
        AgentReply,
        AgentTask,
        Block,
        Maintained,
        Neighbour,
        Period,
        Procedure,
        Skill,
        State,
        StateChange,
        Upkeep,
        UpkeepStep,
        Walk,
    )
    from agentmem_core.model.learning import Action, Decision, Learned, LearningQueue, WaitingLesson
    from agentmem_core.ports import Backend, Embedder, Fingerprint, LanguageModel, Prompt, Reply, Usage
    from agentmem_core.recall.rendering import estimate_tokens, render, speaker_of
    from agentmem_core.recall.telling import worth_telling
    from agentmem_core.storage.vault import new_vault_key

__version__ = "1.0.0"

_HOMES = {
    "agentmem_core.client": ("AgentMem",),
    "agentmem_core.errors": (
        "AgentMemError", "AuthenticationError", "BadAnswerError", "ConflictError", "EmbedderError", "EmbedderMismatchError", "InvalidFilterError", "InvalidInputError", "ModelError", "NotConfiguredError", "NotFoundError", "NotSupportedError", "PermissionDeniedError", "RateLimitedError", "ServerError", "ServerUnavailableError", "StoreBusyError", "StoreClosedError", "StoreDamagedError", "StoreError", "StoreFullError", "StoreTooNewError", "StoreUnavailableError", "TimedOutError", "TooLargeError", "VaultError", "VectorMismatchError",
    ),
    "agentmem_core.model": (
        "AddOutcome", "Added", "AddedItem", "Context", "Filter", "FilterCondition", "FilterGroup", "FilterOperator",
        "Health", "Hit", "Link", "Memory", "MemoryType", "Message", "Page", "Receipt", "Scope", "Signals", "Stats",
        "Version", "parse_filter",
    ),
    "agentmem_core.model.agents": (
        "AgentReply", "AgentTask", "Block", "Maintained", "Neighbour", "Period", "Procedure", "Skill", "State", "StateChange", "Upkeep", "UpkeepStep", "Walk",
    ),
    "agentmem_core.learning.budget": ("LearningBudget",),
    "agentmem_core.model.learning": ("Action", "Decision", "Learned", "LearningQueue", "WaitingLesson"),
    "agentmem_core.ports": ("Backend", "Embedder", "Fingerprint", "LanguageModel", "Prompt", "Reply", "Usage"),
    "agentmem_core.recall.rendering": ("estimate_tokens", "render", "speaker_of"),
    "agentmem_core.recall.telling": ("worth_telling",),
    "agentmem_core.storage.vault": ("new_vault_key",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Action",
    "AddOutcome",
    "Added",
    "AddedItem",
    "AgentMem",
    "AgentMemError",
    "AgentReply",
    "AgentTask",
    "AuthenticationError",
    "Backend",
    "BadAnswerError",
    "Block",
    "ConflictError",
    "Context",
    "Decision",
    "Embedder",
    "EmbedderError",
    "EmbedderMismatchError",
    "Filter",
    "FilterCondition",
    "FilterGroup",
    "FilterOperator",
    "Fingerprint",
    "Health",
    "Hit",
    "InvalidFilterError",
    "InvalidInputError",
    "LanguageModel",
    "Learned",
    "LearningBudget",
    "LearningQueue",
    "Link",
    "Maintained",
    "Memory",
    "MemoryType",
    "Message",
    "ModelError",
    "Neighbour",
    "NotConfiguredError",
    "NotFoundError",
    "NotSupportedError",
    "Page",
    "Period",
    "PermissionDeniedError",
    "Procedure",
    "Prompt",
    "RateLimitedError",
    "Receipt",
    "Reply",
    "Scope",
    "ServerError",
    "ServerUnavailableError",
    "Signals",
    "Skill",
    "State",
    "StateChange",
    "Stats",
    "StoreBusyError",
    "StoreClosedError",
    "StoreDamagedError",
    "StoreError",
    "StoreFullError",
    "StoreTooNewError",
    "StoreUnavailableError",
    "TimedOutError",
    "TooLargeError",
    "Upkeep",
    "UpkeepStep",
    "Usage",
    "VaultError",
    "VectorMismatchError",
    "Version",
    "WaitingLesson",
    "Walk",
    "estimate_tokens",
    "new_vault_key",
    "parse_filter",
    "render",
    "speaker_of",
    "worth_telling",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

"""Every verb that an agent has beside the common ones."""

from __future__ import annotations

from typing import Any

from agentmem_core.operations.agents.contextual import (
    CompileStates,
    CurrentStates,
    DeleteState,
    GetState,
    SetState,
    StateChanges,
)
from agentmem_core.operations.agents.core import (
    AppendToBlock,
    CompileBlocks,
    DeleteBlock,
    GetBlock,
    ListBlocks,
    ReplaceInBlock,
    SetBlock,
)
from agentmem_core.operations.agents.episodic import EventsAround, EventsBetween, RecordEvent, Timeline
from agentmem_core.operations.agents.knowledge import (
    DeleteEntry,
    GetEntry,
    ListEntries,
    PutEntry,
    ReadAudit,
    RevealEntry,
    RotateKey,
)
from agentmem_core.operations.agents.procedural import (
    BestProcedures,
    DeleteProcedure,
    GetProcedure,
    ListProcedures,
    RecordRun,
    ReviseProcedure,
    TeachProcedure,
)
from agentmem_core.operations.agents.resource import DeleteFile, GetFile, ListFiles, OpenFile, PutFile
from agentmem_core.operations.agents.semantic import AboutThing, LearnFact, NeighboursOf, PathBetween, RelateThings
from agentmem_core.operations.agents.working import ClearItems, PromoteItem, PushItem, SweepItems, WorkingItems
from agentmem_core.operations.base import AgentOp

AGENT_OPS: tuple[type[AgentOp[Any]], ...] = (
    SetBlock, AppendToBlock, ReplaceInBlock, GetBlock, ListBlocks, DeleteBlock, CompileBlocks,
    PushItem, WorkingItems, PromoteItem, ClearItems, SweepItems,
    RecordEvent, EventsBetween, Timeline, EventsAround,
    LearnFact, RelateThings, NeighboursOf, PathBetween, AboutThing,
    TeachProcedure, ReviseProcedure, RecordRun, GetProcedure, ListProcedures, BestProcedures, DeleteProcedure,
    PutFile, GetFile, ListFiles, OpenFile, DeleteFile,
    PutEntry, RevealEntry, GetEntry, ListEntries, RotateKey, DeleteEntry, ReadAudit,
    SetState, GetState, CurrentStates, StateChanges, DeleteState, CompileStates,
)  # fmt: skip
"""Every verb that an agent has beside the common ones."""

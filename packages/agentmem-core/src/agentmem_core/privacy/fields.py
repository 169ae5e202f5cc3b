"""Which fields of which operation hold text that is stored, and how each is treated.

Every operation whose fields can hold text stands here; one that does not is refused while a filter is on, so that no verb can be
forgotten. ``id`` and the like are never looked at: they say which, not what.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from agentmem_core.operations import (
    Add,
    Delete,
    Embed,
    Export,
    Import,
    Links,
    List,
    Op,
    Relate,
    Restore,
    Search,
    Update,
)
from agentmem_core.operations.agents.contextual import DeleteState, GetState, SetState
from agentmem_core.operations.agents.core import AppendToBlock, DeleteBlock, GetBlock, ReplaceInBlock, SetBlock
from agentmem_core.operations.agents.episodic import RecordEvent, Timeline
from agentmem_core.operations.agents.knowledge import DeleteEntry, GetEntry, PutEntry, RevealEntry
from agentmem_core.operations.agents.procedural import (
    BestProcedures,
    DeleteProcedure,
    GetProcedure,
    RecordRun,
    ReviseProcedure,
    TeachProcedure,
)
from agentmem_core.operations.agents.resource import PutFile
from agentmem_core.operations.agents.semantic import AboutThing, LearnFact, NeighboursOf, PathBetween, RelateThings
from agentmem_core.operations.agents.working import PushItem


class Treat(Enum):
    """What becomes of a field's text."""

    TEXT = "text"
    """Looked at and rewritten; a tuple of texts each by itself."""
    JSON = "json"
    """The same, at any depth."""
    NAME = "name"
    """Something is found under it: looked at and refused, since a mark would make two names one."""
    THING = "thing"
    """The name of a thing, rewritten; an id of a memory stays."""
    LEFT = "left"
    """Not stored (a query), sealed, or the name of what stands already."""
    SPECIAL = "special"
    """``backend`` has a function of its own for the operation."""


IDS = frozenset(
    "scope id ids user_id agent_id session_id collection cursor types type mode order on_conflict on_error missing clear to agent role "
    "source_id vector embedder filters infer kind by zone".split()
)
"""Fields of any operation that say which, where or how, and hold nothing that is told."""

T, J, N, L = Treat.TEXT, Treat.JSON, Treat.NAME, Treat.LEFT

FIELDS: Mapping[type[Op[Any]], Mapping[str, Treat]] = {
    Add: {"items": Treat.SPECIAL},
    Update: {"content": T, "metadata": J, "entities": T, "reason": T, "marks": J},
    Delete: {"reason": T},
    Restore: {},
    Links: {"relation": L},
    Relate: {"source": L, "relation": T, "target": L, "metadata": J},
    Import: {"records": Treat.SPECIAL},
    Export: {},
    List: {},
    Search: {"query": L},
    Embed: {"texts": L},
    SetBlock: {"label": N, "text": T},
    AppendToBlock: {"label": L, "text": T},
    ReplaceInBlock: {"label": L, "old": L, "new": T},
    GetBlock: {"label": L},
    DeleteBlock: {"label": L},
    PushItem: {"text": T},
    RecordEvent: {"text": T, "actor": T, "event": T, "metadata": J},
    Timeline: {},
    LearnFact: {"text": T, "subject": T, "predicate": T, "object": T, "metadata": J, "source": L},
    RelateThings: {"a": Treat.THING, "relation": T, "b": Treat.THING, "metadata": J},
    NeighboursOf: {"of": L, "relation": L},
    PathBetween: {"a": L, "b": L},
    AboutThing: {"entity": L},
    TeachProcedure: {"name": N, "steps": T, "when": T},
    ReviseProcedure: {"name": L, "steps": T, "when": T},
    RecordRun: {"name": L, "note": T},
    GetProcedure: {"name": L},
    BestProcedures: {"task": L},
    DeleteProcedure: {"name": L},
    PutFile: {"data": Treat.SPECIAL, "name": N, "media_type": L, "description": T, "text": T},
    PutEntry: {"name": N, "value": L, "sensitivity": L, "description": T},
    RevealEntry: {"name": L, "reason": T},
    GetEntry: {"name": L},
    DeleteEntry: {"name": L},
    SetState: {"key": N, "value": J, "source": T},
    GetState: {"key": L},
    DeleteState: {"key": L},
}

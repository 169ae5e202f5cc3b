"""Verbs on a store as a whole: erase, move, measure, mend."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from agentmem_core.model.agents import Maintained
from agentmem_core.model.results import Compacted, Health, Progress, Receipt, Stats, Transferred
from agentmem_core.model.values import Limit, Name
from agentmem_core.operations.base import Access, Op
from agentmem_core.operations.memories import Where


class Forget(Op[Receipt]):
    """Erase for good, from every file of the store: these ids, what passes the filters, or all that the scope admits.

    It takes from one collection or from all. What was learnt from them alone goes with them, unless ``keep_facts``.
    """

    ids: tuple[Name, ...] | None = None
    filters: Where = None
    collection: Name | None = None
    keep_facts: bool = False


class Export(Op[tuple[tuple[dict[str, Any], ...], str | None]]):
    """The next records of an export and the cursor to go on with; ``everyone`` takes every user of the tenant."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "read"

    cursor: str | None = None
    limit: Limit = 500
    everyone: bool = False


class Import(Op[Transferred]):
    """Write exported records; those that stand already, equal, are skipped. ``keep_users`` keeps the users they came from."""

    repeatable: ClassVar[bool] = True

    records: tuple[dict[str, Any], ...]
    keep_users: bool = True


class StatsOf(Op[Stats]):
    """How much the scope holds; ``everyone`` counts every user of the tenant."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "read"

    everyone: bool = False


class HealthCheck(Op[Health]):
    """Each part's state."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "read"


class Reindex(Op[Progress]):
    """One bounded step of rebuilding the index, or of embedding everything again with ``embedder``; repeat until finished."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "admin"

    embedder: Any = None
    rows: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    restart: bool = False


class Maintain(Op[Maintained]):
    """Expire, merge, archive and let fade, as ``recall.lifecycle`` plans it; a dry run only tells.

    ``summarise`` lets a model tell long sessions in a few sentences.
    """

    repeatable: ClassVar[bool] = True

    dry_run: bool = True
    everyone: bool = False
    summarise: bool = False


class Compact(Op[Compacted]):
    """Empty the trash, finish erasures and give free space back to the disk."""

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "admin"

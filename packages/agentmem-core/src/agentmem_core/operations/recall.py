"""Finding again."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from agentmem_core.errors import InvalidInputError
from agentmem_core.model.results import Hit
from agentmem_core.model.scope import Scope
from agentmem_core.model.values import Instant, Limit, Name, Text, Vector, trusting
from agentmem_core.operations.base import MEMORIES, Access, Op
from agentmem_core.operations.memories import Kinds, Where

MODES = ("hybrid", "dense", "lexical")


def _mode(value: Any) -> Any:
    if value not in MODES:
        raise InvalidInputError(f"mode: unknown mode {value!r}; use one of {', '.join(MODES)}")
    return value


def _query(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty or blank; leave it out to get the newest memories")
    return value


class Search(Op[list[Hit]]):
    """The ``limit`` best memories of a scope for a query, best first.

    Without a query and a vector: the newest memories that pass the filters. ``as_of`` answers from what was valid then.
    Times that the query names ("last May") are told from ``now``: by default ``as_of``, or else the clock.
    """

    repeatable: ClassVar[bool] = True
    access: ClassVar[Access] = "read"

    query: Annotated[Text, AfterValidator(_query)] | None = None
    limit: Limit = 10
    types: Kinds = None
    filters: Where = None
    mode: Annotated[Literal["hybrid", "dense", "lexical"], BeforeValidator(_mode)] = "hybrid"
    as_of: Instant | None = None
    now: Instant | None = None
    min_score: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)] | None = None
    vector: Vector | None = None
    collection: Name = MEMORIES

    def about(self, query: str, scope: Scope) -> Search:
        """The same with another query and scope, which are known to be right."""
        return _search({**vars(self), "query": query, "scope": scope})


_search = trusting(Search)

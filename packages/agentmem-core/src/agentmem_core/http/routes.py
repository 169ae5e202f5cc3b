"""The table: where every operation stands on a server. The server's routes and the client's requests both come from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, create_model
from pydantic.fields import FieldInfo

import agentmem_core.operations as ops
from agentmem_core.http.shorthands import AddOne, Chosen, OneId, Reindexing, added, by_ids, the_only
from agentmem_core.model.memory import Memory
from agentmem_core.model.values import Name, Value
from agentmem_core.operations.agents import AGENT_OPS
from agentmem_core.operations.base import AgentOp, Op


class ScopeNames(Value):
    """Whose memory a request is about. What is not named is the key's, or else the default; a tenant only an open server takes."""

    tenant: Name | None = None
    user_id: Name | None = None
    agent_id: Name | None = None
    session_id: Name | None = None


@dataclass(frozen=True)
class Route:
    """One row: an operation, and the method and path it has on a server.

    What the path names in braces comes from there, the rest from the query (``GET``, ``DELETE``) or a JSON body. ``given`` is
    what a request says beside its scope where that is not the operation's own fields, ``fields`` makes those of it; ``answered``
    is the type of the answer where it is not the operation's, ``picked`` makes it.
    """

    op: type[Op[Any]]
    method: str
    path: str
    name: str
    given: type[Value] | None = None
    fields: Callable[[dict[str, Any]], dict[str, Any]] = dict
    answered: Any = None
    picked: Callable[[Any], Any] | None = None

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return (self.op.__doc__ or "").strip().partition("\n")[0]

    @property
    def by_query(self) -> bool:
        """Whether what is not in the path stands in the query."""
        return self.method in {"GET", "DELETE"}

    @cached_property
    def in_path(self) -> tuple[str, ...]:
        """The fields that the path names."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @cached_property
    def request(self) -> type[ScopeNames]:
        """What a request says beside its path: the fields and the names of the scope, in one flat object."""
        return create_model(f"{self._title}Request", __base__=ScopeNames, **self._own(in_path=False))

    @cached_property
    def path_values(self) -> type[Value]:
        """What the path says."""
        return create_model(f"{self._title}Path", __base__=Value, **self._own(in_path=True))

    @cached_property
    def answer(self) -> TypeAdapter[Any]:
        """What comes back."""
        return TypeAdapter(self.op.answer() if self.answered is None else self.answered)

    @property
    def _title(self) -> str:
        return "".join(word.capitalize() for word in re.split(r"\W|_", self.name))

    def _own(self, *, in_path: bool) -> dict[str, Any]:
        kind = self.given or self.op
        kind.model_rebuild()
        own: Mapping[str, FieldInfo] = kind.model_fields
        return {
            name: (field.annotation, field)
            for name, field in own.items()
            if name != "scope" and (name in self.in_path) is in_path
        }


def _row(op: type[Op[Any]], method: str, path: str, name: str) -> Route:
    return Route(op, method, f"/v1/{path}", name)


def _of_agent(op: type[AgentOp[Any]]) -> Route:
    return Route(op, "POST", f"/v1/agents/{op.agent}/{op.verb}", f"{op.agent}_{op.verb}")


ROUTES: tuple[Route, ...] = (
    _row(ops.Add, "POST", "memories/batch", "add_many"),
    _row(ops.Search, "POST", "memories/search", "search"),
    _row(ops.Get, "POST", "memories/get", "get_many"),
    _row(ops.List, "GET", "memories", "list"),
    _row(ops.Update, "PATCH", "memories/{id}", "update"),
    _row(ops.Delete, "POST", "memories/delete", "delete_many"),
    _row(ops.History, "GET", "memories/{id}/history", "history"),
    _row(ops.Restore, "POST", "memories/{id}/restore", "restore"),
    _row(ops.Links, "GET", "memories/{id}/links", "links"),
    _row(ops.Relate, "POST", "links", "relate"),
    _row(ops.Forget, "POST", "forget", "forget"),
    _row(ops.Export, "GET", "export/page", "export_page"),
    _row(ops.Import, "POST", "import/page", "import_page"),
    _row(ops.StatsOf, "GET", "stats", "stats"),
    _row(ops.HealthCheck, "GET", "health", "health"),
    _row(ops.Learn, "POST", "learn", "learn"),
    _row(ops.FlushLearning, "POST", "learn/flush", "flush"),
    _row(ops.Maintain, "POST", "maintain", "maintain"),
    Route(ops.Reindex, "POST", "/v1/reindex", "reindex", Reindexing),
    _row(ops.Compact, "POST", "compact", "compact"),
    _row(ops.Embed, "POST", "embed", "embed"),
    _row(ops.Vectors, "POST", "vectors", "vectors"),
    *(_of_agent(op) for op in AGENT_OPS),
)
"""Every operation once; the client asks by these."""

SHORTCUTS: tuple[Route, ...] = (
    Route(ops.Add, "POST", "/v1/memories", "add", AddOne, added),
    Route(ops.Get, "GET", "/v1/memories/{id}", "get", OneId, by_ids, Memory, the_only),
    Route(ops.Delete, "DELETE", "/v1/memories/{id}", "delete", OneId, by_ids),
    Route(ops.Delete, "DELETE", "/v1/memories", "delete_by_filter", Chosen),
)
"""For people: the same operations as they would write them by hand."""

ROUTE_OF: Mapping[type[Op[Any]], Route] = {route.op: route for route in ROUTES}
"""Where an operation stands."""

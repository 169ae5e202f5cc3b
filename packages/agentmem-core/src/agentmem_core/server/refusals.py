"""Which errors an operation can answer with, by status: what the OpenAPI document promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from agentmem_core import errors
from agentmem_core.errors import AgentMemError
from agentmem_core.http import Route
from agentmem_core.http.problems import MEDIA_TYPE, STATUS
from agentmem_core.operations import Add
from agentmem_core.operations.base import AgentOp

Json = dict[str, Any]
Codes = Mapping[int, tuple[str, ...]]

HEADERS: Json = {
    "X-Request-ID": {"description": "Names the request in the server's log.", "schema": {"type": "string"}}
}
"""Of every answer."""

_EMBEDDED = {
    "content",
    "data",
    "items",
    "note",
    "object",
    "query",
    "records",
    "steps",
    "subject",
    "text",
    "texts",
    "value",
}
"""Fields that are turned into vectors."""

_ALWAYS: tuple[type[AgentMemError], ...] = (
    errors.AuthenticationError, errors.PermissionDeniedError, errors.NotFoundError, errors.InvalidInputError,
    errors.RateLimitedError, errors.ServerError, errors.NotConfiguredError, errors.NotSupportedError,
    errors.ServerUnavailableError, errors.StoreError, errors.StoreUnavailableError, errors.StoreBusyError,
    errors.StoreDamagedError, errors.StoreTooNewError, errors.StoreClosedError, errors.TimedOutError,
)  # fmt: skip

_OF_ROUTERS: tuple[type[AgentMemError], ...] = (
    errors.AuthenticationError, errors.PermissionDeniedError, errors.NotFoundError, errors.InvalidInputError,
    errors.RateLimitedError, errors.ServerError, errors.NotConfiguredError, errors.ConflictError,
    errors.ServerUnavailableError, errors.StoreError, errors.StoreUnavailableError, errors.StoreBusyError,
    errors.StoreDamagedError, errors.StoreTooNewError, errors.StoreClosedError, errors.StoreFullError,
)  # fmt: skip


def refusals(route: Route, *, body: bool) -> Codes:
    """Codes by status; ``body`` when a request has one."""
    fields = set(route.op.model_fields)
    kinds = list(_ALWAYS)
    if route.op.access != "read":
        kinds += [errors.ConflictError, errors.StoreFullError]
    if "filters" in fields:
        kinds.append(errors.InvalidFilterError)
    if "vector" in fields or "items" in fields or "records" in fields:
        kinds.append(errors.VectorMismatchError)
    if fields & _EMBEDDED or (issubclass(route.op, AgentOp) and route.op.access != "read"):
        kinds += [errors.EmbedderError, errors.EmbedderMismatchError]
    if route.op is Add or "rewrite" in fields or getattr(route.op, "agent", "") == "core":
        kinds.append(errors.ModelError)
    if getattr(route.op, "agent", "") == "knowledge":
        kinds.append(errors.VaultError)
    found = by_status(kinds)
    if body:
        found |= {408: ("timed_out",), 413: ("too_large",), 415: ("invalid_input",)}
    return dict(sorted(found.items()))


def router_refusals(*, body: bool) -> Codes:
    """The same of a route that is no row of the table: keys, and what is mounted beside it."""
    found = by_status(_OF_ROUTERS)
    if body:
        found |= {408: ("timed_out",), 413: ("too_large",)}
    return dict(sorted(found.items()))


def by_status(kinds: Iterable[type[AgentMemError]]) -> dict[int, tuple[str, ...]]:
    """The codes of errors under the statuses they are answered with."""
    found: dict[int, tuple[str, ...]] = {}
    for kind in kinds:
        status = next(STATUS[parent] for parent in kind.__mro__ if parent in STATUS)
        found[status] = (*found.get(status, ()), kind.code)
    return found


def meaning(code: str) -> str:
    """What an error says of itself, in a sentence."""
    kind = _BY_CODE[code]
    return (kind.__doc__ or "").strip().partition("\n")[0]


_BY_CODE: dict[str, type[AgentMemError]] = {
    kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AgentMemError)
}


def responses_of(codes: Codes, responses: dict[str, Json]) -> Json:
    """References to the answers of refused requests, which are kept in ``responses`` once."""
    found: Json = {}
    for status, names in codes.items():
        key = f"E{status}_" + "_or_".join(names)
        if key not in responses:
            responses[key] = _refusal(status, names)
        found[str(status)] = {"$ref": f"#/components/responses/{key}"}
    return found


def _refusal(status: int, codes: tuple[str, ...]) -> Json:
    schema = {
        "allOf": [{"$ref": "#/components/schemas/Problem"}],
        "properties": {"code": {"enum": list(codes)}, "status": {"const": status}},
    }
    examples = {
        code: {
            "value": {
                "type": f"urn:agentmem:error:{code}", "title": meaning(code), "status": status, "detail": "what to do",
                "code": code, "request_id": "c3073eef41e6c15e",
            }
        }
        for code in codes
    }  # fmt: skip
    headers = dict(HEADERS)
    if status in {429, 503}:
        headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer"}}
    if status == 429:
        left = "What is left of each limit, and when it begins anew; on every answer to a key that has limits."
        headers["RateLimit"] = {"description": left, "schema": {"type": "string"}}
        headers["RateLimit-Policy"] = {"description": "The limits.", "schema": {"type": "string"}}
    return {
        "description": "; ".join(f"`{code}`: {meaning(code)}" for code in codes),
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }

"""What the OpenAPI document says of routes that FastAPI describes: those for keys, and others that are mounted beside the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from agentmem_core.server.refusals import HEADERS, responses_of, router_refusals

Json = dict[str, Any]

_FASTAPIS_OWN = frozenset({"HTTPValidationError", "ValidationError"})


def described(routes: Sequence[BaseRoute]) -> Json:
    """Their paths and schemas as FastAPI has them."""
    return get_openapi(title="", version="", routes=routes)


def mounted_paths(found: Mapping[str, Any], responses: dict[str, Json]) -> tuple[Json, Json]:
    """Paths and schemas with our errors in the place of FastAPI's; ``responses`` takes the refusals that they refer to."""
    schemas = found.get("components", {}).get("schemas", {})
    paths = {
        path: {method: _operation(op, responses) for method, op in methods.items()}
        for path, methods in found["paths"].items()
    }
    return paths, {name: schema for name, schema in schemas.items() if name not in _FASTAPIS_OWN}


def _operation(op: Json, responses: dict[str, Json]) -> Json:
    good = {status: {**said, "headers": HEADERS} for status, said in op["responses"].items() if status[0] == "2"}
    refused = responses_of(router_refusals(body="requestBody" in op), responses)
    told = op.get("description", "")
    summary, _, rest = told.partition("\n")
    return {
        **op, "summary": summary or op["summary"], "description": " ".join(rest.split()),
        "responses": {**good, **refused},
    }  # fmt: skip

"""The OpenAPI document, from the table: what can be asked, what is answered, and every error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from agentmem_core.http import ROUTES, SHORTCUTS, Problem, Route
from agentmem_core.operations.base import AgentOp
from agentmem_core.server.examples import example, word
from agentmem_core.server.mounted import mounted_paths
from agentmem_core.server.refusals import HEADERS, refusals, responses_of
from agentmem_core.server.streams import stream_paths

Json = dict[str, Any]

_FILTERS: Json = {
    "description": 'Keys of the metadata, or "memory." and a field of the memory; operators as {"year": {"$gte": 2024}}, groups '
    'as {"$or": [...]}.',
    "type": ["object", "array", "null"],
    "items": {"type": "object"},
    "default": None,
}

_RECORDS: Json = {
    "description": "The records, and the cursor to go on with or null.",
    "type": "array",
    "minItems": 2,
    "maxItems": 2,
    "items": {"type": ["array", "string", "null"], "items": {"type": "object"}},
}
"""As prefixItems would say it, which few tools read."""

_INTRODUCTION = """Long-term memory for agents. A request may name whose memory it is about: `user_id`, `agent_id`, `session_id`, and
on a server without keys `tenant`; beside the other fields of its body, or in the query of any request. What it leaves out is the key's own, or
else the default. Every error is a problem document (RFC 9457) with a stable `code`.
Every answer has an `X-Request-ID`; give your own in the request to find it in the server's log."""


def document(*, is_open: bool = False, more: Mapping[str, Any] | None = None) -> Json:
    """The whole document; ``more`` is that of other routers, ``is_open`` when no key is needed."""
    routes = (*ROUTES, *SHORTCUTS)
    schemas, components = _schemas(routes)
    responses: dict[str, Json] = {}
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas, responses)
    for path, methods in stream_paths(responses).items():
        paths.setdefault(path, {}).update(methods)
    if more is not None:
        mounted, schemas_of_mounted = mounted_paths(more, responses)
        paths |= mounted
        components |= schemas_of_mounted
    return {
        "openapi": "3.1.0",
        "info": {"title": "AgentMem", "version": version("agentmem-core"), "description": _INTRODUCTION},
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": responses,
            "securitySchemes": {
                "bearer": {
                    "type": "http", "scheme": "bearer",
                    "description": "A key (agm_...) or a token. An open server on loopback needs none.",
                }
            },
        },
        "security": [{"bearer": []}, {}] if is_open else [{"bearer": []}],
        "tags": [{"name": name} for name in dict.fromkeys(tag_of(route) for route in routes)],
    }  # fmt: skip


def tag_of(route: Route) -> str:
    """Under which heading an operation stands."""
    if issubclass(route.op, AgentOp):
        return f"{route.op.agent} agent"
    return "memories" if route.path.startswith(("/v1/memories", "/v1/links", "/v1/forget")) else "store"


def _schemas(routes: Iterable[Route]) -> tuple[dict[tuple[str, str], Json], dict[str, Json]]:
    """The schemas of requests, path values and answers by route name, and what they refer to."""
    inputs: list[tuple[tuple[str, str], Any, TypeAdapter[Any]]] = [
        (("problem", "answer"), "serialization", TypeAdapter(Problem))
    ]
    for route in routes:
        inputs.append(((route.name, "request"), "validation", TypeAdapter(route.request)))
        inputs.append(((route.name, "path"), "validation", TypeAdapter(route.path_values)))
        inputs.append(((route.name, "answer"), "serialization", route.answer))
    made, rest = TypeAdapter.json_schemas(
        inputs, ref_template="#/components/schemas/{model}", schema_generator=GenerateJsonSchema
    )
    components: dict[str, Json] = rest["$defs"]
    for name, schema in components.items():
        if name.endswith("Request") and "filters" in schema.get("properties", {}):
            schema["properties"]["filters"] = _FILTERS
    found = {(str(name[0]), str(name[1])): dict(schema) for (name, _), schema in made.items()}
    return {**found, ("export_page", "answer"): _RECORDS}, components


def _operation(route: Route, schemas: Mapping[tuple[str, str], Json], responses: dict[str, Json]) -> Json:
    op: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "description": _description(route),
        "tags": [tag_of(route)],
        "parameters": [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1},
                "example": word(name),
            }
            for name in route.in_path
        ],
        "responses": {
            "200": {
                "description": "Done.",
                "headers": HEADERS,
                "content": {"application/json": {"schema": schemas[route.name, "answer"]}},
            },
            **responses_of(refusals(route, body=not route.by_query), responses),
        },
    }
    if route.by_query:
        op["parameters"] += _query(route)
        return op
    op["requestBody"] = {
        "required": any(field.is_required() for field in route.request.model_fields.values()),
        "content": {"application/json": {"schema": schemas[route.name, "request"], "example": example(route)}},
    }
    return op


def _description(route: Route) -> str:
    more = " ".join((route.op.__doc__ or "").strip().partition("\n")[2].split())
    again = "It is safe to repeat." if route.op.repeatable else "It is not safe to repeat blindly."
    return " ".join(part for part in (more, f"Needs {route.op.access} access. {again}") if part)


def _query(route: Route) -> list[Json]:
    """The fields of a request as parameters; what is not JSON by itself is JSON in a text."""
    schema = route.request.model_json_schema(ref_template="#/components/schemas/{model}")
    needed = set(schema.get("required", ()))
    shown = example(route)
    found: list[Json] = []
    for name, field in schema["properties"].items():
        parameter: Json = {"name": name, "in": "query", "required": name in needed}
        if name == "filters":
            parameter["content"] = {"application/json": {"schema": {**_FILTERS, "type": "object"}}}
        else:
            parameter["schema"] = _without_null(field)
        if name in shown and name != "filters":
            parameter["example"] = shown[name]
        found.append(parameter)
    return found


def _without_null(field: Json) -> Json:
    """A query has no null: what is not given is left out."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"]
    rest = {
        name: value for name, value in field.items() if name != "anyOf" and not (name == "default" and value is None)
    }
    if not kinds:
        return rest
    return {**rest, **kinds[0]} if len(kinds) == 1 else {**rest, "anyOf": kinds}

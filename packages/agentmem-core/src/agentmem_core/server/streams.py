"""What the OpenAPI document says of the routes that are no rows of the table: streams, events, probes, metrics."""

from __future__ import annotations

from typing import Any

from agentmem_core.server.refusals import refusals, responses_of
from agentmem_core.server.transfers import EXPORT, IMPORT

Json = dict[str, Any]

_TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 256}
_FILE = '{"format": "agentmem-export", "version": 1}\n'


def stream_paths(responses: dict[str, Json]) -> Json:
    """Their paths; ``responses`` takes the refusals that they refer to."""
    asked = {status: codes for status, codes in refusals(EXPORT, body=False).items() if status not in {409, 507}}
    posted = refusals(IMPORT, body=True)
    few = {503: ("server_unavailable",), 500: ("server_failed",)}
    kept = {**few, 401: ("unauthenticated",), 403: ("forbidden",), 404: ("not_found",), 429: ("rate_limited",)}
    return {
        "/v1/export": {"get": {
            "operationId": "export", "tags": ["store"], "summary": "A user's memories, with their history, links and files, as JSON Lines.",
            "description": "The file that AgentMem.export writes. A connection that is broken off means that the rest is missing. "
            "Needs read access; everyone needs admin access.",
            "parameters": [*_scope("tenant", "user_id", "agent_id", "session_id"), _flag("everyone", default=False)],
            "responses": {"200": _said("The file, a part at a time.", "application/x-ndjson"), **responses_of(asked, responses)},
        }},
        "/v1/import": {"post": {
            "operationId": "import", "tags": ["store"], "summary": "Read an export; what stands already is skipped.",
            "description": "The body is the file, as application/x-ndjson or octet-stream; it may be long. What came before a broken line is kept. "
            "Needs write access. It is safe to repeat.",
            "parameters": [*_scope("tenant", "user_id"), _flag("keep_users", default=True)],
            "requestBody": {"required": True, "content": {
                "application/octet-stream": {"schema": {"type": "string"}, "example": _FILE},
            }},
            "responses": {
                "200": {"description": "What was read.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Transferred"}}}},
                **responses_of(posted, responses),
            },
        }},
        "/v1/events": {"get": {
            "operationId": "events", "tags": ["store"], "summary": "What changes, as server-sent events, until the reader goes.",
            "description": "Events are `added`, `updated`, `deleted`, `forgotten` with `user_id`, `count`, `ids` and `types`, never content; "
            "`ready` when it begins, `missed` when some are no longer known. Only what goes through this server is told. "
            "Needs read access; of all users of a tenant, admin access.",
            "parameters": [
                *_scope("tenant", "user_id"),
                {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string", "maxLength": 64}},
            ],
            "responses": {"200": _said("Events.", "text/event-stream"), **responses_of(asked, responses)},
        }},
        "/health/live": {"get": {
            "operationId": "live", "tags": ["server"], "summary": "Whether the process lives.", "security": [],
            "responses": {"200": _status("alive"), **responses_of(few, responses)},
        }},
        "/health/ready": {"get": {
            "operationId": "ready", "tags": ["server"], "summary": "Whether the store can serve; with a key, part by part.",
            "security": [{"bearer": []}, {}],
            "responses": {"200": _status("ready"), **responses_of(few, responses)},
        }},
        "/metrics": {"get": {
            "operationId": "metrics", "tags": ["server"], "summary": "Figures for Prometheus.",
            "security": [{"bearer": []}, {}],
            "responses": {"200": _said("Text of Prometheus.", "text/plain"), **responses_of(dict(sorted(kept.items())), responses)},
        }},
    }  # fmt: skip


def _scope(*names: str) -> list[Json]:
    return [{"name": name, "in": "query", "required": False, "schema": _TEXT} for name in names]


def _flag(name: str, *, default: bool) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": {"type": "boolean", "default": default}}


def _said(description: str, media: str) -> Json:
    return {"description": description, "content": {media: {"schema": {"type": "string"}}}}


def _status(value: str) -> Json:
    schema = {"type": "object", "properties": {"status": {"const": value}}, "required": ["status"]}
    return {"description": "It is.", "content": {"application/json": {"schema": schema}}}

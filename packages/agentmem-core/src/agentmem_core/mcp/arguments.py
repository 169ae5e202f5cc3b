"""What a model says to a tool: checked values, and the short schema it is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from agentmem_core.model.values import Value

Json = dict[str, Any]

TypeName = Literal["core", "working", "episodic", "semantic", "procedural", "resource", "knowledge", "contextual"]


class Arguments(Value):
    """Of one tool; what it does not know is refused. A None is as good as nothing: some clients send it for what is left out."""

    @classmethod
    def told(cls) -> Json:
        """What the model is told: every word of it is read in every conversation, so only what helps to call the tool."""
        return _told_of(cls)


def _instant(value: Any) -> Any:
    """A date, or a datetime without a zone, is one of UTC: models leave it out, and mean it so."""
    if not isinstance(value, str):
        return value
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("must be an ISO 8601 date like 2024-05-03 or 2024-05-03T18:00+02:00") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _no_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty or blank")
    return value


Moment = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string"})]
Said = Annotated[str, AfterValidator(_no_blank)]


@cache
def _told_of(arguments: type[Arguments]) -> Json:
    schema = arguments.model_json_schema()
    return _slim(schema, schema.get("$defs", {}))


_KEPT = ("default", "description", "enum", "type")


def _slim(schema: Json, named: Mapping[str, Json]) -> Json:
    """Types, choices and descriptions; titles, and the other type of what may be left out, are left out."""
    if "$ref" in schema:
        return _slim(named[schema["$ref"].rpartition("/")[2]], named)
    if "anyOf" in schema:
        chosen = [part for part in schema["anyOf"] if part.get("type") != "null"]
        return {**_slim(chosen[0], named), **_told(schema)}
    found = _told(schema)
    if "items" in schema:
        found["items"] = _slim(schema["items"], named)
    if schema.get("properties"):
        found["properties"] = {name: _slim(part, named) for name, part in schema["properties"].items()}
    if schema.get("required"):
        found["required"] = schema["required"]
    return found


def _told(schema: Json) -> Json:
    return {name: schema[name] for name in _KEPT if schema.get(name) is not None}

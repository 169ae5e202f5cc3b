"""How a model is asked, and what is left out when it refuses some of it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.llms.providers import Bound, Json, Provider
from agentmem_core.ports import Prompt

THINKING_ROOM = 4096
"""Tokens added to the bound of the answer for models that think: their thoughts count."""

_TOLD = "Answer with one JSON object and nothing else. It fits this JSON Schema:\n"
_OTHER: Mapping[Bound, Bound] = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_ABOUT_JSON = re.compile(
    r"response_?format|json_?(schema|object)|structured|output_config|response_?(json)?_?schema|response_?mime|schema|tool_choice",
    re.IGNORECASE,
)
_ABOUT_BOUND = re.compile(r"max_(completion_)?tokens")


@dataclass(frozen=True, slots=True)
class Way:
    """What a request makes use of."""

    json: Json
    bound: Bound
    extra: bool = True


def first_way(provider: Provider) -> Way:
    """What the table says of a provider."""
    return Way(provider.json, provider.bound, bool(provider.extra))


def another_way(
    way: Way, reason: str, provider: Provider, after: Mapping[Json, Json], *, structured: bool
) -> Way | None:
    """What to ask instead when a model refuses a request for ``reason``; None where nothing of it was about the way.

    Every step leaves something out that is not asked again, so there is an end.
    """
    if way.extra and any(re.search(rf"\b{re.escape(name)}\b", reason) for name in provider.extra):
        return replace(way, extra=False)
    if way.bound == provider.bound and len({match[0] for match in _ABOUT_BOUND.finditer(reason)}) == 2:
        return replace(way, bound=_OTHER[way.bound])
    if structured and _ABOUT_JSON.search(reason):
        next_json = after.get(way.json)
        return replace(way, json=next_json) if next_json is not None else None
    return None


def system_of(prompt: Prompt, way: Way, provider: Provider) -> str:
    """What the model is told to do, with the schema where only words can say it, or they help."""
    if prompt.schema is None or not (provider.says or way.json in {"object", "told"}):
        return prompt.system
    return f"{prompt.system}\n\n{_TOLD}{schema_text(prompt.schema)}".strip()


def room_of(prompt: Prompt, model: str, provider: Provider) -> int:
    """Tokens that an answer may take, thoughts included."""
    return prompt.max_tokens + (THINKING_ROOM if re.search(provider.thinks, model) else 0)


def schema_text(schema: Mapping[str, Any]) -> str:
    """A schema as JSON."""
    try:
        return json.dumps(dict(schema), ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"schema: must be JSON Schema, made of dicts, lists and plain values: {error}"
        ) from None


def is_strict(schema: Any) -> bool:
    """Whether every object of a schema names all its fields as required and allows no other: what OpenAI calls strict."""
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties")
        named = set(properties) if isinstance(properties, Mapping) else set()
        if schema.get("additionalProperties") is not False or set(schema.get("required") or ()) != named:
            return False
    return all(map(is_strict, schema.values()))


_UNKNOWN_TO_CLAUDE = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
    }
)


def closed(schema: Any) -> Any:
    """A schema as Anthropic takes it: objects allow no other fields, and bounds that it does not know are left out."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {name: _closed_field(name, value) for name, value in schema.items() if name not in _UNKNOWN_TO_CLAUDE}
    kind = schema.get("type")
    if kind == "object" or (isinstance(kind, list) and "object" in kind):
        kept["additionalProperties"] = False
    return kept


def _closed_field(name: str, value: Any) -> Any:
    """``properties`` holds fields, whose names may be any word, such as ``minimum``; examples and constants are data."""
    if name in {"enum", "const", "default", "examples"}:
        return value
    if name in {"properties", "$defs", "definitions"} and isinstance(value, Mapping):
        return {key: closed(each) for key, each in value.items()}
    return closed(value)

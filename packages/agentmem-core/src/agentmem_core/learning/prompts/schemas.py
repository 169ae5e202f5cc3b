"""The shapes of answers, as JSON Schema that strict modes of providers take: every field is required, none may be added."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": ["string", "null"]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


FACTS = _object(
    {
        "facts": _list_of(
            _object(
                {
                    "text": {"type": "string"},
                    "subject": _TEXT,
                    "predicate": _TEXT,
                    "object": _TEXT,
                    "ended": {"type": "boolean"},
                    "since": _TEXT,
                    "until": _TEXT,
                    "when": _TEXT,
                    "confidence": {"type": "number"},
                    "turns": _list_of({"type": "integer"}),
                }
            )
        )
    }
)

DECISIONS = _object(
    {
        "decisions": _list_of(
            _object(
                {
                    "fact": {"type": "integer"},
                    "action": {"type": "string", "enum": ["ADD", "UPDATE", "DELETE", "MERGE", "NONE"]},
                    "memories": _list_of({"type": "integer"}),
                    "was_true": {"type": "boolean"},
                    "text": _TEXT,
                    "reason": {"type": "string"},
                }
            )
        )
    }
)

SUMMARY = _object({"summary": {"type": "string"}})

"""Anthropic's messages: https://platform.claude.com/docs/en/api/messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentmem_core.llms.answers import Answer, Stop
from agentmem_core.llms.dialects.base import Outgoing
from agentmem_core.llms.providers import Json, Provider
from agentmem_core.llms.reading import count, fields, items, text
from agentmem_core.llms.ways import Way, closed, room_of, system_of
from agentmem_core.ports import Prompt, Usage

_TOOL = "answer"
_STOPS: Mapping[str, Stop] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "declined",
    "pause_turn": "failed",
}


class AnthropicDialect:
    """``POST <address>/v1/messages``; what content blocks say is joined, thoughts are left out."""

    headers: Mapping[str, str] = {"anthropic-version": "2023-06-01"}
    after: Mapping[Json, Json] = {"schema": "tool", "tool": "told"}

    def write(self, prompt: Prompt, model: str, way: Way, provider: Provider) -> Outgoing:
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": room_of(prompt, model, provider),
            "messages": [{"role": "user", "content": prompt.text}],
        }
        system = system_of(prompt, way, provider)
        if system.strip():
            body["system"] = system
        if prompt.schema is not None and way.json == "schema":
            body["output_config"] = {"format": {"type": "json_schema", "schema": closed(dict(prompt.schema))}}
        elif prompt.schema is not None and way.json == "tool":
            given = {"name": _TOOL, "description": "Gives the answer.", "input_schema": dict(prompt.schema)}
            body |= {"tools": [given], "tool_choice": {"type": "tool", "name": _TOOL}}
        if way.extra:
            body.update(provider.extra)
        return Outgoing("v1/messages", body)

    def read(self, payload: Mapping[str, Any]) -> Answer:
        blocks = [fields(block) for block in items(payload.get("content"))]
        why = text(payload.get("stop_reason"))
        usage = fields(payload.get("usage"))
        asked = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        return Answer(
            text="".join(text(block.get("text")) for block in blocks if block.get("type") == "text"),
            called=tuple(
                json.dumps(block.get("input"), ensure_ascii=False)
                for block in blocks
                if block.get("type") == "tool_use"
            ),
            stop=_STOPS.get(why, "end"),
            why=why,
            usage=Usage(1, sum(count(usage.get(name)) for name in asked), count(usage.get("output_tokens"))),
        )

"""OpenAI's chat completions, which most servers speak: https://platform.openai.com/docs/api-reference/chat."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentmem_core.llms.answers import Answer, Stop
from agentmem_core.llms.dialects.base import Outgoing
from agentmem_core.llms.providers import Json, Provider
from agentmem_core.llms.reading import count, fields, items, text
from agentmem_core.llms.ways import Way, is_strict, room_of, system_of
from agentmem_core.ports import Prompt, Usage

_STOPS: Mapping[str, Stop] = {
    "length": "length",
    "model_length": "length",  # Mistral
    "content_filter": "declined",
    "sensitive": "declined",  # Zhipu
    "error": "failed",  # Mistral, OpenRouter
    "network_error": "failed",  # Zhipu
    "insufficient_system_resource": "failed",  # DeepSeek
}


class OpenAIDialect:
    """``POST <address>/chat/completions``."""

    headers: Mapping[str, str] = {}
    after: Mapping[Json, Json] = {"schema": "object", "shaped": "object", "object": "told"}

    def write(self, prompt: Prompt, model: str, way: Way, provider: Provider) -> Outgoing:
        system = system_of(prompt, way, provider)
        messages = [{"role": "system", "content": system}] if system.strip() else []
        messages.append({"role": "user", "content": prompt.text})
        body: dict[str, Any] = {"model": model, "messages": messages, way.bound: room_of(prompt, model, provider)}
        if prompt.schema is not None and way.json == "schema":
            schema = dict(prompt.schema)
            wanted = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": wanted}
        elif prompt.schema is not None and way.json == "shaped":
            body["response_format"] = {"type": "json_object", "schema": dict(prompt.schema)}
        elif prompt.schema is not None and way.json == "object":
            body["response_format"] = {"type": "json_object"}
        if way.extra:
            body.update(provider.extra)
        return Outgoing("chat/completions", body)

    def read(self, payload: Mapping[str, Any]) -> Answer:
        choices = items(payload.get("choices"))
        choice = fields(choices[0]) if choices else {}
        message = fields(choice.get("message"))
        why = text(choice.get("finish_reason"))
        refusal = text(message.get("refusal"))
        return Answer(
            text=_content(message.get("content")),
            called=_called(message),
            stop="declined" if refusal else _STOPS.get(why, "end"),
            why=refusal or why,
            usage=_usage(fields(payload.get("usage"))),
        )


def _content(content: Any) -> str:
    """Text, or a list of parts of which some are text (Mistral's models that think)."""
    if not isinstance(content, list):
        return text(content)
    return "".join(text(fields(part).get("text")) for part in content if fields(part).get("type") == "text")


def _called(message: Mapping[str, Any]) -> tuple[str, ...]:
    calls = [fields(fields(call).get("function")) for call in items(message.get("tool_calls"))]
    calls.append(fields(message.get("function_call")))  # before there were tools
    arguments = [call["arguments"] for call in calls if "arguments" in call]
    return tuple(json.dumps(each, ensure_ascii=False) if isinstance(each, dict) else text(each) for each in arguments)


def _usage(usage: Mapping[str, Any]) -> Usage:
    return Usage(1, count(usage.get("prompt_tokens")), count(usage.get("completion_tokens")))

"""Google's generateContent: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from agentmem_core.llms.answers import Answer, Stop
from agentmem_core.llms.dialects.base import Outgoing
from agentmem_core.llms.providers import Json, Provider
from agentmem_core.llms.reading import count, fields, items, text
from agentmem_core.llms.ways import Way, room_of, system_of
from agentmem_core.ports import Prompt, Usage

_ENDED = {"", "STOP", "FINISH_REASON_UNSPECIFIED"}
_BROKEN = {"OTHER", "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"}


class GeminiDialect:
    """``POST <address>/models/<model>:generateContent``; the key travels in a header, never in the address."""

    headers: Mapping[str, str] = {}
    after: Mapping[Json, Json] = {"schema": "object", "object": "told"}

    def write(self, prompt: Prompt, model: str, way: Way, provider: Provider) -> Outgoing:
        config: dict[str, Any] = {"maxOutputTokens": room_of(prompt, model, provider)}
        if prompt.schema is not None and way.json in {"schema", "object"}:
            config["responseMimeType"] = "application/json"
        if prompt.schema is not None and way.json == "schema":
            config["responseJsonSchema"] = dict(prompt.schema)
        body: dict[str, Any] = {
            "contents": [{"role": "user", "parts": [{"text": prompt.text}]}],
            "generationConfig": config,
        }
        system = system_of(prompt, way, provider)
        if system.strip():
            body["systemInstruction"] = {"parts": [{"text": system}]}
        if way.extra:
            body.update(provider.extra)
        place = model if "/" in model else f"models/{model}"
        return Outgoing(f"{quote(place, safe='/-._')}:generateContent", body)

    def read(self, payload: Mapping[str, Any]) -> Answer:
        candidates = items(payload.get("candidates"))
        candidate = fields(candidates[0]) if candidates else {}
        parts = [fields(part) for part in items(fields(candidate.get("content")).get("parts"))]
        blocked = text(fields(payload.get("promptFeedback")).get("blockReason"))
        why = blocked or text(candidate.get("finishReason"))
        usage = fields(payload.get("usageMetadata"))
        return Answer(
            text="".join(text(part.get("text")) for part in parts if part.get("thought") is not True),
            called=tuple(
                json.dumps(fields(part["functionCall"]).get("args"), ensure_ascii=False)
                for part in parts
                if "functionCall" in part
            ),
            stop="declined" if blocked else _stop(why),
            why=why,
            usage=Usage(
                1,
                count(usage.get("promptTokenCount")),
                count(usage.get("candidatesTokenCount")) + count(usage.get("thoughtsTokenCount")),
            ),
        )


def _stop(why: str) -> Stop:
    """Google adds reasons for which it keeps an answer back; a new one is taken for one of those."""
    if why in _ENDED:
        return "end"
    if why == "MAX_TOKENS":
        return "length"
    return "failed" if why in _BROKEN else "declined"

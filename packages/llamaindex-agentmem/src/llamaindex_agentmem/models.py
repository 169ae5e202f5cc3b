"""A language model of LlamaIndex as the core's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.llms import LLM

from agentmem_core import InvalidInputError, LanguageModel, ModelError, Prompt, Reply, Usage


def as_core_model(llm: LLM) -> LanguageModel:
    """Any ``LLM`` of LlamaIndex as ``AgentMem(llm=...)``."""
    if not isinstance(llm, LLM):
        raise InvalidInputError(f"llm: must be a LlamaIndex LLM, not {type(llm).__name__}")
    return _CoreModel(llm)


class _CoreModel:
    """A ``LanguageModel`` that asks a LlamaIndex LLM; equal to another of the same one, so that they share a store."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _CoreModel) and other._llm is self._llm

    def __hash__(self) -> int:
        return id(self._llm)

    @property
    def name(self) -> str:
        return f"{type(self._llm).__name__}/{self._llm.metadata.model_name}"

    def ask(self, prompt: Prompt) -> Reply:
        try:
            response = self._llm.chat(_messages(prompt), **self._options(prompt))
        except Exception as error:  # whatever a provider's client raises
            raise self._failed(error) from error
        return self._reply(response)

    async def aask(self, prompt: Prompt) -> Reply:
        try:
            response = await self._llm.achat(_messages(prompt), **self._options(prompt))
        except Exception as error:
            raise self._failed(error) from error
        return self._reply(response)

    def _options(self, prompt: Prompt) -> dict[str, Any]:
        """The limit, for models that have a setting of that name; others keep to their own."""
        return {"max_tokens": prompt.max_tokens} if "max_tokens" in type(self._llm).model_fields else {}

    def _failed(self, error: Exception) -> ModelError:
        return ModelError(f"the model {self.name} failed: {error!r}")

    def _reply(self, response: ChatResponse) -> Reply:
        text = response.message.content
        if not text:
            raise ModelError(f"the model {self.name} answered without text")
        return Reply(text, _usage(response))


def _messages(prompt: Prompt) -> list[ChatMessage]:
    system = prompt.system
    if prompt.schema is not None:
        schema = json.dumps(dict(prompt.schema), ensure_ascii=False)
        system += f"\n\nAnswer with one JSON object and nothing else. It fits this JSON Schema:\n{schema}"
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=system),
        ChatMessage(role=MessageRole.USER, content=prompt.text),
    ]


def _usage(response: ChatResponse) -> Usage:
    """What the provider counted, where LlamaIndex passes it on."""
    counted: Mapping[str, Any] = response.additional_kwargs or {}
    raw = response.raw
    if "prompt_tokens" not in counted and raw is not None:
        usage = raw.get("usage") if isinstance(raw, Mapping) else getattr(raw, "usage", None)
        counted = usage if isinstance(usage, Mapping) else vars(usage) if hasattr(usage, "__dict__") else {}
    return Usage(
        1, _number(counted, "prompt_tokens", "input_tokens"), _number(counted, "completion_tokens", "output_tokens")
    )


def _number(counted: Mapping[str, Any], *names: str) -> int:
    return next((value for name in names if isinstance(value := counted.get(name), int)), 0)

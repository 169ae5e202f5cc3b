"""Providers without a dialect of ours, through LiteLLM, where it is installed: https://docs.litellm.ai."""

from __future__ import annotations

import json
import os
from importlib import import_module
from typing import Any

from agentmem_core.errors import ModelError, NotConfiguredError
from agentmem_core.llms.answers import reply_of
from agentmem_core.llms.dialects import OpenAIDialect
from agentmem_core.llms.providers import PROVIDERS
from agentmem_core.llms.reading import fields
from agentmem_core.llms.ways import Way, system_of
from agentmem_core.ports import Prompt, Reply
from agentmem_core.retrying import Patience

_PROVIDER = PROVIDERS["litellm"]


class LiteLLMModel:
    """Asks whatever LiteLLM can ask; keys and addresses are LiteLLM's business, and so are its connections."""

    def __init__(self, model: str, *, timeout: float, patience: Patience) -> None:
        """``model`` as LiteLLM names it, ``bedrock/amazon.nova-lite-v1:0``; imports LiteLLM, which takes seconds."""
        os.environ.setdefault(
            "LITELLM_LOCAL_MODEL_COST_MAP", "True"
        )  # or its import asks the network for prices, for seconds
        try:
            self._litellm: Any = import_module("litellm")
        except ImportError:
            raise NotConfiguredError('models through LiteLLM need it: pip install "agentmem-core[litellm]"') from None
        self._model = model
        self._timeout = timeout
        self._patience = patience
        self._dialect = OpenAIDialect()

    @property
    def name(self) -> str:
        """LiteLLM and the model."""
        return f"litellm:{self._model}"

    def ask(self, prompt: Prompt) -> Reply:
        """The answer."""
        try:
            answer = self._litellm.completion(**self._request(prompt))
        except Exception as error:  # noqa: BLE001 - whatever a provider's client raises
            raise self._failed(error) from None
        return self._read(answer, prompt)

    async def aask(self, prompt: Prompt) -> Reply:
        """``ask`` without blocking the event loop."""
        try:
            answer = await self._litellm.acompletion(**self._request(prompt))
        except Exception as error:  # noqa: BLE001 - the same
            raise self._failed(error) from None
        return self._read(answer, prompt)

    def __repr__(self) -> str:
        """LiteLLM and the model."""
        return f"{type(self).__name__}({self._model!r})"

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        """What works for most: the schema in words, and JSON as such where the provider has a mode for it."""
        way = Way("object", "max_tokens", extra=False)
        system = system_of(prompt, way, _PROVIDER)
        messages = [{"role": "system", "content": system}] if system.strip() else []
        messages.append({"role": "user", "content": prompt.text})
        request: dict[str, Any] = {
            "model": self._model,
            "messages": messages,
            "max_tokens": prompt.max_tokens,
            "timeout": self._timeout,
            "max_retries": self._patience.tries - 1,
            "drop_params": True,
        }
        if prompt.schema is not None:
            request["response_format"] = {"type": "json_object"}
        return request

    def _read(self, answer: Any, prompt: Prompt) -> Reply:
        try:
            payload = json.loads(answer.model_dump_json(warnings=False))
        except (AttributeError, ValueError, TypeError, RecursionError) as error:
            raise ModelError(f"the model {self.name} answered something that LiteLLM did not make: {error!r}") from None
        return reply_of(self._dialect.read(fields(payload)), prompt, self.name)

    def _failed(self, error: Exception) -> ModelError:
        """The kind and the status only: what providers' clients say may repeat a key."""
        status = getattr(error, "status_code", None)
        told = f" ({status})" if isinstance(status, int) else ""
        return ModelError(f"the model {self.name} failed: {type(error).__name__}{told}; LiteLLM's own log says more")

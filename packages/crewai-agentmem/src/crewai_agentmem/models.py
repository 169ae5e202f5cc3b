"""A language model of CrewAI as the core's."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from crewai.llms.base_llm import BaseLLM

from agentmem_core import InvalidInputError, LanguageModel, ModelError, Prompt, Reply, Usage


def as_core_model(llm: BaseLLM) -> LanguageModel:
    """Any ``LLM`` or ``BaseLLM`` of CrewAI as ``AgentMem(llm=...)``; its failures are ``ModelError``.

    CrewAI does not tell what one call has cost, so tokens are estimated. The model's own bound on its answers holds.
    """
    if not isinstance(llm, BaseLLM):
        raise InvalidInputError(f"llm: must be an LLM of CrewAI, not {type(llm).__name__}")
    return _CoreModel(llm)


class _CoreModel:
    """A ``LanguageModel`` that asks a CrewAI model; equal to another of the same model, so that they share a store."""

    def __init__(self, llm: BaseLLM) -> None:
        self._llm = llm

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _CoreModel) and other._llm is self._llm

    def __hash__(self) -> int:
        return id(self._llm)

    @property
    def name(self) -> str:
        return f"{type(self._llm).__name__}:{self._llm.model}"

    def ask(self, prompt: Prompt) -> Reply:
        try:
            answer = self._llm.call(_messages(prompt))
        except Exception as error:  # whatever a provider's client raises
            raise self._failed(error) from error
        return self._reply(answer)

    async def aask(self, prompt: Prompt) -> Reply:
        """``ask``; a model that has no async call of its own is asked in a thread."""
        try:
            if type(self._llm).acall is BaseLLM.acall:
                answer = await asyncio.to_thread(self._llm.call, _messages(prompt))
            else:
                answer = await self._llm.acall(_messages(prompt))
        except Exception as error:
            raise self._failed(error) from error
        return self._reply(answer)

    def _failed(self, error: Exception) -> ModelError:
        return ModelError(f"the model {self.name} failed ({type(error).__name__}: {error}); what was given is kept")

    def _reply(self, answer: object) -> Reply:
        if not isinstance(answer, str) or not answer.strip():
            raise ModelError(f"the model {self.name} answered without text")
        return Reply(answer, Usage(1))


def _messages(prompt: Prompt) -> Any:
    system = prompt.system
    if prompt.schema is not None:
        schema = json.dumps(dict(prompt.schema), ensure_ascii=False)
        system += f"\n\nAnswer with one JSON object that fits this JSON Schema, and with nothing else:\n{schema}"
    asked = {"role": "user", "content": prompt.text}
    return [{"role": "system", "content": system}, asked] if system.strip() else [asked]

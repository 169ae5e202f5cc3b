"""LangChain's models for the core: one that answers prompts, and what counts its tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from langchain_core.language_models import BaseChatModel, BaseLanguageModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agentmem_core import InvalidInputError, LanguageModel, ModelError, Prompt, Reply, Usage

Counter = Callable[[str], int]
_COUNTING = ("get_num_tokens", "get_token_ids")


def as_core_model(chat_model: BaseChatModel, *, name: str | None = None) -> LanguageModel:
    """A chat model as the core's ``LanguageModel``, for ``AgentMem(llm=...)``; its failures are ``ModelError``."""
    if not isinstance(chat_model, BaseChatModel):
        raise InvalidInputError(f"chat_model: must be a BaseChatModel of LangChain, not {type(chat_model).__name__}")
    return _CoreModel(chat_model, name or model_name(chat_model))


def model_name(model: object) -> str:
    """A model's class and the model it asks for, which never holds a key."""
    for attribute in ("model_name", "model", "model_id", "repo_id", "deployment", "deployment_name"):
        found = getattr(model, attribute, None)
        if isinstance(found, str) and found:
            return f"{type(model).__name__}:{found}"
    return type(model).__name__


def counter_of(model: BaseLanguageModel[Any] | None) -> Counter | None:
    """A model's own counter of tokens; None where it only inherits LangChain's, which asks for a tokenizer from the network."""
    if model is None:
        return None
    own = any(getattr(type(model), name) is not getattr(BaseLanguageModel, name) for name in _COUNTING)
    return model.get_num_tokens if own or getattr(model, "custom_get_token_ids", None) is not None else None


class _CoreModel:
    """Asks a chat model with a system and a human message; equal to another of the same model, so that they share a store."""

    def __init__(self, model: BaseChatModel, name: str) -> None:
        self._model = model
        self._name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _CoreModel) and other._model is self._model

    def __hash__(self) -> int:
        return id(self._model)

    @property
    def name(self) -> str:
        """The model's class and what it asks for."""
        return self._name

    def ask(self, prompt: Prompt) -> Reply:
        """The answer."""
        try:
            answer = self._model.invoke(_messages(prompt), **self._options(prompt))
        except Exception as error:
            raise self._failure(error) from error
        return _reply(answer)

    async def aask(self, prompt: Prompt) -> Reply:
        """``ask`` without blocking the event loop."""
        try:
            answer = await self._model.ainvoke(_messages(prompt), **self._options(prompt))
        except Exception as error:
            raise self._failure(error) from error
        return _reply(answer)

    def _options(self, prompt: Prompt) -> dict[str, Any]:
        """The bound on the answer, for models that know one: there is no name for it that all take."""
        return {"max_tokens": prompt.max_tokens} if "max_tokens" in type(self._model).model_fields else {}

    def _failure(self, error: Exception) -> ModelError:
        return ModelError(f"the model {self._name} failed ({type(error).__name__}: {error}); what was given is kept")


def _messages(prompt: Prompt) -> list[BaseMessage]:
    system = prompt.system
    if prompt.schema is not None:
        schema = json.dumps(dict(prompt.schema), ensure_ascii=False)
        system += f"\n\nAnswer with one JSON object that fits this JSON Schema, and with nothing else:\n{schema}"
    said: list[BaseMessage] = [HumanMessage(content=prompt.text)]
    return [SystemMessage(content=system), *said] if system.strip() else said


def _reply(answer: AIMessage) -> Reply:
    used = cast("Mapping[str, Any]", answer.usage_metadata or {})
    return Reply(
        text=str(answer.text),
        usage=Usage(1, int(used.get("input_tokens") or 0), int(used.get("output_tokens") or 0)),
    )

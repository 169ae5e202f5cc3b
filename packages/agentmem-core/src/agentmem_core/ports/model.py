"""What answers in words: a language model behind one question in two colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from agentmem_core.model.usage import Usage

ONE_CALL = Usage(calls=1)
"""What a reply cost of which nothing more is known."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked. ``system`` says what to do, ``text`` is what to do it with: data, never instructions.

    With a ``schema`` (JSON Schema of an object) the answer is to be one JSON object that fits it.
    """

    system: str
    text: str
    schema: Mapping[str, Any] | None = None
    max_tokens: int = 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered, as it came: nothing says that a JSON object is one until it is parsed."""

    text: str
    usage: Usage = ONE_CALL


class LanguageModel(Protocol):
    """A model that answers prompts. Failures are ``ModelError``: a caller keeps what it has and says so."""

    @property
    def name(self) -> str:
        """Provider and model, for reports; never a key."""
        ...

    def ask(self, prompt: Prompt) -> Reply:
        """The answer."""
        ...

    async def aask(self, prompt: Prompt) -> Reply:
        """``ask`` without blocking the event loop."""
        ...

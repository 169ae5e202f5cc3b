"""Every model keeps the promises of the port: ours over each dialect, and a user's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.core.wire import DIALOGUES, serving

from agentmem_core import LanguageModel, Prompt, Reply
from agentmem_core.llms import open_model
from agentmem_core.testing import LanguageModelSuite


class OverHttp(LanguageModelSuite):
    provider: str

    @pytest.fixture
    def model(self) -> Iterator[LanguageModel]:
        with serving() as wire:
            wire.always = DIALOGUES[self.provider].success
            yield open_model(self.provider, url=wire.origin, api_key="sk-any")


class TestOpenAI(OverHttp):
    provider = "openai"


class TestAnthropic(OverHttp):
    provider = "anthropic"


class TestGemini(OverHttp):
    provider = "gemini"


class Own:
    """A model without a base class: a name and two questions."""

    name = "own"

    def ask(self, prompt: Prompt) -> Reply:
        return Reply('{"facts": []}')

    async def aask(self, prompt: Prompt) -> Reply:
        return self.ask(prompt)


class TestOwn(LanguageModelSuite):
    @pytest.fixture
    def model(self) -> LanguageModel:
        return Own()

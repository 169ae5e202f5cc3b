"""The conformance suite of ``LanguageModel``: inherit it and give it a model."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentmem_core.ports import LanguageModel, Prompt, Reply

SCHEMA = {
    "type": "object",
    "properties": {"facts": {"type": "array", "items": {"type": "string"}}},
    "required": ["facts"],
    "additionalProperties": False,
}
STRUCTURED = Prompt("Extract facts.", "我在五月搬到了里斯本", SCHEMA, max_tokens=256)
TEXTS = (
    "I moved to Lisbon in May",
    "我在五月搬到了里斯本",
    "👩‍👩‍👧 🇵🇹",
    '"quotes" and {braces}\n\t```json',
    "word " * 2_000,
    "?",
)


class LanguageModelSuite:
    """What every ``LanguageModel`` must do, asked in both colours: it spends some twenty calls of the model.

    ::

        class TestMine(LanguageModelSuite):
            @pytest.fixture
            def model(self):
                return MyModel()
    """

    @pytest.fixture
    def model(self) -> LanguageModel:
        """A model that can be asked."""
        raise NotImplementedError("override the fixture `model`")

    @pytest.fixture(params=["sync", "async"])
    def colour(self, request: pytest.FixtureRequest) -> str:
        """Both."""
        colour: str = request.param
        return colour

    def asked(self, model: LanguageModel, prompt: Prompt, colour: str) -> Reply:
        """The reply in one colour; each async call has a fresh event loop, as some callers do."""
        return model.ask(prompt) if colour == "sync" else asyncio.run(model.aask(prompt))

    def test_it_has_a_name_that_stays(self, model: LanguageModel) -> None:
        assert isinstance(model.name, str)
        assert model.name.strip()
        assert model.name == model.name

    @pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
    def test_it_answers_with_text_and_counts_the_call(self, model: LanguageModel, text: str, colour: str) -> None:
        reply = self.asked(model, Prompt("Answer briefly.", text, max_tokens=64), colour)
        assert isinstance(reply.text, str)
        assert reply.text.strip()
        assert reply.usage.calls >= 1
        assert min(reply.usage.input_tokens, reply.usage.output_tokens) >= 0

    def test_with_a_schema_it_answers_with_a_json_object(self, model: LanguageModel, colour: str) -> None:
        assert isinstance(json.loads(self.asked(model, STRUCTURED, colour).text), dict)

    def test_without_a_system_text_it_answers_too(self, model: LanguageModel, colour: str) -> None:
        assert self.asked(model, Prompt("", "Say hello.", max_tokens=64), colour).text.strip()

    def test_threads_may_ask_at_once(self, model: LanguageModel) -> None:
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(model.ask, [STRUCTURED] * 4))
        assert all(isinstance(json.loads(reply.text), dict) for reply in replies)

    def test_tasks_of_one_loop_may_ask_at_once(self, model: LanguageModel) -> None:
        async def together() -> list[Reply]:
            return list(await asyncio.gather(*(model.aask(STRUCTURED) for _ in range(4))))

        assert all(isinstance(json.loads(reply.text), dict) for reply in asyncio.run(together()))

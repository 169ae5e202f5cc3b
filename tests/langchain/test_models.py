"""LangChain's models and embeddings for the core."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.messages import AIMessage
from tests.langchain.scripted import ScriptedChat, ScriptedText

from agentmem_core import AgentMem, EmbedderError, EmbedderMismatchError, InvalidInputError, ModelError, Prompt, Usage
from langchain_agentmem import as_core_embedder, as_core_model
from langchain_agentmem.models import counter_of


@pytest.fixture(params=["ask", "aask"])
def ask(request):
    def asked(model, prompt):
        answer = getattr(model, request.param)(prompt)
        return answer if request.param == "ask" else asyncio.run(answer)

    return asked


def test_a_chat_model_answers_prompts_and_tells_what_it_cost(ask):
    chat = ScriptedChat(
        script=[AIMessage("里斯本", usage_metadata={"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}), "plain"]
    )
    model = as_core_model(chat)
    reply = ask(model, Prompt("Answer briefly.", "Where?"))
    assert (reply.text, reply.usage) == ("里斯本", Usage(1, 7, 2))
    assert [(message.type, message.content) for message in chat.asked[0]] == [
        ("system", "Answer briefly."), ("human", "Where?"),
    ]  # fmt: skip
    assert ask(model, Prompt("", "again")).usage == Usage(1, 0, 0)
    assert [message.type for message in chat.asked[1]] == ["human"]
    assert model.name == "ScriptedChat"
    assert as_core_model(chat, name="mine").name == "mine"


def test_a_schema_is_told_to_the_model(ask):
    chat = ScriptedChat(script=[AIMessage([{"type": "text", "text": '{"a":'}, {"type": "text", "text": " 1}"}])])
    reply = ask(as_core_model(chat), Prompt("Extract.", "text", schema={"type": "object", "title": "事实"}))
    assert reply.text == '{"a": 1}'
    assert '{"type": "object", "title": "事实"}' in chat.asked[0][0].content


def test_the_bound_on_the_answer_goes_to_models_that_know_one(ask):
    class Bounded(ScriptedChat):
        max_tokens: int | None = None
        bounds: list = []  # noqa: RUF012 - pydantic copies it

        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            self.bounds.append(kwargs.get("max_tokens"))
            return super()._generate(messages, stop, run_manager)

    bounded = Bounded()
    ask(as_core_model(bounded), Prompt("s", "t", max_tokens=77))
    assert bounded.bounds == [77]


def test_failures_of_the_model_are_model_errors(ask):
    with pytest.raises(ModelError, match=r"ScriptedChat failed \(TimeoutError: too slow\)") as caught:
        ask(as_core_model(ScriptedChat(script=[TimeoutError("too slow")])), Prompt("s", "t"))
    assert isinstance(caught.value.__cause__, TimeoutError)


def test_what_is_no_model_is_refused():
    for wrong in (ScriptedText(), "gpt", None):
        with pytest.raises(InvalidInputError):
            as_core_model(wrong)  # type: ignore[arg-type]  # what a user may try
    for other in ("text-embedding-3-small", len, None):
        with pytest.raises(InvalidInputError):
            as_core_embedder(other)  # type: ignore[arg-type]


def test_a_model_without_a_counter_of_its_own_has_none():
    assert counter_of(None) is counter_of(ScriptedChat()) is counter_of(ScriptedText()) is None
    counting = ScriptedText(custom_get_token_ids=lambda text: [1] * len(text))
    count = counter_of(counting)
    assert count is not None
    assert count("four") == 4


def test_the_core_uses_langchains_embeddings(tmp_path):
    embedder = as_core_embedder(DeterministicFakeEmbedding(size=8))
    assert str(embedder.fingerprint) == "langchain:DeterministicFakeEmbedding (?)"
    with AgentMem(tmp_path, embedder=embedder) as memory:
        memory.add_many(["tea", "milk"])
        assert memory.search("tea", mode="dense")[0].memory.content == "tea"
    with AgentMem(tmp_path, embedder=as_core_embedder(DeterministicFakeEmbedding(size=8))) as memory:
        assert memory.search("milk", mode="dense")[0].memory.content == "milk"
    with pytest.raises(EmbedderMismatchError):
        AgentMem(tmp_path, embedder=as_core_embedder(DeterministicFakeEmbedding(size=8), name="another"))


def test_questions_and_documents_are_embedded_as_the_embeddings_want_it():
    class Two(Embeddings):
        model = "two-sided"

        def embed_documents(self, texts):
            return [[1, 0] for _ in texts]

        def embed_query(self, text):
            return [0.0, 1.0]

    embedder = as_core_embedder(Two())
    assert embedder.embed(["a", "b"], kind="document").tolist() == [[1, 0], [1, 0]]
    assert embedder.embed(["a"], kind="query").tolist() == [[0, 1]]
    assert embedder.embed(["a"], kind="query").dtype == np.float32
    assert str(embedder.fingerprint) == "langchain:Two:two-sided (2)"


@pytest.mark.parametrize(
    "answer", [[], [[1.0]], [[1.0], [float("nan")]], [[], []], [1.0, 2.0], [[1.0], [1.0, 2.0]], None]
)
def test_answers_that_are_no_vectors_are_embedder_errors(answer):
    class Wrong(Embeddings):
        def embed_documents(self, texts):
            return answer

        def embed_query(self, text):
            raise ConnectionError("no network")

    embedder = as_core_embedder(Wrong())
    with pytest.raises(EmbedderError):
        embedder.embed(["a", "b"], kind="document")
    with pytest.raises(EmbedderError, match="no network") as caught:
        embedder.embed(["a"], kind="query")
    assert isinstance(caught.value.__cause__, ConnectionError)

"""Embeddings and language models in both directions."""

from __future__ import annotations

import asyncio
import inspect

import numpy as np
import pytest
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM
from tests.llamaindex.scripted import ScriptedLLM

from agentmem_core import AgentMem, EmbedderError, EmbedderMismatchError, InvalidInputError, ModelError, Prompt
from llamaindex_agentmem import AgentMemEmbedding, as_core_embedder, as_core_model


class Letters(BaseEmbedding):
    """Counts vowels; asks and documents differ in the last number."""

    def _vector(self, text, last):
        if "fail" in text:
            raise RuntimeError("the service is down")
        return [float(text.count(letter)) for letter in "aeiou"] + [last]

    def _get_query_embedding(self, query):
        return self._vector(query, 1.0)

    async def _aget_query_embedding(self, query):
        return self._vector(query, 1.0)

    def _get_text_embedding(self, text):
        return self._vector(text, 0.0)


def test_the_embedding_is_the_stores_own(client):
    embedding = AgentMemEmbedding(client)
    text, query = "I moved to Lisbon", "where is the cello?"
    added = client.add(text)
    assert np.allclose(embedding.get_text_embedding(text), client.vectors(added.ids)[added.ids[0]])
    assert embedding.get_text_embedding_batch([text, query]) == client.embed([text, query])
    assert asyncio.run(embedding.aget_text_embedding_batch([text])) == client.embed([text])
    assert embedding.get_query_embedding(query) == client.embed([query], kind="query")[0]
    assert asyncio.run(embedding.aget_query_embedding(query)) == embedding.get_query_embedding(query)
    assert asyncio.run(embedding.aget_text_embedding(text)) == embedding.get_text_embedding(text)
    assert embedding.get_text_embedding_batch([]) == []
    assert set(embedding.get_text_embedding("")) == {0.0}


def test_the_embedding_takes_the_arguments_of_every_class_here(tmp_path):
    embedding = AgentMemEmbedding(path=tmp_path, user_id="ana", agent_id="a", session_id="s")
    assert embedding.get_text_embedding("tea") == AgentMemEmbedding(path=tmp_path).get_text_embedding("tea")
    assert AgentMemEmbedding.from_dict(embedding.to_dict()).session_id == "s"


def test_the_embedding_is_that_of_a_store_with_another_embedder(tmp_path):
    with AgentMem(tmp_path / "m", embedder="hashing:32") as client:
        assert len(AgentMemEmbedding(client).get_text_embedding("tea")) == 32


def test_every_async_method_of_the_embedding_is_native():
    for name in ("_aget_query_embedding", "_aget_text_embedding", "_aget_text_embeddings"):
        mine = getattr(AgentMemEmbedding, name)
        assert mine is not getattr(BaseEmbedding, name)
        assert inspect.iscoroutinefunction(mine)


def test_failures_of_the_stores_embedder_are_the_cores(tmp_path):
    with AgentMem(tmp_path / "m", embedder=as_core_embedder(Letters(model_name="l"))) as client:
        with pytest.raises(EmbedderError, match="Letters") as caught:
            AgentMemEmbedding(client).get_text_embedding("fail")
        assert isinstance(caught.value.__cause__, RuntimeError)


def test_an_embed_model_embeds_for_the_core(tmp_path):
    with AgentMem(tmp_path / "m", embedder=as_core_embedder(Letters(model_name="letters"))) as client:
        client.add_many(["queue", "banana", "sky"])
        assert client.search("ueue", mode="dense")[0].memory.content == "queue"
        with pytest.raises(EmbedderError, match="the service is down") as caught:
            client.add("fail")
        assert isinstance(caught.value.__cause__, RuntimeError)
        assert client.stats().memories == 3
    with pytest.raises(EmbedderMismatchError, match="letters"):
        AgentMem(tmp_path / "m", embedder=as_core_embedder(Letters(model_name="other")))
    with AgentMem(tmp_path / "m", embedder=as_core_embedder(Letters(model_name="letters"))) as client:
        assert client.search("banana")[0].memory.content == "banana"


def test_kinds_and_names_are_kept_apart():
    embedder = as_core_embedder(Letters(model_name="letters"), name="mine")
    assert embedder.fingerprint.model == "mine"
    assert str(embedder.fingerprint) == "llamaindex:mine (?)"
    assert embedder.embed(["a"], kind="query").tolist() == [[1, 0, 0, 0, 0, 1]]
    assert embedder.embed(["a"], kind="document").tolist() == [[1, 0, 0, 0, 0, 0]]
    assert embedder.fingerprint.dimension == 6
    assert embedder.embed([], kind="document").shape == (0, 6)
    with pytest.raises(InvalidInputError, match="BaseEmbedding"):
        as_core_embedder("a name")
    with pytest.raises(EmbedderError, match="shape"):
        as_core_embedder(MockEmbedding(0)).embed(["a"], kind="document")


def test_a_model_answers_for_the_core():
    llm = ScriptedLLM('{"a": 1}')
    model = as_core_model(llm)
    prompt = Prompt(system="Extract facts.", text="I live in Lisbon", schema={"type": "object", "title": "Facts"})
    assert model.ask(prompt).text == asyncio.run(model.aask(prompt)).text == '{"a": 1}'
    system, user = llm.seen[0]
    assert "Extract facts." in system.content
    assert '"title": "Facts"' in system.content
    assert (user.role, user.content) == ("user", "I live in Lisbon")
    assert model.name.endswith("/scripted")
    assert model.ask(prompt).usage.calls == 1
    with AgentMem(":memory:", llm=model) as client:
        client.add("the core takes it")


def test_usage_is_told_where_it_is_known():
    llm = ScriptedLLM("x")
    real = llm.chat
    object.__setattr__(
        llm,
        "chat",
        lambda *a, **k: real(*a, **k).model_copy(
            update={"raw": {"usage": {"prompt_tokens": 7, "completion_tokens": 3}}}
        ),
    )
    usage = as_core_model(llm).ask(Prompt("s", "t")).usage
    assert (usage.calls, usage.input_tokens, usage.output_tokens) == (1, 7, 3)


def test_failures_of_a_model_are_the_cores():
    for script, why in ((RuntimeError("quota"), "quota"), ("", "without text")):
        model = as_core_model(ScriptedLLM(script))
        with pytest.raises(ModelError, match=why):
            model.ask(Prompt("s", "t"))
        with pytest.raises(ModelError, match=why):
            asyncio.run(model.aask(Prompt("s", "t")))
    with pytest.raises(InvalidInputError, match="LLM"):
        as_core_model(object())
    assert as_core_model(MockLLM()).ask(Prompt("s", "t")).text

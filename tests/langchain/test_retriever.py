"""The retriever, by LangChain's own suite and by hand."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.runnables import ConfigurableField
from langchain_tests.integration_tests import RetrieversIntegrationTests

from agentmem_core import AgentMem, InvalidFilterError, InvalidInputError, StoreClosedError
from langchain_agentmem import AgentMemRetriever


class TestStandard(RetrieversIntegrationTests):
    """LangChain's own suite, none of it overridden."""

    @property
    def retriever_constructor(self):
        return AgentMemRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        memory = AgentMem(":memory:")
        memory.add_many([f"Lisbon has hills, number {n}" for n in range(6)])
        return {"client": memory}

    @property
    def retriever_query_example(self):
        return "hills of Lisbon"


@pytest.fixture(params=["sync", "async"])
def ask(request):
    def asked(retriever, query, **options):
        if request.param == "sync":
            return retriever.invoke(query, **options)
        return asyncio.run(retriever.ainvoke(query, **options))

    return asked


def test_a_document_says_what_the_memory_is(client, ask):
    added = client.add(
        "Ana moved to Lisbon", metadata={"topic": "home", "type": "theirs"}, session_id="s", importance=1.0
    )
    (document,) = ask(AgentMemRetriever(client), "Lisbon")
    memory = added.memories[0]
    assert (document.id, document.page_content) == (memory.id, "Ana moved to Lisbon")
    held = document.metadata
    assert held["id"] == memory.id
    assert 0 < held["score"] <= 1
    assert held["type"] == "semantic"
    assert held["topic"] == "home"
    assert held["own"] == {"type": "theirs"}
    assert held["occurred_at"].startswith(f"{memory.occurred_at:%Y-%m-%dT%H}")
    assert held["created_at"].endswith("+00:00")
    assert held["session_id"] == "s"
    assert held["importance"] == 1.0
    assert "expires_at" not in held


def test_k_and_options_of_the_retriever_and_of_the_call(client, ask):
    client.add_many([{"content": f"Lisbon {n}", "metadata": {"n": n}, "session_id": f"s{n % 2}"} for n in range(8)])
    retriever = AgentMemRetriever(client, k=3, search_kwargs={"filters": {"n": {"$gte": 4}}})
    assert len(ask(retriever, "Lisbon")) == 3
    assert {document.metadata["n"] for document in ask(retriever, "Lisbon", k=9)} == {4, 5, 6, 7}
    assert {document.metadata["n"] for document in ask(retriever, "Lisbon", k=9, session_id="s1")} == {5, 7}
    assert {document.metadata["n"] for document in ask(retriever, "Lisbon", k=9, filters={"n": 0})} == {0}
    assert ask(retriever, "Lisbon", min_score=1.0) == []


def test_a_user_finds_the_own_memories_only(client, ask):
    client.add("secret of ana")
    assert ask(AgentMemRetriever(client, user_id="bo"), "secret") == []


def test_what_cannot_be_is_refused(client, ask):
    for wrong in ({"k": 0}, {"kk": 3}, {"search_kwargs": {"top": 3}}, {"user_id": " "}):
        with pytest.raises(InvalidInputError):
            AgentMemRetriever(client, **wrong)
    retriever = AgentMemRetriever(client)
    client.add("Lisbon")
    for query, options in (("", {}), ("x", {"k": 0}), ("x", {"fetch": 1}), ("x", {"mode": "fuzzy"})):
        with pytest.raises(InvalidInputError):
            ask(retriever, query, **options)
    with pytest.raises(InvalidFilterError):
        ask(retriever, "x", filters={"n": {"$near": 1}})


def test_errors_of_the_store_are_raised(client, ask):
    retriever = AgentMemRetriever(client)
    client.close()
    with pytest.raises(StoreClosedError):
        ask(retriever, "x")


def test_a_retriever_whose_fields_are_configured_for_a_run_asks_the_same_user(client, ask):
    client.add("Ana moved to Lisbon", user_id="ana", metadata={"topic": "home"})
    client.add("Ana likes Lisbon", user_id="ana", metadata={"topic": "taste"})
    client.add("Lisbon is Bo's", user_id="bo")
    retriever = AgentMemRetriever(client, user_id="ana", tags=["t"]).configurable_fields(
        k=ConfigurableField("k"), search_kwargs=ConfigurableField("search")
    )
    assert len(ask(retriever, "Lisbon")) == 2
    (one,) = ask(retriever, "Lisbon", config={"configurable": {"k": 1}})
    assert "Ana" in one.page_content
    chosen = ask(retriever, "Lisbon", config={"configurable": {"search": {"filters": {"topic": "taste"}}}})
    assert [document.page_content for document in chosen] == ["Ana likes Lisbon"]
    assert "client" not in AgentMemRetriever(client).model_dump()

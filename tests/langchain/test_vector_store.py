"""The vector store: documents come back as they went in, found by any embeddings, in both colours."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.indexing import InMemoryRecordManager, aindex, index
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from agentmem_core import (
    AgentMem,
    EmbedderError,
    InvalidFilterError,
    InvalidInputError,
    StoreClosedError,
    VectorMismatchError,
)
from langchain_agentmem import AgentMemVectorStore


class TestStandard(VectorStoreIntegrationTests):
    """LangChain's own suite, none of it overridden."""

    @pytest.fixture
    def vectorstore(self, tmp_path):
        return AgentMemVectorStore(self.get_embeddings(), path=tmp_path / "store")


class Directions(Embeddings):
    """A text is the direction its number of degrees says, or north-east."""

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        try:
            angle = math.radians(float(text.split()[0]))
        except (ValueError, IndexError):
            angle = math.radians(45)
        return [math.cos(angle), math.sin(angle)]


class Both:
    """The store's methods by their name, in one colour."""

    def __init__(self, store, colour):
        self.store, self.colour = store, colour

    def __getattr__(self, name):
        if self.colour == "sync":
            return getattr(self.store, name)
        return lambda *args, **options: asyncio.run(getattr(self.store, f"a{name}")(*args, **options))


@pytest.fixture(params=["sync", "async"])
def store(request, client):
    return Both(AgentMemVectorStore(Directions(), client=client), request.param)


def texts(documents):
    return [document.page_content for document in documents]


def test_texts_come_back_nearest_first_however_far(store):
    store.add_texts(["0 east", "90 north", "180 west", "270 south"])
    assert texts(store.similarity_search("10", k=4)) == ["0 east", "90 north", "270 south", "180 west"]
    found = store.similarity_search_with_score("0", k=4)
    assert [round(score, 3) for _, score in found] == [1.0, 0.0, -0.0, -1.0]
    relevance = store.similarity_search_with_relevance_scores("0", k=4)
    assert [abs(round(score, 3)) for _, score in relevance] == [1.0, 0.0, 0.0, 0.0]
    assert texts(store.similarity_search_by_vector([0.0, -3.0], k=1)) == ["270 south"]


def test_a_document_comes_back_exactly(store):
    documents = [
        Document("0", id="a", metadata={"n": 1, "x": 1.5, "b": True, "none": None, "list": [1, "二"], "d": {"e": {}}}),
        Document("0", id="b", metadata={"id": "theirs", "score": 3, "langchain": {"type": "ai"}, "memory.id": 1}),
        Document("0", id="c"),
    ]
    before = [document.model_copy(deep=True) for document in documents]
    assert store.add_documents(documents) == ["a", "b", "c"]
    assert store.get_by_ids(["c", "missing", "b", "a"]) == [before[2], before[1], before[0]]
    assert sorted(store.similarity_search("0", k=3), key=lambda found: found.id) == before
    assert documents == before


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u2060", "\u2060\u2060 x", "…", "里斯本", "a" * 100_000])
def test_any_text_is_kept_even_none(store, text):
    store.add_texts([text], ids=["x"])
    assert store.get_by_ids(["x"]) == [Document(text, id="x")]
    assert texts(store.similarity_search("45")) == [text]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), max_size=5))
def test_texts_round_trip(given_texts):
    with AgentMem(":memory:", embedder="hashing") as memory:
        store = AgentMemVectorStore(DeterministicFakeEmbedding(size=4), client=memory)
        ids = store.add_texts(given_texts)
        assert texts(store.get_by_ids(ids)) == given_texts


def test_ids_are_kept_made_or_replaced(store):
    first, made = store.add_texts(["1", "2"], ids=["a", None])
    assert first == "a"
    assert made
    store.add_texts(["3"], [{"new": True}], ids=["a"])
    assert store.get_by_ids(["a"]) == [Document("3", id="a", metadata={"new": True})]
    assert len(store.similarity_search("0", k=9)) == 2
    assert store.add_texts(["4", "5"], ids=["twice", "twice"]) == ["twice", "twice"]
    assert texts(store.get_by_ids(["twice"])) == ["5"]
    assert store.add_texts([]) == []


def test_delete_takes_ids_or_all(store):
    store.add_texts(["1", "2", "3"], ids=["a", "b", "c"])
    assert store.delete(["a", "missing"]) is True
    assert store.delete([]) is True
    assert store.get_by_ids(["a", "b", "c"]) == [Document("2", id="b"), Document("3", id="c")]
    assert store.delete() is True
    assert store.similarity_search("0") == []
    store.add_texts(["1"], ids=["a"])
    assert texts(store.similarity_search("0")) == ["1"]


def test_filters_hold_before_ranking(store):
    store.add_texts(
        [f"{n}" for n in range(20)],
        [{"n": n, "even": n % 2 == 0, "tags": ["t", f"t{n}"], "a": {"b": n}} for n in range(20)],
    )

    def found(given):
        return sorted(int(text) for text in texts(store.similarity_search("0", k=20, filter=given)))

    assert found({"n": 19}) == [19]
    assert found({"n": {"$in": [3, 5, 99]}}) == [3, 5]
    assert found({"$and": [{"n": {"$gte": 3}}, {"n": {"$lt": 6}}, {"even": True}]}) == [4]
    assert found({"$or": [{"n": 1}, {"tags": {"$contains": "t7"}}]}) == [1, 7]
    assert found({"$not": {"n": {"$gt": 1}}}) == [0, 1]
    assert found({"a.b": 2}) == [2]
    assert found({"missing": "x"}) == []
    assert len(found({})) == len(found(None)) == 20
    wrong: Any
    for wrong in ({"n": {"$near": 3}}, lambda document: True, "n == 3", {"$xor": []}):
        with pytest.raises(InvalidFilterError):
            found(wrong)


def test_marginal_relevance_prefers_what_differs(store):
    store.add_texts(["0 a", "1 b", "2 c", "60 d", "200 e"])
    assert texts(store.max_marginal_relevance_search("0", k=2, fetch_k=4, lambda_mult=0.1)) == ["0 a", "60 d"]
    assert texts(store.max_marginal_relevance_search("0", k=3, fetch_k=4, lambda_mult=1.0)) == ["0 a", "1 b", "2 c"]
    assert texts(store.max_marginal_relevance_search_by_vector([1.0, 0.0], k=1)) == ["0 a"]
    assert store.max_marginal_relevance_search("0", k=2, filter={"no": 1}) == []
    assert len(store.max_marginal_relevance_search("0", k=5, fetch_k=1)) == 5


def test_as_a_retriever_of_every_kind(store):
    store.add_texts(["0", "5", "90"], [{"n": 0}, {"n": 5}, {"n": 90}])
    for kind, options, expected in (
        ("similarity", {"k": 2}, ["0", "5"]),
        ("similarity", {"k": 2, "filter": {"n": {"$gt": 1}}}, ["5", "90"]),
        ("similarity_score_threshold", {"score_threshold": 0.9, "k": 3}, ["0", "5"]),
        ("mmr", {"k": 2, "lambda_mult": 0.0}, ["0", "90"]),
    ):
        retriever = store.store.as_retriever(search_type=kind, search_kwargs=options)
        found = retriever.invoke("0") if store.colour == "sync" else asyncio.run(retriever.ainvoke("0"))
        assert texts(found) == expected, kind


def test_users_sessions_and_collections_do_not_mix(client):
    def store(**scope):
        return AgentMemVectorStore(Directions(), client=client, **scope)

    store(user_id="ana").add_texts(["0 of ana"], ids=["x"])
    store(user_id="bo").add_texts(["0 of bo"], ids=["x"])
    store(user_id="ana", collection="other").add_texts(["0 elsewhere"], ids=["x"])
    assert texts(store(user_id="ana").similarity_search("0")) == ["0 of ana"]
    assert texts(store(user_id="bo").get_by_ids(["x"])) == ["0 of bo"]
    store(user_id="bo").delete()
    assert texts(store(user_id="ana").similarity_search("0")) == ["0 of ana"]
    assert texts(store(user_id="ana", collection="other").similarity_search("0")) == ["0 elsewhere"]
    assert client.search("ana", user_id="ana") == [], "documents are no memories"


def test_a_new_process_would_find_it_from_texts(tmp_path):
    made = AgentMemVectorStore.from_texts(["0", "90"], Directions(), [{"a": 1}, {}], ids=["x", "y"], path=tmp_path)
    assert isinstance(made, AgentMemVectorStore)
    assert made.embeddings is made._embedding
    later = asyncio.run(AgentMemVectorStore.afrom_texts(["180"], Directions(), path=tmp_path))
    assert texts(later.similarity_search("0", k=3)) == ["0", "90", "180"]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((["a"], [{}, {}]), {}), ((["a"],), {"ids": ["a", "b"]}), (([3],), {}), ((["a"], [{"x": object()}]), {}),
        ((["a"],), {"ids": [3]}), ((["a"],), {"ids": [""]}), ((["nul \x00"],), {}), ((["a"],), {"namespace": "n"}),
        ((["a"], [{3: "x"}]), {}),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(store, arguments, options):
    with pytest.raises(InvalidInputError):
        store.add_texts(*arguments, **options)
    assert store.similarity_search("0") == []


def test_arguments_that_cannot_be_are_refused(client, store):
    store.add_texts(["0"])
    for wrong in (0, -1, 10_001):
        with pytest.raises(InvalidInputError, match="limit"):
            store.similarity_search("0", k=wrong)
    for search in (store.similarity_search, store.similarity_search_with_score, store.max_marginal_relevance_search):
        with pytest.raises(InvalidInputError, match="query: must be text"):
            search(None)
    with pytest.raises(InvalidInputError, match="where"):
        store.similarity_search("0", where={})
    with pytest.raises(InvalidInputError, match="memories"):
        AgentMemVectorStore(Directions(), client=client, collection="memories")
    with pytest.raises(InvalidInputError, match="Embeddings"):
        AgentMemVectorStore(len, client=client)  # type: ignore[arg-type]  # what a user may try


def test_vectors_of_another_length_are_refused(client):
    AgentMemVectorStore(Directions(), client=client).add_texts(["0"])
    other = AgentMemVectorStore(DeterministicFakeEmbedding(size=3), client=client)
    with pytest.raises(VectorMismatchError):
        other.add_texts(["0"])
    with pytest.raises(VectorMismatchError):
        other.similarity_search("0")


def test_embeddings_that_answer_too_few_vectors_are_refused(client):
    class Short(Directions):
        def embed_documents(self, texts):
            return super().embed_documents(texts[1:])

    with pytest.raises(EmbedderError):
        AgentMemVectorStore(Short(), client=client).add_texts(["a", "b"])


def test_async_calls_use_the_async_embeddings(client):
    class OnlyAsync(Embeddings):
        def embed_documents(self, texts):
            raise AssertionError("the sync method was called on an event loop")

        embed_query = embed_documents

        async def aembed_documents(self, texts):
            return [[1.0] for _ in texts]

        async def aembed_query(self, text):
            return [1.0]

    store = Both(AgentMemVectorStore(OnlyAsync(), client=client), "async")
    store.add_texts(["a"], ids=["a"])
    assert texts(store.similarity_search("a")) == texts(store.max_marginal_relevance_search("a")) == ["a"]


def test_many_texts_are_added_in_batches(store):
    ids = store.add_texts([f"{n % 360}" for n in range(1200)])
    assert len(set(ids)) == 1200
    assert len(store.get_by_ids(ids)) == 1200


def test_errors_of_the_store_are_raised(client, store):
    client.close()
    for call in (lambda: store.add_texts(["a"]), lambda: store.similarity_search("a"), store.delete):
        with pytest.raises(StoreClosedError):
            call()


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_langchains_indexing_adds_skips_and_cleans_up(client, colour):
    store = AgentMemVectorStore(Directions(), client=client)

    def indexed(documents, cleanup):
        options: Any = {"cleanup": cleanup, "source_id_key": "source", "key_encoder": "sha256", "batch_size": 10}
        if colour == "sync":
            return index(documents, records, store, **options)
        return asyncio.run(aindex(documents, records, store, **options))

    records = InMemoryRecordManager("here")
    documents = [Document(f"{10 * number}", metadata={"source": f"s{number % 2}"}) for number in range(5)]
    assert indexed(documents, "incremental")["num_added"] == 5
    assert indexed(documents, "incremental")["num_skipped"] == 5
    assert indexed([Document("90", metadata={"source": "s0"})], "incremental")["num_deleted"] == 3
    assert {found.page_content for found in store.similarity_search("0", k=9)} == {"10", "30", "90"}
    indexed([], "full")
    assert store.similarity_search("0", k=9) == []
    with pytest.raises(InvalidInputError, match="batch_size"):
        store.add_texts(["0"], batch_size=0)

"""The vector store: what is put in comes back equal, is found by every mode, and is gone when it is deleted."""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.schema import (
    Document,
    ImageNode,
    IndexNode,
    MediaResource,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)

from agentmem_core import AgentMem, InvalidInputError, NotConfiguredError, NotSupportedError, VectorMismatchError
from llamaindex_agentmem import AgentMemEmbedding, AgentMemVectorStore

SOURCE = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="doc", metadata={"file": "a.md"}, hash="h")}

NODES = [
    TextNode(
        id_="full",
        text="An apple a day",
        embedding=[1.0, 0.0],
        metadata={"page": 3, "tags": ["a", "b"], "nested": {"deep": [1, None]}, "off": None, "yes": True, "名": "值"},
        excluded_embed_metadata_keys=["page"],
        excluded_llm_metadata_keys=["tags"],
        relationships={
            **SOURCE,
            NodeRelationship.NEXT: RelatedNodeInfo(node_id="n2"),
            NodeRelationship.CHILD: [RelatedNodeInfo(node_id="c1"), RelatedNodeInfo(node_id="c2")],
        },
        metadata_template="{key}={value}",
        metadata_separator="; ",
        text_template="<{metadata_str}> {content}",
        start_char_idx=0,
        end_char_idx=14,
        mimetype="text/markdown",
    ),
    TextNode(id_="empty", text="", embedding=[0.0, 1.0]),
    TextNode(id_="blank", text=" \n\t", embedding=[0.1, 1.0]),
    TextNode(id_="odd", text="nul \x00 and \ud83d half", embedding=[0.2, 1.0]),
    TextNode(id_="chinese", text="我去年五月搬到了里斯本", embedding=[0.3, 1.0]),
    TextNode(id_="sign", text="\u2205", embedding=[0.3, 0.9]),
    TextNode(id_="x" * 300, text="a long id", embedding=[0.4, 1.0]),
    ImageNode(id_="image", text="a cat", image="aGVsbG8=", image_url="https://example.org/cat.png", embedding=[0.5, 1.0]),
    IndexNode(id_="index", text="see there", index_id="other", embedding=[0.6, 1.0]),
    IndexNode(id_="index-obj", text="see that", index_id="o", obj=TextNode(id_="t", text="that"), embedding=[0.6, 0.9]),
    Document(id_="document", text="a whole document", metadata={"k": 1}, embedding=[0.7, 1.0]),
    Document(id_="empty-document", text="", embedding=[0.7, 0.9]),
    Node(id_="picture", image_resource=MediaResource(data=b"abc", mimetype="image/png"), embedding=[0.8, 1.0]),
    Node(id_="both", text_resource=MediaResource(text="text"), audio_resource=MediaResource(url="https://example.org/a.mp3"), embedding=[0.9, 1.0]),
    Node(id_="silent", text_resource=MediaResource(), embedding=[0.9, 0.9]),
]  # fmt: skip


def bare(node):
    return node.model_copy(update={"embedding": None})


def query(store, embedding=None, **options):
    return store.query(VectorStoreQuery(query_embedding=embedding, **options))


def where(key, value, operator=FilterOperator.EQ):
    return MetadataFilters(filters=[MetadataFilter(key=key, value=value, operator=operator)])


class Asking:
    """One store asked in one colour."""

    def __init__(self, store, colour):
        self.store = store
        self.colour = colour

    def __getattr__(self, name):
        if self.colour == "sync":
            return getattr(self.store, name)
        method = getattr(self.store, "async_add" if name == "add" else f"a{name}")
        return lambda *arguments, **options: asyncio.run(method(*arguments, **options))


@pytest.fixture(params=["sync", "async"])
def store(client, request):
    return Asking(AgentMemVectorStore(client), request.param)


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.node_id[:20])
def test_a_node_comes_back_equal(client, node):
    if isinstance(node, IndexNode) and IndexNode.from_dict(node.to_dict()).obj != node.obj:
        pytest.skip("this LlamaIndex cannot read the objects of its own index nodes")
    store = AgentMemVectorStore(client)
    before = node.model_copy(deep=True)
    assert store.add([node]) == [node.node_id]
    assert node == before, "what is added is not changed"
    (back,) = store.get_nodes([node.node_id])
    assert type(back) is type(node)
    assert back == bare(node)
    assert back.hash == node.hash
    (found,) = query(store, [1.0, 1.0]).nodes
    assert found == back


utf8 = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), metadata=st.dictionaries(utf8, st.integers() | utf8 | st.lists(utf8, max_size=2), max_size=4))
def test_any_text_and_metadata_come_back(text, metadata):
    with AgentMem(":memory:") as client:
        store = AgentMemVectorStore(client)
        node = TextNode(text=text, metadata=metadata, embedding=[1.0], relationships=SOURCE)
        store.add([node])
        assert store.get_nodes([node.node_id]) == [bare(node)]
        assert store.get_nodes() == [bare(node)]


def test_the_text_is_stored_once(client, tmp_path):
    mark = "a sentence that stands nowhere else, 4711"
    AgentMemVectorStore(client).add([TextNode(text=mark, embedding=[1.0], metadata={"k": "v"}, relationships=SOURCE)])
    memory = client.list(collection="documents").items[0]
    assert memory.content == mark
    assert mark not in str(memory.metadata)


def test_adding_answers_ids_in_order_and_replaces_by_id(store):
    assert store.add([bare(NODES[0]).model_copy(update={"embedding": [1.0, 0.0]}), NODES[1]]) == ["full", "empty"]
    assert store.add([TextNode(id_="full", text="another", embedding=[0.0, 1.0])]) == ["full"]
    assert [node.text for node in store.get_nodes(["full"])] == ["another"]
    assert len(store.get_nodes()) == 2
    assert store.add([]) == []


def test_one_bad_node_keeps_all_out(store):
    with pytest.raises(VectorMismatchError, match="has 3 dimensions"):
        store.add([TextNode(text="a", embedding=[1.0, 0.0]), TextNode(text="b", embedding=[1.0, 0.0, 0.0])])
    with pytest.raises(InvalidInputError, match="no embedding"):
        store.add([TextNode(text="a", embedding=[1.0, 0.0]), TextNode(text="b")])
    with pytest.raises(InvalidInputError, match="finite"):
        store.add([TextNode(text="a", embedding=[1.0, float("nan")])])
    assert store.get_nodes() == []


def test_a_dimension_that_does_not_fit_names_both_ways_out(store):
    store.add([TextNode(text="a", embedding=[1.0, 0.0])])
    for call in (
        lambda: store.query(VectorStoreQuery(query_embedding=[1.0, 0.0, 0.0])),
        lambda: store.add([TextNode(text="b", embedding=[1.0])]),
    ):
        with pytest.raises(VectorMismatchError) as caught:
            call()
        assert "embed_model that the collection was filled with" in str(caught.value)
        assert "collection=" in str(caught.value)


def test_deleting_a_document_takes_its_nodes_and_the_node_of_that_id(store):
    store.add([
        TextNode(id_="a", text="a", embedding=[1.0], relationships=SOURCE),
        TextNode(id_="doc", text="b", embedding=[1.0]),
        TextNode(id_="c", text="c", embedding=[1.0]),
    ])  # fmt: skip
    store.delete("doc")
    store.delete("doc")
    store.delete("never seen")
    assert [node.node_id for node in store.get_nodes()] == ["c"]


def test_a_deleted_node_can_be_added_again(store):
    node = TextNode(id_="a", text="a", embedding=[1.0])
    store.add([node])
    store.delete_nodes(["a"])
    assert store.get_nodes() == []
    store.add([node])
    assert store.get_nodes() == [bare(node)]


def test_deleting_nodes_by_ids_by_filters_and_by_both(store):
    def fill():
        store.add([TextNode(id_=f"n{n}", text=f"t{n}", embedding=[1.0], metadata={"odd": n % 2}) for n in range(6)])

    def left():
        return [node.node_id for node in store.get_nodes()]

    fill()
    store.delete_nodes(["n0", "unknown"])
    assert left() == ["n1", "n2", "n3", "n4", "n5"]
    store.delete_nodes(filters=where("odd", 1))
    assert left() == ["n2", "n4"]
    store.delete_nodes(["n1", "n2"], where("odd", 0))
    assert left() == ["n4"]
    store.delete_nodes([])
    store.delete_nodes([], where("odd", 0))
    assert left() == ["n4"], "no ids is nothing to delete"
    with pytest.raises(InvalidInputError, match="clear"):
        store.delete_nodes()
    with pytest.raises(InvalidInputError, match="clear"):
        store.delete_nodes(filters=MetadataFilters(filters=[]))
    store.clear()
    assert left() == []
    store.clear()


def test_nodes_are_got_by_ids_by_filters_and_by_both(store):
    store.add([TextNode(id_=f"n{n}", text=f"t{n}", embedding=[1.0], metadata={"odd": n % 2}) for n in range(5)])

    def got(*arguments, **options):
        return [node.node_id for node in store.get_nodes(*arguments, **options)]

    assert got() == ["n0", "n1", "n2", "n3", "n4"]
    assert got(["n3", "unknown", "n1"]) == ["n3", "n1"]
    assert got(filters=where("odd", 1)) == ["n1", "n3"]
    assert got(["n1", "n2"], where("odd", 1)) == ["n1"]
    assert got([]) == []
    assert got(filters=MetadataFilters(filters=[])) == got()


def test_more_nodes_than_a_page_are_all_got(client):
    store = AgentMemVectorStore(client)
    store.add([TextNode(id_=f"n{n}", text=f"t{n}", embedding=[1.0]) for n in range(2_050)])
    assert [node.node_id for node in store.get_nodes()] == [f"n{n}" for n in range(2_050)]
    assert len(asyncio.run(store.aget_nodes())) == 2_050


def test_similarity_is_the_cosine_and_the_best_is_first(store):
    numbers = np.random.default_rng(3)
    vectors = numbers.normal(size=(200, 12))
    store.add([TextNode(id_=str(n), text=f"t{n}", embedding=row.tolist()) for n, row in enumerate(vectors)])
    for asked in numbers.normal(size=(10, 12)):
        cosines = vectors @ asked / np.linalg.norm(vectors, axis=1) / np.linalg.norm(asked)
        result = store.query(VectorStoreQuery(query_embedding=asked.tolist(), similarity_top_k=200))
        assert result.ids == [str(n) for n in np.argsort(-cosines)], "negative cosines too"
        assert np.allclose(result.similarities, np.sort(cosines)[::-1], atol=1e-5)
        assert [node.node_id for node in result.nodes] == result.ids


def test_filters_alone_answer_what_passes(store):
    store.add([TextNode(id_=f"n{n}", text=f"t{n}", embedding=[1.0], metadata={"odd": n % 2}) for n in range(5)])
    result = store.query(VectorStoreQuery(similarity_top_k=10, filters=where("odd", 1)))
    assert set(result.ids) == {"n1", "n3"}
    assert len(result.similarities) == 2


def test_ids_narrow_and_an_empty_list_does_not(store):
    store.add([
        TextNode(id_="a", text="a", embedding=[1.0, 0.0], relationships=SOURCE),
        TextNode(id_="b", text="b", embedding=[0.9, 0.1], relationships=SOURCE),
        TextNode(id_="c", text="c", embedding=[0.8, 0.2]),
    ])  # fmt: skip

    def ids(**options):
        return store.query(VectorStoreQuery(query_embedding=[1.0, 0.0], similarity_top_k=10, **options)).ids

    assert ids(node_ids=["c", "b", "unknown"]) == ["b", "c"]
    assert ids(node_ids=[f"x{n}" for n in range(50)] + ["c"]) == ["c"]
    assert ids(doc_ids=["doc"]) == ["a", "b"]
    assert ids(doc_ids=["doc"], node_ids=["b", "c"]) == ["b"]
    assert ids(node_ids=[], doc_ids=[]) == ["a", "b", "c"]


@pytest.fixture
def tagged(store):
    store.add([
        TextNode(id_=f"n{n}", text=f"Error report about module {n % 3}", embedding=[1.0, n / 100], metadata={"n": n})
        for n in range(40)
    ])  # fmt: skip
    store.add(
        [
            TextNode(
                id_="unique",
                text="Error report about XK-4711 and nothing else",
                embedding=[-1.0, 0.2],
                metadata={"n": 99},
            )
        ]
    )
    return store


@pytest.mark.parametrize("text", ["XK-4711", "the report about XK-4711", "xk-4711 error"])
@pytest.mark.parametrize("alpha", [None, 0.0, 0.3, 0.5])
def test_hybrid_finds_an_identifier_whose_vector_is_far(tagged, text, alpha):
    asked = VectorStoreQuery(
        query_embedding=[1.0, 0.0], query_str=text, similarity_top_k=5, mode=VectorStoreQueryMode.HYBRID, alpha=alpha
    )
    result = tagged.query(asked)
    assert result.ids[0] == "unique"
    assert result.similarities == sorted(result.similarities, reverse=True)
    assert all(0 <= score <= 1 for score in result.similarities)


def test_alpha_goes_from_words_alone_to_meaning_alone(tagged):
    def ids(mode, **options):
        asked = VectorStoreQuery(
            query_embedding=[1.0, 0.0], query_str="XK-4711 module 2", similarity_top_k=7, mode=mode, **options
        )
        return tagged.query(asked).ids

    assert ids(VectorStoreQueryMode.HYBRID, alpha=1.0) == ids(VectorStoreQueryMode.DEFAULT)
    assert ids(VectorStoreQueryMode.HYBRID, alpha=0.0) == ids(VectorStoreQueryMode.TEXT_SEARCH)
    assert len(ids(VectorStoreQueryMode.HYBRID, alpha=0.5, hybrid_top_k=3)) == 3
    assert ids(VectorStoreQueryMode.SEMANTIC_HYBRID)
    with pytest.raises(InvalidInputError, match="alpha"):
        ids(VectorStoreQueryMode.HYBRID, alpha=1.5)


@pytest.mark.parametrize("mode", [VectorStoreQueryMode.TEXT_SEARCH, VectorStoreQueryMode.SPARSE])
def test_words_are_found_without_an_embedding(tagged, mode):
    assert tagged.query(VectorStoreQuery(query_str="xk-4711", mode=mode, similarity_top_k=3)).ids == ["unique"]
    narrowed = VectorStoreQuery(
        query_str="error", mode=mode, similarity_top_k=50, filters=where("n", 90, FilterOperator.GT)
    )
    assert tagged.query(narrowed).ids == ["unique"]
    for nothing in (None, "", "  "):
        with pytest.raises(InvalidInputError, match="query_str"):
            tagged.query(VectorStoreQuery(query_str=nothing, mode=mode))


def test_sparse_top_k_is_the_number_of_sparse_hits(tagged):
    asked = VectorStoreQuery(query_str="error", mode=VectorStoreQueryMode.SPARSE, similarity_top_k=2, sparse_top_k=9)
    assert len(tagged.query(asked).ids) == 9


def test_chinese_is_found_by_its_words(store):
    store.add(
        [
            TextNode(id_="zh", text="我去年五月搬到了里斯本", embedding=[1.0]),
            TextNode(id_="o", text="别的", embedding=[1.0]),
        ]
    )
    asked = VectorStoreQuery(query_str="里斯本", mode=VectorStoreQueryMode.TEXT_SEARCH, similarity_top_k=3)
    assert store.query(asked).ids == ["zh"]


def test_mmr_prefers_variety(store):
    store.add([
        TextNode(id_="best", text="1", embedding=[1.0, 0.0, 0.0]),
        TextNode(id_="twin", text="2", embedding=[1.0, 0.01, 0.0]),
        TextNode(id_="other", text="3", embedding=[0.7, 0.0, 0.7]),
    ])  # fmt: skip

    def ids(query_options=None, **options):
        asked = VectorStoreQuery(
            query_embedding=[1.0, 0.0, 0.0], similarity_top_k=2, mode=VectorStoreQueryMode.MMR, **(query_options or {})
        )
        return store.query(asked, **options).ids

    assert ids(mmr_threshold=0.2) == ["best", "other"]
    assert ids(mmr_threshold=1.0) == ["best", "twin"]
    assert ids({"mmr_threshold": 0.2}) == ["best", "other"]
    assert ids(mmr_threshold=0.2, mmr_prefetch_k=2) == ["best", "twin"], "only what is prefetched can be chosen"
    with pytest.raises(InvalidInputError, match="mmr_threshold"):
        ids(mmr_threshold=2)


def test_mmr_compares_with_all_that_were_chosen(client):
    """As in the paper (Carbonell and Goldstein, 1998); SimpleVectorStore looks at the last one alone and repeats the first."""
    from llama_index.core.vector_stores import SimpleVectorStore

    nodes = [
        TextNode(id_="first", text="1", embedding=[1.0, 0.0, 0.0]),
        TextNode(id_="twin", text="2", embedding=[1.0, 0.001, 0.0]),
        TextNode(id_="second", text="3", embedding=[0.6, 0.8, 0.0]),
        TextNode(id_="third", text="4", embedding=[0.5, 0.0, 0.8]),
    ]
    asked = VectorStoreQuery(query_embedding=[1.0, 0.0, 0.0], similarity_top_k=3, mode=VectorStoreQueryMode.MMR)
    ours, simple = AgentMemVectorStore(client), SimpleVectorStore()
    ours.add(nodes)
    simple.add(nodes)
    assert set(ours.query(asked, mmr_threshold=0.4).ids) == {"first", "second", "third"}
    assert "twin" in simple.query(asked, mmr_threshold=0.4).ids
    assert ours.query(asked, mmr_threshold=1.0).ids == simple.query(asked, mmr_threshold=1.0).ids


@pytest.mark.parametrize("mode", ["svm", "linear_regression", "logistic_regression", "nonsense"])
def test_other_modes_say_what_is_supported(store, mode):
    with pytest.raises(NotSupportedError, match="default, hybrid, text_search, sparse, semantic_hybrid, mmr"):
        store.query(VectorStoreQuery(query_embedding=[1.0], mode=mode))


@pytest.mark.parametrize("mode", ["default", "hybrid", "text_search", "sparse", "semantic_hybrid", "mmr"])
def test_an_empty_store_answers_nothing(store, mode):
    result = store.query(VectorStoreQuery(query_embedding=[1.0], query_str="x", mode=mode, similarity_top_k=3))
    assert (result.nodes, result.similarities, result.ids) == ([], [], [])
    store.add([TextNode(text="a", embedding=[1.0])])
    assert store.query(VectorStoreQuery(query_embedding=[1.0], query_str="x", mode=mode, similarity_top_k=0)).ids == []


def test_users_and_collections_do_not_see_each_other(client):
    ana, bo = AgentMemVectorStore(client), AgentMemVectorStore(client, user_id="bo")
    other = AgentMemVectorStore(client, collection="other")
    ana.add([TextNode(id_="same", text="of ana", embedding=[1.0])])
    bo.add([TextNode(id_="same", text="of bo", embedding=[1.0])])
    other.add([TextNode(id_="same", text="elsewhere", embedding=[1.0, 0.0, 0.0])])
    assert [node.get_content() for node in ana.get_nodes(["same"])] == ["of ana"]
    bo.clear()
    assert bo.get_nodes() == []
    assert query(ana, [1.0]).ids == ["same"]
    assert query(other, [1.0, 0.0, 0.0]).nodes[0].get_content() == "elsewhere"


def test_every_async_method_is_native():
    for name in ("async_add", "adelete", "aquery", "aget_nodes", "adelete_nodes", "aclear"):
        mine = getattr(AgentMemVectorStore, name)
        assert mine is not getattr(BasePydanticVectorStore, name)
        assert inspect.iscoroutinefunction(mine)


def test_threads_lose_nothing(client):
    store = AgentMemVectorStore(client)

    def work(number):
        store.add([TextNode(id_=f"{number}-{n}", text=f"t {number} {n}", embedding=[1.0, float(n)]) for n in range(20)])
        return len(query(store, [1.0, 0.0], similarity_top_k=200).ids)

    with ThreadPoolExecutor(8) as pool:
        assert min(pool.map(work, range(8))) >= 20
    assert len(store.get_nodes()) == 160


def test_memories_of_others_are_found_and_filtered_by_their_own_fields(client):
    client.add("I moved to Lisbon in May", metadata={"topic": "home", "raw": {"big": 1}})
    client.add([{"role": "user", "content": "My cat is called Tom"}], session_id="s1")
    client.add("Bo likes tea", user_id="bo")
    embedding = AgentMemEmbedding(client)
    store = AgentMemVectorStore(client, collection="memories")
    vector = embedding.get_query_embedding("where does she live?")
    (home, cat) = query(store, vector, similarity_top_k=5).nodes
    assert (home.text, home.metadata["topic"], home.metadata["memory.type"]) == (
        "I moved to Lisbon in May",
        "home",
        "semantic",
    )
    assert "raw" not in home.get_metadata_str("llm")
    assert (cat.metadata["memory.role"], cat.metadata["memory.session_id"]) == ("user", "s1")
    by_role = query(store, vector, similarity_top_k=5, filters=where("memory.role", "user"))
    assert [node.text for node in by_role.nodes] == ["My cat is called Tom"]
    asked = VectorStoreQuery(query_str="cat", mode=VectorStoreQueryMode.DEFAULT, similarity_top_k=1)
    assert store.query(asked).nodes[0].text == "My cat is called Tom", "the store embeds a query that nobody embedded"


@pytest.mark.parametrize("mode", ["default", "hybrid", "semantic_hybrid", "text_search", "sparse"])
def test_a_text_that_was_said_often_hides_no_other_memory(client, mode):
    question = "How is my cello teacher called?"
    client.add([{"role": "user", "content": "My cello teacher is called Rita"}])
    for _ in range(20):
        client.add([{"role": "user", "content": question}])
    vector = AgentMemEmbedding(client).get_query_embedding(question)
    store = AgentMemVectorStore(client, collection="memories")
    asked = VectorStoreQuery(
        query_embedding=vector, query_str=question, similarity_top_k=2, mode=VectorStoreQueryMode(mode)
    )
    assert {node.text for node in store.query(asked).nodes} == {question, "My cello teacher is called Rita"}
    store.add([TextNode(id_=name, text="Cello lessons") for name in ("one", "two")])
    assert {"one", "two"} <= set(query(store, vector, similarity_top_k=4).ids), "nodes are all kept apart"
    assert len(store.query(VectorStoreQuery(similarity_top_k=50)).ids) == 23, "where nothing is looked for, all"


def test_nodes_can_join_the_memories_with_the_cores_vectors_only(client):
    store = AgentMemVectorStore(client, collection="memories")
    with pytest.raises(VectorMismatchError, match="AgentMemEmbedding"):
        store.add([TextNode(text="a", embedding=[1.0, 0.0])])
    store.add([TextNode(id_="n", text="Ana plays the cello", metadata={"k": 1})])
    assert client.search("cello")[0].memory.content == "Ana plays the cello"
    assert store.get_nodes(["n"]) == [TextNode(id_="n", text="Ana plays the cello", metadata={"k": 1})]


def test_metadata_that_is_no_json_is_refused_or_written_as_llama_index_writes_it(client):
    from datetime import UTC, datetime

    store = AgentMemVectorStore(client)
    with pytest.raises(InvalidInputError, match="JSON"):
        store.add([TextNode(text="a", embedding=[1.0], metadata={"x": object()})])
    with pytest.raises(InvalidInputError, match="metadata"):
        store.add([TextNode(text="a", embedding=[1.0], metadata={"x": float("nan")})])
    store.add([TextNode(id_="d", text="a", embedding=[1.0], metadata={"at": datetime(2024, 5, 3, tzinfo=UTC)})])
    assert store.get_nodes(["d"])[0].metadata == {"at": "2024-05-03T00:00:00Z"}


@pytest.mark.parametrize("asked", ["sync", "async"])
def test_what_is_no_node_query_or_id_is_refused(client, asked):
    store = AgentMemVectorStore(client)
    verbs = (
        (store.add, store.query, store.delete, store.get_nodes)
        if asked == "sync"
        else (store.async_add, store.aquery, store.adelete, store.aget_nodes)
    )
    for verb, wrong in zip(verbs, ([None], None, None, [5]), strict=True):
        with pytest.raises(InvalidInputError, match="must be"):
            asyncio.run(_awaited(verb(wrong)))
    assert store.get_nodes() == []


async def _awaited(answer):
    return await answer if inspect.isawaitable(answer) else answer


def test_arguments_that_are_not_known_are_refused(client):
    with pytest.raises(InvalidInputError, match="colection"):
        AgentMemVectorStore(client, colection="x")
    with pytest.raises(InvalidInputError, match="client"):
        AgentMemVectorStore("a path")
    with pytest.raises(InvalidInputError, match="client"):
        AgentMemVectorStore(client, path="x")


def test_a_dump_opens_the_same_store_and_holds_no_key(tmp_path, client):
    store = AgentMemVectorStore(path=tmp_path / "s", user_id="ana", collection="c")
    store.add([TextNode(id_="n", text="a", embedding=[1.0])])
    dumped = store.to_dict()
    assert "api_key" not in dumped
    assert [node.node_id for node in AgentMemVectorStore.from_dict(dumped).get_nodes()] == ["n"]
    with pytest.raises(NotConfiguredError, match="client="):
        AgentMemVectorStore.from_dict(AgentMemVectorStore(client).to_dict())

"""A real index over the manual of this repository: made, asked, brought up to date, and opened again by another process."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.node_parser import MarkdownNodeParser, SentenceSplitter
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import RecursiveRetriever, VectorIndexRetriever
from llama_index.core.schema import Document, ImageNode, IndexNode, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters, VectorStoreQuery, VectorStoreQueryMode
from tests.llamaindex.scripted import ScriptedLLM

from agentmem_core import AgentMem
from llamaindex_agentmem import AgentMemEmbedding, AgentMemVectorStore

DOCS = Path(__file__).parents[2] / "docs"
QUESTIONS = {
    "How many days is the half-life of episodic memories?": "recall.md",
    "What does a VectorMismatchError mean?": "errors.md",
    "Which embedders are there by name?": "embedders.md",
    "Can an agent see the rows of another agent?": "scoping.md",
}


SPLITTER = SentenceSplitter(
    chunk_size=256,
    chunk_overlap=0,
    chunking_tokenizer_fn=re.compile(
        r"(?<=[.!?])\s+"
    ).split,  # NLTK refuses its own files where an installer has linked them
)


def pages() -> list[Document]:
    """Those of the manual, with their paths in it as ids; copies without one are asked nothing."""
    found = SimpleDirectoryReader(str(DOCS), required_exts=[".md"], recursive=True, filename_as_id=False).load_data()
    return [
        Document(
            id_=document.metadata["file_name"], text=document.text, metadata={"file": document.metadata["file_name"]}
        )
        for document in found
    ]


def fill(client):
    embedding = AgentMemEmbedding(client)
    store = AgentMemVectorStore(client)
    pipeline = IngestionPipeline(
        transformations=[MarkdownNodeParser(), SPLITTER, embedding],
        vector_store=store,
        docstore=SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
    )
    return pipeline, store, VectorStoreIndex.from_vector_store(store, embed_model=embedding)


def answers(index):
    retriever = index.as_retriever(similarity_top_k=5, vector_store_query_mode=VectorStoreQueryMode.HYBRID)
    return {question: [hit.node.node_id for hit in retriever.retrieve(question)] for question in QUESTIONS}


needs_docs = pytest.mark.skipif(not DOCS.is_dir(), reason="the manual is not beside the tests")


@needs_docs
def test_an_index_over_the_manual(client, tmp_path):
    pipeline, store, index = fill(client)
    documents = pages()
    pipeline.run(documents=documents)
    before = store.get_nodes()
    assert len(before) > 100
    for mode in (VectorStoreQueryMode.HYBRID, VectorStoreQueryMode.SEMANTIC_HYBRID, VectorStoreQueryMode.TEXT_SEARCH):
        retriever = index.as_retriever(similarity_top_k=10, vector_store_query_mode=mode)
        for question, file in QUESTIONS.items():
            assert file in {hit.node.metadata["file"] for hit in retriever.retrieve(question)}, (mode, question)
    narrowed = index.as_retriever(filters=MetadataFilters(filters=[MetadataFilter(key="file", value="errors.md")]))
    assert {hit.node.metadata["file"] for hit in narrowed.retrieve("half-life")} == {"errors.md"}

    llm = ScriptedLLM("Thirty days.")
    engine = index.as_query_engine(llm=llm, similarity_top_k=10, vector_store_query_mode="hybrid")
    response = engine.query("How many days is the half-life of episodic memories?")
    assert str(response) == "Thirty days."
    assert "half-life in days" in llm.prompt
    assert response.source_nodes[0].score > 0

    pipeline.run(documents=documents)
    assert store.get_nodes() == before, "what is known is not ingested again"
    changed = [document for document in documents if document.id_ not in {"storage.md", "errors.md"}]
    changed.append(
        Document(id_="errors.md", text="# Errors\n\nThe quokka error is new.", metadata={"file": "errors.md"})
    )
    pipeline.run(documents=changed)
    now = {node.ref_doc_id for node in store.get_nodes()}
    assert "storage.md" not in now, "deleted with its document"
    texts = [node.get_content() for node in store.get_nodes() if node.metadata["file"] == "errors.md"]
    assert texts == ["# Errors\n\nThe quokka error is new."], "replaced"


CHILD = """
import json, sys
from tests.llamaindex.test_index import answers, fill
from agentmem_core import AgentMem
with AgentMem(sys.argv[1], user_id="ana") as client:
    _, _, index = fill(client)
    print(json.dumps(answers(index)))
"""


@needs_docs
def test_another_process_gives_the_same_answers(tmp_path):
    with AgentMem(tmp_path / "index", user_id="ana") as client:
        pipeline, _, index = fill(client)
        pipeline.run(documents=pages())
        here = answers(index)
    command = [sys.executable, "-c", CHILD, str(tmp_path / "index")]
    done = subprocess.run(command, cwd=DOCS.parent, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout.splitlines()[-1]) == here
    assert all(here.values())


def test_documents_are_inserted_refreshed_and_deleted(client):
    store = AgentMemVectorStore(client)
    index = VectorStoreIndex.from_documents(
        [Document(id_="a", text="Tea is green"), Document(id_="b", text="Coffee is black")],
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=AgentMemEmbedding(client),
        store_nodes_override=True,
    )
    changed = [
        Document(id_="a", text="Tea is green"), Document(id_="b", text="Coffee is brown"), Document(id_="c", text="Milk is white"),
    ]  # fmt: skip
    assert index.refresh_ref_docs(changed) == [False, True, True]
    assert sorted(node.get_content() for node in store.get_nodes()) == [
        "Coffee is brown",
        "Milk is white",
        "Tea is green",
    ]
    index.update_ref_doc(Document(id_="c", text="Milk is pale"))
    index.delete_ref_doc("a")
    assert sorted(node.get_content() for node in store.get_nodes()) == ["Coffee is brown", "Milk is pale"]
    index.delete_nodes([store.get_nodes()[0].node_id])
    assert len(store.get_nodes()) == 1


def test_an_index_persists_and_loads_with_its_store(client, tmp_path):
    from llama_index.core import load_index_from_storage

    store, embedding = AgentMemVectorStore(client), AgentMemEmbedding(client)
    index = VectorStoreIndex.from_documents(
        [Document(id_="a", text="Tea is green")],
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=embedding,
    )
    index.storage_context.persist(tmp_path / "storage")
    context = StorageContext.from_defaults(vector_store=store, persist_dir=str(tmp_path / "storage"))
    again = load_index_from_storage(context, embed_model=embedding)
    assert [hit.text for hit in again.as_retriever().retrieve("tea")] == ["Tea is green"]


def test_documents_as_nodes_are_replaced_by_their_ids(client):
    store = AgentMemVectorStore(client)
    pipeline = IngestionPipeline(
        transformations=[AgentMemEmbedding(client)], vector_store=store, docstore=SimpleDocumentStore()
    )
    pipeline.run(documents=[Document(id_="a", text="one")])
    pipeline.run(documents=[Document(id_="a", text="two")])
    assert [(node.node_id, node.get_content()) for node in store.get_nodes()] == [("a", "two")]


async def test_the_async_pipeline_and_retriever(client):
    pipeline, store, index = fill(client)
    await pipeline.arun(documents=[Document(id_="a", text="Tea is green"), Document(id_="b", text="Coffee is black")])
    (hit,) = await index.as_retriever(similarity_top_k=1).aretrieve("which tea?")
    assert hit.text == "Tea is green"
    engine = index.as_query_engine(llm=ScriptedLLM("Green."), similarity_top_k=1)
    assert str(await engine.aquery("which tea?")) == "Green."
    assert len(await store.aget_nodes()) == 2


def test_recursive_retrieval_finds_index_nodes_and_text_nodes(client):
    embedding = AgentMemEmbedding(client)
    inner = VectorStoreIndex(
        [TextNode(text="Chapter 7: the quokka lives on Rottnest Island")],
        storage_context=StorageContext.from_defaults(vector_store=AgentMemVectorStore(client, collection="inner")),
        embed_model=embedding,
    )
    outer = VectorStoreIndex(
        [],
        storage_context=StorageContext.from_defaults(vector_store=AgentMemVectorStore(client, collection="outer")),
        embed_model=embedding,
    )
    outer.insert_nodes([IndexNode(text="A book about the quokka", index_id="book", id_="index")])
    outer.insert_nodes([TextNode(text="The quokka smiles", id_="plain"), TextNode(text="Tea is green", id_="tea")])
    reopened = VectorStoreIndex.from_vector_store(
        AgentMemVectorStore(client, collection="outer"), embed_model=embedding
    )
    found = {hit.node.node_id: type(hit.node) for hit in reopened.as_retriever(similarity_top_k=2).retrieve("quokka")}
    assert found == {"index": IndexNode, "plain": TextNode}
    recursive = RecursiveRetriever(
        "outer", retriever_dict={"outer": reopened.as_retriever(similarity_top_k=2), "book": inner.as_retriever()}
    )
    texts = {hit.text for hit in recursive.retrieve("quokka")}
    assert texts == {"Chapter 7: the quokka lives on Rottnest Island", "The quokka smiles"}
    engine = RetrieverQueryEngine.from_args(recursive, llm=ScriptedLLM("On Rottnest."))
    assert str(engine.query("quokka")) == "On Rottnest."


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_the_index_that_index_nodes_were_inserted_through_finds_text_nodes_too(client, colour):
    nodes = [
        TextNode(text="The quokka smiles", id_="plain"),
        IndexNode(text="A book about the quokka", index_id="book", id_="index"),
        ImageNode(text="The quokka in a picture", image="AAAA", id_="image"),
    ]
    store = AgentMemVectorStore(client)
    index = VectorStoreIndex(
        nodes, storage_context=StorageContext.from_defaults(vector_store=store), embed_model=AgentMemEmbedding(client)
    )
    index.insert_nodes([IndexNode(text="Where the quokka lives", index_id="map", id_="later")])

    def found(retriever):
        hits = retriever.retrieve("quokka") if colour == "sync" else asyncio.run(retriever.aretrieve("quokka"))
        return {hit.node.node_id for hit in hits}

    assert found(index.as_retriever(similarity_top_k=9)) == {"plain", "index", "image", "later"}
    assert found(VectorIndexRetriever(index, node_ids=["index"], similarity_top_k=9)) == {"index"}
    asked = VectorStoreQuery(
        query_embedding=AgentMemEmbedding(client).get_query_embedding("quokka"), similarity_top_k=9
    )
    assert set(store.query(replace(asked, node_ids=["index", "image", "later"])).ids) == {"index", "image", "later"}


def test_mmr_and_alpha_reach_the_store_through_the_retriever(client):
    index = VectorStoreIndex.from_vector_store(AgentMemVectorStore(client), embed_model=AgentMemEmbedding(client))
    index.insert_nodes(
        [TextNode(text=f"Tea number {number} is green") for number in range(5)] + [TextNode(text="XK-4711")]
    )
    mmr = index.as_retriever(
        similarity_top_k=3,
        vector_store_query_mode="mmr",
        vector_store_kwargs={"mmr_threshold": 0.1, "mmr_prefetch_k": 6},
    )
    assert "XK-4711" in {hit.text for hit in mmr.retrieve("green tea")}
    hybrid = index.as_retriever(similarity_top_k=1, vector_store_query_mode="hybrid", alpha=0.2)
    assert hybrid.retrieve("what is XK-4711")[0].text == "XK-4711"
    assert [
        hit.text for hit in index.as_retriever(vector_store_query_mode="sparse", sparse_top_k=1).retrieve("xk-4711")
    ] == ["XK-4711"]


def test_sync_calls_inside_a_running_loop_and_three_loops_after_each_other(tmp_path):
    store = AgentMemVectorStore(path=tmp_path / "s")
    index = VectorStoreIndex.from_vector_store(store, embed_model=AgentMemEmbedding(path=tmp_path / "s"))

    async def notebook(number):
        index.insert_nodes([TextNode(id_=f"sync {number}", text=f"sync {number}")])
        await index.ainsert_nodes([TextNode(id_=f"async {number}", text=f"async {number}")])
        retriever = index.as_retriever(similarity_top_k=50)
        sync = [hit.node_id for hit in retriever.retrieve("sync")]
        assert sync == [hit.node_id for hit in await retriever.aretrieve("sync")]
        return len(sync)

    assert [asyncio.run(notebook(number)) for number in range(3)] == [2, 4, 6]


def test_an_index_over_memories_knows_what_a_chat_has_learnt(client):
    client.add([{"role": "user", "content": "I am allergic to peanuts"}], session_id="a chat of another framework")
    store = AgentMemVectorStore(client, collection="memories")
    index = VectorStoreIndex.from_vector_store(store, embed_model=AgentMemEmbedding(client))
    llm = ScriptedLLM("Peanuts.")
    assert str(index.as_query_engine(llm=llm).query("What must she not eat? peanuts?")) == "Peanuts."
    assert "I am allergic to peanuts" in llm.prompt

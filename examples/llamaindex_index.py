"""An index over notes, asked by meaning, by words and by both; and the same answers from a new process.

Run it from anywhere: ``python examples/llamaindex_index.py [folder for the store]``. It needs no key and no network.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from llama_index.core import VectorStoreIndex
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import Document
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores.types import FilterOperator, MetadataFilter, MetadataFilters

from llamaindex_agentmem import AgentMemEmbedding, AgentMemVectorStore

NOTES = {
    "trip": ("We took the train to Sintra and walked up to the castle.", 2024),
    "door": ("The entry code of the office is ZX-4711; do not tell anybody.", 2025),
    "tea": ("Rita drinks green tea, never coffee.", 2025),
    "搬家": ("我去年五月搬到了里斯本。", 2024),
}


def main() -> None:
    """Make the index, ask it, bring it up to date, and ask again in a new process."""
    if sys.argv[1:2] == ["--again"]:
        ask(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory(prefix="agentmem-example-", ignore_cleanup_errors=True) as folder:
        place = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder)
        ingest(place)
        ask(place)
        print("\nA new process opens the same folder:", flush=True)
        subprocess.run([sys.executable, __file__, "--again", str(place)], check=True)  # noqa: S603 - ourselves


def ingest(place: Path) -> None:
    """Nodes replace and delete each other by the documents they come from."""
    store = AgentMemVectorStore(path=place)
    pipeline = IngestionPipeline(
        transformations=[AgentMemEmbedding(path=place)],
        vector_store=store,
        docstore=SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
    )
    notes = [Document(id_=name, text=text, metadata={"year": year}) for name, (text, year) in NOTES.items()]
    pipeline.run(documents=[*notes, Document(id_="old", text="This note will go away.")])
    pipeline.run(documents=notes)
    assert {node.node_id for node in store.get_nodes()} == set(NOTES)
    print(f"{len(notes)} notes in {place}")


def ask(place: Path) -> None:
    """By meaning, by an identifier, in Chinese, and narrowed by a filter."""
    index = VectorStoreIndex.from_vector_store(
        AgentMemVectorStore(path=place), embed_model=AgentMemEmbedding(path=place)
    )
    this_year = MetadataFilters(filters=[MetadataFilter(key="year", value=2025, operator=FilterOperator.GTE)])
    for question, options, expected in (
        ("a journey by railway", {}, "trip"),
        ("what is ZX-4711?", {"vector_store_query_mode": "hybrid", "alpha": 0.5}, "door"),
        ("里斯本", {"vector_store_query_mode": "text_search"}, "搬家"),
        ("what does she drink on a journey?", {"filters": this_year}, "tea"),
    ):
        (best, *_) = index.as_retriever(similarity_top_k=2, **options).retrieve(question)
        print(f"  {question}  ->  {best.get_content()}")
        assert best.node_id == expected, (question, best.node_id)


if __name__ == "__main__":
    main()

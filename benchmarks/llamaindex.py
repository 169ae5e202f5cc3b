"""The LlamaIndex vector store against ``llama-index-vector-stores-chroma``, in the same process, turn by turn.

Needs the dependency group ``peers``: ``uv run --group peers python -m benchmarks llamaindex``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report
from benchmarks.timing import alternating, folder, milliseconds, percentiles

DIMENSION = 1_536
VALUES = 100
"""A filter on one of so many values leaves 1 %."""
TOP_K = 10


def run(report: Report) -> None:
    count, rounds = (2_000, 50) if report.quick else (10_000, 300)
    numbers = np.random.default_rng(11)
    vectors = numbers.normal(size=(count, DIMENSION)).astype(np.float32)
    asked = numbers.normal(size=(rounds, DIMENSION)).astype(np.float32)
    part = f"LlamaIndex, {count:,} nodes, {DIMENSION} dimensions"
    with folder() as place:
        ours, theirs = _ours(place), _theirs(place)
        report.add(part, "ours, adding", milliseconds(lambda: _fill(ours, vectors)) / 1000, "s")
        report.add(part, "Chroma, adding", milliseconds(lambda: _fill(theirs, vectors)) / 1000, "s")
        first = milliseconds(lambda: _found(ours, asked[0], 0))
        report.add(part, "ours, first search with a filter", first, "ms")
        report.add(part, "Chroma, first search with a filter", milliseconds(lambda: _found(theirs, asked[0], 0)), "ms")
        mine, reference = alternating(
            (
                lambda number: _found(ours, asked[number], number % VALUES),
                lambda number: _found(theirs, asked[number], number % VALUES),
            ),
            rounds,
        )
        p50, peer = percentiles(report, part, "ours", mine), percentiles(report, part, "Chroma", reference)
        report.add(part, "times faster at p50", peer / p50, "x", at_least=3)
        truth = [_brute(vectors, asked[number], number % VALUES) for number in range(rounds)]
        for name, store, bar in (("ours", ours, 1.0), ("Chroma", theirs, None)):
            answers = [_found(store, asked[number], number % VALUES) for number in range(rounds)]
            hits = sum(len(truth[number] & set(answers[number])) for number in range(rounds))
            report.add(part, f"{name}, recall@{TOP_K}", hits / (rounds * TOP_K), at_least=bar)
        all_ours, all_theirs = alternating(
            (lambda number: _found(ours, asked[number], None), lambda number: _found(theirs, asked[number], None)),
            rounds // 3,
        )
        percentiles(report, part, "ours, no filter", all_ours)
        percentiles(report, part, "Chroma, no filter", all_theirs)


def _ours(place: Path) -> Any:
    from llamaindex_agentmem import AgentMemVectorStore

    return AgentMemVectorStore(path=place / "ours")


def _theirs(place: Path) -> Any:
    try:
        from llama_index.vector_stores.chroma import ChromaVectorStore
    except ImportError:
        raise SystemExit("the peer is missing: uv run --group peers python -m benchmarks llamaindex") from None
    import chromadb

    client = chromadb.PersistentClient(str(place / "chroma"), chromadb.Settings(anonymized_telemetry=False))
    collection = client.create_collection("nodes", configuration={"hnsw": {"space": "cosine"}})
    return ChromaVectorStore(chroma_collection=collection)


def _fill(store: Any, vectors: NDArray[np.float32]) -> None:
    from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode

    size = 1_000
    for start in range(0, len(vectors), size):
        store.add([
            TextNode(
                id_=f"n{number}",
                text=f"Node {number} tells something about subject {number % VALUES}, at some length. " * 5,
                metadata={"subject": number % VALUES, "file": f"file-{number // 10}.md"},
                relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"doc-{number // 10}")},
                embedding=vectors[number].tolist(),
            )
            for number in range(start, min(start + size, len(vectors)))
        ])  # fmt: skip


def _found(store: Any, vector: NDArray[np.float32], subject: int | None) -> Sequence[str]:
    from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters, VectorStoreQuery

    filters = None if subject is None else MetadataFilters(filters=[MetadataFilter(key="subject", value=subject)])
    query = VectorStoreQuery(query_embedding=vector.tolist(), similarity_top_k=TOP_K, filters=filters)
    found: Sequence[str] = store.query(query).ids
    return found


def _brute(vectors: NDArray[np.float32], vector: NDArray[np.float32], subject: int) -> set[str]:
    """The nearest by cosine, all rows of the value compared."""
    rows = np.arange(subject, len(vectors), VALUES)
    cosines = vectors[rows] @ vector / np.linalg.norm(vectors[rows], axis=1)
    return {f"n{rows[place]}" for place in np.argsort(-cosines)[:TOP_K]}

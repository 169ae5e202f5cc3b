"""What ours is held against: bare Chroma, exact search in numpy, plain BM25."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BATCH = 2000
_TOKEN = re.compile(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+")


class BareChroma:
    """One Chroma collection, cosine, without an embedder: only what a program that calls Chroma itself would do."""

    def __init__(self, path: Path) -> None:
        """An empty collection on disk."""
        import chromadb
        from chromadb.config import Settings

        self._client = chromadb.PersistentClient(str(path), settings=Settings(anonymized_telemetry=False))
        self._collection: Any = self._client.create_collection(
            "bench", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )

    def load(self, users: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Many at once."""
        for start in range(0, len(users), _BATCH):
            part = slice(start, start + _BATCH)
            owners = users[part]
            self._collection.add(
                ids=[str(number) for number in range(start, start + len(owners))],
                embeddings=vectors[part],
                metadatas=[{"user": user} for user in owners],
            )

    def add(self, name: str, vector: NDArray[np.float32]) -> None:
        """One."""
        self._collection.add(ids=[name], embeddings=vector[None, :])

    def query(self, user: str, vector: NDArray[np.float32], limit: int = 10) -> Any:
        """The nearest of one user."""
        return self._collection.query(query_embeddings=vector[None, :], n_results=limit, where={"user": user})


class Bm25:
    """BM25 with the textbook's parameters over lower-cased words, nothing stemmed, nothing left out."""

    def __init__(self, texts: Sequence[str], k1: float = 1.2, b: float = 0.75) -> None:
        """Count the words."""
        self._k1, self._b = k1, b
        counts = [Counter(_TOKEN.findall(text.lower())) for text in texts]
        self._lengths = np.array([sum(count.values()) for count in counts], np.float64)
        self._postings: dict[str, list[tuple[int, int]]] = {}
        for number, count in enumerate(counts):
            for word, times in count.items():
                self._postings.setdefault(word, []).append((number, times))

    def search(self, query: str, limit: int) -> list[int]:
        """The numbers of the best texts, best first; those without a common word are no answer."""
        scores = np.zeros(len(self._lengths))
        mean = self._lengths.mean()
        for word in _TOKEN.findall(query.lower()):
            postings = self._postings.get(word, [])
            idf = math.log(1 + (len(scores) - len(postings) + 0.5) / (len(postings) + 0.5))
            for number, times in postings:
                damping = self._k1 * (1 - self._b + self._b * self._lengths[number] / mean)
                scores[number] += idf * times * (self._k1 + 1) / (times + damping)
        order = np.argsort(-scores, kind="stable")[:limit]
        return [int(number) for number in order if scores[number] > 0]


def exact_recall(
    found: Sequence[int],
    vectors: NDArray[np.float32],
    query: NDArray[np.float32],
    passing: NDArray[np.bool_],
    limit: int,
) -> float:
    """How many of ``found`` are among the ``limit`` nearest of the rows that pass, ties counted as equals."""
    cosines = np.where(passing, vectors.astype(np.float64) @ query.astype(np.float64), -2.0)
    expected = min(limit, int(passing.sum()))
    if not expected:
        return float(not found)
    last = np.partition(cosines, -expected)[-expected]
    right = {number for number in found if passing[number] and cosines[number] >= last - 1e-6}
    return len(right) / expected

"""A VectorStoreQuery as searches of the core, and their answers as one ranking.

What a mode means is decided here, purely; the vector store only asks and answers, in two colours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode

from agentmem_core import Hit, InvalidInputError, Memory, NotSupportedError
from llamaindex_agentmem.filters import OWN, AnyFilter, among, every, translated
from llamaindex_agentmem.nodes import REF, memory_id
from llamaindex_agentmem.recall import plain

Mode = VectorStoreQueryMode
Scored = list[tuple[Memory, float]]
Vectors = Mapping[str, Sequence[float]]

SUPPORTED = (Mode.DEFAULT, Mode.HYBRID, Mode.TEXT_SEARCH, Mode.SPARSE, Mode.SEMANTIC_HYBRID, Mode.MMR)

ALPHA = 0.5
"""Weight of meaning against words in HYBRID, unless the query says."""
FULL_COVERAGE = 0.5
"""A node that covers this part of the query's words, by weight, counts as a full match of words in HYBRID."""
MEANING = 0.8
"""What the nearest candidate counts in HYBRID beside a full match of words: an exact name is surer than a likeness."""
POOL, FEWEST = 4, 100
"""Candidates that each channel of HYBRID gives: so many times what is asked for, and no fewer than this."""
MMR_THRESHOLD, MMR_POOL = 0.5, 4
"""Weight of relevance against variety in MMR, and how many times what is asked for is chosen from."""
SPARE = 50
"""Memories asked for beyond what is wanted where a text counts once."""
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """The searches of one query, and what makes one ranking of their answers (and of vectors, where it ``compares``)."""

    searches: tuple[dict[str, Any], ...]
    merge: Callable[[list[list[Hit]], Vectors], Scored]
    compares: bool = False


def ask(query: VectorStoreQuery, options: Mapping[str, Any], key: Callable[[str], str]) -> Asked:
    """What to search for; ``options`` are the keyword arguments of ``query()``, ``key`` says where a metadata key is kept."""
    mode = _mode(query.mode)
    if query.similarity_top_k < 1:
        return Asked((), lambda _answers, _vectors: [])
    common = {"filters": _narrowed(query, key), "limit": query.similarity_top_k}
    if mode not in {Mode.TEXT_SEARCH, Mode.SPARSE} and query.query_embedding is None and not query.query_str:
        return Asked((common,), _by_score)
    if mode is Mode.HYBRID:
        return _hybrid(query, common)
    if mode is Mode.MMR:
        return _mmr(query, options, common)
    return _alone(mode, query, common)


def ask_once(query: VectorStoreQuery, options: Mapping[str, Any], key: Callable[[str], str]) -> Asked:
    """``ask``, with one memory of each text, the best: chats keep a question as often as it is asked, crews a result twice.

    Nodes, which somebody put there one by one, are all answered. So is everything where nothing is looked for; MMR has a
    measure of variety of its own.
    """
    mode = _mode(query.mode)
    if mode is Mode.MMR or (query.query_embedding is None and not query.query_str):
        return ask(query, options, key)
    wanted = {Mode.HYBRID: query.hybrid_top_k, Mode.SPARSE: query.sparse_top_k}.get(mode) or query.similarity_top_k
    wide = replace(
        query,
        similarity_top_k=_wider(query.similarity_top_k),
        hybrid_top_k=query.hybrid_top_k and _wider(query.hybrid_top_k),
        sparse_top_k=query.sparse_top_k and _wider(query.sparse_top_k),
    )
    asked = ask(wide, options, key)
    return replace(asked, merge=lambda answers, vectors: _once(asked.merge(answers, vectors))[:wanted])


def _wider(top: int) -> int:
    return top + SPARE if 0 < top <= _MOST - SPARE else top


def _once(scored: Scored) -> Scored:
    said: set[str] = set()
    found: Scored = []
    for memory, score in scored:
        text = memory.id if OWN in memory.metadata else plain(memory.content)
        if text not in said:
            said.add(text)
            found.append((memory, score))
    return found


def _alone(mode: VectorStoreQueryMode, query: VectorStoreQuery, common: dict[str, Any]) -> Asked:
    """One search, ranked as the core ranks it."""
    if mode is Mode.DEFAULT:
        return Asked(({**common, **_dense(query), "mode": "dense"},), _by_cosine)
    if mode is Mode.SEMANTIC_HYBRID:
        return Asked(({**common, **_dense(query), "query": _words(query), "mode": "hybrid"},), _by_score)
    limit = (query.sparse_top_k if mode is Mode.SPARSE else None) or query.similarity_top_k
    return Asked(({**common, "limit": limit, "query": _words(query), "mode": "lexical"},), _by_score)


def _mode(given: Any) -> VectorStoreQueryMode:
    try:
        mode = Mode(given)
    except ValueError:
        mode = None
    if mode is None or mode not in SUPPORTED:
        named = ", ".join(item.value for item in SUPPORTED)
        raise NotSupportedError(f"query mode {getattr(given, 'value', given)!r}: is not supported; use one of {named}")
    return mode


def _narrowed(query: VectorStoreQuery, key: Callable[[str], str]) -> AnyFilter | None:
    """The query's filters, ids of nodes and ids of documents; an empty list of ids narrows nothing, as LlamaIndex means it."""
    return every(
        translated(query.filters, key),
        among("memory.id", [memory_id(node_id) for node_id in query.node_ids]) if query.node_ids else None,
        among(REF, query.doc_ids) if query.doc_ids else None,
    )


def _words(query: VectorStoreQuery) -> str:
    if not query.query_str or not query.query_str.strip():
        raise InvalidInputError(f"query_str: mode {Mode(query.mode).value!r} looks for words; give the query's text")
    return query.query_str


def _dense(query: VectorStoreQuery) -> dict[str, Any]:
    """By the embedding there is, or by the text, which the store then embeds itself."""
    if query.query_embedding is None:
        return {"query": _words(query)}
    return {"vector": query.query_embedding}


def _by_score(answers: list[list[Hit]], _vectors: Vectors) -> Scored:
    return [(hit.memory, hit.score) for hit in answers[0]]


def _by_cosine(answers: list[list[Hit]], _vectors: Vectors) -> Scored:
    return [(hit.memory, hit.signals.dense) for hit in answers[0]]


def _hybrid(query: VectorStoreQuery, common: dict[str, Any]) -> Asked:
    alpha = ALPHA if query.alpha is None else query.alpha
    if not 0 <= alpha <= 1:
        raise InvalidInputError(f"alpha: must be between 0 (words alone) and 1 (meaning alone), got {alpha}")
    wanted = query.hybrid_top_k or query.similarity_top_k
    pool = min(max(POOL * max(wanted, query.similarity_top_k), FEWEST), _MOST)
    words = {**common, "mode": "lexical", "limit": query.sparse_top_k or pool}
    meaning = {**common, **_dense(query), "mode": "dense", "limit": pool}
    if alpha == 0:
        return Asked(({**words, "query": _words(query), "limit": wanted},), _by_score)
    if alpha == 1:
        return Asked(({**meaning, "limit": wanted},), _by_cosine)
    searches = (meaning, {**words, "query": _words(query)})
    return Asked(searches, lambda answers, _vectors: _mixed(answers[0], answers[1], alpha)[:wanted])


def _mixed(near: Sequence[Hit], worded: Sequence[Hit], alpha: float) -> Scored:
    """Both channels united and mixed; among equals the better match of words is first."""
    meaning = dict(zip([hit.memory.id for hit in near], _spread([hit.signals.dense for hit in near]), strict=True))
    covered = {hit.memory.id: hit.signals.lexical for hit in worded}
    memories = {hit.memory.id: hit.memory for hit in (*near, *worded)}
    dense, lexical = alpha * MEANING, 1 - alpha
    scores = {
        key: (dense * meaning.get(key, 0.0) + lexical * min(1.0, covered.get(key, 0.0) / FULL_COVERAGE))
        / (dense + lexical)
        for key in memories
    }
    order = sorted(memories, key=lambda key: (round(scores[key], 6), covered.get(key, 0.0)), reverse=True)
    return [(memories[key], scores[key]) for key in order]


def _spread(cosines: Sequence[float]) -> list[float]:
    """From 0 for the farthest candidate to 1 for the nearest."""
    low, high = min(cosines, default=0.0), max(cosines, default=0.0)
    if high <= low:
        return [1.0 if high > 0 else 0.0 for _ in cosines]
    return [(cosine - low) / (high - low) for cosine in cosines]


def _mmr(query: VectorStoreQuery, options: Mapping[str, Any], common: dict[str, Any]) -> Asked:
    threshold = options.get("mmr_threshold", query.mmr_threshold)
    threshold = MMR_THRESHOLD if threshold is None else threshold
    if not 0 <= threshold <= 1:
        raise InvalidInputError(
            f"mmr_threshold: must be between 0 (variety alone) and 1 (relevance alone), got {threshold}"
        )
    wanted = query.similarity_top_k
    pool = options.get("mmr_prefetch_k") or int(wanted * (options.get("mmr_prefetch_factor") or MMR_POOL))
    search = {**common, **_dense(query), "mode": "dense", "limit": min(max(pool, wanted), _MOST)}

    def merge(answers: list[list[Hit]], vectors: Vectors) -> Scored:
        return _varied(answers[0], vectors, wanted, threshold)

    return Asked((search,), merge, compares=True)


def _varied(hits: Sequence[Hit], vectors: Vectors, wanted: int, threshold: float) -> Scored:
    """One after the other, the hit with the most of ``threshold * cosine - (1 - threshold) * nearest chosen one's cosine``."""
    hits = [hit for hit in hits if hit.memory.id in vectors]
    if not hits:
        return []
    matrix = np.array([vectors[hit.memory.id] for hit in hits], np.float64)
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-300)
    relevance = threshold * np.array([hit.signals.dense for hit in hits])
    redundancy = np.zeros(len(hits))
    chosen: Scored = []
    left = np.ones(len(hits), np.bool_)
    while left.any() and len(chosen) < wanted:
        gains = np.where(left, relevance - (1 - threshold) * redundancy, -np.inf)
        best = int(np.argmax(gains))
        near = matrix @ matrix[best]
        redundancy = near if not chosen else np.maximum(redundancy, near)
        chosen.append((hits[best].memory, float(gains[best])))
        left[best] = False
    return chosen

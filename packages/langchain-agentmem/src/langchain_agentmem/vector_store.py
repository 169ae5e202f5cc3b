"""Documents with vectors of any LangChain embeddings, in a collection of the core."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self, cast

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from agentmem_core import AgentMem, EmbedderError, Hit, InvalidInputError, Memory
from langchain_agentmem.opening import opened

_BATCH = 500
_MARK = "\u2060"
"""Stands before a text that is blank, which the core would not keep, or that begins with the mark itself."""
_EVERYTHING = {"memory.version": {"gte": 1}}


class AgentMemVectorStore(VectorStore):
    """Documents in one collection, each with the vector that ``embedding`` makes of its text.

    A document comes back as it went in: same id, text and metadata, which must be JSON. An id that stands already is replaced.
    ``filter`` is a dict of metadata (``{"city": "Lisbon", "year": {"$gte": 2020}}``, ``$in``, ``$and``, ``$or``, ``$not``), or any
    filter of the core. Scores are cosines, -1 to 1, higher is nearer; relevance is the cosine held between 0 and 1.
    """

    def __init__(
        self,
        embedding: Embeddings,
        *,
        client: AgentMem | None = None,
        path: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        api_key: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = "langchain",
    ) -> None:
        """Nothing is read or embedded yet; the first document decides the dimension of the collection."""
        if not isinstance(embedding, Embeddings):
            raise InvalidInputError(f"embedding: must be Embeddings of LangChain, not {type(embedding).__name__}")
        if collection == "memories":
            raise InvalidInputError(
                "collection: 'memories' is embedded by the core; give the documents one of their own"
            )
        self._embedding = embedding
        self.client = opened(
            client,
            path=path,
            api_url=api_url,
            api_key=api_key,
            user_id=user_id,
            agent_id=agent_id,
            session_id=session_id,
        )
        self.collection = collection

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[Any, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """A store with these texts; ``kwargs`` are those of the class."""
        store = cls(embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    async def afrom_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[Any, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """``from_texts`` without blocking the event loop."""
        store = cls(embedding, **kwargs)
        await store.aadd_texts(texts, metadatas, ids=ids)
        return store

    @property
    def embeddings(self) -> Embeddings:
        """What makes the vectors."""
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[Any, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        batch_size: int = _BATCH,
        **kwargs: Any,
    ) -> list[str]:
        """The ids of the texts, made where none is given; each ``batch_size`` are embedded and written together, or none of them."""
        _require_none(kwargs)
        added: list[str] = []
        for rows in _batches(texts, metadatas, ids, batch_size):
            _with_vectors(rows, self._embedding.embed_documents([_text(row) for row in rows]))
            added += self.client.add(rows, collection=self.collection, on_conflict="replace").ids
        return added

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[Any, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        batch_size: int = _BATCH,
        **kwargs: Any,
    ) -> list[str]:
        """``add_texts`` without blocking the event loop."""
        _require_none(kwargs)
        added: list[str] = []
        for rows in _batches(texts, metadatas, ids, batch_size):
            _with_vectors(rows, await self._embedding.aembed_documents([_text(row) for row in rows]))
            added += (await self.client.aadd(rows, collection=self.collection, on_conflict="replace")).ids
        return added

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of these ids, in their order; unknown ids are left out."""
        return [document_of(memory) for memory in self.client.get_many(ids, collection=self.collection)]

    async def aget_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """``get_by_ids`` without blocking the event loop."""
        return [document_of(memory) for memory in await self.client.aget_many(ids, collection=self.collection)]

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Delete these documents, unknown ids are no error; without ``ids`` all that the scope sees in the collection."""
        _require_none(kwargs)
        if ids is None or ids:
            self.client.delete(**self._gone(ids))
        return True

    async def adelete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """``delete`` without blocking the event loop."""
        _require_none(kwargs)
        if ids is None or ids:
            await self.client.adelete(**self._gone(ids))
        return True

    def similarity_search(self, query: str, k: int = 4, filter: Any = None, **kwargs: Any) -> list[Document]:  # noqa: A002 - LangChain's word
        """The ``k`` documents nearest to the query, nearest first, however far they are."""
        return [document for document, _ in self.similarity_search_with_score(query, k, filter, **kwargs)]

    async def asimilarity_search(self, query: str, k: int = 4, filter: Any = None, **kwargs: Any) -> list[Document]:  # noqa: A002
        """``similarity_search`` without blocking the event loop."""
        return [document for document, _ in await self.asimilarity_search_with_score(query, k, filter, **kwargs)]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        filter: Any = None,  # noqa: A002
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """The same with the cosine of each."""
        return _scored(self._near(self._embedding.embed_query(_asked(query)), k, filter, kwargs))

    async def asimilarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        filter: Any = None,  # noqa: A002
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """``similarity_search_with_score`` without blocking the event loop."""
        return _scored(await self._anear(await self._embedding.aembed_query(_asked(query)), k, filter, kwargs))

    def similarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        filter: Any = None,  # noqa: A002
        **kwargs: Any,
    ) -> list[Document]:
        """The ``k`` documents nearest to a vector."""
        return [document for document, _ in _scored(self._near(embedding, k, filter, kwargs))]

    async def asimilarity_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        filter: Any = None,  # noqa: A002
        **kwargs: Any,
    ) -> list[Document]:
        """``similarity_search_by_vector`` without blocking the event loop."""
        return [document for document, _ in _scored(await self._anear(embedding, k, filter, kwargs))]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Any = None,  # noqa: A002
        **kwargs: Any,
    ) -> list[Document]:
        """``k`` of the ``fetch_k`` nearest, near the query (``lambda_mult`` 1) and far from each other (0)."""
        vector = self._embedding.embed_query(_asked(query))
        return self.max_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, filter, **kwargs)

    async def amax_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Any = None,  # noqa: A002
        **kwargs: Any,
    ) -> list[Document]:
        """``max_marginal_relevance_search`` without blocking the event loop."""
        vector = await self._embedding.aembed_query(_asked(query))
        return await self.amax_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, filter, **kwargs)

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Any = None,  # noqa: A002
        **kwargs: Any,
    ) -> list[Document]:
        """The same for a vector."""
        hits = self._near(embedding, max(fetch_k, k), filter, kwargs)
        ids = [hit.memory.id for hit in hits]
        return _spread(embedding, hits, self.client.vectors(ids, collection=self.collection), k, lambda_mult)

    async def amax_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Any = None,  # noqa: A002
        **kwargs: Any,
    ) -> list[Document]:
        """``max_marginal_relevance_search_by_vector`` without blocking the event loop."""
        hits = await self._anear(embedding, max(fetch_k, k), filter, kwargs)
        ids = [hit.memory.id for hit in hits]
        return _spread(embedding, hits, await self.client.avectors(ids, collection=self.collection), k, lambda_mult)

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return lambda cosine: min(max(cosine, 0.0), 1.0)

    def _near(self, vector: Sequence[float], k: int, given: Any, rest: Mapping[str, Any]) -> list[Hit]:
        _require_none(rest)
        return self.client.search(vector=vector, limit=k, filters=given, mode="dense", collection=self.collection)

    async def _anear(self, vector: Sequence[float], k: int, given: Any, rest: Mapping[str, Any]) -> list[Hit]:
        _require_none(rest)
        return await self.client.asearch(
            vector=vector, limit=k, filters=given, mode="dense", collection=self.collection
        )

    def _gone(self, ids: list[str] | None) -> dict[str, Any]:
        which = {"filters": _EVERYTHING} if ids is None else {"id": ids, "missing": "ignore"}
        return {"collection": self.collection, **which}


def document_of(memory: Memory) -> Document:
    """The document that a row was made of."""
    return Document(id=memory.id, page_content=memory.content.removeprefix(_MARK), metadata=memory.metadata)


def _batches(
    texts: Iterable[str],
    metadatas: Sequence[dict[Any, Any]] | None,
    ids: Sequence[str | None] | None,
    size: Any,
) -> Iterable[list[dict[str, Any]]]:
    if not isinstance(size, int) or size < 1:
        raise InvalidInputError(f"batch_size: must be a whole number of at least 1, got {size!r}")
    given = [texts] if isinstance(texts, str) else list(texts)
    for name, others in (("metadatas", metadatas), ("ids", ids)):
        if others is not None and len(others) != len(given):
            raise InvalidInputError(f"{name}: has {len(others)} entries for {len(given)} texts; give one for each")
    nothing: Sequence[None] = [None] * len(given)
    rows = [
        {"id": one, "content": _kept(text), "metadata": metadata}
        for text, one, metadata in zip(given, ids or nothing, metadatas or nothing, strict=True)
    ]
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _kept(text: object) -> str:
    if not isinstance(text, str):
        raise InvalidInputError(f"texts: must be texts (str), not {type(text).__name__}")
    return text if text.strip() and not text.startswith(_MARK) else _MARK + text


def _asked(query: object) -> str:
    if not isinstance(query, str):
        raise InvalidInputError(f"query: must be text (str), not {type(query).__name__}")
    return query


def _text(row: Mapping[str, Any]) -> str:
    return cast("str", row["content"]).removeprefix(_MARK)


def _with_vectors(rows: Sequence[dict[str, Any]], vectors: Sequence[Sequence[float]]) -> None:
    if len(vectors) != len(rows):
        raise EmbedderError(f"embedding: answered {len(vectors)} vectors for {len(rows)} texts; one a text is needed")
    for row, vector in zip(rows, vectors, strict=True):
        row["vector"] = vector


def _scored(hits: Sequence[Hit]) -> list[tuple[Document, float]]:
    return [(document_of(hit.memory), hit.signals.dense) for hit in hits]


def _spread(
    vector: Sequence[float], hits: Sequence[Hit], vectors: Mapping[str, Sequence[float]], k: int, lambda_mult: float
) -> list[Document]:
    """Those of the hits that maximal marginal relevance chooses."""
    import numpy as np
    from langchain_core.vectorstores.utils import maximal_marginal_relevance

    there = [hit for hit in hits if hit.memory.id in vectors]  # one may have been deleted since the search
    chosen = maximal_marginal_relevance(
        np.asarray(vector, np.float32), [[*vectors[hit.memory.id]] for hit in there], lambda_mult=lambda_mult, k=k
    )
    return [document_of(there[number].memory) for number in chosen]


def _require_none(options: Mapping[str, Any]) -> None:
    if options:
        raise InvalidInputError(
            f"{min(options)}: is not an argument of AgentMemVectorStore; filters are given as filter="
        )

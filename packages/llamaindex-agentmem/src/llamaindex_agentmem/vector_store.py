"""The vector store: nodes with the vectors of any embed model, in a collection of the same store that memories live in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode, ImageNode, IndexNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryResult,
)

from agentmem_core import AgentMem, Filter, FilterOperator, InvalidInputError, Memory, VectorMismatchError
from llamaindex_agentmem.filters import AnyFilter, among, either, every, memory_key, stored_key, translated
from llamaindex_agentmem.nodes import REF, as_item, as_node, memory_id
from llamaindex_agentmem.opening import Opened
from llamaindex_agentmem.queries import Asked, Scored, ask, ask_once

DOCUMENTS = "documents"
MEMORIES = "memories"
_PAGE = 1_000


class AgentMemVectorStore(Opened, BasePydanticVectorStore):
    """Nodes in a collection of an AgentMem store, found by meaning, by words, or by both.

    ``collection="memories"`` is what the user has told any framework: embed queries with ``AgentMemEmbedding``; a text that was
    said several times is answered once. What is deleted lies in the trash until ``client.compact()``. Errors are the core's: ``VectorMismatchError`` for vectors of another length,
    ``InvalidFilterError``, ``NotSupportedError`` for a mode that is not known here.
    """

    stores_text: bool = True
    is_embedding_query: bool = True
    session_id: str | None = None
    collection: str = DOCUMENTS

    _vector_required: bool = PrivateAttr()
    _listed: dict[str, None] = PrivateAttr(default_factory=dict)
    """The image and index nodes that were added here, in order: an index lists those, and only those, in its queries."""

    def __init__(
        self,
        client: AgentMem | None = None,
        *,
        path: str | os.PathLike[str] | None = None,
        api_url: str | None = None,
        api_key: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = DOCUMENTS,
        **fields: Any,
    ) -> None:
        super().__init__(
            client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, session_id=session_id,
            collection=collection, **fields,
        )  # fmt: skip
        self._vector_required = collection != MEMORIES

    @classmethod
    def class_name(cls) -> str:
        return "AgentMemVectorStore"

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Store nodes, all or none of them; a node with an id that stands takes its place. Answers the ids in order."""
        if not nodes:
            return []
        try:
            self._client.add(self._items(nodes), collection=self.collection, on_conflict="replace")
        except VectorMismatchError as error:
            raise self._misfit(error) from error
        return self._added(nodes)

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        if not nodes:
            return []
        try:
            await self._client.aadd(self._items(nodes), collection=self.collection, on_conflict="replace")
        except VectorMismatchError as error:
            raise self._misfit(error) from error
        return self._added(nodes)

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Delete the nodes of a document, and the node of that id; it is no error when there are none."""
        self._client.delete(filters=_of_document(ref_doc_id), collection=self.collection)

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        await self._client.adelete(filters=_of_document(ref_doc_id), collection=self.collection)

    def delete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """Delete the nodes of these ids, or those that pass the filters; of these ids that pass, when both are given."""
        what = self._to_delete(node_ids, filters)
        if what is not None:
            self._client.delete(**what, collection=self.collection)

    async def adelete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        what = self._to_delete(node_ids, filters)
        if what is not None:
            await self._client.adelete(**what, collection=self.collection)

    def get_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """The nodes of these ids in their order, or those that pass the filters in the order of adding; all without either."""
        narrowed = translated(filters, self._key)
        if node_ids is not None and narrowed is None:
            rows = [memory_id(node_id) for node_id in node_ids]
            return [as_node(memory) for memory in self._client.get_many(rows, collection=self.collection)]
        found: list[Memory] = []
        cursor: str | None = None
        while True:
            page = self._client.list(
                filters=_also(narrowed, node_ids), limit=_PAGE, cursor=cursor, collection=self.collection
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return [as_node(memory) for memory in found]

    async def aget_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        narrowed = translated(filters, self._key)
        if node_ids is not None and narrowed is None:
            rows = [memory_id(node_id) for node_id in node_ids]
            return [as_node(memory) for memory in await self._client.aget_many(rows, collection=self.collection)]
        found: list[Memory] = []
        cursor: str | None = None
        while True:
            page = await self._client.alist(
                filters=_also(narrowed, node_ids), limit=_PAGE, cursor=cursor, collection=self.collection
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return [as_node(memory) for memory in found]

    def clear(self) -> None:
        """Delete everything that this store's user (and agent and session, where given) has in the collection."""
        self._client.delete(filters=_EVERYTHING, collection=self.collection)

    async def aclear(self) -> None:
        await self._client.adelete(filters=_EVERYTHING, collection=self.collection)

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """The best nodes, best first, with similarities where higher is better.

        ``kwargs``: ``mmr_threshold``, ``mmr_prefetch_k`` or ``mmr_prefetch_factor``, for MMR.
        """
        asked = self._ask(query, kwargs)
        try:
            answers = [self._client.search(**search, collection=self.collection) for search in asked.searches]
        except VectorMismatchError as error:
            raise self._misfit(error) from error
        vectors: Mapping[str, Sequence[float]] = {}
        if asked.compares:
            vectors = self._client.vectors([hit.memory.id for hit in answers[0]], collection=self.collection)
        return _result(asked.merge(answers, vectors))

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        asked = self._ask(query, kwargs)
        try:
            answers = [await self._client.asearch(**search, collection=self.collection) for search in asked.searches]
        except VectorMismatchError as error:
            raise self._misfit(error) from error
        vectors: Mapping[str, Sequence[float]] = {}
        if asked.compares:
            vectors = await self._client.avectors([hit.memory.id for hit in answers[0]], collection=self.collection)
        return _result(asked.merge(answers, vectors))

    def _added(self, nodes: Sequence[BaseNode]) -> list[str]:
        self._listed.update((node.node_id, None) for node in nodes if isinstance(node, ImageNode | IndexNode))
        return [node.node_id for node in nodes]

    def _ask(self, query: VectorStoreQuery, options: Mapping[str, Any]) -> Asked:
        if not isinstance(query, VectorStoreQuery):
            raise InvalidInputError(f"query: must be a VectorStoreQuery, not {type(query).__name__}")
        if query.node_ids and query.query_str is not None and query.node_ids == [*self._listed]:
            query = replace(query, node_ids=None)  # what a retriever lists of its own accord would hide every text node
        return (ask_once if self.collection == MEMORIES else ask)(query, options, self._key)

    def _key(self, key: str) -> str:
        return memory_key(key) if self.collection == MEMORIES else stored_key(key)

    def _items(self, nodes: Sequence[BaseNode]) -> list[dict[str, Any]]:
        return [as_item(node, vector_required=self._vector_required) for node in nodes]

    def _to_delete(self, node_ids: list[str] | None, filters: MetadataFilters | None) -> dict[str, Any] | None:
        narrowed = translated(filters, self._key)
        if narrowed is not None:
            return {"filters": _also(narrowed, node_ids)}
        if node_ids is None:
            raise InvalidInputError("delete_nodes: give node_ids or filters; to delete every node use clear()")
        return {"id": [memory_id(node_id) for node_id in node_ids], "missing": "ignore"} if node_ids else None

    def _misfit(self, error: VectorMismatchError) -> VectorMismatchError:
        cure = (
            "what others remember is found with embed_model=AgentMemEmbedding() of the same store"
            if self.collection == MEMORIES
            else "use the embed_model that the collection was filled with"
        )
        return VectorMismatchError(
            f"{error}. Here that means: {cure}, or AgentMemVectorStore(collection=...) with another name"
        )


_EVERYTHING = Filter(field="memory.id", operator=FilterOperator.NE, value="")


def _of_document(ref_doc_id: str) -> AnyFilter:
    return either(
        Filter(field=REF, value=ref_doc_id),
        Filter(field="memory.id", value=memory_id(ref_doc_id)),
    )


def _also(narrowed: AnyFilter | None, node_ids: Sequence[str] | None) -> AnyFilter | None:
    if node_ids is None:
        return narrowed
    return every(narrowed, among("memory.id", [memory_id(node_id) for node_id in node_ids]))


def _result(scored: Scored) -> VectorStoreQueryResult:
    nodes = [as_node(memory) for memory, _ in scored]
    return VectorStoreQueryResult(
        nodes=nodes, similarities=[score for _, score in scored], ids=[node.node_id for node in nodes]
    )

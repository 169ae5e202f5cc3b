"""CrewAI's ``StorageBackend`` over the core."""

from __future__ import annotations

import os
from collections.abc import Sequence, Sized
from datetime import UTC, datetime
from typing import Any

from crewai.memory.types import MemoryRecord, ScopeInfo

from agentmem_core import AgentMem, Hit, InvalidInputError, Memory
from crewai_agentmem.census import awalk, branches_of, categories_of, info_of, newest, walk
from crewai_agentmem.fields import COLLECTION, naive, threshold, whole
from crewai_agentmem.filters import ANYTHING, AnyFilter, before, both, having, in_categories, with_ids, within
from crewai_agentmem.records import item_of, record_of

Found = list[tuple[MemoryRecord, float]]
_TOUCHES_KEPT = 10_000


class AgentMemStorage:
    """Records of a CrewAI ``Memory``, with the vectors of its embedder, in a collection of their own.

    A score is the cosine, 0 where it is negative. Each method has a twin for ``async`` code with an ``a`` in front. Records
    without an embedding are kept and found by everything but a vector; a vector of another length is a
    ``VectorMismatchError``. ``delete`` can be restored until the store is compacted; ``reset`` erases.
    """

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
        collection: str = COLLECTION,
    ) -> None:
        """The records of one user in ``collection``; each embedder needs a collection of its own."""
        self._client = AgentMem.shared(
            client, path=path, api_url=api_url, api_key=api_key, user_id=user_id, agent_id=agent_id, session_id=session_id
        )  # fmt: skip
        self._collection = collection
        self._dimension: int | None = None
        self._touched: dict[str, datetime] = {}

    @property
    def client(self) -> AgentMem:
        """The store, for what CrewAI has no word for: history, restore, export."""
        return self._client

    def save(self, records: list[MemoryRecord]) -> None:
        """All of them in one transaction; an id that stands already gets what is given now, as a new version."""
        if records:
            self._client.add(self._items(records), collection=self._collection, on_conflict="replace")

    async def asave(self, records: list[MemoryRecord]) -> None:
        """``save`` without blocking the event loop."""
        if records:
            await self._client.aadd(self._items(records), collection=self._collection, on_conflict="replace")

    def search(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> Found:
        """The nearest records, best first; whatever is asked of them is asked before, so it never costs results."""
        asked = self._asked(query_embedding, scope_prefix, categories, metadata_filter, limit, min_score)
        if asked is None:
            return []
        hits = self._client.search(**asked)
        return self._found(hits, self._client.vectors(_ids(hits), collection=self._collection))

    async def asearch(
        self,
        query_embedding: list[float],
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        metadata_filter: dict[str, Any] | None = None,
        limit: int = 10,
        min_score: float = 0.0,
    ) -> Found:
        """``search`` without blocking the event loop."""
        asked = self._asked(query_embedding, scope_prefix, categories, metadata_filter, limit, min_score)
        if asked is None:
            return []
        hits = await self._client.asearch(**asked)
        return self._found(hits, await self._client.avectors(_ids(hits), collection=self._collection))

    def delete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """Delete what meets all that is given, everything if nothing is; answers how many."""
        return self._client.delete(
            filters=_criteria(scope_prefix, categories, record_ids, older_than, metadata_filter),
            collection=self._collection,
        )

    async def adelete(
        self,
        scope_prefix: str | None = None,
        categories: list[str] | None = None,
        record_ids: list[str] | None = None,
        older_than: datetime | None = None,
        metadata_filter: dict[str, Any] | None = None,
    ) -> int:
        """``delete`` without blocking the event loop."""
        return await self._client.adelete(
            filters=_criteria(scope_prefix, categories, record_ids, older_than, metadata_filter),
            collection=self._collection,
        )

    def update(self, record: MemoryRecord) -> None:
        """Put a record in the place of the one with its id, or add it.

        CrewAI's consolidation leaves out source, privacy and sometimes the embedding: where they are absent, those stored
        stay.
        """
        old = self.get_record(record.id)
        self.save([record if old is None else _merged(old, record)])

    async def aupdate(self, record: MemoryRecord) -> None:
        """``update`` without blocking the event loop."""
        old = await self.aget_record(record.id)
        await self.asave([record if old is None else _merged(old, record)])

    def get_record(self, record_id: str) -> MemoryRecord | None:
        """The record of that id, with its embedding; None when there is none."""
        found = self._client.get_many([record_id], collection=self._collection)
        vectors = self._client.vectors([record_id], collection=self._collection) if found else {}
        return self._record(found[0], vectors) if found else None

    async def aget_record(self, record_id: str) -> MemoryRecord | None:
        """``get_record`` without blocking the event loop."""
        found = await self._client.aget_many([record_id], collection=self._collection)
        vectors = await self._client.avectors([record_id], collection=self._collection) if found else {}
        return self._record(found[0], vectors) if found else None

    def list_records(self, scope_prefix: str | None = None, limit: int = 200, offset: int = 0) -> list[MemoryRecord]:
        """The records of a scope, newest first."""
        memories = newest(self._walk(scope_prefix), limit, offset)
        vectors = self._client.vectors([memory.id for memory in memories], collection=self._collection)
        return [self._record(memory, vectors) for memory in memories]

    async def alist_records(
        self, scope_prefix: str | None = None, limit: int = 200, offset: int = 0
    ) -> list[MemoryRecord]:
        """``list_records`` without blocking the event loop."""
        memories = newest(await self._awalk(scope_prefix), limit, offset)
        vectors = await self._client.avectors([memory.id for memory in memories], collection=self._collection)
        return [self._record(memory, vectors) for memory in memories]

    def get_scope_info(self, scope: str) -> ScopeInfo:
        """How many records a scope and those below hold, since when, and in which children."""
        return info_of(scope, self._walk(scope))

    async def aget_scope_info(self, scope: str) -> ScopeInfo:
        """``get_scope_info`` without blocking the event loop."""
        return info_of(scope, await self._awalk(scope))

    def list_scopes(self, parent: str = "/") -> list[str]:
        """The scopes right below ``parent``; with itself where it holds records too, since CrewAI searches these only."""
        return branches_of(parent, self._walk(parent))

    async def alist_scopes(self, parent: str = "/") -> list[str]:
        """``list_scopes`` without blocking the event loop."""
        return branches_of(parent, await self._awalk(parent))

    def list_categories(self, scope_prefix: str | None = None) -> dict[str, int]:
        """How many records each category has."""
        return categories_of(self._walk(scope_prefix))

    async def alist_categories(self, scope_prefix: str | None = None) -> dict[str, int]:
        """``list_categories`` without blocking the event loop."""
        return categories_of(await self._awalk(scope_prefix))

    def count(self, scope_prefix: str | None = None) -> int:
        """How many records a scope and those below hold."""
        return len(self._walk(scope_prefix))

    async def acount(self, scope_prefix: str | None = None) -> int:
        """``count`` without blocking the event loop."""
        return len(await self._awalk(scope_prefix))

    def reset(self, scope_prefix: str | None = None) -> None:
        """Erase the records of a scope, or all, for good."""
        ids = [memory.id for memory in self._walk(scope_prefix)]
        if ids:
            self._client.forget(ids, collection=self._collection)

    async def areset(self, scope_prefix: str | None = None) -> None:
        """``reset`` without blocking the event loop."""
        ids = [memory.id for memory in await self._awalk(scope_prefix)]
        if ids:
            await self._client.aforget(ids, collection=self._collection)

    def touch_records(self, record_ids: list[str]) -> None:
        """Count records as used now; the store writes it down now and then, as it does after a search."""
        if record_ids:
            hits = self._client.search(
                filters=with_ids(record_ids), limit=_cut(len(record_ids)), collection=self._collection
            )
            self._note(hits)

    async def atouch_records(self, record_ids: list[str]) -> None:
        """``touch_records`` without blocking the event loop."""
        if record_ids:
            asked = with_ids(record_ids)
            self._note(
                await self._client.asearch(filters=asked, limit=_cut(len(record_ids)), collection=self._collection)
            )

    def close(self) -> None:
        """Let go of the store."""
        self._client.close()

    async def aclose(self) -> None:
        """``close`` without blocking the event loop."""
        await self._client.aclose()

    def _items(self, records: Sequence[Any]) -> list[dict[str, Any]]:
        strange = next((record for record in records if not isinstance(record, MemoryRecord)), None)
        if strange is not None:
            raise InvalidInputError(f"records: must be MemoryRecords, not {type(strange).__name__}")
        given = next((len(record.embedding) for record in records if record.embedding), None)
        return [item_of(record, record.embedding or self._nothing(given)) for record in records]

    def _nothing(self, given: int | None) -> list[float]:
        """The vector of a record without one: like no other."""
        self._dimension = self._dimension or given or self._stored_dimension()
        if self._dimension is None:
            raise InvalidInputError(
                "embedding: the first record of a collection must have one; pass embedder= to Memory, for example "
                "AgentMemEmbedding()"
            )
        return [0.0] * self._dimension

    def _stored_dimension(self) -> int | None:
        stats = self._client.stats()
        return next((space.dimension for space in stats.collections if space.name == self._collection), None)

    def _asked(
        self,
        vector: object,
        scope_prefix: str | None,
        categories: list[str] | None,
        metadata: dict[str, Any] | None,
        limit: object,
        min_score: object,
    ) -> dict[str, Any] | None:
        """The arguments of the core's search; None when the answer is empty."""
        wanted, least = whole("limit", limit), threshold("min_score", min_score)
        if wanted <= 0 or least > 1 or (isinstance(vector, Sized) and len(vector) == 0):
            return None
        asked = both(within(scope_prefix), in_categories(categories), having(metadata))
        return {
            "vector": vector, "filters": asked, "limit": _cut(wanted), "min_score": least,
            "collection": self._collection,
        }  # fmt: skip

    def _found(self, hits: Sequence[Hit], vectors: dict[str, list[float]]) -> Found:
        return [(self._record(hit.memory, vectors), hit.score) for hit in hits]

    def _record(self, memory: Memory, vectors: dict[str, list[float]]) -> MemoryRecord:
        return record_of(memory, embedding=vectors.get(memory.id), touched=self._touched.get(memory.id))

    def _note(self, hits: Sequence[Hit]) -> None:
        now = naive(datetime.now(UTC))
        if len(self._touched) > _TOUCHES_KEPT:
            self._touched = {}
        self._touched |= {hit.memory.id: now for hit in hits}

    def _walk(self, scope_prefix: str | None) -> list[Memory]:
        return walk(self._client, within(scope_prefix), self._collection)

    async def _awalk(self, scope_prefix: str | None) -> list[Memory]:
        return await awalk(self._client, within(scope_prefix), self._collection)


def _criteria(
    scope_prefix: str | None,
    categories: list[str] | None,
    record_ids: list[str] | None,
    older_than: datetime | None,
    metadata: dict[str, Any] | None,
) -> AnyFilter:
    said = both(
        within(scope_prefix), in_categories(categories), with_ids(record_ids),
        before(older_than), having(metadata),
    )  # fmt: skip
    return said or ANYTHING


def _merged(old: MemoryRecord, new: MemoryRecord) -> MemoryRecord:
    kept: dict[str, Any] = {}
    if new.source is None and not new.private:
        kept |= {"source": old.source, "private": old.private}
    if not new.embedding:
        kept["embedding"] = old.embedding
    return new.model_copy(update=kept) if kept else new


def _ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.memory.id for hit in hits]


def _cut(limit: int) -> int:
    """The core answers at most 10,000 hits."""
    return min(limit, 10_000)

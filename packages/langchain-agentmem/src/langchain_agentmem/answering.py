"""How a batch of a LangGraph store is answered: which questions go to the core and to the embeddings, in which order.

Nothing here waits: a step yields an ``Ask`` and is sent the answer, by ``AgentMemStore.batch`` or ``abatch``.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from langgraph.store import base
from langgraph.store.base import (
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    get_text_at_path,
)

from agentmem_core import Filter, Hit, InvalidInputError, Memory, NotFoundError, VectorMismatchError
from langchain_agentmem.items import (
    IS_ITEM,
    Namespace,
    found_item_of,
    item_of,
    namespace_of,
    renewals,
    row_id,
    rows_left_over,
    rows_of,
    text_of,
    within,
)
from langchain_agentmem.namespaces import listed

_MOST = 10_000
_PAGE = 1_000
_BATCH = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """A verb of the client or of the embeddings, and its arguments."""

    of: Literal["client", "embeddings"]
    verb: str
    args: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


Steps = Generator[Ask, Any, T]


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers operations for one collection; ``fields`` are the tokenised paths that are embedded, None without an index."""

    collection: str
    fields: Sequence[Any] | None
    dimensions: int | None

    def answers(self, ops: Sequence[Op]) -> Steps[list[Result]]:
        """One answer an operation, in order; what is put is written after everything is read."""
        puts: dict[tuple[Namespace, str], PutOp] = {}
        results: list[Result] = []
        for op in ops:
            _require_names(op)
            if isinstance(op, PutOp):
                _require_value(op.value)
                puts[op.namespace, op.key] = op
                results.append(None)
            elif isinstance(op, GetOp):
                results.append((yield from self._got(op)))
            elif isinstance(op, SearchOp):
                results.append((yield from self._found(op)))
            elif isinstance(op, ListNamespacesOp):
                results.append((yield from self._namespaces(op)))
            else:
                raise InvalidInputError(f"ops: {type(op).__name__} is no operation of a LangGraph store")
        if puts:
            yield from self._put([*puts.values()])
        return results

    def _ask(self, verb: str, *args: Any, **options: Any) -> Ask:
        return Ask("client", verb, args, {"collection": self.collection, **options})

    def _got(self, op: GetOp) -> Steps[Item | None]:
        found: list[Memory] = yield self._ask("get_many", [row_id(op.namespace, op.key)])
        if found and op.refresh_ttl:
            yield from self._renewed(found)
        return item_of(found[0]) if found else None

    def _namespaces(self, op: ListNamespacesOp) -> Steps[list[Namespace]]:
        found: set[Namespace] = set()
        cursor: str | None = None
        while True:
            page = yield self._ask("list", limit=_PAGE, cursor=cursor)
            found.update(namespace_of(memory) for memory in page.items)
            cursor = page.next_cursor
            if cursor is None:
                return listed(found, op)

    def _found(self, op: SearchOp) -> Steps[list[SearchItem]]:
        for name, value, kind in (("limit", op.limit, int), ("offset", op.offset, int), ("query", op.query or "", str)):
            if not isinstance(value, kind):
                raise InvalidInputError(f"{name}: must be {kind.__name__}, not {type(value).__name__}")
        wanted = op.offset + op.limit
        if op.limit <= 0 or op.offset < 0:
            return []
        if wanted > _MOST:
            raise InvalidInputError(f"limit, offset: together at most {_MOST:,}, got {wanted:,}")
        filters = within(op.namespace_prefix, op.filter)
        ranked: list[tuple[Memory, float | None]] = []
        if op.query and op.query.strip():
            ranked = yield from self._ranked(op.query, wanted, filters)
        if len(ranked) < wanted:
            ranked.extend((yield from self._others(wanted, filters, {memory.id for memory, _ in ranked})))
        shown = ranked[op.offset : wanted]
        if op.refresh_ttl:
            yield from self._renewed([memory for memory, _ in shown])
        return [found_item_of(memory, score) for memory, score in shown]

    def _others(self, wanted: int, filters: Sequence[Any], seen: set[str]) -> Steps[list[tuple[Memory, None]]]:
        """What a query did not rank, newest first: without a query, everything."""
        newest: list[Hit] = yield self._ask("search", limit=min(wanted + len(seen), _MOST), filters=[IS_ITEM, *filters])
        return [(hit.memory, None) for hit in newest if hit.memory.id not in seen][: wanted - len(seen)]

    def _ranked(self, query: str, wanted: int, filters: Sequence[Any]) -> Steps[list[tuple[Memory, float | None]]]:
        """Items by their best row: one with several vectors comes once."""
        options: dict[str, Any] = {"filters": [Filter(field="indexed", value=True), *filters]}
        if self.fields is None:
            options |= {"query": query}
        else:
            options |= {"vector": (yield Ask("embeddings", "embed_query", (query,))), "mode": "dense"}
        limit = wanted
        while True:
            hits: list[Hit] = yield self._ask("search", limit=limit, **options)
            best: dict[str, Hit] = {}
            for hit in hits:
                best.setdefault(hit.memory.metadata.get("of", hit.memory.id), hit)
            if len(best) >= wanted or len(hits) < limit or limit == _MOST:
                break
            limit = min(2 * limit, _MOST)
        scored = self.fields is not None
        return [
            (_as_item(item, hit.memory), hit.signals.dense if scored else hit.score)
            for item, hit in [*best.items()][:wanted]
        ]

    def _renewed(self, memories: Sequence[Memory]) -> Steps[None]:
        for row, until in renewals(memories, datetime.now(UTC)):
            try:
                yield self._ask("update", row, expires_at=until)
            except NotFoundError:
                continue  # it ended, or was deleted, since it was read: there is nothing to keep alive

    def _put(self, ops: Sequence[PutOp]) -> Steps[None]:
        now = datetime.now(UTC)
        found: list[Memory] = yield self._ask("get_many", [row_id(op.namespace, op.key) for op in ops])
        before = {memory.id: memory for memory in found}
        gone: list[str] = []
        rows: list[dict[str, Any]] = []
        for op in ops:
            old = before.get(row_id(op.namespace, op.key))
            made = [] if op.value is None else rows_of(op, op.value, old, self._texts(op, op.value), now)
            gone += rows_left_over(old, len(made)) if old is not None else []
            rows += made
        if self.fields is not None:
            yield from self._embedded(rows)
        for start in range(0, len(rows), _BATCH):
            yield self._ask("add", rows[start : start + _BATCH], on_conflict="replace")
        if gone:
            yield self._ask("delete", gone, missing="ignore")

    def _texts(self, op: PutOp, value: Mapping[str, Any]) -> list[str]:
        """The texts that an item is found by, each by a vector of its own where there is an index."""
        if op.index is False:
            return []
        if self.fields is None and op.index is None:
            return [text_of(value)]
        paths: Sequence[Any] = op.index if op.index is not None else self.fields or ()
        texts = [text for path in paths for text in get_text_at_path(value, path)]
        return texts if self.fields is not None else ["\n".join(texts)] if texts else []

    def _embedded(self, rows: Sequence[dict[str, Any]]) -> Steps[None]:
        """Give each row its vector; zeros, which are near nothing, to those that are not to be found by meaning."""
        asked = [row for row in rows if row["metadata"]["indexed"]]
        texts = [row["content"] for row in asked]
        vectors = (yield Ask("embeddings", "embed_documents", (texts,))) if texts else []
        if len(vectors) != len(texts):
            raise VectorMismatchError(f"index: the embeddings answered {len(vectors)} vectors for {len(texts)} texts")
        for row, vector in zip(asked, vectors, strict=True):
            if self.dimensions is not None and len(vector) != self.dimensions:
                raise VectorMismatchError(
                    f'index: "dims" says {self.dimensions}, the embeddings answered {len(vector)} numbers; make them equal'
                )
            row["vector"] = vector
        length = self.dimensions or (len(vectors[0]) if vectors else None)
        for row in rows:
            if "vector" not in row:
                if length is None:
                    raise VectorMismatchError(
                        'index: give "dims", the length of a vector, to put items that are not indexed'
                    )
                row["vector"] = [0.0] * length


def _as_item(item: str, memory: Memory) -> Memory:
    return memory if memory.id == item else memory.model_copy(update={"id": item})


def _require_value(value: object) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise InvalidInputError(f"value: must be a dict, not {type(value).__name__}")


def _require_names(op: object) -> None:
    """LangGraph's own check, where this version has it: raw operations do not pass through ``put`` and ``get``."""
    check = getattr(base, "validate_op_namespace", None)
    if check is not None:
        check(op)

"""Search: what exists for the reader, scored on every channel there is, the best of it read from the ledger."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentmem_core.engine.asof import Past
from agentmem_core.engine.cached import CachedView
from agentmem_core.engine.drafting import require_dimension
from agentmem_core.engine.engine import GIVEN, Engine
from agentmem_core.engine.sight import MovedError, Sight
from agentmem_core.errors import EmbedderMismatchError, InvalidInputError, VectorMismatchError
from agentmem_core.model import Hit, Memory, Signals
from agentmem_core.model.values import trusting
from agentmem_core.operations import Search
from agentmem_core.ports import Partition
from agentmem_core.recall.asked import FELT, Asked, asked, nearness
from agentmem_core.recall.names import named, without
from agentmem_core.recall.ranking import Floats, Ranked, fuse, lexical_scores, rank, timed
from agentmem_core.recall.view import Mask, as_float32, micros, unit_rows, unit_vector

_hit, _signals = trusting(Hit), trusting(Signals)
_BLOCK = 8192
_GATHERED_SHARE = 0.2
"""A filter that leaves at most this part of a view is answered from its rows alone: copying them is then the smaller cost."""
_SHORT_LIMIT, _SHORT_QUERY = 100, 2_000
"""Hits, and characters of a query, up to which a search is short work."""
_EXACT_SHARE = 2_000
"""A filter that leaves at most so many rows of a large partition is answered from their vectors alone."""


def search(engine: Engine, op: Search) -> list[Hit]:
    """The hits, best first; what was found is counted as used."""
    hits = look_up(engine, op)
    engine.note_use([hit.place for hit in hits])
    return hits


def search_at_once(engine: Engine, op: Search) -> list[Hit] | None:
    """The hits, not yet counted as used; None where they cannot be told in about a millisecond without waiting for anything.

    So it is where a view is in memory already and nobody is at it, the embedder is instant, and the search a plain one.
    """
    partition = engine.seen.partition((op.scope.tenant, op.collection, op.scope.user_id))
    plain = op.as_of is None and op.filters is None and op.limit <= _SHORT_LIMIT and len(op.query or "") <= _SHORT_QUERY
    if partition is None or not plain or not engine.views.is_at_hand(partition) or not engine.ledger.is_at_hand():
        return None
    if op.vector is None and not getattr(engine.embedder, "instant", False):
        return None
    with suppress(EmbedderMismatchError, VectorMismatchError):
        return _settled(engine, op, partition, wait=False)
    return None


def look_up(engine: Engine, op: Search) -> list[Hit]:
    """The hits, best first.

    The partition is not read first when this process has seen it: what is remembered is looked at again where the rows are read.
    """
    place = (op.scope.tenant, op.collection, op.scope.user_id)
    remembered = engine.seen.partition(place)
    if remembered is not None:
        try:
            hits = _settled(engine, op, remembered)
        except (EmbedderMismatchError, VectorMismatchError):
            hits = None  # it may have been embedded anew since
        if hits is not None:
            return hits
        engine.seen.keep_partition(place, None)
    with engine.ledger.reading() as reader:
        partition = reader.partition(*place)
        stored = partition.collection if partition else reader.collection(op.scope.tenant, op.collection)
    if stored is None:
        return []
    if partition is None:
        require_dimension(op.vector, stored.embedder.dimension, op.collection)
        _query_vector(engine, op, given=stored.embedder.provider == GIVEN.provider)
        return []
    engine.seen.keep_partition(place, partition)
    found = _search(engine, op, partition)
    return look_up(engine, op) if found is None else found


def _settled(engine: Engine, op: Search, partition: Partition, *, wait: bool = True) -> list[Hit] | None:
    """``_search`` in what is in memory, and then a look whether that still holds; with a transaction around it where it does not."""
    try:
        return _search(engine, op, partition, wait=wait, lazily=True)
    except MovedError:
        return _search(engine, op, partition, wait=wait)


def _search(
    engine: Engine, op: Search, partition: Partition, *, wait: bool = True, lazily: bool = False
) -> list[Hit] | None:
    """The hits in a partition as it was; None when it was erased, or embedded anew, since, or had to be waited for."""
    wanted = asked(op.query, op.now or op.as_of or engine.clock())
    remembered = partition
    stored = partition.collection.embedder
    require_dimension(op.vector, stored.dimension, op.collection)
    vector = _query_vector(engine, op, given=stored.provider == GIVEN.provider)
    with engine.views.current(engine.ledger, partition, wait=wait, lazily=lazily) as sight:
        if sight is None or sight.partition.collection.generation != partition.collection.generation:
            return None
        partition, cached = sight.partition, sight.cached
        if partition is not remembered:
            engine.seen.keep_partition((op.scope.tenant, op.collection, op.scope.user_id), partition)
        if vector is not None and op.vector is None:
            engine.require_fit(partition.collection.embedder, op.collection)
        past = None if op.as_of is None else Past(engine, sight.reader, partition, op.as_of)
        cached = past.view() if past else cached
        now = micros(engine.clock())  # after the waiting for embedder and lock: what ended meanwhile is over
        ranked = _Searching(engine, sight, cached, op, wanted, vector, now).ranked()
        rows: list[int] = cached.view.columns["row"][ranked.positions].tolist()
        memories = sight.memories(rows)
    if past:
        memories = {row: past.memory(row, memory) for row, memory in memories.items()}
    return _hits(ranked, rows, memories, op)


def _query_vector(engine: Engine, op: Search, *, given: bool) -> NDArray[np.float32] | None:
    """The unit vector to look for; None when the search has no dense channel."""
    if op.vector is not None:
        return unit_vector(np.frombuffer(op.vector, np.float32))
    if op.mode == "lexical" or op.query is None or not op.query.strip():
        return None
    if given:
        if op.mode == "dense":
            raise InvalidInputError(
                f"collection {op.collection!r} holds vectors of its callers; a dense search needs vector="
            )
        return None
    return engine.query_vector(op.query)


@dataclass(slots=True)
class _Searching:
    engine: Engine
    sight: Sight
    cached: CachedView
    op: Search
    wanted: Asked
    vector: NDArray[np.float32] | None
    now: int

    def ranked(self) -> Ranked:
        """The best positions of the view."""
        op, view = self.op, self.cached.view
        exists = self._exists()
        mask = exists
        if op.filters is not None:
            mask = exists & self.cached.passing(self.sight.reader, self.sight.partition, op.filters)
        has_query = op.query is not None and bool(op.query.strip())
        if not has_query and self.vector is None:
            return self._newest(mask)
        lexical = extra = dense = time = None
        if self.wanted.times:
            time = nearness(self.wanted.times, view.columns["occurred"])
        felt = time is not None and bool((time[mask] > FELT).any())
        telling = self.wanted.tell if felt else self.wanted.words
        if has_query and op.mode != "dense":
            lexical, extra = lexical_scores(view, telling, exists, loosely=op.mode == "hybrid")

        def relevance(cosines: Floats | None) -> Floats:
            fused = fuse(lexical, extra, cosines)
            return timed(fused, time, alone=not telling) if felt and lexical is not None and time is not None else fused

        if self.vector is not None and op.mode != "lexical":
            dense = self._dense(self._nameless(self.vector), mask, None if lexical is None else relevance)
        if lexical is None and dense is None:
            return self._newest(mask)
        weighed = op.mode == "hybrid" and has_query
        return rank(
            view, relevance(dense), mask, limit=op.limit, now=self.now, weighed=weighed, dense=dense, lexical=lexical,
            time=time, keep_all=lexical is None,
        )  # fmt: skip

    def _exists(self) -> Mask:
        """Which rows there are for whoever asks."""
        op, view = self.op, self.cached.view
        if op.scope.agent_id is None and op.scope.session_id is None and op.types is None and op.as_of is None:
            return view.visible_now(self.now)
        return view.visible(
            agent_id=op.scope.agent_id,
            session_id=op.scope.session_id,
            types=None if op.types is None else [kind.value for kind in op.types],
            now=self.now,
            as_of=None if op.as_of is None else micros(op.as_of),
        )

    def _newest(self, mask: Mask) -> Ranked:
        """Without anything to compare with: the newest first."""
        chosen = np.flatnonzero(mask)[::-1]
        occurred = self.cached.view.columns["occurred"][chosen]
        chosen = chosen[np.argsort(-occurred, kind="stable")][: self.op.limit]
        nothing = np.zeros(len(chosen), np.float32)
        importance = self.cached.view.columns["importance"][chosen]
        return Ranked(chosen, nothing, nothing, nothing, nothing, importance, nothing)

    def _nameless(self, vector: Floats) -> Floats:
        """The vector of a hybrid query without the speakers whom it names.

        All of it where it is the caller's, or where embedding a name might take long.
        """
        engine, op, speakers = self.engine, self.op, self.cached.view.speakers.names
        if (
            not speakers
            or op.mode != "hybrid"
            or op.vector is not None
            or not getattr(engine.embedder, "instant", False)
        ):
            return vector
        names = named(speakers, self.wanted.words)
        if not names:
            return vector
        return without(vector, engine.names.of(names, engine.embedder, lambda new: engine.embed(new, "query")))

    def _dense(self, vector: Floats, mask: Mask, others: Callable[[None], Floats] | None) -> Floats:
        """The cosine of every row that could be among the best; -1 for those known not to be."""
        view = self.cached.view
        if view.has_vectors and (
            mask is view.visible_now(self.now) or np.count_nonzero(mask) > _GATHERED_SHARE * len(view)
        ):
            return as_float32(view.vectors @ vector)
        passing = np.flatnonzero(mask)
        if view.has_vectors:
            scores = np.full(len(view), -1.0, np.float32)
            scores[passing] = view.vectors[passing] @ vector
            return scores
        if len(passing) <= _EXACT_SHARE:
            return self._of_rows(vector, passing)
        wanted = 4 * self.op.limit + 100
        asked = min(int(wanted * len(view) / len(passing)), 5_000)
        near = self.engine.follower.near(self.sight.reader, self.sight.partition, vector, asked)
        if near is None:
            return self._of_all(vector)
        positions = view.positions(near.rows[np.argsort(near.rows)])
        if np.count_nonzero(mask[positions]) < min(self.op.limit, len(passing)):
            return self._of_all(vector)
        if others is not None:
            scored = np.where(mask, others(None), -1.0)
            best = np.argpartition(-scored, min(wanted, len(scored) - 1))[:wanted]
            positions = np.union1d(positions, best)
        return self._of_rows(vector, positions)

    def _of_rows(self, vector: Floats, positions: NDArray[np.int64]) -> Floats:
        """Exact, from the vectors of these rows."""
        view = self.cached.view
        scores = np.full(len(view), -1.0, np.float32)
        rows = view.columns["row"][positions]
        found = self.sight.reader.vectors([int(row) for row in rows])
        here = view.positions(np.array(sorted(found), np.int64))
        scores[here] = unit_rows([found[row] for row in sorted(found)], len(vector)) @ vector if found else 0.0
        return scores

    def _of_all(self, vector: Floats) -> Floats:
        """Exact, reading the vectors of the whole partition a block at a time."""
        view = self.cached.view
        scores = np.full(len(view), -1.0, np.float32)
        after = 0
        while True:
            block = self.sight.reader.vectors_after(self.sight.partition.id, after=after, limit=_BLOCK)
            if not block:
                return scores
            rows = np.array([row for row, _ in block], np.int64)
            cosines = unit_rows([blob for _, blob in block], len(vector)) @ vector
            scores[view.positions(rows)] = cosines[np.isin(rows, view.columns["row"])]
            after = int(rows[-1])


def _hits(ranked: Ranked, rows: list[int], memories: dict[int, Memory], op: Search) -> list[Hit]:
    columns = zip(
        rows, ranked.scores.tolist(), ranked.dense.tolist(), ranked.lexical.tolist(), ranked.recency.tolist(),
        ranked.importance.tolist(), ranked.time.tolist(), strict=True,
    )  # fmt: skip
    least = -1.0 if op.min_score is None else op.min_score
    return [
        _hit(
            {
                "memory": memories[row],
                "score": score,
                "signals": _signals(
                    {
                        "dense": dense,
                        "lexical": lexical,
                        "recency": recency,
                        "importance": importance,
                        "time": time,
                    }
                ),
                "place": row,
            }
        )
        for row, score, dense, lexical, recency, importance, time in columns
        if row in memories and score >= least
    ]

"""Stats, health, reindex."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from agentmem_core.engine.drafting import text_to_embed
from agentmem_core.engine.engine import GIVEN, Engine, checked
from agentmem_core.errors import AgentMemError, ConflictError
from agentmem_core.model import CollectionStats, ComponentHealth, Health, Progress, Stats
from agentmem_core.operations import HealthCheck, Reindex, StatsOf
from agentmem_core.ports import Collection, Embedder, Fingerprint, LedgerReader

_TARGET = "reindex:{}"


def stats(engine: Engine, op: StatsOf) -> Stats:
    """Counts of what exists in the scope."""
    now = engine.clock()
    by_type: Counter[str] = Counter()
    by_collection: Counter[int] = Counter()
    sessions = deleted = links = 0
    with engine.ledger.reading() as reader:
        collections = reader.collections(op.scope.tenant)
        for partition in reader.partitions(op.scope.tenant, None if op.everyone else op.scope.user_id):
            tally = reader.tally(partition.id, op.scope.agent_id, op.scope.session_id, now)
            by_collection[partition.collection.id] += tally.memories
            if partition.collection.name == "memories":
                by_type.update(tally.by_type)
                sessions += tally.sessions
            deleted += tally.deleted
            links += tally.links
    shown = [item for item in collections if op.everyone or by_collection[item.id]]
    return Stats(
        memories=sum(by_type.values()),
        by_type=dict(by_type),
        sessions=sessions,
        deleted=deleted,
        links=links,
        collections=tuple(
            CollectionStats(
                name=item.name,
                embedder=str(item.embedder),
                dimension=item.embedder.dimension,
                memories=by_collection[item.id],
            )
            for item in shown
        ),
        bytes_on_disk=engine.ledger.size(),
    )


def health(engine: Engine, op: HealthCheck) -> Health:
    """Ledger, embedder and index; the index is never a reason to be unwell, since searches do not depend on it."""
    problem = engine.ledger.check()
    parts = [ComponentHealth(name="ledger", ok=not problem, detail=problem)]
    try:
        engine.embed(["are you there?"], "query")
        with engine.ledger.reading() as reader:
            stored = reader.collection(op.scope.tenant, "memories")
        if stored is not None:
            engine.require_fit(stored.embedder)
        parts.append(ComponentHealth(name="embedder", ok=True, detail=str(engine.embedder.fingerprint)))
    except AgentMemError as error:
        parts.append(ComponentHealth(name="embedder", ok=False, detail=str(error)))
    parts.append(ComponentHealth(name="index", ok=True, detail=engine.follower.state))
    parts += _learning(engine, op.scope.tenant)
    return Health(ok=all(part.ok for part in parts), components=tuple(parts))


def _learning(engine: Engine, tenant: str) -> list[ComponentHealth]:
    """What waits to be learnt, where anybody learns or anything waits."""
    with engine.ledger.reading() as reader:
        waiting, failed = reader.waiting_lessons(tenant)
    if engine.learner is None and not (waiting or failed):
        return []
    who = "nobody here" if engine.learner is None else engine.learner.name
    detail = f"{who}; {waiting} waiting, {failed} failed"
    hint = "; flush() tells why, flush(retry=True) tries again" if failed else ""
    return [ComponentHealth(name="learning", ok=not failed, detail=detail + hint)]


def reindex(engine: Engine, op: Reindex) -> Progress:
    """One step. Without an embedder: throw the index away, it is built again behind the ledger."""
    if op.embedder is None:
        engine.views.clear()
        engine.follower.rebuild()
        with engine.ledger.reading() as reader:
            large = [part for part in reader.partitions(op.scope.tenant) if engine.views.is_large(part)]
        for partition in large:
            engine.follower.note(partition)
        return Progress(done=len(large), total=len(large), finished=True)
    return _Reembedding(engine, op).step()


class _Reembedding:
    """Every collection that our embedder made, embedded by another one; kept aside until all is there.

    A kill half-way leaves the store as it was, and the vectors made so far: the next call goes on from them.
    """

    def __init__(self, engine: Engine, op: Reindex) -> None:
        self._engine = engine
        self._tenant = op.scope.tenant
        self._rows = op.rows
        self._embedder: Embedder = engine.find_embedder(op.embedder)
        self._setting = _TARGET.format(op.scope.tenant)
        self._restart = op.restart

    def step(self) -> Progress:
        """Embed some rows; when none is left, put all in place in one transaction."""
        engine = self._engine
        fingerprint = self._embedder.fingerprint
        if fingerprint.dimension is None:
            vectors = checked(self._embedder, ["how long is a vector?"], "document")
            fingerprint = replace(fingerprint, dimension=vectors.shape[1])
        self._claim(fingerprint)
        batch: list[tuple[int, str, str | None]] = []
        with engine.ledger.writing() as writer:
            collections = self._collections(writer)
            total = sum(writer.embedded(item.id) for item in collections)
            done = sum(writer.staged(item.id) for item in collections)
            for collection in collections:
                batch += writer.unstaged(collection.id, after=0, limit=self._rows - len(batch))
                if len(batch) >= self._rows:
                    break
            if not batch:
                for collection in collections:
                    writer.adopt(collection.id, fingerprint)
                writer.set_setting(self._setting, None)
        if not batch:
            engine.embedder = self._embedder
            engine.views.clear()
            return Progress(done=total, total=total, finished=True)
        texts = [text_to_embed(content, speaker) for _, content, speaker in batch]
        vectors = checked(self._embedder, texts, "document")
        with engine.ledger.writing() as writer:
            as_before = {item for found in collections for item in writer.unstaged(found.id, after=0, limit=self._rows)}
            writer.stage(
                (item[0], vector.tobytes()) for item, vector in zip(batch, vectors, strict=True) if item in as_before
            )
        return Progress(done=min(done + len(batch), total), total=total, finished=False)

    def _claim(self, fingerprint: Fingerprint) -> None:
        """One change of embedder at a time; another one than the one under way begins anew only when asked to."""
        wanted = str(fingerprint)
        with self._engine.ledger.writing() as writer:
            under_way = writer.setting(self._setting)
            if under_way == wanted and not self._restart:
                return
            if under_way not in (None, wanted) and not self._restart:
                raise ConflictError(
                    f"a change to the embedder {under_way} is under way; finish it with reindex(embedder=) that one, or begin "
                    "anew with reindex(embedder=..., restart=True)"
                )
            for collection in self._collections(writer):
                writer.unstage(collection.id)
            writer.set_setting(self._setting, wanted)

    def _collections(self, reader: LedgerReader) -> list[Collection]:
        return [item for item in reader.collections(self._tenant) if item.embedder.provider != GIVEN.provider]

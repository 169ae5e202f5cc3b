"""Forget and compact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from agentmem_core.engine.attached import chunks_of, drop_loose
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.reading import every
from agentmem_core.model import Compacted, Receipt
from agentmem_core.operations import MEMORIES, Compact, Forget
from agentmem_core.ports import Erased, LedgerWriter, Partition

Chosen = Iterable[tuple[Partition, list[int] | None]]


@dataclass
class Erasure:
    """What one transaction erased."""

    taken: list[Erased] = field(default_factory=list)
    touched: list[Partition] = field(default_factory=list)

    @property
    def digests(self) -> set[str]:
        """Files that lost a memory."""
        return set[str]().union(*(part.digests for part in self.taken))


def erase(engine: Engine, choose: Callable[[LedgerWriter], Chosen]) -> Erasure:
    """Rows (None: all) of partitions go in one transaction, then from the cache and the index."""
    done = Erasure()
    emptied: set[int] = set()
    with engine.writing() as writer:
        for partition, rows in choose(writer):
            if rows is None or rows:
                done.taken.append(writer.erase(partition.id, rows))
                done.touched.append(partition)
                emptied |= {partition.id} if rows is None else set()
    for partition in done.touched:
        engine.views.drop(partition.id)
        engine.follower.drop(partition)
        if partition.id not in emptied and engine.views.is_large(partition):
            engine.follower.note(partition)
    return done


def forget(engine: Engine, op: Forget) -> Receipt:
    """Rows, versions, words, vectors, links, the bytes of files and what the audit says of them; from every file."""
    whole = op.ids is None and op.scope.agent_id is None and op.scope.session_id is None

    def chosen(writer: LedgerWriter) -> Chosen:
        if op.collection in (None, MEMORIES):
            writer.erase_audit(op.scope, op.ids)
            if op.ids is None:
                writer.erase_lessons(op.scope)
        for partition in writer.partitions(op.scope.tenant, op.scope.user_id):
            if op.collection in (None, partition.collection.name):
                yield partition, None if whole else _rows(writer, partition, op)

    done = erase(engine, chosen)
    drop_loose(engine)
    taken = done.taken
    return Receipt(
        forgotten_at=engine.clock(),
        memories=sum(part.memories for part in taken),
        versions=sum(part.versions for part in taken),
        vectors=sum(part.vectors for part in taken),
        links=sum(part.links for part in taken),
        files=len(done.digests),
        collections=tuple(sorted(partition.collection.name for partition in done.touched)),
        files_clean=engine.ledger.scrub(),
    )


def _rows(writer: LedgerWriter, partition: Partition, op: Forget) -> list[int]:
    """The rows of these ids, files with their chunks, or all that the scope admits; trash and expired ones too."""
    if op.ids is not None:
        named = [writer.by_id(partition.id, memory_id) for memory_id in dict.fromkeys(op.ids)]
        records = [record for record in named if record is not None and op.scope.admits(record.memory.scope)]
        if partition.collection.name == MEMORIES:
            records += chunks_of(writer, records, deleted=None)
        return [record.row for record in records]
    return [record.row for record in every(writer, op.scope, deleted=None, collection=partition.collection.name)]


def compact(engine: Engine, op: Compact) -> Compacted:
    """Empties the tenant's trash, then rewrites the file without its holes."""
    before = engine.size()
    purged = 0
    with engine.writing() as writer:
        for partition, rows in writer.trash(op.scope.tenant):
            purged += writer.erase(partition, rows).memories
    drop_loose(engine)
    engine.views.clear()
    engine.ledger.compact()
    return Compacted(bytes_before=before, bytes_after=engine.size(), purged=purged)

"""Forget and compact."""

from __future__ import annotations

from agentmem_core.engine.engine import Engine
from agentmem_core.engine.reading import every
from agentmem_core.model import Compacted, Receipt
from agentmem_core.operations import Compact, Forget
from agentmem_core.ports import Erased, LedgerWriter, Partition


def forget(engine: Engine, op: Forget) -> Receipt:
    """Rows, versions, words, vectors and links go in one transaction, then from the log, the cache and the index."""
    whole = op.ids is None and op.scope.agent_id is None and op.scope.session_id is None
    taken: list[Erased] = []
    touched: list[Partition] = []
    with engine.writing() as writer:
        for partition in writer.partitions(op.scope.tenant, op.scope.user_id):
            if op.collection not in (None, partition.collection.name):
                continue
            rows = None if whole else _rows(writer, partition, op)
            if rows is None or rows:
                taken.append(writer.erase(partition.id, rows))
                touched.append(partition)
    for partition in touched:
        engine.views.drop(partition.id)
        engine.follower.drop(partition)
        if not whole and engine.views.is_large(partition):
            engine.follower.note(partition)
    return Receipt(
        forgotten_at=engine.clock(),
        memories=sum(part.memories for part in taken),
        versions=sum(part.versions for part in taken),
        vectors=sum(part.vectors for part in taken),
        links=sum(part.links for part in taken),
        collections=tuple(sorted(partition.collection.name for partition in touched)),
        files_clean=engine.ledger.scrub(),
    )


def _rows(writer: LedgerWriter, partition: Partition, op: Forget) -> list[int]:
    """The rows of these ids, or all that the scope admits; those in the trash and expired ones too."""
    if op.ids is not None:
        named = [writer.by_id(partition.id, memory_id) for memory_id in dict.fromkeys(op.ids)]
        return [record.row for record in named if record is not None and op.scope.admits(record.memory.scope)]
    return [record.row for record in every(writer, op.scope, deleted=None, collection=partition.collection.name)]


def compact(engine: Engine, op: Compact) -> Compacted:
    """Empties the tenant's trash, then rewrites the file without its holes."""
    before = engine.ledger.size()
    purged = 0
    with engine.writing() as writer:
        for partition, rows in writer.trash(op.scope.tenant):
            purged += writer.erase(partition, rows).memories
    engine.views.clear()
    engine.ledger.compact()
    return Compacted(bytes_before=before, bytes_after=engine.ledger.size(), purged=purged)

"""Forget and compact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from agentmem_core.engine.attached import chunks_of, drop_loose
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.evidence import Bereft, bereave
from agentmem_core.engine.reading import every
from agentmem_core.engine.reopening import reopen
from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Compacted, FilterGroup, Receipt, Scope
from agentmem_core.model.matching import matches
from agentmem_core.operations import MEMORIES, Compact, Forget
from agentmem_core.ports import Erased, LedgerWriter, Partition, Record

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
    """Rows, versions, words, vectors, links, the bytes of files and what the audit says of them; from every file.

    What was learnt from them alone goes with them, and what they alone had ended holds again.
    """
    _require_sound(op)
    bereft, again = Bereft(), list[int]()
    some = op.ids is not None or op.filters is not None
    whole = not some and op.scope.agent_id is None and op.scope.session_id is None

    def chosen(writer: LedgerWriter) -> Chosen:
        if op.collection in (None, MEMORIES) and not some:
            writer.erase_audit(op.scope)
            writer.erase_lessons(op.scope)
        for partition in writer.partitions(op.scope.tenant, op.scope.user_id):
            if op.collection not in (None, partition.collection.name):
                continue
            if whole:
                yield partition, None
                continue
            records = _records(writer, partition, op)
            if partition.collection.name == MEMORIES and records:
                found = bereave(writer, partition, {record.memory.id for record in records}, keep=op.keep_facts)
                bereft.erased, bereft.poorer = found.erased, found.poorer
                records += found.erased
                user = Scope(tenant=op.scope.tenant, user_id=op.scope.user_id)
                writer.erase_audit(user, [record.memory.id for record in found.erased])
                if not op.keep_facts:
                    again.append(reopen(writer, partition, {record.memory.id for record in records}, engine.clock()))
                if some:
                    writer.erase_audit(op.scope, [record.memory.id for record in records])
            yield partition, [record.row for record in records]
        if op.ids is not None and op.collection in (None, MEMORIES):
            writer.erase_audit(op.scope, op.ids)

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
        facts=len(bereft.erased),
        facts_kept=len(bereft.poorer),
        facts_again=sum(again),
        collections=tuple(sorted(partition.collection.name for partition in done.touched)),
        files_clean=engine.ledger.scrub(),
    )


def _require_sound(op: Forget) -> None:
    if op.ids is not None and op.filters is not None:
        raise InvalidInputError("forget: give either ids or filters")
    if isinstance(op.filters, FilterGroup) and not op.filters.filters:
        raise InvalidInputError("forget: the filter is empty and would take everything; to erase a user leave it out")
    if op.keep_facts and op.ids is None and op.filters is None and op.scope.session_id is None:
        raise InvalidInputError(
            "forget: keep_facts=True needs ids, filters or session_id; the facts of a user or an agent are theirs and go with them"
        )


def _records(writer: LedgerWriter, partition: Partition, op: Forget) -> list[Record]:
    """Those of these ids, those that pass the filters, files with their chunks, or all of the scope; trash and expired ones too."""
    if op.ids is not None:
        named = [writer.by_id(partition.id, memory_id) for memory_id in dict.fromkeys(op.ids)]
        records = [record for record in named if record is not None and op.scope.admits(record.memory.scope)]
    else:
        records = list(every(writer, op.scope, deleted=None, collection=partition.collection.name))
    if op.filters is not None:
        records = [record for record in records if matches(op.filters, record.memory)]
    if partition.collection.name == MEMORIES and (op.ids is not None or op.filters is not None):
        records += chunks_of(writer, records, deleted=None)
    return records


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

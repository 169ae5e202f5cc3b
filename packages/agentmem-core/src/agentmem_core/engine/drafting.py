"""From what a caller gave to records that can be stored: type, dates, words, digest and vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b

from agentmem_core.engine.engine import GIVEN, Engine
from agentmem_core.errors import EmbedderMismatchError, InvalidInputError, VectorMismatchError
from agentmem_core.model import Memory, MemoryType, Scope, new_id
from agentmem_core.model.values import trusting
from agentmem_core.operations import MEMORIES, NewMemory
from agentmem_core.ports import Collection, Fingerprint, LedgerWriter, Record
from agentmem_core.recall.text import indexed_words, same_text, speaker_in

DEFAULT_IMPORTANCE = 0.5
_memory = trusting(Memory)


@dataclass(frozen=True, slots=True)
class Draft:
    """A record on its way in, and whether the caller chose its id: for good, or in case it is new."""

    record: Record
    named: bool
    proposed: bool = False

    @property
    def memory(self) -> Memory:
        """The memory in it."""
        return self.record.memory

    def with_record(self, record: Record) -> Draft:
        """The same with another record."""
        return Draft(record, self.named, self.proposed)


def draft(item: NewMemory, scope: Scope, collection: str, now: datetime, kind: MemoryType) -> Draft:
    """The record of one item as a memory of type ``kind``, still without a vector unless the caller brought it."""
    occurred_at = item.occurred_at or now
    memory = _memory(
        {
            "id": item.id or item.id_if_new or new_id(),
            "content": item.content,
            "type": kind,
            "scope": _scope_of(item, scope),
            "metadata": item.metadata,
            "importance": DEFAULT_IMPORTANCE if item.importance is None else item.importance,
            "entities": item.entities,
            "source": item.source,
            "role": item.role,
            "name": item.name,
            "occurred_at": occurred_at,
            "created_at": now,
            "updated_at": now,
            "expires_at": item.expires_at,
            "valid_from": item.valid_from or occurred_at,
            "valid_to": None,
            "version": 1,
            "access_count": 0,
            "last_accessed_at": None,
        }
    )
    found_by, speaker = words_for(memory)
    digest = digest_of(memory) if collection == MEMORIES and item.role is None else None
    given = item.vector is not None
    named, proposed = item.id is not None, item.id is None and item.id_if_new is not None
    return Draft(Record(memory, found_by, speaker, item.vector, given, digest), named=named, proposed=proposed)


def require_ahead(expires_at: datetime | None, now: datetime) -> None:
    """Refuse what nobody would ever see; imports bring what has expired elsewhere."""
    if expires_at is not None and expires_at <= now:
        raise InvalidInputError(
            f"expires_at: {expires_at:%Y-%m-%d %H:%M} UTC is over, so that nobody would ever see it; give a moment that comes, or leave it "
            "out. delete() lets go of a memory now, import_() takes over what has expired elsewhere"
        )


def _scope_of(item: NewMemory, scope: Scope) -> Scope:
    """The scope of the call, unless the item names its own user, agent or session."""
    if item.user_id is None and item.agent_id is None and item.session_id is None:
        return scope
    return _scope(
        scope.tenant,
        item.user_id or scope.user_id,
        item.agent_id or scope.agent_id,
        item.session_id or scope.session_id,
    )


@lru_cache(maxsize=1024)
def _scope(tenant: str, user_id: str, agent_id: str | None, session_id: str | None) -> Scope:
    """One value for all items of a bulk that share it."""
    return Scope(tenant=tenant, user_id=user_id, agent_id=agent_id, session_id=session_id)


def words_for(memory: Memory) -> tuple[str, str | None]:
    """The words a memory is found by, and who speaks in it."""
    speaker = memory.name or (speaker_in(memory.content) if memory.role is not None else None)
    return indexed_words(memory.content, speaker), speaker


def with_words(record: Record) -> Record:
    """The record with the words it is found by."""
    found_by, speaker = words_for(record.memory)
    return replace(record, words=found_by, speaker=speaker)


def digest_of(memory: Memory) -> bytes:
    """Equal for texts that say the same in one scope and type; the time of a dated event belongs to what it says."""
    parts = [memory.type, memory.scope.agent_id or "", memory.scope.session_id or "", same_text(memory.content)]
    if memory.type is MemoryType.EPISODIC and memory.occurred_at != memory.created_at:
        parts.append(memory.occurred_at.isoformat())
    return blake2b("\x00".join(parts).encode(), digest_size=16).digest()


def text_to_embed(content: str, speaker: str | None) -> str:
    """What a memory's vector is made of: a turn with its speaker's name in front."""
    return content if speaker is None or content.lstrip().startswith(speaker) else f"{speaker}: {content}"


def space_for(engine: Engine, records: Sequence[Record], collection: str, stored: Fingerprint | None) -> Fingerprint:
    """What embeds a collection: what embedded it before, the caller if the first vectors are given, else our embedder."""
    mine = engine.embedder.fingerprint
    given = next((len(record.vector) // 4 for record in records if record.vector is not None), None)
    if stored is not None and stored.provider == GIVEN.provider:
        return replace(stored, dimension=stored.dimension or given)
    if stored is None and collection != MEMORIES and given is not None:
        return replace(GIVEN, dimension=given)
    if stored is not None:
        engine.require_fit(stored, collection)
    if mine.dimension is not None or stored is None or stored.dimension is None:
        return mine
    return replace(mine, dimension=stored.dimension)


def embedded(engine: Engine, records: Sequence[Record], space: Fingerprint, collection: str) -> list[Record]:
    """The records with a vector each, all in one space."""
    missing = [number for number, record in enumerate(records) if record.vector is None]
    filled = list(records)
    if len(missing) < len(records) or space.provider == GIVEN.provider:
        for record in records:
            problem = misfit(record, space, collection)
            if problem is not None:
                raise problem
    if missing:
        texts = [text_to_embed(records[number].memory.content, records[number].speaker) for number in missing]
        vectors = engine.embed(texts, "document")
        for number, vector in zip(missing, vectors, strict=True):
            filled[number] = records[number].with_vector(vector.tobytes())
    for record in filled:
        require_dimension(record.vector, space.dimension or len(filled[0].vector or b"") // 4, collection)
    return filled


def require_dimension(vector: bytes | None, dimension: int | None, collection: str) -> None:
    """Refuse a vector that does not fit, and say how to cure it."""
    if vector is None or dimension is None or len(vector) == 4 * dimension:
        return
    raise VectorMismatchError(
        f"the vector has {len(vector) // 4} dimensions, collection {collection!r} has {dimension}; use the embedder that "
        "made the collection, or another collection= for the other vectors (or reindex(embedder=...) to change its embedder)"
    )


def require_same_space(writer: LedgerWriter, tenant: str, name: str, before: Collection | None) -> None:
    """Refuse to write vectors that were made before the collection got another embedder."""
    now = writer.collection(tenant, name)
    if before is not None and now is not None and now.generation != before.generation:
        raise EmbedderMismatchError(
            f"collection {name!r} got another embedder while this call was under way ({now.embedder}); nothing was "
            "written, call again"
        )


def misfit(record: Record, space: Fingerprint, collection: str) -> VectorMismatchError | None:
    """Why one record cannot join a collection; None when it can."""
    try:
        require_dimension(record.vector, space.dimension, collection)
    except VectorMismatchError as error:
        return error
    if record.vector is None and space.provider == GIVEN.provider:
        return VectorMismatchError(
            f"collection {collection!r} holds vectors that its callers bring; give each item a vector= of "
            f"{space.dimension} numbers"
        )
    return None

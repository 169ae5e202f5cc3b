"""Memories that are known by a word of the caller's: blocks by their label, skills by their name, states by their key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from agentmem_core.engine.adding import add
from agentmem_core.engine.changing import delete, update
from agentmem_core.engine.engine import Engine, exists
from agentmem_core.engine.reading import every
from agentmem_core.errors import ConflictError, NotFoundError
from agentmem_core.model import Memory, MemoryType, Scope
from agentmem_core.operations import MEMORIES, Add, Delete, NewMemory, Update, build
from agentmem_core.ports import LedgerReader, Record

_PATIENCE = 50


class Change(NamedTuple):
    """What a memory is to say from now on."""

    content: str
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Keyed:
    """One kind of them: their type, the metadata field that holds the word, and what people call one."""

    type: MemoryType
    field: str
    noun: str

    def find(self, engine: Engine, scope: Scope, word: str) -> Record:
        """The one of that word, or id; that of exactly this scope before one of a narrower scope."""
        now = engine.clock()
        with engine.ledger.reading() as reader:
            return self.record(reader, scope, word, now)

    def record(self, reader: LedgerReader, scope: Scope, word: str, now: datetime) -> Record:
        """The same inside a transaction."""
        partition = reader.partition(scope.tenant, MEMORIES, scope.user_id)
        for memory_id in (self.id_of(scope, word), word) if partition else ():
            record = reader.by_id(partition.id, memory_id) if partition else None
            if record is not None and self._is_mine(record, scope, now):
                return record
        standing = self.records(reader, scope, now)
        for record in reversed(standing):
            if self.word_of(record.memory) == word and partition is not None:
                return reader.by_id(partition.id, record.memory.id) or record
        names = ", ".join(self.word_of(record.memory) for record in standing[:20])
        raise NotFoundError(
            f"no {self.noun} {word!r} in this scope; there {'are ' + names if names else 'is none yet'}"
        )

    def records(
        self, reader: LedgerReader, scope: Scope, now: datetime | None, *, deleted: bool | None = False
    ) -> list[Record]:
        """All that the scope admits, in the order they were made, without words and vectors."""
        return [*every(reader, scope, types=(self.type,), now=now, deleted=deleted)]

    def put(
        self, engine: Engine, scope: Scope, word: str, change: Change, *, on_conflict: str = "replace", **more: Any
    ) -> Memory:
        """Write it anew, as a new version where it stood."""
        item = build(
            NewMemory, content=change.content, type=self.type, id=self.id_of(scope, word),
            metadata={**change.metadata, self.field: word}, **more,
        )  # fmt: skip
        return add(engine, build(Add, scope=scope, items=(item,), on_conflict=on_conflict)).memories[0]

    def change(self, engine: Engine, scope: Scope, word: str, decide: Callable[[Memory], Change]) -> Memory:
        """Change what stands by what it says; when somebody else is faster, decide again on what they wrote."""
        for _ in range(_PATIENCE):
            memory = self.find(engine, scope, word).memory
            content, metadata = decide(memory)
            op = build(
                Update, scope=scope, id=memory.id, content=content, metadata=metadata, expected_version=memory.version
            )
            try:
                return update(engine, op)
            except ConflictError:
                continue
        raise ConflictError(f"{self.noun} {word!r} is being changed by too many others at once; try again")

    def delete(self, engine: Engine, scope: Scope, word: str) -> int:
        """Into the trash."""
        memory = self.find(engine, scope, word).memory
        return delete(engine, Delete(scope=scope, ids=(memory.id,)))

    def word_of(self, memory: Memory) -> str:
        """The word of a memory; its id where it was added without one."""
        return str(memory.metadata.get(self.field, memory.id))

    def id_of(self, scope: Scope, word: str) -> str:
        """The id of the one of that word in exactly this scope."""
        parts = "\x00".join((scope.agent_id or "", scope.session_id or "", word))
        return f"{self.type.value}-{blake2b(parts.encode(), digest_size=12).hexdigest()}"

    def _is_mine(self, record: Record, scope: Scope, now: datetime) -> bool:
        memory = record.memory
        return memory.type is self.type and scope.admits(memory.scope) and exists(record, now)

"""What keeps the truth: memories, every version of them, their vectors, words and links.

A *partition* is one user's part of one collection, and the unit that searches look at. Its rows have ascending numbers that
are never given twice, so that "what is new since row n" and "what has changed since change n" are cheap questions: that is
how caches and indexes follow, also over processes. A row number is its partition's id shifted left by 32 bits, plus its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, Protocol

from agentmem_core.model import AuditEntry, Link, Memory, Scope, Version
from agentmem_core.ports.embedder import Fingerprint
from agentmem_core.ports.lessons import LessonReader, LessonWriter


@dataclass(frozen=True, slots=True)
class Collection:
    """One vector space of one tenant. ``generation`` changes whenever all its vectors were made anew."""

    id: int
    tenant: str
    name: str
    embedder: Fingerprint
    generation: int


@dataclass(frozen=True, slots=True)
class Partition:
    """One user's part of a collection. ``last_row`` is the newest row, ``change`` counts changes of older ones.

    ``epoch`` counts erasures: an index made in an earlier one still holds what was erased.
    """

    id: int
    collection: Collection
    user_id: str
    last_row: int
    change: int
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """A memory as it is stored: with its vector (float32 bytes), the words it is found by, and its state.

    ``given`` says that the vector came from the caller, so that nothing but the store has it.
    """

    memory: Memory
    words: str = ""
    speaker: str | None = None
    vector: bytes | None = None
    given: bool = False
    digest: bytes | None = None
    operation: str = "add"
    reason: str | None = None
    deleted_at: datetime | None = None
    row: int = 0

    def with_vector(self, vector: bytes) -> Record:
        """The same record with a vector that an embedder made."""
        return Record(
            self.memory, self.words, self.speaker, vector, given=False, digest=self.digest, operation=self.operation, reason=self.reason,
            deleted_at=self.deleted_at, row=self.row,
        )  # fmt: skip

    def with_memory(self, **changes: object) -> Record:
        """The same record with another memory in it."""
        return replace(self, memory=self.memory.model_copy(update=changes))


Packed = bytes
"""A memory in the form that its ledger unpacks; it never leaves the process."""


class Feature(NamedTuple):
    """What a search needs to know of one row; times are microseconds since 1970, None where there is none."""

    row: int
    alive: bool
    type: str
    agent_id: str | None
    session_id: str | None
    role: str | None
    name: str | None
    importance: float
    occurred_at: int
    expires_at: int | None
    valid_from: int | None
    valid_to: int | None
    words: str
    vector: bytes | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Which rows a listing walks over; ``after`` is the last row of the page before, ``deleted`` None means both kinds."""

    limit: int
    after: int | None = None
    newest_first: bool = False
    agent_id: str | None = None
    session_id: str | None = None
    types: tuple[str, ...] | None = None
    now: datetime | None = None
    deleted: bool | None = False


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows of each kind an erasure took; ``digests`` are those of the files that they held."""

    memories: int = 0
    versions: int = 0
    vectors: int = 0
    links: int = 0
    digests: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tally:
    """How much a partition holds, for the rows an agent and a session admit."""

    memories: int = 0
    deleted: int = 0
    links: int = 0
    by_type: dict[str, int] = field(default_factory=dict)
    sessions: int = 0


class LedgerReader(LessonReader, Protocol):
    """A consistent view of the ledger. Row numbers are only ever asked for inside the partition they belong to."""

    def collection(self, tenant: str, name: str) -> Collection | None:
        """The collection of that name."""
        ...

    def collections(self, tenant: str) -> list[Collection]:
        """A tenant's collections, by name."""
        ...

    def partition(self, tenant: str, name: str, user_id: str) -> Partition | None:
        """One user's part of a collection."""
        ...

    def again(self, partition: Partition) -> Partition | None:
        """A partition as it is now, the same value where it is still so; None when it was erased."""
        ...

    def partitions(self, tenant: str | None = None, user_id: str | None = None) -> list[Partition]:
        """All parts, of one tenant and one user where given, by id."""
        ...

    def by_id(self, partition: int, memory_id: str) -> Record | None:
        """The row of that id, deleted or not, with its words and vector."""
        ...

    def by_digest(self, partition: int, digest: bytes) -> Record | None:
        """The living row of that content."""
        ...

    def by_rows(self, rows: Sequence[int]) -> dict[int, Memory]:
        """The living memories of these rows."""
        ...

    def packed(self, partition: int, *, limit: int) -> Iterable[tuple[int, Packed]]:
        """The living memories of a partition by row, one at a time; the first ``limit`` where there are more.

        It may end before one that cannot be read: whoever finds that one is told.
        """
        ...

    def walk(self, partition: int, listing: Listing) -> list[Record]:
        """Rows in order, without words and vectors, at most ``listing.limit``."""
        ...

    def features(self, partition: int, *, after: int, limit: int, vectors: bool) -> list[Feature]:
        """Rows past ``after`` in order, dead ones included: at most ``limit``, and fewer where they have many words.

        Where there are none, and only there, the list is empty.
        """
        ...

    def changed(self, partition: int, *, after: int) -> list[int] | None:
        """The rows changed past that change; None when the log does not reach back so far."""
        ...

    def features_of(self, rows: Sequence[int], *, vectors: bool) -> list[Feature]:
        """These rows, in any order; erased ones are missing."""
        ...

    def vectors(self, rows: Sequence[int], *, given: bool = False) -> dict[int, bytes]:
        """The vectors of these rows; with ``given`` only those that callers brought."""
        ...

    def vectors_after(self, partition: int, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """The vectors of living rows past ``after``, in order."""
        ...

    def values(self, partition: int, name: str, *, after: int) -> list[tuple[int, object]]:
        """One field (``metadata``, decoded, or one of the memory's own) of the rows past ``after``, in order."""
        ...

    def versions(self, row: int) -> list[Version]:
        """Every version of a row, oldest first, the current one last."""
        ...

    def links(
        self,
        partition: int,
        *,
        memory_id: str | None = None,
        source: str | None = None,
        target: str | None = None,
        relation: str | None = None,
        fact: str | None = None,
        open_after: datetime | None = None,
    ) -> list[Link]:
        """The links of a partition that fit all that is given, by when they begin.

        ``memory_id`` is either end; ``open_after`` leaves out those that had ended at a moment, or end there.
        """
        ...

    def relations(self, partition: int, source: str) -> list[str]:
        """The relations of the links that begin at a memory or thing, each once, in order."""
        ...

    def tally(self, partition: int, agent_id: str | None, session_id: str | None, now: datetime) -> Tally:
        """Counts over a partition."""
        ...

    def embedded(self, collection: int) -> int:
        """How many rows of a collection have a vector."""
        ...

    def setting(self, name: str) -> str | None:
        """A value kept with the store."""
        ...

    def attachments(self, partition: int, rows: Sequence[int] | None = None) -> list[tuple[int, str]]:
        """Which files a partition's rows, or these of them, hold: row and digest, by row; rows in the trash too."""
        ...

    def attached(self, digests: Iterable[str]) -> set[str]:
        """Those digests that any row holds, of whatever user and tenant."""
        ...

    def audit(
        self, scope: Scope, *, operation: str | None = None, after: int = 0, limit: int = 1_000
    ) -> list[AuditEntry]:
        """What was done in a scope, oldest first: entries past number ``after``."""
        ...


class LedgerWriter(LedgerReader, LessonWriter, Protocol):
    """One transaction. Nothing of it is seen by others before it ends, and nothing remains of it when it fails."""

    def ensure_partition(self, tenant: str, name: str, user_id: str, embedder: Fingerprint) -> Partition:
        """One user's part of a collection, made if there is none; a known dimension completes an unknown one."""
        ...

    def insert(self, partition: int, records: Sequence[Record], history: Sequence[Sequence[Version]] = ()) -> list[int]:
        """New rows in the order given; answers their numbers. ``history`` holds the earlier versions of imported ones."""
        ...

    def append(self, known: Partition, record: Record) -> Partition | None:
        """A new row for a partition that was seen before; answers the partition as it is then.

        None where it is gone or somebody else's, its collection is another by now, or it holds the record's content or id: then
        nothing is written.
        """
        ...

    def rewrite(self, record: Record, *, versioned: bool = True) -> None:
        """A row anew; its former state joins its history when ``versioned``."""
        ...

    def touch(self, counts: Iterable[tuple[int, int, datetime]]) -> None:
        """Add to rows' access counts: (row, how many, when). Not a change that caches must see."""
        ...

    def link(self, partition: int, link: Link) -> None:
        """A link, new or in place of the one with the same ends and relation."""
        ...

    def erase(self, partition: int, rows: Sequence[int] | None) -> Erased:
        """These rows, or all, with versions, words, vectors and links; not even the trash keeps them."""
        ...

    def trash(self, tenant: str) -> list[tuple[int, list[int]]]:
        """The deleted rows of a tenant by partition."""
        ...

    def stage(self, vectors: Iterable[tuple[int, bytes]]) -> None:
        """Keep new vectors of rows aside, for a change of the embedder."""
        ...

    def unstaged(self, collection: int, *, after: int, limit: int) -> list[tuple[int, str, str | None]]:
        """Rows of a collection past ``after`` without a staged vector: row, content, speaker."""
        ...

    def staged(self, collection: int) -> int:
        """How many vectors are kept aside for a collection."""
        ...

    def unstage(self, collection: int) -> None:
        """Throw away what is kept aside for a collection."""
        ...

    def adopt(self, collection: int, embedder: Fingerprint) -> None:
        """Put the staged vectors in place, as a new generation."""
        ...

    def set_setting(self, name: str, value: str | None) -> None:
        """Keep a value with the store; None removes it."""
        ...

    def rewrite_history(self, row: int, versions: Sequence[Version]) -> None:
        """Earlier versions of a row anew, by their numbers; for what must not stand in them as it does."""
        ...

    def attach(self, row: int, digest: str) -> None:
        """Let a row hold a file; again is no error. Erasing the row ends it."""
        ...

    def append_audit(self, entry: AuditEntry) -> None:
        """Write down what is done in this transaction; the number is given here."""
        ...

    def erase_audit(self, scope: Scope, targets: Sequence[str] | None = None) -> None:
        """Take out what was written down in a scope, or there about these memories."""
        ...


class Ledger(Protocol):
    """The store of record: acknowledged means committed."""

    def reading(self) -> AbstractContextManager[LedgerReader]:
        """A view to read from; cheap, from any thread."""
        ...

    def writing(self) -> AbstractContextManager[LedgerWriter]:
        """The one transaction at a time; commits when the block ends, rolls back when it raises."""
        ...

    def gathering(self) -> AbstractContextManager[None]:
        """Makes the transactions of this thread one: each is undone by itself, all are there when the block ends, none when it raises."""
        ...

    def glance(self, partition: Partition, rows: Sequence[int]) -> dict[int, Packed] | None:
        """The living memories of these rows; None where more of the partition has changed than how often it was used.

        Cheaper than a transaction.
        """
        ...

    def unpack(self, partition: Partition, packed: Iterable[Packed]) -> list[Memory]:
        """The memories of a partition that were packed, in order, each the caller's own."""
        ...

    def is_at_hand(self) -> bool:
        """Whether a reader would begin without waiting for a writer or opening a file."""
        ...

    def scrub(self) -> bool:
        """Let no file keep what was erased; False when another process still holds old pages."""
        ...

    def compact(self) -> None:
        """Give free space back to the disk."""
        ...

    def size(self) -> int:
        """Bytes on disk."""
        ...

    def check(self) -> str:
        """Empty when the files are whole, else what is wrong; a ledger that is closed is not damaged, and says that it is closed."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...

"""What the verbs answer."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Self

from pydantic import Field

from agentmem_core.model.learning import Learned
from agentmem_core.model.memory import Memory
from agentmem_core.model.values import Moment, Value


class Signals(Value):
    """Why a hit is here; each 0..1. ``lexical`` is the part of the query's words found in it or next to it, or words like them.

    ``time`` is how near it is to the times that the query names: 1 inside, 0 far from them or when none is named.
    """

    dense: float = 0.0
    lexical: float = 0.0
    recency: float = 0.0
    importance: float = 0.0
    time: float = 0.0


class Hit(Value):
    """A memory that answers a search; ``score`` is 0..1, higher is better."""

    memory: Memory
    score: float
    signals: Signals = Field(default_factory=Signals)
    place: int = Field(default=0, repr=False)
    """Its place in the order of adding: turns that were told in one call have the same time."""


class AddOutcome(StrEnum):
    """What became of one item of an add."""

    CREATED = "created"
    KNOWN = "known"
    REPLACED = "replaced"
    FAILED = "failed"


class AddedItem(Value):
    """One item's own outcome; ``error`` says why it failed, and then there is no memory.

    ``routed`` says why the memory has its type: it was given, or by which rule it was chosen.
    """

    outcome: AddOutcome
    memory: Memory | None = None
    error: str | None = None
    error_code: str | None = None
    routed: str | None = None


class Added(Value):
    """The answer of an add: the memories in the order of the items, those known before included."""

    items: tuple[AddedItem, ...] = ()
    warnings: tuple[str, ...] = ()
    learned: Learned | None = None
    """What was learnt from them, when that was asked for."""

    @property
    def memories(self) -> list[Memory]:
        """The memories that now stand for what was given."""
        return [item.memory for item in self.items if item.memory is not None]

    @property
    def ids(self) -> list[str]:
        """Their ids."""
        return [memory.id for memory in self.memories]

    @property
    def created(self) -> int:
        """How many rows are new."""
        return sum(item.outcome is AddOutcome.CREATED for item in self.items)

    @property
    def failures(self) -> list[AddedItem]:
        """The items that were refused."""
        return [item for item in self.items if item.outcome is AddOutcome.FAILED]


class Page(Value):
    """A part of a list; ``next_cursor`` fetches the next one, and is None at the end."""

    items: tuple[Memory, ...] = ()
    next_cursor: str | None = None

    def __iter__(self) -> Iterator[Memory]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # its memories, not its fields
        """The memories."""
        return iter(self.items)

    def __len__(self) -> int:
        """How many memories are on this page."""
        return len(self.items)

    def __getitem__(self, place: int) -> Memory:
        """One of them by its place."""
        return self.items[place]


class Version(Value):
    """How a memory stood after one change; ``operation`` is add, update, delete or restore."""

    version: int
    content: str
    metadata: dict[str, Any]
    importance: float
    operation: str
    changed_at: Moment
    reason: str | None = None


class Link(Value):
    """A typed, weighted relation between two memories or things, with the time it holds for.

    An end is the id of a memory, or the name of a thing; ``fact`` is the id of the memory that states it, where one does.
    """

    source: str
    relation: str
    target: str
    weight: float = 1.0
    metadata: dict[str, Any] = Field(default_factory=dict)
    valid_from: Moment
    valid_to: Moment | None = None
    fact: str | None = None


class Receipt(Value):
    """What an erasure removed, by count; it holds no content.

    ``facts`` of the memories had been learnt from what was to be erased, and from nothing else; ``facts_kept`` are those that are
    stated elsewhere too, and stay without the sources that are gone; ``facts_again`` had been ended by it alone, and hold again.
    ``files_clean`` is False when another process kept old pages of the files in use; the next ``compact()`` finishes it.
    """

    forgotten_at: Moment
    memories: int = 0
    versions: int = 0
    vectors: int = 0
    links: int = 0
    files: int = 0
    facts: int = 0
    facts_kept: int = 0
    facts_again: int = 0
    collections: tuple[str, ...] = ()
    files_clean: bool = True


class CollectionStats(Value):
    """One vector space: what embeds it, and how much of it is the caller's."""

    name: str
    embedder: str
    dimension: int | None
    memories: int


class Stats(Value):
    """How much is remembered in a scope, and the size of the store's database; what files are kept beside it is not counted."""

    memories: int
    by_type: dict[str, int]
    sessions: int
    deleted: int
    links: int
    collections: tuple[CollectionStats, ...]
    bytes_on_disk: int


class ComponentHealth(Value):
    """One part's state; ``detail`` says what to do where it is not well."""

    name: str
    ok: bool
    detail: str = ""


class Health(Value):
    """Whether the store can serve, part by part."""

    ok: bool
    components: tuple[ComponentHealth, ...]


class Progress(Value):
    """How far a long operation is."""

    done: int
    total: int
    finished: bool


class Compacted(Value):
    """What a compaction did, in bytes on disk and rows."""

    bytes_before: int
    bytes_after: int
    purged: int


class Transferred(Value):
    """What an export wrote or an import read."""

    memories: int = 0
    versions: int = 0
    links: int = 0
    files: int = 0
    skipped: int = 0


class Context(str):
    """Hits rendered as prompt text, which it is; ``tokens`` is an estimate, unless the caller gave a counter."""

    __slots__ = ("hits", "tokens")

    hits: tuple[Hit, ...]
    tokens: int

    def __new__(cls, text: str, hits: tuple[Hit, ...] = (), tokens: int = 0) -> Self:
        """The text with what it was made of."""
        made = super().__new__(cls, text)
        made.hits = hits
        made.tokens = tokens
        return made

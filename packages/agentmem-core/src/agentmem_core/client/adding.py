"""Verbs that remember."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from agentmem_core.client.base import Verbs, require_callable
from agentmem_core.client.items import Content, batches, items_of
from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Added, AddedItem, Scope
from agentmem_core.operations import MEMORIES, Add, build

Conflict = Literal["error", "replace"]


class AddingVerbs(Verbs):
    """add and add_many, each with its ``a...`` twin."""

    def add(
        self,
        content: Content,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        type: str | None = None,  # noqa: A002 - the field's word
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        occurred_at: datetime | str | None = None,
        expires_at: datetime | str | None = None,
        valid_from: datetime | str | None = None,
        entities: Sequence[str] | None = None,
        id: str | None = None,  # noqa: A002
        infer: bool | Literal["background"] = False,
        vector: Sequence[float] | None = None,
        collection: str = MEMORIES,
        on_conflict: Conflict = "error",
    ) -> Added:
        """Remember a text, a chat turn or a list of turns, in one transaction; it is on disk when this returns.

        Turns (a ``Message`` or a dict with ``role`` and ``content``) are kept verbatim, in order, each of them. The same plain
        text again in the same scope and type is the same memory. ``id`` makes the call safe to repeat.

        ``infer=True`` learns facts from them afterwards, with the model or the rules that AgentMem was opened with, and the answer's
        ``learned`` says what was decided; ``"background"`` does it later, also after a kill, and ``flush`` waits for it.
        """
        return self._run(
            self._add(
                content, user_id, agent_id, session_id, collection, on_conflict, infer, type=type, metadata=metadata,
                importance=importance, occurred_at=occurred_at, expires_at=expires_at, valid_from=valid_from,
                entities=entities, id=id, vector=vector,
            )
        )  # fmt: skip

    async def aadd(
        self,
        content: Content,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        type: str | None = None,  # noqa: A002
        metadata: Mapping[str, Any] | None = None,
        importance: float | None = None,
        occurred_at: datetime | str | None = None,
        expires_at: datetime | str | None = None,
        valid_from: datetime | str | None = None,
        entities: Sequence[str] | None = None,
        id: str | None = None,  # noqa: A002
        infer: bool | Literal["background"] = False,
        vector: Sequence[float] | None = None,
        collection: str = MEMORIES,
        on_conflict: Conflict = "error",
    ) -> Added:
        """``add`` without blocking the event loop."""
        return await self._arun(
            self._add(
                content, user_id, agent_id, session_id, collection, on_conflict, infer, type=type, metadata=metadata,
                importance=importance, occurred_at=occurred_at, expires_at=expires_at, valid_from=valid_from,
                entities=entities, id=id, vector=vector,
            )
        )  # fmt: skip

    def add_many(
        self,
        items: Iterable[Any],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
        on_conflict: Conflict = "error",
        batch_size: int = 500,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> Added:
        """Remember many texts, turns or dicts of ``add``'s arguments, one transaction a batch; each has its own outcome.

        An item may name its own ``user_id``, ``agent_id`` and ``session_id``. ``progress(done, total)`` is called after every
        batch; ``total`` is None for an iterator. An item that cannot be used fails alone.
        """
        many = _Many(self._within(user_id, agent_id, session_id), items, collection, on_conflict, batch_size, progress)
        for op, places in many:
            many.take(self._run(op) if op.items else Added(), places)
        return many.added()

    async def aadd_many(
        self,
        items: Iterable[Any],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        session_id: str | None = None,
        collection: str = MEMORIES,
        on_conflict: Conflict = "error",
        batch_size: int = 500,
        progress: Callable[[int, int | None], object] | None = None,
    ) -> Added:
        """``add_many`` without blocking the event loop."""
        many = _Many(self._within(user_id, agent_id, session_id), items, collection, on_conflict, batch_size, progress)
        for op, places in many:
            many.take(await self._arun(op) if op.items else Added(), places)
        return many.added()

    def _add(
        self,
        content: Content,
        user_id: str | None,
        agent_id: str | None,
        session_id: str | None,
        collection: str,
        on_conflict: str,
        infer: object,
        **common: Any,
    ) -> Add:
        scope = self._within(user_id, agent_id, session_id)
        items = items_of(content, **common)
        if type(collection) is str and type(on_conflict) is str and type(infer) in (bool, str):
            return _adding(collection, on_conflict, infer).of(items, scope)
        return build(Add, scope=scope, items=items, collection=collection, on_conflict=on_conflict, infer=infer)


@lru_cache(maxsize=256)
def _adding(collection: str, on_conflict: str, infer: object) -> Add:
    """An add like many others, whose options are checked once; for plain values alone, since others may say they are equal."""
    return build(Add, items=(), collection=collection, on_conflict=on_conflict, infer=infer)


class _Many:
    """A long add in batches: iterate over the operations, give back what each answered."""

    def __init__(
        self,
        scope: Scope,
        items: Iterable[Any],
        collection: str,
        on_conflict: str,
        batch_size: Any,
        progress: Callable[[int, int | None], object] | None,
    ) -> None:
        if isinstance(items, str | bytes | Mapping):
            raise InvalidInputError("items: must be a list; for one memory use add()")
        require_callable("progress", progress)
        if not isinstance(batch_size, int) or not 1 <= batch_size <= 10_000:
            raise InvalidInputError(f"batch_size: must be between 1 and 10,000, got {batch_size!r}")
        self._scope, self._items = scope, items
        self._collection, self._on_conflict, self._size, self._progress = collection, on_conflict, batch_size, progress
        self._total = len(items) if isinstance(items, Sequence) else None
        self._answers: list[AddedItem] = []
        self._warnings: list[str] = []

    def __iter__(self) -> Iterator[tuple[Add, list[AddedItem | None]]]:
        for usable, places in batches(self._items, self._size):
            op = build(
                Add, scope=self._scope, items=tuple(usable), collection=self._collection, on_conflict=self._on_conflict,
                on_error="report",
            )  # fmt: skip
            yield op, places

    def take(self, added: Added, places: list[AddedItem | None]) -> None:
        answered = iter(added.items)
        self._answers += [next(answered) if failed is None else failed for failed in places]
        self._warnings += added.warnings
        if self._progress is not None:
            self._progress(len(self._answers), self._total)

    def added(self) -> Added:
        return Added(items=tuple(self._answers), warnings=tuple(dict.fromkeys(self._warnings)))

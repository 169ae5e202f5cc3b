"""Lessons in hand: taken in the ledger's transaction, held by a lease that signs of life renew, and given back.

Whoever is killed loses them when the lease runs out; the decisions of whoever lost one are not applied.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from agentmem_core.engine.engine import Engine
from agentmem_core.errors import AgentMemError, StoreError
from agentmem_core.learning.windows import TURNS
from agentmem_core.ports import LedgerReader, LedgerWriter, Lesson

LEASE = timedelta(seconds=10)
"""For how long a lesson is held without a sign of life."""

_SIGN = 3.0
"""Seconds between signs of life."""

_TOGETHER = 50
"""As many lessons are taken at once."""

HOLDER = f"{os.getpid()}-{uuid4().hex[:12]}"


class TakenError(AgentMemError):
    """Another one works on the lesson: it was held for too long without a sign of life."""

    code = "lesson_taken"


def take(engine: Engine) -> list[Lesson]:
    """The next lessons that can be learnt together, held by us from now on.

    The first is what is tried: its attempt is counted. The others are as if they had not been taken, whatever becomes of it.
    """
    now = engine.clock()
    for tenant in sorted(engine.taught):
        with engine.ledger.reading() as reader:
            if reader.due_lesson(tenant, now) is None:
                continue
        with engine.ledger.writing() as writer:
            first = writer.due_lesson(tenant, now)
            if first is None:
                continue
            taken = [replace(first, attempts=first.attempts + 1), *_fellows(writer, first, now)]
            held = [replace(lesson, holder=_holder(engine), due_at=now + LEASE) for lesson in taken]
            for lesson in held:
                writer.put_lesson(lesson)
            return held
    return []


def _fellows(reader: LedgerReader, first: Lesson, now: datetime) -> list[Lesson]:
    """Those that follow one in its user's order and are of the same session; what was tried before is tried alone."""
    if first.attempts:
        return []
    scope, room = first.scope, TURNS - len(first.turns)
    found: list[Lesson] = []
    waiting = reader.lessons(scope.tenant, scope.user_id, failed=False, after=first.number, limit=_TOGETHER - 1)
    for lesson in waiting:
        room -= len(lesson.turns)
        if lesson.scope != scope or lesson.attempts or lesson.due_at > now or room < 0:
            break
        found.append(lesson)
    return found


def require_held(engine: Engine, reader: LedgerReader, lessons: Sequence[Lesson]) -> None:
    """``TakenError`` when any of them is not ours any more."""
    if len(_still_ours(engine, reader, lessons)) < len(lessons):
        raise TakenError("another process took this lesson over; nothing was decided here")


def give_back(engine: Engine, lessons: Sequence[Lesson]) -> None:
    """To be taken by anybody, as they are given; what is not ours any more is left alone."""
    with engine.ledger.writing() as writer:
        for lesson in _still_ours(engine, writer, lessons):
            writer.put_lesson(replace(lesson, holder=None))


def let_go(engine: Engine) -> None:
    """Give back what this process holds, so that nobody has to wait for it."""
    with suppress(StoreError):
        with engine.ledger.reading() as reader:
            if not _held_here(engine, reader):
                return
        with engine.ledger.writing() as writer:
            now = engine.clock()
            for lesson in _held_here(engine, writer):
                attempts = max(0, lesson.attempts - 1)
                writer.put_lesson(replace(lesson, holder=None, due_at=min(now, lesson.due_at), attempts=attempts))


def _held_here(engine: Engine, reader: LedgerReader) -> list[Lesson]:
    """The lessons that this engine works on."""
    holder = _holder(engine)
    return [lesson for tenant in [*engine.taught] for lesson in reader.lessons(tenant, holder=holder)]


def _still_ours(engine: Engine, reader: LedgerReader, lessons: Sequence[Lesson]) -> list[Lesson]:
    holder = _holder(engine)
    standing = [reader.lesson(lesson.number) for lesson in lessons]
    return [lesson for lesson, now in zip(lessons, standing, strict=True) if now is not None and now.holder == holder]


def _holder(engine: Engine) -> str:
    """Who holds a lesson: this engine in this process."""
    return f"{HOLDER}-{id(engine)}"


@contextmanager
def held(engine: Engine, lessons: Sequence[Lesson]) -> Generator[None]:
    """Show signs of life for as long as lessons are worked on."""
    done = threading.Event()
    signs = threading.Thread(target=_show_life, args=(engine, lessons, done), name="agentmem-lease", daemon=True)
    signs.start()
    try:
        yield
    finally:
        done.set()


def _show_life(engine: Engine, lessons: Sequence[Lesson], done: threading.Event) -> None:
    while not done.wait(_SIGN) and not engine.background.stopped:
        with suppress(StoreError), engine.ledger.writing() as writer:
            ours = _still_ours(engine, writer, lessons)
            if not ours:
                return
            _renew(writer, ours, engine.clock() + LEASE)


def _renew(writer: LedgerWriter, lessons: Sequence[Lesson], until: datetime) -> None:
    for lesson in lessons:
        writer.put_lesson(replace(lesson, due_at=until))

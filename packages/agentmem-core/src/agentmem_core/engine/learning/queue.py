"""What waits to be learnt: one worker a process takes a lesson at a time, holds it while it works, and hands in what it decided.

A lesson is taken and given back in the ledger's transactions. Whoever is killed loses it when its lease runs out; the decisions of
whoever lost it are not applied.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from agentmem_core.engine.asking import walk
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.learner import Learner
from agentmem_core.engine.learning.meter import Meter, SpentError, tomorrow
from agentmem_core.engine.learning.studying import study
from agentmem_core.engine.learning.turns import records_of, unlearnt, window_of
from agentmem_core.errors import AgentMemError, StoreError
from agentmem_core.model import Scope
from agentmem_core.model.learning import LearningQueue, WaitingLesson
from agentmem_core.ports import LedgerWriter, Lesson

LEASE = timedelta(seconds=10)
"""For how long a lesson is held without a sign of life."""

_SIGN = 3.0
"""Seconds between signs of life."""

ATTEMPTS = 5
_PAUSES = (1.0, 4.0, 16.0, 60.0)
"""Seconds before another attempt."""

_SHOWN = 100
HOLDER = f"{os.getpid()}-{uuid4().hex[:12]}"


class TakenError(AgentMemError):
    """Another one works on the lesson: it was held for too long without a sign of life."""

    code = "lesson_taken"


def wake(engine: Engine, tenant: str) -> None:
    """Let the background work off what waits for a tenant, where there is somebody to learn."""
    if engine.learner is not None:
        engine.taught.add(tenant)
        engine.background.wake(partial(work, engine, engine.learner))


def work(engine: Engine, learner: Learner) -> float | None:
    """Do one lesson; answers in how many seconds to look again."""
    lesson = _take(engine)
    if lesson is None:
        return _pause(engine)
    with _held(engine, lesson):
        _do(engine, learner, lesson)
    return 0.0


def queue_of(engine: Engine, scope: Scope, *, everyone: bool) -> LearningQueue:
    """What waits for a user, or for all of a tenant."""
    now = engine.clock()
    with engine.ledger.reading() as reader:
        lessons = reader.lessons(scope.tenant, None if everyone else scope.user_id, limit=10_000)
    waiting = [lesson for lesson in lessons if not lesson.failed]
    failed = len(lessons) - len(waiting)
    deferred = sum(lesson.holder is None and lesson.due_at > now + timedelta(minutes=5) for lesson in waiting)
    warnings: list[str] = []
    if waiting and engine.learner is None:
        warnings.append(
            'this client has nobody who learns: open AgentMem with llm= or learner="rules" to work off what waits'
        )
    if deferred:
        warnings.append(f"{deferred} wait for the budget of tomorrow")
    if failed:
        warnings.append(f"{failed} were tried {ATTEMPTS} times and have failed; flush(retry=True) tries them again")
    return LearningQueue(
        waiting=len(waiting),
        deferred=deferred,
        failed=failed,
        learning=engine.learner is not None,
        lessons=tuple(_shown(lesson) for lesson in lessons[:_SHOWN]),
        warnings=tuple(warnings),
    )


def try_again(engine: Engine, scope: Scope, *, everyone: bool) -> None:
    """What has failed is due again."""
    now = engine.clock()
    with engine.writing() as writer:
        for lesson in writer.lessons(scope.tenant, None if everyone else scope.user_id, limit=10_000):
            if lesson.failed:
                writer.put_lesson(replace(lesson, failed=False, attempts=0, due_at=now, holder=None))


def let_go(engine: Engine) -> None:
    """Give back what this process holds, so that nobody has to wait for it."""
    with suppress(StoreError):
        if not _held_here(engine):
            return
        with engine.ledger.writing() as writer:
            now = engine.clock()
            for number in _held_here(engine):
                lesson = writer.lesson(number)
                if lesson is not None and lesson.holder == _holder(engine):
                    attempts = max(0, lesson.attempts - 1)
                    writer.put_lesson(replace(lesson, holder=None, due_at=min(now, lesson.due_at), attempts=attempts))


def _held_here(engine: Engine) -> list[int]:
    """The numbers of the lessons that this engine works on."""
    holder = _holder(engine)
    with engine.ledger.reading() as reader:
        return [
            lesson.number for tenant in [*engine.taught] for lesson in reader.lessons(tenant) if lesson.holder == holder
        ]


def _holder(engine: Engine) -> str:
    """Who holds a lesson: this engine in this process."""
    return f"{HOLDER}-{id(engine)}"


def _take(engine: Engine) -> Lesson | None:
    """The next lesson, held by us from now on."""
    now = engine.clock()
    for tenant in sorted(engine.taught):
        with engine.ledger.reading() as reader:
            if reader.due_lesson(tenant, now) is None:
                continue
        with engine.ledger.writing() as writer:
            lesson = writer.due_lesson(tenant, now)
            if lesson is not None:
                held = replace(lesson, holder=_holder(engine), due_at=now + LEASE, attempts=lesson.attempts + 1)
                writer.put_lesson(held)
                return held
    return None


def _do(engine: Engine, learner: Learner, lesson: Lesson) -> None:
    """Learn from the lesson's turns, or say why it could not be done."""
    meter = Meter(engine, lesson.scope.tenant, learner.budget)
    try:
        with engine.ledger.reading() as reader:
            records = unlearnt(reader, records_of(engine, reader, lesson.scope, lesson.turns))
            window = window_of(reader, records) if records else None
        if window is None:
            _finish(engine, lesson)
            return
        left = [record.memory.id for record in records if record.row not in window.rows]
        walk(
            study(engine, learner, window, meter, lambda writer: _hand_in(engine, writer, lesson, left)), learner.model
        )
    except TakenError:
        return
    except SpentError as error:
        if error.daily:
            _put_back(engine, lesson, str(error), tomorrow(engine.clock()), attempts=lesson.attempts - 1)
        else:
            _put_back(engine, lesson, str(error), None)
    except Exception as error:  # noqa: BLE001 - what a model does has no bounds; the lesson says what it was
        pause = _PAUSES[min(lesson.attempts, len(_PAUSES)) - 1]
        due = engine.clock() + timedelta(seconds=pause) if lesson.attempts < ATTEMPTS else None
        _put_back(engine, lesson, f"{type(error).__name__}: {str(error)[:500]}", due)
    finally:
        meter.close()


def _hand_in(engine: Engine, writer: LedgerWriter, lesson: Lesson, left: list[str]) -> None:
    """In the transaction of the decisions: the lesson is done, or what is left of it waits."""
    standing = writer.lesson(lesson.number)
    if standing is None or standing.holder != _holder(engine):
        raise TakenError("another process took this lesson over; nothing was decided here")
    if left:
        writer.put_lesson(
            replace(lesson, turns=tuple(left), holder=None, due_at=engine.clock(), attempts=0, error=None)
        )
    else:
        writer.drop_lesson(lesson.number)


def _finish(engine: Engine, lesson: Lesson) -> None:
    with suppress(TakenError), engine.ledger.writing() as writer:
        _hand_in(engine, writer, lesson, [])


def _put_back(engine: Engine, lesson: Lesson, error: str, due: datetime | None, attempts: int | None = None) -> None:
    """Not done: to be tried when it is due, or never by itself when ``due`` is None."""
    with engine.ledger.writing() as writer:
        standing = writer.lesson(lesson.number)
        if standing is None or standing.holder != _holder(engine):
            return
        writer.put_lesson(
            replace(
                lesson, holder=None, error=error, failed=due is None, due_at=due or engine.clock(),
                attempts=lesson.attempts if attempts is None else attempts,
            )
        )  # fmt: skip


@contextmanager
def _held(engine: Engine, lesson: Lesson) -> Generator[None]:
    """Show signs of life for as long as the lesson is worked on."""
    done = threading.Event()
    signs = threading.Thread(target=_show_life, args=(engine, lesson, done), name="agentmem-lease", daemon=True)
    signs.start()
    try:
        yield
    finally:
        done.set()


def _show_life(engine: Engine, lesson: Lesson, done: threading.Event) -> None:
    while not done.wait(_SIGN) and not engine.background.stopped:
        with suppress(StoreError), engine.ledger.writing() as writer:
            standing = writer.lesson(lesson.number)
            if standing is None or standing.holder != _holder(engine):
                return
            writer.put_lesson(replace(standing, due_at=engine.clock() + LEASE))


def _pause(engine: Engine) -> float | None:
    """Seconds until the next lesson may be due; None when nothing waits."""
    with engine.ledger.reading() as reader:
        lessons = [lesson for tenant in sorted(engine.taught) for lesson in reader.lessons(tenant, limit=100)]
        waiting = any(reader.waiting_lessons(tenant)[0] for tenant in engine.taught)
    if not waiting:
        return None
    soonest = min((lesson.due_at for lesson in lessons if not lesson.failed), default=engine.clock() + LEASE)
    return max(0.05, (soonest - engine.clock()).total_seconds())


def _shown(lesson: Lesson) -> WaitingLesson:
    return WaitingLesson(
        number=lesson.number,
        scope=lesson.scope,
        turns=len(lesson.turns),
        queued_at=lesson.queued_at,
        due_at=lesson.due_at,
        attempts=lesson.attempts,
        failed=lesson.failed,
        error=lesson.error,
    )

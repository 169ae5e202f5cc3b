"""What waits to be learnt: one worker a process takes what can be learnt together, works on it, and hands in what it decided.

Handing in decisions and ending the lessons that they are of is one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from agentmem_core.engine.asking import walk
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.learner import Learner
from agentmem_core.engine.learning.holding import LEASE, TakenError, give_back, held, require_held, take
from agentmem_core.engine.learning.meter import Meter, SpentError, tomorrow
from agentmem_core.engine.learning.studying import study
from agentmem_core.engine.learning.turns import records_of, unlearnt, window_of
from agentmem_core.model import Scope
from agentmem_core.model.learning import LearningQueue, WaitingLesson
from agentmem_core.ports import LedgerWriter, Lesson

ATTEMPTS = 5
_PAUSES = (1.0, 4.0, 16.0, 60.0)
"""Seconds before another attempt."""

_SHOWN = 100
"""As many of the oldest lessons are told one by one."""

_AT_ONCE = 500


def wake(engine: Engine, tenant: str) -> None:
    """Let the background work off what waits for a tenant, where there is somebody to learn."""
    if engine.learner is not None:
        engine.taught.add(tenant)
        engine.background.wake(partial(work, engine, engine.learner))


def work(engine: Engine, learner: Learner) -> float | None:
    """Learn from what can be learnt together; answers in how many seconds to look again."""
    lessons = take(engine)
    if not lessons:
        return _pause(engine)
    with held(engine, lessons):
        do(engine, learner, lessons)
    return 0.0


def queue_of(engine: Engine, scope: Scope, *, everyone: bool) -> LearningQueue:
    """What waits for a user, or for all of a tenant."""
    user_id = None if everyone else scope.user_id
    with engine.ledger.reading() as reader:
        waiting, failed = reader.waiting_lessons(scope.tenant, user_id)
        deferred = reader.deferred_lessons(scope.tenant, user_id, until=engine.clock() + timedelta(minutes=5))
        shown = reader.lessons(scope.tenant, user_id, limit=_SHOWN)
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
        waiting=waiting,
        deferred=deferred,
        failed=failed,
        learning=engine.learner is not None,
        lessons=tuple(_shown(lesson) for lesson in shown),
        warnings=tuple(warnings),
    )


def try_again(engine: Engine, scope: Scope, *, everyone: bool) -> None:
    """What has failed is due again."""
    now, user_id, after = engine.clock(), None if everyone else scope.user_id, 0
    with engine.writing() as writer:
        while found := writer.lessons(scope.tenant, user_id, failed=True, after=after, limit=_AT_ONCE):
            for lesson in found:
                writer.put_lesson(replace(lesson, failed=False, attempts=0, due_at=now, holder=None))
            after = found[-1].number


def do(engine: Engine, learner: Learner, lessons: Sequence[Lesson]) -> None:
    """Learn from the turns of lessons of one session in one go, or say of the first why it could not be done."""
    first = lessons[0]
    meter = Meter(engine, first.scope.tenant, learner.budget)
    try:
        turns = [turn for lesson in lessons for turn in lesson.turns]
        with engine.ledger.reading() as reader:
            records = unlearnt(reader, records_of(engine, reader, first.scope, turns))
            window = window_of(reader, records) if records else None
        rows = () if window is None else window.rows
        left = {record.memory.id for record in records if record.row not in rows}
        if window is None:
            with engine.ledger.writing() as writer:
                _hand_in(engine, writer, lessons, left)
            return
        within = partial(_hand_in, engine, lessons=lessons, left=left)
        walk(study(engine, learner, window, meter, within), learner.model)
    except TakenError:
        give_back(engine, _untried(engine, [replace(first, attempts=first.attempts - 1), *lessons[1:]]))
    except Exception as error:  # noqa: BLE001 - what a model does has no bounds; the lesson says what it was
        _put_back(engine, lessons, error)
    finally:
        meter.close()


def _hand_in(engine: Engine, writer: LedgerWriter, lessons: Sequence[Lesson], left: set[str]) -> None:
    """In the transaction of the decisions: lessons are done, or what is left of them waits."""
    require_held(engine, writer, lessons)
    for lesson in lessons:
        turns = tuple(turn for turn in lesson.turns if turn in left)
        if turns:
            writer.put_lesson(replace(lesson, turns=turns, holder=None, due_at=engine.clock(), attempts=0, error=None))
        else:
            writer.drop_lesson(lesson.number)


def _put_back(engine: Engine, lessons: Sequence[Lesson], error: Exception) -> None:
    """Not done: the first says why, and when it is tried again; alone, since it may be another that cannot be learnt."""
    first, fellows = lessons[0], lessons[1:]
    due: datetime | None
    if isinstance(error, SpentError):
        told, due, attempts = str(error), None, first.attempts
        if fellows:
            due = engine.clock()  # there may be room for one
        elif error.daily:
            due, attempts = tomorrow(engine.clock()), first.attempts - 1
    else:
        told, attempts = f"{type(error).__name__}: {str(error)[:500]}", first.attempts
        pause = timedelta(seconds=_PAUSES[min(attempts, len(_PAUSES)) - 1])
        due = engine.clock() + pause if attempts < ATTEMPTS else None
    tried = replace(first, error=told, failed=due is None, due_at=due or engine.clock(), attempts=attempts)
    give_back(engine, [tried, *_untried(engine, fellows)])


def _untried(engine: Engine, lessons: Sequence[Lesson]) -> list[Lesson]:
    """As they were before they were taken along."""
    return [replace(lesson, due_at=engine.clock()) for lesson in lessons]


def _pause(engine: Engine) -> float | None:
    """Seconds until the next lesson may be due; None when nothing waits."""
    with engine.ledger.reading() as reader:
        lessons = [
            lesson for tenant in sorted(engine.taught) for lesson in reader.lessons(tenant, failed=False, limit=100)
        ]
        waiting = any(reader.waiting_lessons(tenant)[0] for tenant in engine.taught)
    if not waiting:
        return None
    soonest = min((lesson.due_at for lesson in lessons), default=engine.clock() + LEASE)
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

"""Add and learn, learn from what is stored, and see to what waits."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from agentmem_core.engine.adding import add
from agentmem_core.engine.asking import Steps
from agentmem_core.engine.drafting import draft
from agentmem_core.engine.engine import Engine, exists
from agentmem_core.engine.learner import Learner
from agentmem_core.engine.learning.meter import Meter, SpentError
from agentmem_core.engine.learning.queue import queue_of, try_again, wake
from agentmem_core.engine.learning.studying import study
from agentmem_core.engine.learning.turns import (
    Window,
    next_turns,
    records_of,
    scope_of_facts,
    unlearnt,
    window_of,
)
from agentmem_core.engine.reading import read_cursor, write_cursor
from agentmem_core.errors import AgentMemError, InvalidInputError, ModelError, NotConfiguredError, StoreClosedError
from agentmem_core.learning.windows import is_heard
from agentmem_core.model import Added, AddedItem, AddOutcome, Memory, MemoryType, Scope
from agentmem_core.model.learning import Action, Decision, Learned, LearningQueue
from agentmem_core.operations import MEMORIES, Add, FlushLearning, Learn, NewMemory
from agentmem_core.ports import LedgerReader, LedgerWriter, Lesson
from agentmem_core.recall.lifecycle import same_saying

logger = logging.getLogger("agentmem_core.learning")
_ORDER = "turns"


def add_and_learn(engine: Engine, op: Add) -> Added | Steps[Added]:
    """What is given is committed first, as it is without learning: nothing that comes afterwards can lose it."""
    if op.infer is False:
        return add(engine, op)
    learner = _require_learner(engine, f"infer={op.infer!r}")
    if op.collection != MEMORIES:
        raise InvalidInputError(f"infer: facts are learnt into {MEMORIES!r}; leave out collection={op.collection!r}")
    given = _Given(engine, op)
    if op.infer == "background":
        return _queued(engine, learner, given)
    return _learning(engine, learner, given)


def learn(engine: Engine, op: Learn) -> Steps[Learned]:
    """One window of the turns that are stored and were not learnt from."""
    learner = _require_learner(engine, "learn()")
    return _next_window(engine, learner, op)


def flush_learning(engine: Engine, op: FlushLearning) -> LearningQueue:
    """Wakes the worker of this process, and tells how far it is."""
    if op.retry:
        try_again(engine, op.scope, everyone=op.everyone)
    queue = queue_of(engine, op.scope, everyone=op.everyone)
    if queue.waiting:
        wake(engine, op.scope.tenant)
    return queue


def _require_learner(engine: Engine, what: str) -> Learner:
    if engine.learner is None:
        raise NotConfiguredError(
            f'{what} needs a model or rules that learn: open AgentMem with llm= (or AGENTMEM_LLM), or with learner="rules" (or '
            "AGENTMEM_LEARNER=rules), which needs no model; a server is started with these variables. Without infer, add keeps "
            "what you give verbatim"
        )
    return engine.learner


class _Given:
    """What an add brings: plain texts without a type are turns of the user, unless a fact says the same already."""

    def __init__(self, engine: Engine, op: Add) -> None:
        self.known: dict[int, Memory] = {}
        self.items: list[NewMemory] = []
        with engine.ledger.reading() as reader:
            for place, item in enumerate(op.items):
                plain = item.role is None and item.type is None
                known = _known_fact(engine, reader, item, op.scope) if plain and item.id is None else None
                if known is not None:
                    self.known[place] = known
                else:
                    self.items.append(item.model_copy(update={"role": "user"}) if plain else item)
        self.op = op.model_copy(update={"items": tuple(self.items), "infer": False})

    def answer(self, added: Added) -> Added:
        """The answer of the add with those that were known in their places."""
        rest = iter(added.items)
        items = [
            AddedItem(outcome=AddOutcome.KNOWN, memory=self.known[place], routed="known as a fact")
            if place in self.known
            else next(rest)
            for place in range(len(self.known) + len(added.items))
        ]
        return added.model_copy(update={"items": tuple(items)})

    def decisions(self) -> tuple[Decision, ...]:
        """About those that were known."""
        return tuple(
            Decision(action=Action.NONE, fact=memory.content, reason=f"known already: {memory.id}", memory=memory)
            for memory in self.known.values()
        )


def _known_fact(engine: Engine, reader: LedgerReader, item: NewMemory, scope: Scope) -> Memory | None:
    """The fact that a text repeats: recalled facts that are told again are nothing new."""
    now = engine.clock()
    drafted = draft(item, scope, MEMORIES, now, MemoryType.SEMANTIC)
    own = drafted.memory.scope
    partition = reader.partition(own.tenant, MEMORIES, own.user_id)
    for place in dict.fromkeys((scope_of_facts(own), own)) if partition is not None else ():
        again = draft(
            item.model_copy(update={"user_id": None, "agent_id": None, "session_id": None}),
            place, MEMORIES, now, MemoryType.SEMANTIC,
        )  # fmt: skip
        found = reader.by_digest(partition.id, again.record.digest or b"") if partition is not None else None
        if found is not None and exists(found, now) and found.memory.valid_to is None:
            return found.memory if same_saying(found.memory.content) == same_saying(item.content) else None
    return None


def _queued(engine: Engine, learner: Learner, given: _Given) -> Added:
    """The turns and the lesson that they are, in one transaction."""
    learned = Learned(decisions=given.decisions(), learner=learner.name)
    if not given.items:
        return given.answer(Added()).model_copy(update={"learned": learned})
    queued: list[str] = []

    def queue(writer: LedgerWriter, memories: Sequence[Memory]) -> None:
        now = engine.clock()
        for scope, ids in _by_scope(memories).items():
            turns = tuple(record.memory.id for record in unlearnt(writer, records_of(engine, writer, scope, ids)))
            queued.extend(turns)
            if turns:
                writer.put_lesson(Lesson(scope, turns, queued_at=now, due_at=now))

    added = add(engine, given.op, queue)
    wake(engine, given.op.scope.tenant)
    learned = learned.model_copy(update={"queued": bool(queued), "left": len(queued)})
    return given.answer(added).model_copy(update={"learned": learned})


def _learning(engine: Engine, learner: Learner, given: _Given) -> Steps[Added]:
    started = time.perf_counter()
    added = add(engine, given.op) if given.items else Added()
    learned = Learned(decisions=given.decisions(), learner=learner.name)
    begun = time.perf_counter()
    if given.items:
        meter = Meter(engine, given.op.scope.tenant, learner.budget)
        try:
            learned += yield from _from_added(engine, learner, added, meter)
        finally:
            meter.close()
        learned = learned.model_copy(update={"usage": meter.spent})
    learned = learned.model_copy(update={"seconds": time.perf_counter() - begun})
    logger.debug("added in %.4f s, learnt in %.4f s", begun - started, learned.seconds)
    return given.answer(added).model_copy(update={"learned": learned})


def _from_added(engine: Engine, learner: Learner, added: Added, meter: Meter) -> Steps[Learned]:
    """What was added, as far as it is read at once: one call that extracts and one that decides are all there are."""
    learned = Learned(learner=learner.name)
    left = 0
    for scope, ids in _by_scope(added.memories).items():
        with engine.ledger.reading() as reader:
            records = unlearnt(reader, records_of(engine, reader, scope, ids))
            window = window_of(reader, records) if records else None
        if window is None:
            continue
        learned += yield from _read(engine, learner, window, meter)
        left += learned.left + len(records) - len(window.rows)
    told = (f"{left} turns were not read; learn() reads them",) if left and not learned.warnings else ()
    return learned.model_copy(update={"left": left, "warnings": learned.warnings + told})


def _by_scope(memories: Sequence[Memory]) -> dict[Scope, list[str]]:
    """The ids of those that something may be learnt from, by their scope."""
    found: dict[Scope, list[str]] = {}
    for memory in memories:
        if memory.role is None or is_heard(memory):
            found.setdefault(memory.scope, []).append(memory.id)
    return found


def _read(engine: Engine, learner: Learner, window: Window, meter: Meter) -> Steps[Learned]:
    """A window; whatever goes wrong is a warning, since the turns are kept."""
    count = len(window.turns)
    try:
        studied = yield from study(engine, learner, window, meter)
    except StoreClosedError:
        raise
    except SpentError as error:
        return Learned(warnings=(str(error),), left=count)
    except AgentMemError as error:
        return Learned(warnings=(_unlearnt(count, error),), left=count)
    except Exception as error:  # what a model, an embedder or an extractor raises must not look as if nothing was added
        logger.exception("learning failed")
        return Learned(warnings=(_unlearnt(count, error),), left=count)
    return Learned(decisions=tuple(studied.decisions), warnings=tuple(studied.warnings), read=count)


def _unlearnt(count: int, error: Exception) -> str:
    kind = "" if isinstance(error, ModelError) else f"{type(error).__name__}: "
    return f"nothing was learnt from {count} turns ({kind}{error}); they are kept, and learn() tries again"


def _next_window(engine: Engine, learner: Learner, op: Learn) -> Steps[Learned]:
    started = time.perf_counter()
    after = None if op.cursor is None else read_cursor(op.cursor, _ORDER)
    with engine.ledger.reading() as reader:
        found, ended = next_turns(engine, reader, op.scope, after, again=op.again, since=op.since)
        window = window_of(reader, found) if found else None
    if window is None:
        return Learned(learner=learner.name)
    meter = Meter(engine, op.scope.tenant, learner.budget)
    try:
        learned = yield from _read(engine, learner, window, meter)
    finally:
        meter.close()
    more = len(found) > len(window.rows) or not ended
    cursor = write_cursor(window.rows[-1], _ORDER) if more and not learned.left else None
    left = len(found) if learned.left else 0
    return learned.model_copy(
        update={
            "seconds": time.perf_counter() - started, "usage": meter.spent, "cursor": cursor, "left": left,
            "learner": learner.name,
        }
    )  # fmt: skip

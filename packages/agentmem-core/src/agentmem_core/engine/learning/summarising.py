"""Long sessions in a few sentences: one semantic memory for each, which is told anew when the session has grown."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from agentmem_core.engine.adding import add
from agentmem_core.engine.asking import Steps
from agentmem_core.engine.engine import Engine, exists
from agentmem_core.engine.evidence import SUMMARISES
from agentmem_core.engine.learner import Learner, model_name
from agentmem_core.engine.learning.candidates import SUMMARY
from agentmem_core.engine.learning.meter import Meter, SpentError
from agentmem_core.engine.learning.turns import scope_of_facts
from agentmem_core.engine.maintaining import maintain, scopes_of
from agentmem_core.engine.reading import every
from agentmem_core.errors import AgentMemError, ConflictError, NotConfiguredError
from agentmem_core.learning.answers import read_summary
from agentmem_core.learning.prompts import summarising
from agentmem_core.learning.windows import fitting, is_heard, turn_of
from agentmem_core.model import Link, Memory, MemoryType, Scope
from agentmem_core.model.agents import Maintained, Upkeep, UpkeepStep
from agentmem_core.model.usage import Usage
from agentmem_core.operations import MEMORIES, Add, Maintain, NewMemory, build
from agentmem_core.ports import LedgerWriter

LONG = 20
"""Turns from which on a session is summarised, and summarised anew."""


@dataclass(frozen=True, slots=True)
class _Session:
    """A session with more turns than its summary covers; ``summary`` is the one that stands."""

    scope: Scope
    turns: tuple[Memory, ...]
    new: tuple[Memory, ...]
    summary: Memory | None

    @property
    def id(self) -> str:
        """The id of its summary, always the same."""
        name = "\x00".join((self.scope.agent_id or "", self.scope.session_id or ""))
        return f"summary-{blake2b(name.encode(), digest_size=12).hexdigest()}"


def maintain_and_summarise(engine: Engine, op: Maintain) -> Maintained | Steps[Maintained]:
    """What maintenance always does, and summaries where they are asked for."""
    if not op.summarise:
        return maintain(engine, op)
    learner = engine.learner
    if learner is None or learner.model is None:
        raise NotConfiguredError(
            "summarise=True needs a model: open AgentMem with llm= (or AGENTMEM_LLM, with which a server is started), or leave "
            "summarise out"
        )
    return _summarised(engine, learner, op)


def _summarised(engine: Engine, learner: Learner, op: Maintain) -> Steps[Maintained]:
    done = maintain(engine, op)
    steps = list(done.steps)
    warnings: list[str] = []
    usage = Usage()
    for scope in scopes_of(engine, op):
        for session in _long_sessions(engine, scope):
            if op.dry_run:
                steps.append(_step(session, len(session.new)))
                continue
            meter = Meter(engine, scope.tenant, learner.budget)
            try:
                read = yield from _summarise(engine, learner, session, meter)
                steps.append(_step(session, read))
            except SpentError as error:
                return done.model_copy(
                    update={"steps": tuple(steps), "warnings": (*warnings, str(error)), "usage": usage + meter.spent}
                )
            except AgentMemError as error:
                warnings.append(f"session {session.scope.session_id!r} was not summarised: {error}")
            finally:
                meter.close()
            usage += meter.spent
    return done.model_copy(update={"steps": tuple(steps), "warnings": tuple(warnings), "usage": usage})


def _long_sessions(engine: Engine, scope: Scope) -> list[_Session]:
    """Those of a user that have grown by enough turns since they were summarised."""
    now = engine.clock()
    turns: dict[Scope, list[Memory]] = defaultdict(list)
    found: list[_Session] = []
    with engine.ledger.reading() as reader:
        for record in every(reader, scope, types=(MemoryType.EPISODIC,), now=now):
            if record.memory.scope.session_id is not None and is_heard(record.memory):
                turns[record.memory.scope].append(record.memory)
        partition = reader.partition(scope.tenant, MEMORIES, scope.user_id)
        for place, said in turns.items():
            session = _Session(place, tuple(said), tuple(said), None)
            standing = reader.by_id(partition.id, session.id) if partition is not None else None
            if standing is not None and exists(standing, now):
                session = _Session(place, session.turns, _since(said, standing.memory), standing.memory)
            if len(session.new) >= LONG:
                found.append(session)
    return found


def _since(turns: Sequence[Memory], summary: Memory) -> tuple[Memory, ...]:
    """The turns that came after the last one that the summary covers; ids of turns ascend with time."""
    covered = set(summary.source)
    return tuple(turn for turn in turns if turn.id not in covered)


def _summarise(engine: Engine, learner: Learner, session: _Session, meter: Meter) -> Steps[int]:
    """One summary of what stood in the last one and of the next turns; answers how many those are."""
    turns = [turn_of(memory) for memory in session.new]
    turns = turns[: fitting(turns)]
    before = None if session.summary is None else session.summary.content
    question = summarising(turns, before, secrets.token_hex(8))
    text = yield from meter.ask(question)
    summary = read_summary(text)
    sources = (*(() if session.summary is None else session.summary.source), *(turn.id for turn in turns))
    scope = scope_of_facts(session.scope)
    metadata = {"kind": SUMMARY, "session": session.scope.session_id, "learner": "model", "prompt": question.name}
    if learner.model is not None:
        metadata["model"] = model_name(learner.model)
    item = build(
        NewMemory,
        id=session.id,
        content=summary,
        type=MemoryType.SEMANTIC,
        metadata=metadata,
        source=sources,
        occurred_at=turns[-1].said_at,
    )

    def link(writer: LedgerWriter, memories: Sequence[Memory]) -> None:
        if session.summary is not None and memories[0].version != session.summary.version + 1:
            raise ConflictError(
                "the last summary was changed or erased while the next was made of it; nothing was written"
            )
        partition = writer.partition(scope.tenant, MEMORIES, scope.user_id)
        for turn in turns:
            record = writer.by_id(partition.id, turn.id) if partition is not None else None
            if record is None or partition is None or record.deleted_at is not None:
                raise ConflictError("turns were deleted while it was summarised; nothing was written")
            begins = memories[0].created_at
            writer.link(partition.id, Link(source=session.id, relation=SUMMARISES, target=turn.id, valid_from=begins))
        meter.settle(writer)

    add(engine, build(Add, scope=scope, items=(item,), on_conflict="replace"), link)
    return len(turns)


def _step(session: _Session, read: int) -> UpkeepStep:
    anew = "" if session.summary is None else " more"
    return UpkeepStep(
        action=Upkeep.SUMMARISE,
        id=session.id,
        user_id=session.scope.user_id,
        reason=f"session {session.scope.session_id!r}: {read}{anew} turns",
    )

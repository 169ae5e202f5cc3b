"""Reading one window of turns: extract, compare, decide, and apply all of it in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agentmem_core.engine.asking import Steps
from agentmem_core.engine.drafting import draft, embedded, require_same_space, space_for, with_words
from agentmem_core.engine.engine import Engine
from agentmem_core.engine.learner import Learner, model_name
from agentmem_core.engine.learning.applying import Applying, Item
from agentmem_core.engine.learning.candidates import known_about, near_ids
from agentmem_core.engine.learning.meter import Meter
from agentmem_core.engine.learning.turns import Window
from agentmem_core.errors import ModelError
from agentmem_core.learning.answers import read_decisions, read_facts
from agentmem_core.learning.deciding import Known, Open, Stated, in_order, says, settle
from agentmem_core.learning.prompts import deciding, extracting
from agentmem_core.learning.prompts.rendering import SPEAKER, is_person, is_work, task_of
from agentmem_core.learning.values import Fact, Turn
from agentmem_core.model import MemoryType
from agentmem_core.model.learning import Decision
from agentmem_core.operations import MEMORIES, NewMemory, build
from agentmem_core.ports import Collection, Fingerprint, LedgerWriter, Partition, Record

Within = Callable[[LedgerWriter], object]
"""What is done in the transaction of the decisions, before them; it may raise, and then nothing is done."""

_QUESTION_ROOM = 12
"""Facts that a model is asked about at once; about the others rules decide, as well as they can."""


@dataclass(slots=True)
class Studied:
    """What became of a window."""

    decisions: list[Decision]
    warnings: list[str]


def study(
    engine: Engine, learner: Learner, window: Window, meter: Meter, within: Within | None = None
) -> Steps[Studied]:
    """All or nothing: what fails is raised, and then no decision was applied."""
    facts, warnings, prompt = yield from _extracted(learner, window, meter)
    said = {turn.id: turn.said_at for turn in window.turns}
    order = {turn.id: place for place, turn in enumerate(window.turns)}
    facts = sorted(facts, key=lambda fact: max((order.get(turn, 0) for turn in fact.turns), default=0))
    told_at = [max((said[turn] for turn in fact.turns if turn in said), default=engine.clock()) for fact in facts]
    reading = _Reading(engine, learner, window, prompt)
    items = reading.items(in_order(facts, told_at))
    if learner.model is not None:
        warnings += yield from reading.judged(items, meter)
    decisions = reading.apply(items, meter, within, warnings)
    return Studied(decisions, warnings)


def _extracted(learner: Learner, window: Window, meter: Meter) -> Steps[tuple[list[Fact], list[str], str]]:
    """The facts that the turns state, warnings, and the name of the prompt that they were asked for with."""
    if learner.model is None:
        return _by_rules(learner, window), [], ""
    question = extracting(window.turns, window.earlier, secrets.token_hex(8))
    text = yield from meter.ask(question)
    answered = read_facts(text, window.turns)
    return answered.facts, answered.warnings, question.name


def _by_rules(learner: Learner, window: Window) -> list[Fact]:
    """Each speaker's own turns, since "I" is somebody else in those of others."""
    if learner.rules is None:
        return []
    extract = learner.rules()
    heard = [said for turn in window.turns if (said := _own_words(turn)) is not None]
    own = {turn.id for turn in window.turns}
    facts: list[Fact] = []
    for name in dict.fromkeys(turn.name for turn in heard):
        turns = [turn for turn in heard if turn.name == name]
        facts += [
            fact.model_copy(update={"turns": tuple(turn for turn in fact.turns if turn in own) or (turns[-1].id,)})
            for fact in extract(turns, about=name or SPEAKER)
        ]
    return facts


def _own_words(turn: Turn) -> Turn | None:
    """What a person says: their turn, or the task that they gave to an agent; None when there is nothing of it."""
    if is_work(turn.role):
        task = task_of(turn.content)
        return turn.model_copy(update={"role": "user", "content": task, "name": None}) if task.strip() else None
    return turn if is_person(turn.role) else None


@dataclass(slots=True)
class _Reading:
    engine: Engine
    learner: Learner
    window: Window
    prompt: str
    stored: Collection | None = None
    space: Fingerprint | None = None

    def items(self, stated: Sequence[Stated]) -> list[Item]:
        """The facts with what they are compared by: their words and vectors, and what is near them."""
        with self.engine.ledger.reading() as reader:
            self.stored = reader.collection(self.window.scope.tenant, MEMORIES)
        records = self._embedded([self._record(item) for item in stated])
        return [
            Item(item, record, () if self.learner.model is None else near_ids(self.engine, self.window.scope, record))
            for item, record in zip(stated, records, strict=True)
        ]

    def judged(self, items: Sequence[Item], meter: Meter) -> Steps[list[str]]:
        """Ask about what rules cannot settle, once; when that fails, rules do what is safe: nothing that stands is changed."""
        open_ = self._open(items)
        if not open_:
            return []
        said = {turn.id: turn for turn in self.window.turns}
        shown = [(item.stated.fact, said.get(item.stated.fact.turns[0]), item.asked) for item in open_]
        try:
            text = yield from meter.ask(deciding(shown, secrets.token_hex(8)))
            verdicts = read_decisions(text, [(item.stated, item.asked) for item in open_])
        except ModelError as error:
            return [f"the model could not decide ({error}); rules decided, and changed nothing that was known"]
        for place, verdict in verdicts.items():
            open_[place].verdict = verdict
        retold = [item for item in open_ if item.verdict is not None and item.verdict.text]
        anew = [_retold(item) for item in retold]
        for item, record in zip(retold, self._embedded(anew), strict=True):
            item.retold = record
        missing = len(open_) - len(verdicts)
        return [f"the model did not decide on {missing} of {len(open_)} facts; rules did"] if missing else []

    def apply(self, items: Sequence[Item], meter: Meter, within: Within | None, warnings: list[str]) -> list[Decision]:
        engine, scope = self.engine, self.window.scope
        partition: Partition | None = None
        decisions: list[Decision] = []
        with engine.writing() as writer:
            if within is not None:
                within(writer)
            skipped: set[str] = set()
            if items and self.space is not None:
                require_same_space(writer, scope.tenant, MEMORIES, self.stored)
                applying = Applying(
                    engine, writer, self.window, self.space, engine.clock(), trusting=self.learner.model is None
                )
                for item in items:
                    decision = applying.decide(item)
                    if decision is None:
                        skipped.update(item.stated.fact.turns)
                    else:
                        decisions.append(decision)
                partition = applying.partition
                warnings += dict.fromkeys(applying.warnings)
            rows = zip(self.window.rows, self.window.turns, strict=True)
            writer.mark_learnt([row for row, turn in rows if turn.id not in skipped])
            meter.settle(writer)
        if partition is not None and engine.views.is_large(partition):
            engine.follower.note(partition)
        return decisions

    def _open(self, items: Sequence[Item]) -> list[Item]:
        """The facts that rules cannot settle, with what they are compared with."""
        scope, now = self.window.scope, self.engine.clock()
        found: list[Item] = []
        with self.engine.ledger.reading() as reader:
            partition = reader.partition(scope.tenant, MEMORIES, scope.user_id)
            again = bool(reader.learnt(self.window.rows))
            for item in items:
                if partition is None:
                    break
                known = known_about(reader, partition, scope, item.stated, item.record, item.near, now, again=again)
                settled = settle(item.stated, known, trusting=False)
                item.near = tuple(memory.id for memory in known if memory.near and says(item.stated, memory))
                if isinstance(settled, Open) and len(found) < _QUESTION_ROOM:
                    item.asked = _nearest(settled.about)
                    item.near = tuple(memory.id for memory in item.asked)
                    found.append(item)
        return found

    def _record(self, stated: Stated) -> Record:
        fact = stated.fact
        triple = {name: value for name in ("subject", "predicate", "object") if (value := getattr(fact, name))}
        made_by = {"learner": "rules"}
        if self.learner.model is not None:
            made_by = {"learner": "model", "model": model_name(self.learner.model), "prompt": self.prompt}
        item = build(
            NewMemory,
            content=fact.text,
            type=MemoryType.SEMANTIC,
            metadata={**triple, "confidence": fact.confidence, **made_by},
            entities=tuple(dict.fromkeys(name for name in (fact.subject, fact.object) if name)),
            source=fact.turns,
            occurred_at=fact.occurred_at or stated.said_at,
            valid_from=stated.since,
        )
        return draft(item, self.window.scope, MEMORIES, self.engine.clock(), MemoryType.SEMANTIC).record

    def _embedded(self, records: Sequence[Record]) -> list[Record]:
        if not records:
            return []
        space = space_for(self.engine, records, MEMORIES, self.stored.embedder if self.stored else None)
        made = embedded(self.engine, records, space, MEMORIES)
        self.space = replace(space, dimension=len(made[0].vector or b"") // 4)
        return made


def _nearest(known: Sequence[Known]) -> tuple[Known, ...]:
    """What a model is shown: of one kind first, then what is near."""
    return tuple(sorted(known, key=lambda item: item.near)[:6])


def _retold(item: Item) -> Record:
    """The record of a fact with the text that a model gave it."""
    text = item.verdict.text if item.verdict is not None and item.verdict.text else item.record.memory.content
    memory = item.record.memory.model_copy(update={"content": text})
    return with_words(replace(item.record.with_memory(content=text), memory=memory, vector=None, digest=None))

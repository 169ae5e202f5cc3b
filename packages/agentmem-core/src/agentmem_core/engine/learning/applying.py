"""Decisions carried out, all in one transaction, each on what stands then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from agentmem_core.engine.adding import Adding
from agentmem_core.engine.changing import alter, next_version, retire
from agentmem_core.engine.drafting import Draft, digest_of
from agentmem_core.engine.engine import Engine, exists
from agentmem_core.engine.evidence import ENDED_IN, RETOLD_IN, STATED_IN, ended_before, note, told_of
from agentmem_core.engine.facts import Triple, end, links_of, state, supersede
from agentmem_core.engine.learning.candidates import known_about
from agentmem_core.engine.learning.turns import Window
from agentmem_core.engine.maintaining import hand_over
from agentmem_core.learning.deciding import Known, Open, Settled, Stated, says, settle
from agentmem_core.model import Memory
from agentmem_core.model.learning import Action, Decision
from agentmem_core.operations import MEMORIES, Add
from agentmem_core.ports import Fingerprint, LedgerWriter, Partition, Record
from agentmem_core.recall.lifecycle import merged_fields, same_saying


@dataclass(slots=True)
class Item:
    """A fact on its way in: as it was stated, as it would be stored, and what a model said is to be done.

    ``asked`` is what the model was shown, ``retold`` the record that its new text makes.
    """

    stated: Stated
    record: Record
    near: tuple[str, ...] = ()
    verdict: Settled | None = None
    asked: tuple[Known, ...] = ()
    retold: Record | None = None


@dataclass
class Applying:
    """One transaction's decisions."""

    engine: Engine
    writer: LedgerWriter
    window: Window
    space: Fingerprint
    now: datetime
    trusting: bool
    warnings: list[str] = field(default_factory=list)
    written: defaultdict[tuple[str, ...], list[str]] = field(default_factory=lambda: defaultdict(list))
    """The ids of what was learnt just now, by what it says: the links of its triple find the rest."""
    fresh: set[str] = field(default_factory=set)
    """All of those ids."""

    def __post_init__(self) -> None:
        """The user's part of the collection, made if there is none, and whether any of the turns was read before."""
        scope = self.window.scope
        self.again = bool(self.writer.learnt(self.window.rows))
        self.partition: Partition = self.writer.ensure_partition(scope.tenant, MEMORIES, scope.user_id, self.space)

    def decide(self, item: Item) -> Decision | None:
        """What is done about one fact; None when its turns are gone, or what it was compared with has changed."""
        living = [self._living(memory_id) for memory_id in item.stated.fact.turns]
        told = [record.memory for record in living if record is not None]
        if not told:
            self.warnings.append("the turns of a fact were deleted while it was learnt; it was not kept")
            return None
        turns = [turn.id for turn in told]
        known = known_about(
            self.writer, self.partition, self.window.scope, item.stated, item.record, item.near, self.now,
            self.written.get(same_saying(item.stated.fact.text), ()), again=self.again,
        )  # fmt: skip
        ruled = settle(item.stated, [one for one in known if not self._later(item.stated, one)], trusting=self.trusting)
        settled = self._of_model(item, ruled) if isinstance(ruled, Open) else ruled
        if settled is None:
            return None
        if settled.text is not None and item.retold is not None and None in living:
            self.warnings.append(
                "some of the turns that a memory was told anew from were deleted meanwhile; it was left as it is, learn() looks at the "
                "others again"
            )
            return None
        if settled.action is not Action.NONE and settled.rewritten is None:
            read = self._read_before(item.stated, known, told)
            settled = settled if read is None else Settled(Action.NONE, f"read before: {read}", stands=read)
        memory, changed = self._do(item, settled, turns)
        self._note(item, settled, memory, told, {one.id: one.until for one in known})
        return Decision(
            action=settled.action,
            fact=item.stated.fact.text,
            reason=settled.reason,
            by=settled.by,
            memory=memory,
            changed=tuple(dict.fromkeys(changed)),
            turns=tuple(turns),
            confidence=item.stated.fact.confidence,
        )

    def _read_before(self, stated: Stated, known: Sequence[Known], turns: Sequence[Memory]) -> str | None:
        """The memory that these turns taught, told again or ended when they were read before, as they stand."""
        for item in known:
            if not says(stated, item) or item.id in self.fresh:
                continue
            record = self._standing(item.id)
            told = told_of(self.writer, self.partition.id, record.memory)
            before = told[ENDED_IN] if stated.fact.retracted else {*record.memory.source, *told[STATED_IN]}
            if any(turn.id in before and turn.updated_at <= record.memory.updated_at for turn in turns):
                return item.id
        return None

    def _later(self, stated: Stated, item: Known) -> bool:
        """Whether a memory that a fact retracts was told after that: it is another stretch of time that it ends."""
        if not stated.fact.retracted or item.since <= stated.said_at or not says(stated, item):
            return False
        sources = [self._living(memory_id) for memory_id in self._standing(item.id).memory.source]
        said = [record.memory.occurred_at for record in sources if record is not None]
        return bool(said) and min(said) > stated.said_at

    def _note(
        self,
        item: Item,
        settled: Settled,
        memory: Memory | None,
        turns: Sequence[Memory],
        untils: Mapping[str, datetime | None],
    ) -> None:
        """Which turns told of a memory that was known, and how; ``untils`` are the ends that memories had before."""
        writer, partition = self.writer, self.partition.id
        for memory_id in settled.ends:
            before = ended_before(untils.get(memory_id))
            note(writer, partition, self._standing(memory_id).memory, ENDED_IN, turns, **before)
        if settled.rewritten is not None and memory is not None:
            retold = item.retold is not None and settled.text is not None
            note(writer, partition, memory, RETOLD_IN if retold else STATED_IN, turns)
        elif settled.action is Action.NONE and memory is not None and item.stated.overtaken is None:
            if item.stated.fact.retracted:
                note(writer, partition, memory, ENDED_IN, turns, **ended_before(memory.valid_to))
            else:
                note(writer, partition, memory, STATED_IN, turns)

    def _of_model(self, item: Item, open_: Open) -> Settled | None:
        """The model's verdict, if what it was about stands as it did; without one, what is done otherwise."""
        verdict = item.verdict
        if verdict is None:
            return open_.otherwise
        seen = {known.id: known.version for known in item.asked}
        for memory_id in verdict.concerns:
            record = self._living(memory_id)
            if record is None or record.memory.version != seen.get(memory_id):
                self.warnings.append(
                    "a memory was changed by somebody else while a fact about it was learnt; nothing was done about that fact, "
                    "learn() looks at it again"
                )
                return None
        return verdict

    def _do(self, item: Item, settled: Settled, turns: list[str]) -> tuple[Memory | None, list[str]]:
        if settled.action is Action.NONE:
            standing = None if settled.stands is None else self._living(settled.stands)
            return (None if standing is None else standing.memory), []
        if settled.rewritten is not None:
            memory = self._retell(item, settled, settled.rewritten, turns)
            return memory, [memory.id, *settled.merged]
        if settled.action is Action.DELETE:
            for memory_id in settled.ends:
                record = self._standing(memory_id)
                end(self.writer, record, settled.at or self.now, self.now, operation="retract", reason=settled.reason)
            return None, [*settled.ends]
        return self._put(item, settled, turns)

    def _put(self, item: Item, settled: Settled, turns: list[str]) -> tuple[Memory | None, list[str]]:
        """A new memory, and the end of those whose place it takes."""
        record = item.record.with_memory(source=tuple(turns), valid_to=settled.until)
        if settled.until is not None and self.writer.by_digest(self.partition.id, record.digest or b"") is not None:
            record = replace(record, digest=None)  # another stretch of time than that of the row that says the same
        scope = self.window.scope
        adding = Adding(self.writer, Add(scope=scope, items=()), self.space, scope.user_id, self.now)
        memory = adding.take(Draft(record, named=False)).memory or record.memory
        self.partition = adding.finish()
        for memory_id in settled.ends:
            supersede(self.writer, self._standing(memory_id), memory, settled.at or self.now, self.now)
        triple = _triple(item.stated)
        if triple is not None:
            state(self.writer, self.partition.id, triple, memory)
        self.written[same_saying(memory.content)].append(memory.id)
        self.fresh.add(memory.id)
        return memory, [memory.id, *settled.ends]

    def _retell(self, item: Item, settled: Settled, memory_id: str, turns: list[str]) -> Memory:
        """A memory with a new text, an earlier beginning, or others merged into it, as a new version."""
        record = self._standing(memory_id)
        changes: dict[str, Any] = {}
        others = [self._standing(other) for other in settled.merged]
        if others:
            changes |= merged_fields(record.memory, [other.memory for other in others])
        if settled.since is not None:
            changes["valid_from"] = settled.since
        if item.retold is not None and settled.text is not None:
            changes |= _told_anew(record.memory, item, changes, turns)
        for other in others:
            retire(self.writer, other, self.now, reason=f"merged into {memory_id}")
        memory = self._rewrite(record, item, settled, changes)
        if others:
            hand_over(self.writer, replace(record, memory=memory), {other.memory.id for other in others})
        self._relink(record, memory, item)
        return memory

    def _rewrite(self, record: Record, item: Item, settled: Settled, changes: dict[str, Any]) -> Memory:
        operation = "merge" if settled.merged else "update"
        if "content" not in changes or item.retold is None:
            return alter(self.writer, record, self.now, operation=operation, reason=settled.reason, **changes)
        memory = next_version(record, self.now, changes)
        digest = digest_of(memory)
        taken = self.writer.by_digest(self.partition.id, digest)
        self.writer.rewrite(
            replace(
                record, memory=memory, operation=operation, reason=settled.reason, words=item.retold.words,
                speaker=item.retold.speaker, vector=item.retold.vector, given=False,
                digest=digest if taken is None or taken.row == record.row else None,
            )
        )  # fmt: skip
        return memory

    def _relink(self, before: Record, memory: Memory, item: Item) -> None:
        """The links of a fact that is told anew; one that says something else now never held."""
        triple = _triple(item.stated)
        for link in links_of(self.writer, before):
            self.writer.link(self.partition.id, link.model_copy(update={"valid_to": link.valid_from}))
        if triple is None or memory.metadata.get("object") != triple.object:
            words = [memory.metadata.get(name) for name in ("subject", "predicate", "object")]
            triple = Triple(*map(str, words)) if all(isinstance(word, str) and word for word in words) else None
        if triple is not None:
            state(self.writer, self.partition.id, triple, memory)

    def _standing(self, memory_id: str) -> Record:
        """A row that was found in this transaction."""
        record = self.writer.by_id(self.partition.id, memory_id)
        if record is None:
            raise AssertionError("a row that was read in this transaction is gone")
        return record

    def _living(self, memory_id: str) -> Record | None:
        record = self.writer.by_id(self.partition.id, memory_id)
        return record if record is not None and exists(record, self.now) else None


def _triple(stated: Stated) -> Triple | None:
    fact = stated.fact
    if fact.subject is None or fact.predicate is None or fact.object is None:
        return None
    return Triple(fact.subject, fact.predicate, fact.object)


def _told_anew(memory: Memory, item: Item, changes: dict[str, Any], turns: list[str]) -> dict[str, Any]:
    """What a new text brings with it: what the fact says in short, who and what it names, and the turns that state it."""
    own = item.record.memory
    names = ("subject", "predicate", "object")
    kept = {**memory.metadata, **changes.get("metadata", {})}
    if any(name in own.metadata for name in names):
        kept = {name: value for name, value in kept.items() if name not in names}
    entities = dict.fromkeys((*changes.get("entities", memory.entities), *own.entities))
    source = dict.fromkeys((*changes.get("source", memory.source), *turns))
    content = item.retold.memory.content if item.retold is not None else memory.content
    return {
        "content": content,
        "metadata": {**kept, **own.metadata},
        "entities": tuple(entities),
        "source": tuple(source),
    }

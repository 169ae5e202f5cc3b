"""What is to be done about a fact, from what is known: by rules where they are certain, else it is an open question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from agentmem_core.learning.values import Fact
from agentmem_core.model.learning import Action
from agentmem_core.model.scope import Scope
from agentmem_core.model.things import thing_key
from agentmem_core.recall.facts import holds_many, opposed, same_predicate, surely_one
from agentmem_core.recall.lifecycle import same_saying

LEAST_CONFIDENCE = 0.3
"""Facts that are less sure are not kept: the turn that states them is."""

Triple = tuple[str, str, str]
_NOTHING: Triple = ("", "", "")


@dataclass(frozen=True, slots=True)
class Known:
    """A living memory that may concern a fact; ``near`` when it was found by its text, ``until`` when it has ended."""

    id: str
    version: int
    text: str
    scope: Scope
    since: datetime
    until: datetime | None = None
    triple: Triple | None = None
    near: bool = False


@dataclass(frozen=True, slots=True)
class Stated:
    """A fact as it was said, and since when it holds.

    ``overtaken`` is the last fact of the same conversation that takes its place, ends it or says it anew, when it was said at the
    same moment: then it is what stands in the end that counts, and reading the conversation twice changes nothing.
    """

    fact: Fact
    said_at: datetime
    since: datetime
    overtaken: Fact | None = None

    @property
    def triple(self) -> Triple | None:
        """The fact's triple in comparable form."""
        return triple_of(self.fact.subject, self.fact.predicate, self.fact.object)

    @property
    def past(self) -> bool:
        """Whether it had ended already when it was told."""
        return not self.fact.retracted and self.fact.valid_to is not None and self.fact.valid_to <= self.said_at


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to be done.

    ``ends`` are the memories whose interval closes ``at`` a moment, ``rewritten`` the one that is told anew with ``text`` or
    another ``since``, ``merged`` those that become one with it. ``until`` closes the interval of the fact itself; ``stands`` is the
    memory that says it already.
    """

    action: Action
    reason: str
    ends: tuple[str, ...] = ()
    at: datetime | None = None
    rewritten: str | None = None
    text: str | None = None
    since: datetime | None = None
    merged: tuple[str, ...] = ()
    until: datetime | None = None
    stands: str | None = None
    by: str = "rules"

    @property
    def concerns(self) -> tuple[str, ...]:
        """The ids of the memories that it changes."""
        return tuple(dict.fromkeys((*self.ends, *((self.rewritten,) if self.rewritten else ()), *self.merged)))


@dataclass(frozen=True, slots=True)
class Open:
    """Rules cannot tell; ``otherwise`` is what is done when nobody else can."""

    about: tuple[Known, ...]
    otherwise: Settled


@lru_cache(maxsize=4096)
def triple_of(subject: str | None, predicate: str | None, thing: str | None) -> Triple | None:
    """Equal for triples that say the same; None where one of the three is missing."""
    if not (subject and predicate and thing):
        return None
    return thing_key(subject), same_predicate(predicate), thing_key(thing)


def in_order(facts: Sequence[Fact], said: Sequence[datetime]) -> list[Stated]:
    """Facts of one conversation, in the order they were stated, each with the one that overtakes it."""
    stated = [
        Stated(fact, said_at, fact.valid_from or min(said_at, fact.valid_to or said_at))
        for fact, said_at in zip(facts, said, strict=True)
    ]
    return [
        Stated(item.fact, item.said_at, item.since, _overtaking(item, stated[place + 1 :]))
        for place, item in enumerate(stated)
    ]


def _overtaking(item: Stated, later: Sequence[Stated]) -> Fact | None:
    last: Stated | None = None
    for other in later:
        if other.past or other.since > item.since or other.fact.confidence < LEAST_CONFIDENCE:
            continue
        alike = _alike(item, other)
        rivals = item.triple is not None and other.triple is not None
        if alike or (rivals and _excludes(item.triple or _NOTHING, other.triple or _NOTHING, item.fact, other.fact)):
            last = other
    if last is None or (_alike(item, last) and item.fact.retracted == last.fact.retracted):
        return None
    return last.fact if _alike(item, last) or not last.fact.retracted else None


def _alike(one: Stated, other: Stated) -> bool:
    """Whether two facts say the same, or that the same holds no longer."""
    if one.triple is not None and one.triple == other.triple:
        return True
    return _saying(one.fact.text) == _saying(other.fact.text)


def _excludes(one: Triple, other: Triple, *facts: Fact) -> bool:
    """Whether two triples cannot both hold, as far as rules can tell."""
    if one[0] != other[0]:
        return False
    if one[2] == other[2] and opposed(one[1], other[1]):
        return True
    if one[1] != other[1] or one[2] == other[2]:
        return False
    said = next((fact.exclusive for fact in reversed(facts) if fact.exclusive is not None), None)
    return surely_one(one[1]) if said is None else said


def settle(stated: Stated, known: Sequence[Known], *, trusting: bool) -> Settled | Open:
    """What is to be done about one fact. ``trusting`` takes a predicate's word for it that it has one object at a time."""
    fact = stated.fact
    if fact.confidence < LEAST_CONFIDENCE:
        return Settled(Action.NONE, f"too uncertain: {fact.confidence:.2f}")
    same = [item for item in known if says(stated, item)]
    holding = [item for item in same if item.until is None or item.until > stated.since]
    if fact.retracted:
        return _retracted(stated, known, same, holding)
    if stated.past:
        return _past(stated, same, holding)
    told = _one_interval(stated, holding, known, trusting=trusting)
    if told:
        return _told_again(stated, told)
    return _before_another(stated, same, known) or _against_others(stated, known, trusting=trusting)


def _before_another(stated: Stated, same: Sequence[Known], known: Sequence[Known]) -> Settled | None:
    """A fact that had ended when what is known now began."""
    over = stated.overtaken
    if over is not None and over.retracted and same:
        return Settled(Action.NONE, f"known as what was before: {same[0].id}", stands=same[0].id)
    if over is not None and not over.retracted:
        triple = triple_of(over.subject, over.predicate, over.object)
        if any(item.triple == triple and item.until is None for item in known):
            if same:
                return Settled(Action.NONE, f"known as what was before: {same[0].id}", stands=same[0].id)
            return Settled(Action.ADD, "held before what is known now", until=stated.since)
    if any(item.since <= stated.since for item in same) and _begun_later(stated, known):
        return Settled(Action.NONE, "known, and superseded since", stands=same[0].id)
    return None


@lru_cache(maxsize=1024)
def _saying(text: str) -> tuple[str, ...]:
    """``same_saying``, of a text that is compared with several."""
    return same_saying(text)


def says(stated: Stated, item: Known) -> bool:
    """Whether a memory says what a fact does: by its triple, or in the same words."""
    if stated.triple is not None and stated.triple == item.triple:
        return True
    return _saying(stated.fact.text) == _saying(item.text)


def _one_interval(stated: Stated, holding: Sequence[Known], known: Sequence[Known], *, trusting: bool) -> list[Known]:
    """Those that say the same and hold together: then, or else from later on, if nothing took their place in between.

    Who lived in Paris, in Lisbon and in Paris again has lived there twice.
    """
    if not holding:
        return []
    then = [item for item in holding if item.since <= stated.since]
    first = min(then or holding, key=lambda item: (item.since, item.id))
    if not then and any(
        stated.since < item.since < first.since and _rival(stated, item, trusting=trusting) for item in known
    ):
        return []
    return [
        first,
        *(item for item in holding if item is not first and (first.until is None or item.since < first.until)),
    ]


def _told_again(stated: Stated, holding: Sequence[Known]) -> Settled:
    first = min(holding, key=lambda item: (item.since, item.id))
    doubles = tuple(item.id for item in holding if item.id != first.id and item.scope == first.scope)
    earlier = stated.fact.valid_from
    since = earlier if earlier is not None and earlier < first.since else None
    if doubles:
        return Settled(
            Action.MERGE, f"{len(doubles) + 1} memories say the same", rewritten=first.id, merged=doubles, since=since
        )
    if since is not None:
        return Settled(Action.UPDATE, f"holds since {since:%Y-%m-%d} already", rewritten=first.id, since=since)
    return Settled(Action.NONE, f"known already: {first.id}", stands=first.id)


def _retracted(
    stated: Stated, known: Sequence[Known], same: Sequence[Known], holding: Sequence[Known]
) -> Settled | Open:
    at = stated.fact.valid_to or stated.said_at
    if holding and stated.overtaken is not None:
        return Settled(Action.NONE, "it is said again afterwards", stands=holding[0].id)
    if holding:
        ended = tuple(item.id for item in holding)
        return Settled(Action.DELETE, f"holds no longer since {at:%Y-%m-%d}", ends=ended, at=at)
    if same:
        return Settled(Action.NONE, f"known to hold no longer: {same[0].id}", stands=same[0].id)
    nothing = Settled(Action.NONE, "holds no longer, and was not known")
    near = tuple(item for item in known if item.until is None and (item.near or _kin(stated.triple, item.triple)))
    return Open(near, nothing) if near else nothing


def _past(stated: Stated, same: Sequence[Known], holding: Sequence[Known]) -> Settled:
    ended = stated.fact.valid_to
    open_ = tuple(item.id for item in holding if item.until is None and ended is not None and item.since <= ended)
    if open_ and ended is not None:
        return Settled(Action.DELETE, f"ended on {ended:%Y-%m-%d}", ends=open_, at=ended)
    if same:
        return Settled(Action.NONE, f"known as what was before: {same[0].id}", stands=same[0].id)
    return Settled(Action.ADD, "held once", until=ended)


def _begun_later(stated: Stated, known: Sequence[Known]) -> bool:
    """Whether something that excludes the fact has begun after it, and stands."""
    triple = stated.triple
    return triple is not None and any(
        item.triple is not None
        and item.until is None
        and item.since > stated.since
        and _excludes(triple, item.triple, stated.fact)
        for item in known
    )


def _against_others(stated: Stated, known: Sequence[Known], *, trusting: bool) -> Settled | Open:
    """A fact that nothing says yet: it is new, or what it contradicts has ended."""
    fact, triple = stated.fact, stated.triple
    standing = [item for item in known if item.until is None or item.until > stated.since]
    rivals = [item for item in standing if _kin(triple, item.triple)]
    certain = [item for item in rivals if _rival(stated, item, trusting=trusting)]
    if certain:
        return _superseding(stated, certain)
    new = Settled(Action.ADD, "new")
    many = fact.exclusive is False or (fact.predicate is not None and holds_many(fact.predicate))
    unclear = [item for item in rivals if not many and fact.exclusive is None]
    unclear += [item for item in standing if item.near and item not in rivals and _comparable(triple, item.triple)]
    return Open(tuple(unclear), new) if unclear and not trusting else new


def _rival(stated: Stated, item: Known, *, trusting: bool) -> bool:
    """Whether a memory surely says another thing of which there is one at a time."""
    fact, triple = stated.fact, stated.triple
    if triple is None or item.triple is None or triple == item.triple or not _kin(triple, item.triple):
        return False
    trusted = trusting and fact.exclusive is None and fact.predicate is not None and not holds_many(fact.predicate)
    return trusted or _excludes(triple, item.triple, fact)


def _superseding(stated: Stated, rivals: Sequence[Known]) -> Settled:
    later = [item for item in rivals if item.since > stated.since]
    ended = [item for item in rivals if item.since <= stated.since]
    until = min((item.since for item in later), default=None)
    if not ended:
        return Settled(Action.ADD, "held before what is known now", until=until)
    told = f"takes the place of {', '.join(item.id for item in ended)}"
    ends = tuple(item.id for item in ended)
    return Settled(Action.UPDATE, told, ends=ends, at=stated.since, until=until)


def _kin(one: Triple | None, other: Triple | None) -> bool:
    """Whether two triples say something of one kind about one subject, or are opposed."""
    if one is None or other is None or one[0] != other[0]:
        return False
    return one[1] == other[1] or (one[2] == other[2] and opposed(one[1], other[1]))


def _comparable(one: Triple | None, other: Triple | None) -> bool:
    """Whether texts that are near may be about the same: not when their triples say several things that can hold at once."""
    if one is None or other is None:
        return True
    if one[0] != other[0]:
        return one[1:] == other[1:]
    return one[1] != other[1]

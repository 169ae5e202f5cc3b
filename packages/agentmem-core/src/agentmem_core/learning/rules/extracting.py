"""From turns to facts, without a model: each sentence is read by a fixed set of forms, in English or Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from agentmem_core.learning.rules.chinese import read_chinese
from agentmem_core.learning.rules.corrections import Correction, correction, put_right
from agentmem_core.learning.rules.english import read_english
from agentmem_core.learning.rules.reading import sentences
from agentmem_core.learning.rules.told import Told
from agentmem_core.learning.values import Fact, Turn
from agentmem_core.model.things import same_name

_HAN = re.compile("[\u3400-\u9fff]")
_ENGLISH = re.compile(r"\b(?:I|I'm|we|my)\s", re.IGNORECASE)
_VAGUE_KIN = ("friend", "colleague", "coworker", "co-worker", "neighbor", "neighbour", "teacher", "cousin", "朋友", "好朋友", "同事", "邻居", "同学",
              "老师")  # fmt: skip
"""Of these one has many: a fact about "my friend" is about nobody in particular."""
_ONE_AT_A_TIME = frozenset(
    {"lives in", "works at", "works as", "is called", "goes by", "age is", "birthday is", "birth year is", "born in", "comes from", "diet is",
     "marital status is", "married to", "partner is", "wife is", "husband is", "住在", "在…工作", "职业是", "叫", "年龄是", "生日是", "出生年份是", "出生在",
     "来自", "饮食是", "婚姻状况是", "妻子是", "丈夫是"}
)  # fmt: skip
"""Of these a later fact ends the earlier one beyond doubt; of others the predicate decides."""
_NAMES = frozenset({"is called", "叫"})
_CLAIMED = 0.8
"""How sure "I am" and a word that could be a name is."""
_GREETS = re.compile(r"\b(?:hi|hello|hey|hiya|greetings|good (?:morning|afternoon|evening)|(?:nice|pleased) to meet|by the way|btw)\b|你好|您好|大家好|各位好|[早晚]上好|幸会|嗨", re.IGNORECASE)  # fmt: skip
_MOST = 200
"""Facts of one turn."""
_LONGEST = 256
"""Characters of a subject or an object."""

Found = tuple[Told, tuple[str, ...]]


def extract(turns: Sequence[Turn], *, about: str) -> list[Fact]:
    """What the turns of a user state, in order; ``about`` is whom "I" stands for. Turns of other roles are not read.

    Precise rather than complete: questions, hypotheses, quotations, code, tasks and what others said give nothing. A later turn
    that corrects an earlier one of the same call takes its place. The time is linear in the length of the text.
    """
    found: list[Found] = []
    for turn in turns:
        if turn.role.lower() not in {"user", "human"}:
            continue
        for told in _introduced(turn, list(_of_turn(turn, about))):
            if isinstance(told, Correction):
                put_right(found, told, turn.id)
            else:
                _take(found, told, turn.id)
    return [_fact(told, ids) for told, ids in found]


def _introduced(turn: Turn, told: list[Told | Correction]) -> list[Told | Correction]:
    """Without a name that is only claimed ("I am Groot"): who introduces themselves says hello, or something else of themselves."""
    if len(told) != 1 or _GREETS.search(turn.content):
        return told
    (only,) = told
    return [] if isinstance(only, Told) and only.predicate in _NAMES and only.confidence <= _CLAIMED else told


def _of_turn(turn: Turn, about: str) -> Iterator[Told | Correction]:
    """What a turn tells and what it puts right, in the order of its sentences; each language is read by its own forms."""
    parts = list(sentences(turn.content))
    casual = turn.content.islower()
    count = 0
    for chinese, some in [(key, list(run)) for key, run in groupby(parts, key=_is_chinese)]:
        told: Iterable[Told | Correction]
        told = _chinese(turn, some, about) if chinese else _english(turn, some, about, casual=casual)
        for item in told:
            count += 1
            if count > _MOST:
                return
            yield item


def _is_chinese(sentence: str) -> bool:
    return _HAN.search(sentence) is not None and _ENGLISH.search(sentence) is None


def _english(turn: Turn, parts: list[str], about: str, *, casual: bool) -> Iterator[Told | Correction]:
    for clause, told in read_english(parts, about, turn.said_at, casual=casual):
        wrong = correction(clause.said if not clause.subject else "", clause.wrong)
        if wrong is not None and not told:
            yield wrong
        yield from told
        if clause.wrong and told:
            yield Correction(clause.wrong, None, told[0].predicate)


def _chinese(turn: Turn, parts: list[str], about: str) -> Iterator[Told | Correction]:
    wrongs = [wrong for part in parts if (wrong := correction(part, None)) is not None]
    told = [part for part in parts if correction(part, None) is None] if wrongs else parts
    for _, found in read_chinese(told, about, turn.said_at):
        yield from found
    yield from wrongs


def _take(found: list[Found], told: Told, turn: str) -> None:
    """A fact once, however often it is told; one that ends another, or is told again after its end, stands in its order."""
    if not _fits(told):
        return
    key = _key(told)
    if any(_surer_name(known, told) for known, _ in found):
        return
    for place, (known, ids) in enumerate(found):
        if _key(known) == key and known.retracted == told.retracted:
            merged = replace(known, since=known.since or told.since, until=known.until or told.until)
            found[place] = (merged, tuple(dict.fromkeys([*ids, turn])))
            return
    found.append((told, (turn,)))


def _surer_name(known: Told, told: Told) -> bool:
    """Whether a name is only a short form of one that was told more plainly: "I'm Daniel, call me Dan"."""
    return (
        told.predicate in {"is called", "叫"} and known.subject == told.subject and known.predicate == told.predicate
        and known.confidence > told.confidence
    )  # fmt: skip


def _key(told: Told) -> tuple[str, str, str, object]:
    return same_name(told.subject), told.predicate, same_name(told.object), told.on


def _fits(told: Told) -> bool:
    """Whether the words can be names: not blank, not too long."""
    if told.subject.endswith(tuple(f"'s {kin}" for kin in _VAGUE_KIN) + tuple(f"的{kin}" for kin in _VAGUE_KIN)):
        return False
    return all(part.strip() and len(part) <= _LONGEST for part in (told.subject, told.object))


def _fact(told: Told, turns: tuple[str, ...]) -> Fact:
    exclusive = told.exclusive
    if exclusive is None and told.predicate in _ONE_AT_A_TIME:
        exclusive = True
    return Fact(
        text=told.text, subject=told.subject, predicate=told.predicate, object=told.object, exclusive=exclusive,
        retracted=told.retracted, confidence=told.confidence, valid_from=told.since, valid_to=told.until, occurred_at=told.on,
        turns=turns,
    )  # fmt: skip

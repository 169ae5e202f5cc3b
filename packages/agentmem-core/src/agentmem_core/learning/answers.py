"""What models answered, read with care: whatever cannot be used is left out and said so."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from agentmem_core.errors import ModelError
from agentmem_core.learning.dates import moment
from agentmem_core.learning.deciding import Known, Settled, Stated
from agentmem_core.learning.values import Fact, Turn
from agentmem_core.model.explaining import explain
from agentmem_core.model.learning import Action

FACTS_AT_ONCE = 50
"""Facts that are taken from one answer; more say that something went wrong."""

_LONGEST_ANSWER = 200_000
_LONGEST_TEXT = 2_000


class Answered(NamedTuple):
    """The facts of an answer, and what was wrong with the rest."""

    facts: list[Fact]
    warnings: list[str]


def read_facts(text: object, turns: Sequence[Turn]) -> Answered:
    """The facts that an answer to ``extracting`` tells; ``ModelError`` when it tells none in the way that was asked for."""
    items = _items(text, "facts")
    facts: list[Fact] = []
    warnings: list[str] = []
    for item in items[:FACTS_AT_ONCE]:
        try:
            facts.append(_fact(item, turns, warnings))
        except (ValidationError, ValueError) as error:
            why = explain(error) if isinstance(error, ValidationError) else str(error)
            warnings.append(f"one fact of the model's answer cannot be used: {why}")
    if items and not facts:
        raise ModelError(f"no fact of the model's answer can be used; {warnings[0]}")
    if len(items) > FACTS_AT_ONCE:
        warnings.append(f"the model told {len(items)} facts at once; the first {FACTS_AT_ONCE} were taken")
    return Answered(facts, list(dict.fromkeys(warnings)))


def read_decisions(text: object, asked: Sequence[tuple[Stated, Sequence[Known]]]) -> dict[int, Settled]:
    """The decisions of an answer to ``deciding``, by the place of their fact; those that cannot be used are missing."""
    known: dict[int, tuple[int, Known]] = {}
    for number, (_, memories) in enumerate(asked):
        for memory in memories:
            known[len(known) + 1] = (number, memory)
    decided: dict[int, Settled] = {}
    for item in _items(text, "decisions"):
        if not isinstance(item, Mapping):
            continue
        place = (_whole(item.get("fact")) or 0) - 1
        if not 0 <= place < len(asked) or place in decided:
            continue
        named = [known.get(_whole(given) or 0) for given in _listed(item.get("memories"))]
        memories = [found[1] for found in dict.fromkeys(named) if found is not None and found[0] == place]
        settled = _settled(cast("Mapping[str, Any]", item), asked[place][0], memories)
        if settled is not None:
            decided[place] = settled
    return decided


def read_summary(text: object) -> str:
    """The summary of an answer to ``summarising``."""
    if isinstance(text, str) and len(text) <= _LONGEST_ANSWER:
        answer = _decoded(text)
        told = answer.get("summary") if isinstance(answer, Mapping) else None
        if isinstance(told, str) and told.strip():
            return _usable(told)[:_LONGEST_TEXT]
    raise ModelError("the model's answer is no summary")


def _settled(item: Mapping[str, Any], stated: Stated, memories: Sequence[Known]) -> Settled | None:
    """One decision, if it is one that can be carried out on these memories."""
    action, reason, told = item.get("action"), item.get("reason"), item.get("text")
    why = _usable(reason).strip()[:200] if isinstance(reason, str) else ""
    why = why or "the model says so"
    text = _usable(told).strip()[:_LONGEST_TEXT] if isinstance(told, str) else ""
    if action == "NONE":
        return Settled(Action.NONE, why, stands=memories[0].id if memories else None, by="model")
    if action == "ADD":
        return None if stated.fact.retracted else Settled(Action.ADD, why, by="model")
    if not memories or action not in {"UPDATE", "DELETE", "MERGE"}:
        return None
    if action == "DELETE":
        ids = tuple(memory.id for memory in memories)
        return Settled(Action.DELETE, why, ends=ids, at=stated.fact.valid_to or stated.said_at, by="model")
    return (
        None if stated.fact.retracted else _changed(Action(action), why, text, item.get("was_true"), stated, memories)
    )


def _changed(
    action: Action, why: str, text: str, was_true: object, stated: Stated, memories: Sequence[Known]
) -> Settled | None:
    """An update or a merge; of several memories the earliest is the one that stays, so that it answers for the past, too."""
    if action is Action.UPDATE and was_true is True:
        ends = tuple(memory.id for memory in memories if memory.since <= stated.since)
        return Settled(action, why, ends=ends, at=stated.since, by="model") if ends else None
    together = sorted(
        (memory for memory in memories if memory.scope == memories[0].scope), key=lambda memory: memory.since
    )
    first, alike = together[0], tuple(memory.id for memory in together[1:])
    if action is Action.UPDATE:
        text = text or stated.fact.text
    return Settled(action, why, rewritten=first.id, text=text or None, merged=alike, by="model")


def _fact(item: object, turns: Sequence[Turn], warnings: list[str]) -> Fact:
    if not isinstance(item, Mapping):
        raise ValueError(f"it is a {type(item).__name__}, not an object")  # noqa: TRY004 - one kind of refusal
    given = cast("Mapping[str, Any]", item)
    text = given.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("it has no text")
    text = _usable(text).strip()
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"its text has {len(text):,} characters")
    triple = [_short(given.get(name)) for name in ("subject", "predicate", "object")]
    numbers = [number for found in _listed(given.get("turns")) if (number := _whole(found)) is not None]
    named = [turns[number - 1].id for number in dict.fromkeys(numbers) if 1 <= number <= len(turns)]
    if not named:
        named = [turn.id for turn in turns]
        if len(turns) > 1:
            warnings.append("the model did not say which turns state a fact; all that were read are its source")
    subject, predicate, thing = triple if all(triple) else (None, None, None)
    since, until = moment(given.get("since")), moment(given.get("until"), end=True)
    return Fact(
        text=text,
        subject=subject,
        predicate=predicate,
        object=thing,
        retracted=given.get("ended") is True,
        confidence=_confidence(given.get("confidence")),
        valid_from=None if since is not None and until is not None and since > until else since,
        valid_to=until,
        occurred_at=moment(given.get("when")),
        turns=tuple(named),
    )


def _items(text: object, name: str) -> list[Any]:
    if not isinstance(text, str):
        raise ModelError(f"the model answered {type(text).__name__}, not text")
    if len(text) > _LONGEST_ANSWER:
        raise ModelError(f"the model's answer has {len(text):,} characters, more than can be meant")
    answer = _decoded(text)
    found = answer.get(name) if isinstance(answer, Mapping) else answer or None
    if not isinstance(found, list):
        raise ModelError(f"the model's answer is no JSON object with a list {name!r}")
    return found


def _decoded(text: str) -> Any:
    """The JSON of an answer, also between other words; None where there is none."""
    for start in (text.find("{"), text.find("[")):
        if start >= 0:
            try:
                return json.JSONDecoder().raw_decode(text, start)[0]
            except (ValueError, RecursionError):
                continue
    return None


def _usable(text: str) -> str:
    """Without what no text may hold."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")


def _short(given: object) -> str | None:
    """A name as facts have them; None for what cannot be one."""
    if not isinstance(given, str):
        return None
    text = " ".join(_usable(given).split())
    return text if 0 < len(text) <= 200 else None


def _whole(given: object) -> int | None:
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        return given
    if isinstance(given, str) and given.strip("[] ").isdecimal() and len(given) < 9:
        return int(given.strip("[] "))
    return None


def _listed(given: object) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _confidence(given: object) -> float:
    if isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given):
        return min(1.0, max(0.0, float(given)))
    return 1.0

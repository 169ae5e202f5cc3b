"""Sentences that put an earlier one right: "actually it's Bob, not Rob"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agentmem_core.learning.rules.told import Told
from agentmem_core.model.things import same_name

_ENGLISH = re.compile(
    r"(?:(?:it|that|the name|her name|his name|she|he) is|it should be|it should have been|it was|I meant|I mean|make that|rather|spelled|spelt|(?:it|that) is spelled)?\s*"
    r"(?P<right>[^\s,][^,]{0,60}?)",
    re.IGNORECASE,
)
_HAN = (
    re.compile(r"(?:(?:应该)?不是|不叫)(?P<wrong>[^，,。]{1,20}?)[，,]?\s*(?:而?是|应该是|叫)(?P<right>[^，,。]{1,20})"),
    re.compile(r"(?:应该)?(?:是|叫)(?P<right>[^，,。]{1,20}?)[，,]?\s*(?:而?不是|不叫)(?P<wrong>[^，,。]{1,20})"),
)  # fmt: skip
_SORRY = re.compile(
    r"^(?:(?:不对|错了|哦|啊|噢|抱歉|不好意思|更正一下|更正|纠正一下|我?说错了|我?打错了|准确地说|其实)[，,。：: ]*)+"
)


@dataclass(frozen=True, slots=True)
class Correction:
    """``wrong`` was said and ``right`` is meant; without ``right`` what ``predicate`` says of the wrong one is taken back."""

    wrong: str
    right: str | None
    predicate: str = ""


def correction(said: str, wrong: str | None) -> Correction | None:
    """What a clause without a subject of its own puts right."""
    if wrong:
        found = _ENGLISH.fullmatch(said)
        return Correction(wrong, found["right"].strip()) if found and said else None
    for pattern in _HAN:
        match = pattern.fullmatch(_SORRY.sub("", said.strip("，,。！ ")))
        if match is not None:
            return Correction(match["wrong"].strip(), match["right"].strip())
    return None


def put_right(found: list[tuple[Told, tuple[str, ...]]], wrong: Correction, turn: str) -> None:
    """The latest fact that says the wrong thing says the right one, or is not said at all.

    What was not told in these turns is left alone: what "it" is cannot be known.
    """
    for place in range(len(found) - 1, -1, -1):
        told, ids = found[place]
        if same_name(told.object) != same_name(wrong.wrong) or told.retracted:
            continue
        if wrong.predicate and wrong.predicate != told.predicate:
            continue
        if wrong.right is None:
            del found[place]
            return
        text = told.text.replace(told.object, wrong.right)
        found[place] = (replace(told, object=wrong.right, text=text), tuple(dict.fromkeys([*ids, turn])))
        _rename(found, told.object, wrong.right)
        return


def _rename(found: list[tuple[Told, tuple[str, ...]]], old: str, new: str) -> None:
    """Facts about whom was misnamed are about who is meant."""
    for place, (told, ids) in enumerate(found):
        if told.subject == old:
            found[place] = (replace(told, subject=new, text=told.text.replace(old, new, 1)), ids)

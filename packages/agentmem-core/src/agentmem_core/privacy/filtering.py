"""Taking out of texts what is not to be stored, and refusing what must not come at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentmem_core.errors import InvalidInputError
from agentmem_core.privacy.recognisers import BUILT_IN, Recogniser, plain, worth_reading

_LEAST_DIGITS = 8
"""Digits from which on a number in metadata is looked at as if it were written."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text without what was taken out of it, and how often which kind was."""

    text: str
    redacted: Mapping[str, int] = field(default_factory=dict)


class PrivacyFilter:
    """Recognisers by the kind they find: those that ``redact`` and those that ``block``."""

    def __init__(self, redact: Mapping[str, Recogniser], block: Mapping[str, Recogniser]) -> None:
        """Where two find the same place the caller's own kind comes first; what blocks counts before what redacts."""
        self.redacts = dict(sorted(redact.items(), key=lambda item: _rank(item[0])))
        self.blocks = dict(block)
        self._built_in = all(BUILT_IN.get(kind) is finder for kind, finder in [*redact.items(), *block.items()])

    def clean(self, text: str, where: str = "content") -> Cleaned:
        """The text with marks like ``[email]``; an ``InvalidInputError`` that names the kind if it holds what is blocked."""
        read = plain(text)
        if self._built_in and not worth_reading(read):
            return Cleaned(text)
        for kind, finder in self.blocks.items():
            if next(iter(finder(_seen(kind, finder, text, read))), None) is not None:
                raise InvalidInputError(
                    f"{where}: holds what block= refuses ({kind}); take it out, or keep it sealed with memory.knowledge.put()"
                )
        found = _apart(
            ((span, kind) for kind, finder in self.redacts.items() for span in finder(_seen(kind, finder, text, read))),
            len(text),
        )
        if not found:
            return Cleaned(text)
        parts: list[str] = []
        place = 0
        for (start, end), kind in found:
            parts += [text[place:start], f"[{kind}]"]
            place = end
        return Cleaned("".join([*parts, text[place:]]), dict(Counter(kind for _, kind in found)))

    def kinds(self, text: str, where: str) -> list[str]:
        """Which kinds would be taken out of a text."""
        return sorted(self.clean(text, where).redacted)


def _seen(kind: str, finder: Recogniser, text: str, read: str) -> str:
    """Built-in recognisers read full-width marks as ASCII; others read what was written."""
    return read if BUILT_IN.get(kind) is finder else text


class Cleaning:
    """One operation's texts on their way through a filter, and what was taken out of them together."""

    def __init__(self, privacy: PrivacyFilter) -> None:
        """Nothing was taken out yet."""
        self.privacy = privacy
        self.redacted: Counter[str] = Counter()

    def text(self, value: str, where: str) -> str:
        """A text."""
        cleaned = self.privacy.clean(value, where)
        self.redacted.update(cleaned.redacted)
        return cleaned.text

    def json(self, value: Any, where: str) -> Any:
        """A JSON value: its texts, keys and long numbers, at any depth."""
        if isinstance(value, str):
            return self.text(value, where)
        if isinstance(value, Mapping):
            return self._object(value, where)
        if isinstance(value, list | tuple):
            return [self.json(item, where) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 10 ** (_LEAST_DIGITS - 1):
            shown = str(value)
            cleaned = self.text(shown, where)
            return value if cleaned == shown else cleaned
        return value

    def _object(self, value: Mapping[str, Any], where: str) -> dict[str, Any]:
        """An object, none of whose members is lost where two keys become the same."""
        made: dict[str, Any] = {}
        for key, item in value.items():
            name = cleaned = self.text(key, where)
            number = 1
            while name in made or (name != key and name in value):
                number += 1
                name = f"{cleaned} {number}"
            made[name] = self.json(item, where)
        return made

    def name(self, value: str, where: str) -> str:
        """A name that something is found under: it cannot be changed, so that what it must not hold is refused."""
        kinds = self.privacy.kinds(value, where)
        if kinds:
            raise InvalidInputError(
                f"{where}: a name must not hold what redact= takes out ({', '.join(kinds)}); choose another"
            )
        return value

    def marked(self, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
        """The metadata with ``redacted``: what was taken out, by kind, never the values."""
        given = dict(metadata or {})
        return {**given, "redacted": dict(self.redacted)} if self.redacted else given


def _rank(kind: str) -> int:
    return list(BUILT_IN).index(kind) if kind in BUILT_IN else -1


def _apart(found: Iterable[tuple[tuple[int, int], str]], length: int) -> list[tuple[tuple[int, int], str]]:
    """Places that do not overlap, in order: of two that do, that of the earlier recogniser."""
    taken = bytearray(length)
    kept: list[tuple[tuple[int, int], str]] = []
    for (start, end), kind in found:
        if start < end and taken.find(1, start, end) < 0:
            taken[start:end] = b"\x01" * (end - start)
            kept.append(((start, end), kind))
    return sorted(kept)

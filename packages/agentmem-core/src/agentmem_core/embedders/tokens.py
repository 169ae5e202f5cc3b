"""The tokens of a text, put together from those of its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import ascii_letters, digits
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_KEPT = 20_000
"""Words whose tokens are remembered: some megabytes, and most of what a person says."""
_LONGEST = 64
"""Letters of a word that is remembered; what is longer, as keys and hexadecimal data are, comes once and takes much room."""

_SPACE = "▁"
_STOPS = ".,?!;:"
_STOP = re.compile(f"[{_STOPS}]")
_BEFORE = frozenset(ascii_letters + digits)


class WordTokens:
    """The token ids of one text at a time, in the caller's thread; equal to what the tokenizer makes of the whole text.

    The vocabulary must mark a space by ``▁`` at the beginning of a token and nowhere else, as that of Llama 2 does, so that no token
    reaches over a single space; a text in which that would not hold is left to the tokenizer. Half of the time of a single text
    is spent in looking up pairs of symbols in a large table, which words that were met before do not need.
    """

    def __init__(self, tokenizer: Tokenizer, vocabulary: Mapping[str, int]) -> None:
        """Nothing is known yet. ``vocabulary`` is the tokenizer's own, which takes long to tell it."""
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self._numerals = _numerals(vocabulary)
        self._stops = _stops(vocabulary)

    def ids(self, text: str) -> list[int]:
        """The ids, in order."""
        if "  " in text or "<" in text or _SPACE in text or not text or text[0] == " " or text[-1] == " ":
            return self._tokenizer.encode(text, add_special_tokens=False).ids
        words = text.split(" ")
        known = self._known
        found = [known.get(word) for word in words]
        if None in found:
            new = list(dict.fromkeys(word for word, ids in zip(words, found, strict=True) if ids is None))
            told = self._told(new)
            if len(known) + len(new) > _KEPT:
                known.clear()
            known.update((word, tokens) for word, tokens in told.items() if len(word) <= _LONGEST)
            found = [told[word] if ids is None else ids for word, ids in zip(words, found, strict=True)]
        ids: list[int] = []
        for part in found:
            ids += part or ()
        return ids

    def _told(self, words: list[str]) -> dict[str, list[int]]:
        """The ids of each word."""
        told: dict[str, list[int]] = {}
        others: list[str] = []
        for word in words:
            ids = self._plain(word)
            if ids is None:
                others.append(word)
            else:
                told[word] = ids
        if others:
            told.update(zip(others, self._split(others), strict=True))
        return told

    def _plain(self, word: str) -> list[int] | None:
        """The ids of a word that is a token, a number, or one of these and a stop; None of any other."""
        number = self._tokenizer.token_to_id(_SPACE + word)
        if number is not None:
            return [number]
        if not word.isascii():
            return None
        if self._numerals and word.isdecimal():
            return [self._numerals[_SPACE], *map(self._numerals.__getitem__, word)]
        stop = self._stops.get(word[-1])
        if stop is None or not word[-2:-1].isalnum():
            return None
        bare = self._known.get(word[:-1]) or self._plain(word[:-1])
        return None if bare is None else [*bare, stop]

    def _split(self, words: list[str]) -> list[list[int]]:
        """The ids of each word."""
        encoding = self._tokenizer.encode(" ".join(words), add_special_tokens=False)
        parts: list[list[int]] = []
        for token, number in zip(encoding.tokens, encoding.ids, strict=True):
            if token.startswith(_SPACE):
                parts.append([number])
            else:
                parts[-1].append(number)
        return parts


def _numerals(vocabulary: Mapping[str, int]) -> dict[str, int]:
    """The ids of a space and of each digit, where no token holds a digit and anything before it; else nothing."""
    signs = (_SPACE, *digits)
    joined = any(sign + digit in vocabulary for sign in signs for digit in digits)
    return {} if joined or not all(sign in vocabulary for sign in signs) else {sign: vocabulary[sign] for sign in signs}


def _stops(vocabulary: Mapping[str, int]) -> dict[str, int]:
    """The ids of those marks that no token holds behind an ASCII letter or digit."""
    tokens = "\n".join(vocabulary)
    joined = {stop[0] for stop in _STOP.finditer(tokens) if tokens[stop.start() - 1] in _BEFORE}
    return {mark: vocabulary[mark] for mark in _STOPS if mark in vocabulary and mark not in joined}

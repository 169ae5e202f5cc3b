"""The tokens of a text, put together from those of its words."""

from __future__ import annotations

from string import digits
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_KEPT = 20_000
"""Words whose tokens are remembered: some megabytes, and most of what a person says."""
_LONGEST = 64
"""Letters of a word that is remembered; what is longer, as keys and hexadecimal data are, comes once and takes much room."""

_SPACE = "▁"


class WordTokens:
    """The token ids of one text at a time, in the caller's thread; equal to what the tokenizer makes of the whole text.

    The vocabulary must mark a space by ``▁`` at the beginning of a token and nowhere else, as that of Llama 2 does, so that no token
    reaches over a single space; a text in which that would not hold is left to the tokenizer. Half of the time of a single text
    is spent in looking up pairs of symbols in a large table, which words that were met before do not need.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Nothing is known yet."""
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self._numerals = _numerals(tokenizer)

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
        """The ids of each word. Numbers are new more often than anything else, and are put together by themselves."""
        numerals = self._numerals
        told = {
            word: [numerals[_SPACE], *map(numerals.__getitem__, word)]
            for word in words
            if numerals and word.isascii() and word.isdecimal()
        }
        others = [word for word in words if word not in told]
        if others:
            told.update(zip(others, self._split(others), strict=True))
        return told

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


def _numerals(tokenizer: Tokenizer) -> dict[str, int]:
    """The ids of a space and of each digit, where no token holds a digit and anything before it; else nothing."""
    found = {sign: tokenizer.token_to_id(sign) for sign in (_SPACE, *digits)}
    joined = any(tokenizer.token_to_id(sign + digit) is not None for sign in found for digit in digits)
    known = {sign: number for sign, number in found.items() if number is not None}
    return known if len(known) == len(found) and not joined else {}

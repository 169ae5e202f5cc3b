"""The stem of an English word, by the rules of Snowball's English stemmer ("Porter2") as of its version 3.1.

The rules are those of https://snowballstem.org/algorithms/english/stemmer.html. They stand here because stems are stored:
another version of a library would give others, and what was stored would no longer be found. Written for CPython, which takes
a tenth of the time of the code that Snowball generates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_VOWELS = frozenset("aeiouy")
_ENDS_NO_SHORT = _VOWELS | frozenset("wxY")
_BEFORE_LI = frozenset("cdeghkmnrt")
_DOUBLED = frozenset(("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt"))
_LACKS_E = frozenset(("at", "bl", "iz"))
_REGION = re.compile("[^aeiouy]*[aeiouy]+[^aeiouy]")
_OWN_REGION = re.compile("arsen|commun|emerg|gener|inter|later|organ|past|univers")
_ENDS_IN_SUFFIX = re.compile("(?:eed|ing|ed)(?:ly)?$")
_KEPT_EED = frozenset(("succ", "proc", "exc"))
_KEPT_ING = frozenset(("even", "cann", "inn", "earr", "herr", "out"))

_WHOLE = {
    "skis": "ski", "skies": "sky", "idly": "idl", "gently": "gentl", "ugly": "ugli", "early": "earli", "only": "onli",
    "singly": "singl", "andes": "andes", "atlas": "atlas", "bias": "bias", "cosmos": "cosmos", "howe": "howe",
    "news": "news", "sky": "sky",
}  # fmt: skip

_STEP_2 = {
    "tional": "tion", "enci": "ence", "anci": "ance", "abli": "able", "entli": "ent", "izer": "ize", "ization": "ize",
    "ational": "ate", "ation": "ate", "ator": "ate", "alism": "al", "aliti": "al", "alli": "al", "fulness": "ful",
    "fulli": "ful", "ousli": "ous", "ousness": "ous", "iveness": "ive", "iviti": "ive", "biliti": "ble", "bli": "ble",
    "ogist": "og", "lessli": "less", "ogi": "og", "li": "",
}  # fmt: skip

_STEP_3 = {
    "ational": "ate", "tional": "tion", "alize": "al", "icate": "ic", "iciti": "ic", "ical": "ic", "ful": "", "ness": "",
    "ative": "",
}  # fmt: skip

_STEP_4 = dict.fromkeys(
    ("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion"),
    "",
)  # fmt: skip


def stem(word: str) -> str:
    """The stem of a lower-case word without apostrophes; words of one or two letters are their own.

    >>> stem("children"), stem("moving"), stem("happily"), stem("evening")
    ('children', 'move', 'happili', 'evening')
    """
    if word in _WHOLE:
        return _WHOLE[word]
    if len(word) < 3:
        return word
    marked = "y" in word
    if marked:
        word = _marked(word)
    own = _OWN_REGION.match(word)
    first = own or _REGION.match(word)
    r1 = first.end() if first else len(word)
    second = _REGION.match(word, r1)
    r2 = second.end() if second else len(word)
    word = _past_or_gerund(_plural(word), r1)
    if word[-1] in "yY" and len(word) > 2 and word[-2] not in _VOWELS:
        word = word[:-1] + "i"
    if len(word) - 2 >= r1:
        word = _step_3(_step_2(word, r1), r1, r2)
        if len(word) - 2 >= r2:
            word = _step_4(word, r2)
    word = _final(word, r1, r2)
    return word.replace("Y", "y") if marked else word


def _marked(word: str) -> str:
    """A ``y`` that begins the word or follows a vowel is a consonant, and written ``Y``."""
    letters = list(word)
    for number, letter in enumerate(letters):
        if letter == "y" and (number == 0 or letters[number - 1] in _VOWELS):
            letters[number] = "Y"
    return "".join(letters)


def _plural(word: str) -> str:
    """Step 1a."""
    if word[-1] == "s":
        if word.endswith("sses"):
            return word[:-2]
        if word.endswith("ies"):
            return word[:-2] if len(word) > 4 else word[:-1]
        if word[-2] in "su":
            return word
        return word[:-1] if not _VOWELS.isdisjoint(word[:-2]) else word
    if word.endswith("ied"):
        return word[:-2] if len(word) > 4 else word[:-1]
    return word


def _past_or_gerund(word: str, r1: int) -> str:
    """Step 1b."""
    found = _ENDS_IN_SUFFIX.search(word, max(len(word) - 5, 0)) if word[-1] in "dgy" else None
    if found is None:
        return word
    bare = word[: found.start()]
    if found[0].startswith("eed"):
        return bare + "ee" if found.start() >= r1 and bare not in _KEPT_EED else word
    if found[0] == "ing":
        if bare in _KEPT_ING:
            return word
        if len(bare) == 2 and bare[1] == "y" and bare[0] not in _VOWELS:
            return bare[0] + "ie"
    return word if _VOWELS.isdisjoint(bare) else _mended(bare, r1)


def _mended(bare: str, r1: int) -> str:
    """What is left of step 1b's suffixes, as a word: ``hop`` for ``hopp``, ``hope`` for ``hop``."""
    end = bare[-2:]
    if end in _DOUBLED:
        return bare if len(bare) == 3 and bare[0] in "aeo" else bare[:-1]
    if end in _LACKS_E or (len(bare) == r1 and _is_short(bare)):
        return bare + "e"
    return bare


def _is_short(word: str) -> bool:
    """Whether it ends in a short syllable."""
    if len(word) > 2 and word[-1] not in _ENDS_NO_SHORT and word[-2] in _VOWELS and word[-3] not in _VOWELS:
        return True
    return (len(word) == 2 and word[1] not in _VOWELS and word[0] in _VOWELS) or word.endswith("past")


def _pattern(suffixes: Iterable[str]) -> re.Pattern[str]:
    """Finds the longest of the suffixes that a word ends in: the one that begins first."""
    return re.compile(f"(?:{'|'.join(sorted(suffixes, key=len, reverse=True))})$")


_ENDS_2, _ENDS_3, _ENDS_4 = _pattern(_STEP_2), _pattern(_STEP_3), _pattern(_STEP_4)
_LAST_2, _LAST_3, _LAST_4 = (frozenset(end[-1] for end in ends) for ends in (_STEP_2, _STEP_3, _STEP_4))


def _step_2(word: str, r1: int) -> str:
    found = _ENDS_2.search(word, max(len(word) - 7, 0)) if word[-1] in _LAST_2 else None
    if found is None or found.start() < r1:
        return word
    bare, end = word[: found.start()], found[0]
    if end == "li":
        return bare if bare[-1:] in _BEFORE_LI else word
    if end == "ogi":
        return bare + "og" if bare.endswith("l") else word
    return bare + _STEP_2[end]


def _step_3(word: str, r1: int, r2: int) -> str:
    found = _ENDS_3.search(word, max(len(word) - 7, 0)) if word[-1] in _LAST_3 else None
    if found is None or found.start() < (r2 if found[0] == "ative" else r1):
        return word
    return word[: found.start()] + _STEP_3[found[0]]


def _step_4(word: str, r2: int) -> str:
    found = _ENDS_4.search(word, max(len(word) - 5, 0)) if word[-1] in _LAST_4 else None
    if found is None or found.start() < r2:
        return word
    bare = word[: found.start()]
    return bare if found[0] != "ion" or bare.endswith(("s", "t")) else word


def _final(word: str, r1: int, r2: int) -> str:
    """Step 5."""
    start = len(word) - 1
    if word[-1:] == "e":
        return word[:-1] if start >= r2 or (start >= r1 and not _is_short(word[:-1])) else word
    return word[:-1] if start >= r2 and word.endswith("ll") else word

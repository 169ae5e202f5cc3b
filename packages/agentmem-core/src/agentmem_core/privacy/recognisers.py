"""What is recognised without a model, in English and Chinese formats: addresses, telephone, card, account and identity numbers.

Each recogniser gives the places of what it finds, in order. Full-width and other digits count as digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from agentmem_core.privacy.checksums import (
    IBAN_LENGTHS,
    card_lengths,
    is_card,
    is_iban,
    is_old_resident_id,
    is_resident_id,
    is_social_security,
)

Places = Iterable[tuple[int, int]]
Recogniser = Callable[[str], Places]

_GAP = "[ \\-.\u00a0\u00ad\u2007\u200b-\u200d\u2010-\u2015\u202f\u2060\u2212\ufeff]"
"""What people put between groups of digits, the invisible marks that copying leaves behind included."""
_WIDE = {0xFF01 + offset: chr(0x21 + offset) for offset in range(0x5E)} | {0x3000: " ", 0x3002: "."}
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_WORTH_READING = re.compile(r"@|\[at\]|\(at\)|[0-9](?:[^0-9]{0,3}[0-9]){6}", re.IGNORECASE)

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+\u00c0-\u024f-])[A-Za-z0-9\u00c0-\u024f][A-Za-z0-9._%+'\u00c0-\u024f-]{0,255}(?:\s?(?:\[at\]|\(at\))\s?|@)"
    r"(?:[A-Za-z0-9\u00c0-\u024f](?:[A-Za-z0-9\u00c0-\u024f-]{0,62})\.){1,8}(?:[A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,59}|[\u4e00-\u9fff]{2,4}(?![\u4e00-\u9fff]))(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_RUN = re.compile(rf"(?<![0-9A-Za-z_])[0-9](?:{_GAP}{{0,2}}[0-9]){{11,}}")
_GROUP = re.compile("[0-9]+")
_WIDEST = 3
"""Characters of a digit and the gap behind it."""

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}")
_IBAN_PART = re.compile(rf"(?:{_GAP}?[A-Za-z0-9])+")

_RESIDENT = re.compile(rf"(?<![0-9A-Za-z])[1-9][0-9]{{5}}{_GAP}?[0-9]{{8}}{_GAP}?[0-9]{{3}}[0-9Xx](?![0-9A-Za-z])")
_OLD_RESIDENT = re.compile(r"(?:身份证|居民证|ID card)[^0-9]{0,12}(?P<id>[1-9][0-9]{14})(?![0-9A-Za-z])", re.IGNORECASE)
_SOCIAL = re.compile(
    r"(?<![0-9A-Za-z-])[0-9]{3}(?P<gap>[ \-\u2010-\u2013])[0-9]{2}(?P=gap)[0-9]{4}(?![0-9A-Za-z]|-[0-9])"
)
_SOCIAL_NAMED = re.compile(
    r"\b(?:ssn|social security(?: number| no\.?| #)?)[^0-9]{0,12}(?P<id>[0-9]{9})(?![0-9A-Za-z])", re.IGNORECASE
)

_SEP = "[ .\\-/\u00a0\u200b-\u200d\u2010-\u2015\u202f\u2060]"
_NOT_BEFORE = r"(?<![0-9A-Za-z_+#=/-])(?<![0-9]\.)(?<![$\u20ac\u00a3\u00a5])"
_NO_GROUP = r"(?<![0-9][ .\-])"
"""No group of digits stands before it, whose part it would be."""
_NOT_AFTER = r"(?![0-9A-Za-z_]|[.,:/-][0-9])"
_PHONES = (
    re.compile(rf"(?<![0-9A-Za-z_])(?:\+|(?<![0-9.,-])(?<![0-9] )00(?=[1-9][0-9 ().-]{{8}}))[1-9](?:{_SEP}{{0,2}}\(?[0-9]\)?){{7,13}}(?![0-9])"),
    re.compile(rf"(?<![0-9A-Za-z_+.])(?:\(?\+?86\)?{_SEP}?)?1[3-9][0-9]{_SEP}?[0-9]{{4}}{_SEP}?[0-9]{{4}}(?![0-9A-Za-z_])"),
    re.compile(rf"(?<![0-9A-Za-z_+.])1[3-9][0-9]{_SEP}[0-9]{{3}}{_SEP}[0-9]{{5}}(?![0-9])"),
    re.compile(rf"{_NOT_BEFORE}(?:\+?1{_SEP}?)?(?:\([2-9][0-9]{{2}}\){_SEP}{{0,2}}|[2-9][0-9]{{2}}{_SEP})[2-9][0-9]{{2}}{_SEP}?[0-9]{{4}}(?:\s?(?:x|ext\.?)\s?[0-9]{{1,6}})?(?![0-9A-Za-z_])"),
    re.compile(rf"{_NOT_BEFORE}{_NO_GROUP}\(?0[1-9][0-9]{{1,2}}\)?{_SEP}{{0,2}}[2-9][0-9]{{2,3}}{_SEP}?[0-9]{{4}}(?:{_SEP}?(?:转|ext\.?|x){_SEP}?[0-9]{{1,6}}|-[0-9]{{1,5}})?(?![0-9A-Za-z_])"),
    re.compile(rf"{_NOT_BEFORE}[48]00{_SEP}[0-9]{{3}}{_SEP}?[0-9]{{4}}(?![0-9])|{_NOT_BEFORE}[48]00{_SEP}[0-9]{{4}}{_SEP}[0-9]{{3}}(?![0-9])"),
    re.compile(rf"{_NOT_BEFORE}{_NO_GROUP}0[1-9](?:{_SEP}[0-9]{{2}}){{4}}(?![0-9])"),
    re.compile(rf"{_NOT_BEFORE}{_NO_GROUP}\(?0[0-9]{{2,4}}\)?{_SEP}[0-9]{{3,4}}{_SEP}?[0-9]{{3,4}}{_NOT_AFTER}(?! [0-9])"),
    re.compile(
        r"(?:\b(?:phone|tel|telephone|call|mobile|cell|whatsapp|fax|text|reach|ring|number)\b|电话|手机|座机|联系方式|致电|号码|拨打|微信|传真)[^0-9+\n]{0,16}"
        rf"(?P<id>\(?[0-9]\)?(?:{_SEP}?\(?[0-9]\)?){{6,13}})(?![0-9A-Za-z_])",
        re.IGNORECASE,
    ),
)  # fmt: skip
_DATE = re.compile(r"(?:19|20)[0-9]{2}[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12][0-9]|3[01])")


def plain(text: str) -> str:
    """The text with full-width letters, marks and digits as ASCII, place by place."""
    if text.isascii():
        return text
    text = text.translate(_WIDE)
    return _OTHER_DIGIT.sub(lambda found: str(int(found[0])), text)


def worth_reading(text: str) -> bool:
    """Whether a text may hold anything that is recognised here."""
    return _WORTH_READING.search(text) is not None


def emails(text: str) -> Iterator[tuple[int, int]]:
    """Addresses of mail."""
    if "@" in text or "at" in text.lower():
        yield from (found.span() for found in _EMAIL.finditer(text))


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Numbers of payment cards, whole groups of digits that pass the issuer's rules and Luhn's check."""
    for run in _RUN.finditer(text):
        groups = [found.span() for found in _GROUP.finditer(text, *run.span())]
        number = 0
        while number < len(groups):
            taken = _card_from(text, groups, number)
            if taken:
                yield groups[number][0], groups[taken - 1][1]
            number = taken or number + 1


def _card_from(text: str, groups: list[tuple[int, int]], first: int) -> int:
    """The number of the group after the longest card that begins with a group; 0 where none does."""
    at = groups[first][0]
    lengths = card_lengths("".join(_GROUP.findall(text, at, at + 4 * _WIDEST)[:4])[:4])
    if not lengths:
        return 0
    digits, found = "", 0
    for number in range(first, len(groups)):
        at, to = groups[number]
        if len(digits) + to - at > lengths[-1]:
            break
        digits += text[at:to]
        if len(digits) in lengths and is_card(digits):
            found = number + 1
    return found


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """International bank account numbers whose check digits fit."""
    for found in _IBAN.finditer(text):
        length = IBAN_LENGTHS.get(text[found.start() : found.start() + 2].upper())
        part = _IBAN_PART.match(text, found.start(), found.start() + 3 * length) if length else None
        if length is None or part is None:
            continue
        letters = [place for place in range(found.start(), part.end()) if text[place].isalnum()]
        if len(letters) < length:
            continue
        end = letters[length - 1] + 1
        number = "".join(text[place] for place in letters[:length]).upper()
        after = text[end : end + 1]
        if is_iban(number) and not (after.isascii() and after.isalnum()):
            yield found.start(), end


def identities(text: str) -> Iterator[tuple[int, int]]:
    """Chinese resident identity numbers and US social security numbers."""
    for found in _RESIDENT.finditer(text):
        if is_resident_id("".join(char for char in found[0] if char.isalnum())):
            yield found.span()
    yield from (found.span("id") for found in _OLD_RESIDENT.finditer(text) if is_old_resident_id(found["id"]))
    for found in _SOCIAL.finditer(text):
        if is_social_security("".join(_GROUP.findall(found[0]))):
            yield found.span()
    yield from (found.span("id") for found in _SOCIAL_NAMED.finditer(text) if is_social_security(found["id"]))


def phones(text: str) -> Iterator[tuple[int, int]]:
    """Telephone numbers in international, American, Chinese and common European formats."""
    for pattern in _PHONES:
        for found in pattern.finditer(text):
            span = _balanced(text, *(found.span("id") if "id" in pattern.groupindex else found.span()))
            shown = text[slice(*span)]
            digits = sum(char.isdigit() for char in shown)
            if 7 <= digits <= 17 and _DATE.match(shown) is None:
                yield span


def _balanced(text: str, start: int, end: int) -> tuple[int, int]:
    """Without a bracket that belongs to the words around the number."""
    opened, closed = text.count("(", start, end), text.count(")", start, end)
    return start + (opened > closed and text[start] == "("), end - (closed > opened and text[end - 1] == ")")


BUILT_IN: dict[str, Recogniser] = {"card": cards, "iban": ibans, "id": identities, "email": emails, "phone": phones}
"""In the order of their right to a place that two of them find."""

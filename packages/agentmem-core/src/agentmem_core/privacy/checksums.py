"""Numbers that prove themselves: payment cards, bank accounts, resident identity numbers, social security numbers."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83, 91)
)

_LONG = (16, 17, 18, 19)
_ISSUERS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("4", "4", (13, 16, 18, 19)), ("51", "55", (16,)), ("2221", "2720", (16,)), ("34", "34", (15,)), ("37", "37", (15,)),
    ("300", "305", (14, 16, 19)), ("36", "36", (14, 16, 19)), ("38", "39", (14, 16, 19)), ("3528", "3589", _LONG),
    ("2200", "2204", _LONG), ("62", "62", _LONG), ("81", "82", _LONG), ("9792", "9792", _LONG),
    ("50", "50", (12, 13, 14, 15, *_LONG)), ("56", "69", (12, 13, 14, 15, *_LONG)),
)  # fmt: skip
"""The first digits of issuers (Visa, Mastercard, American Express, Diners, JCB, MIR, UnionPay, RuPay, Troy, Maestro, Discover)."""

IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18,
    "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23,
    "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27,
    "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28,
    "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Characters of an IBAN by its country, as SWIFT's registry gives them."""


_DOUBLED = {str(digit): sum(divmod(2 * digit, 10)) for digit in range(10)}
"""The sum of the digits of twice a digit."""


def luhn(digits: str) -> bool:
    """Whether the last digit fits the others (ISO/IEC 7812-1)."""
    return (sum(map(int, digits[-1::-2])) + sum(map(_DOUBLED.__getitem__, digits[-2::-2]))) % 10 == 0


def is_card(digits: str) -> bool:
    """Whether a payment card may have this number: its issuer's first digits, its length, its check digit."""
    return len(digits) in card_lengths(digits[:4]) and luhn(digits) and len(set(digits)) > 1


@lru_cache(maxsize=10_000)
def card_lengths(first: str) -> tuple[int, ...]:
    """How many digits the numbers have that begin with these four, from the least on; none where no issuer's do."""
    return next((lengths for low, high, lengths in _ISSUERS if low <= first[: len(low)] <= high), ())


def is_iban(text: str) -> bool:
    """Whether the check digits fit (ISO 13616): rearranged and read as a number, it leaves 1 when divided by 97."""
    if IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    number = "".join(str(int(char, 36)) for char in text[4:] + text[:4])
    return int(number) % 97 == 1


def is_resident_id(text: str) -> bool:
    """Whether an 18-character Chinese resident identity number fits GB 11643: province, birthday and check character."""
    if int(text[:2]) not in _PROVINCES or not _is_day(text[6:10], text[10:12], text[12:14]):
        return False
    total = sum(weight * int(char) for weight, char in zip(_WEIGHTS, text[:17], strict=True))
    return _CHECKS[total % 11] == text[17].upper()


def is_old_resident_id(digits: str) -> bool:
    """Whether 15 digits may be a resident identity number of the kind given out before 1999, which has no check character."""
    return int(digits[:2]) in _PROVINCES and _is_day(f"19{digits[6:8]}", digits[8:10], digits[10:12])


def _is_day(year: str, month: str, day: str) -> bool:
    if not 1850 <= int(year) <= 2100:
        return False
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def is_social_security(digits: str) -> bool:
    """Whether nine digits may be a US social security number: no area 000, 666 or 900 to 999, no group 00, no serial 0000."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"

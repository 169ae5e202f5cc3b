"""How English writes times: one pattern with a group for each form, and the words that tell a time from its likes."""

from __future__ import annotations

import re

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30,
}  # fmt: skip
VAGUE = {"couple": (1, 2, 3), "few": (2, 3, 5), "several": (3, 4, 7)}
"""The least, the likely and the most that a vague number means."""
TENS = {"twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70, "eighties": 80,
         "nineties": 90}  # fmt: skip
HOLIDAYS = {
    "christmas eve": "christmas eve", "christmas": "christmas", "xmas": "christmas", "boxing day": "boxing",
    "new year's eve": "new year eve", "new years eve": "new year eve", "new year": "new year", "halloween": "halloween",
    "thanksgiving": "thanksgiving", "good friday": "good friday", "easter": "easter", "valentine": "valentine",
    "st patrick's day": "patrick", "st. patrick's day": "patrick", "independence day": "independence",
    "fourth of july": "independence", "4th of july": "independence", "mother's day": "mothers",
    "mothers day": "mothers", "father's day": "fathers", "fathers day": "fathers", "chinese new year": "spring festival",
    "lunar new year": "spring festival", "spring festival": "spring festival", "mid-autumn": "mid-autumn",
    "lantern festival": "lantern", "dragon boat": "dragon boat", "national day": "national",
}  # fmt: skip

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b"
)
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
_WHICH = r"(?:last|past|this|next|coming|previous)"
_COUNT = r"(?:\d{1,3}|(?:an?\s+)?couple(?:\s+of)?|(?:an?\s+)?few|several|half\s+an?|" + "|".join(NUMBERS) + ")"
_LENGTH = r"(?:minute|hour|day|week|fortnight|month|quarter|year|decade)"
_UNITS = (
    r"(?:euros?|dollars?|pounds?|yuan|rmb|usd|eur|bucks|people|persons?|guests?|kilomet|k?ms?\b|met(?:er|re)s?|miles?|feet|ft\b|steps?"
    r"|words?|calories|kcal|times|hours?|minutes?|seconds?|days|weeks?|months?|years|kg|grams?|g\b|mg|ml|lit(?:er|re)s?|watts?"
    r"|mah|hz|rpm|px|pixels?|pieces|pages|points|items|users|rows|files|copies|percent|cc\b|square|sq\b|or\s+more|or\s+so)"
)

PATTERN = re.compile(
    rf"""
    (?<![\w.:/$\u20ac\u00a3\#@=-])(?=\d)(?:
        (?P<iso>\d{{4}}-\d{{1,2}}-\d{{1,2}}(?:[T\ ]\d{{1,2}}:\d\d(?::\d\d(?:\.\d+)?)?(?:\s?Z\b|[+-]\d\d:?\d\d)?)?)(?![\w-]|[./:]\d)
      | (?P<slashed>\d{{4}}/\d{{1,2}}/\d{{1,2}}|\d{{4}}\.(?:0[1-9]|1[0-2])\.(?:0[1-9]|[12]\d|3[01]))(?![\w/-]|\.\d)
      | (?P<dotted>\d{{1,2}}(?P<sep>[/.-])\d{{1,2}}(?P=sep)\d{{4}})(?![\w/-]|\.\d)
      | (?<!\+)(?P<isomonth>\d{{4}}[-/](?:0[1-9]|1[0-2]))(?![\w/-]|\.\d)
      | (?<![,'+])(?P<between>(?:1\d|20|21)\d\d\s?[-\u2013]\s?(?:1\d|20|21)\d\d)(?![\w/-]|[.,]\d)
      | (?P<decade>(?:1\d|20)\d0'?s)\b
      | (?P<century>\d{{1,2}})(?:st|nd|rd|th)\s+century\b
      | (?<!['+])(?P<yearno>(?:1\d|20|21)\d\d(?![\w/%\u00b0\u20ac$]|[.,:-]\d|-[A-Za-z]|\s*{_UNITS}))
      | (?P<agod>{_COUNT}\s+{_LENGTH}s?(?:\s+and\s+a\s+half)?\s+(?:ago|back))\b
      | (?P<july>4th\s+of\s+july)\b
      | (?P<daymonth>\d{{1,2}}(?:st|nd|rd|th)?(?:\s*(?:[-\u2013]|\bto\b|\band\b)\s*\d{{1,2}}(?:st|nd|rd|th)?)?\s+(?:of\s+)?{_MONTH})
      | (?P<ordinal>\d{{1,2}}(?:st|nd|rd|th))(?=\s*(?:$|[?.!,;)]|(?:and|to|until|till|through)\b|-|\u2013|of\s+(?:last|this|next)\b))
    )
  | \b(?=[a-z])(?:
        (?P<short>the\s+'?[2-9]0'?s)\b
      | (?P<tens>(?:twen|thir|for|fif|six|seven|eigh|nine)ties)\b
      | (?P<rolling>(?:(?:in|over|during|within|for)\s+)?the\s+(?:last|past|previous)\s+{_COUNT}\s+{_LENGTH}s?
          |(?:last|past)\s+{_COUNT}\s+{_LENGTH}s?|(?:over|within|during)\s+the\s+last\s+{_LENGTH}|the\s+past\s+{_LENGTH})\b
      | (?P<ago>{_COUNT}\s+{_LENGTH}s?(?:\s+and\s+a\s+half)?\s+(?:ago|back))\b
      | (?P<around>yesterday|to(?:day|night|morrow)|last\s+night|this\s+(?:morning|afternoon|evening)|the\s+other\s+day
          |(?:the\s+)?day\s+(?:before\s+yesterday|after\s+tomorrow)|(?:the\s+)?(?:week|month|year|weekend)\s+before\s+last)\b
      | (?P<unit>(?:last|this|next|current|coming|previous)\s+(?:week(?:end)?|month|year|quarter|decade|century))\b
          (?!\s+of\s+(?:\d|{_MONTH})|(?<=week)\s+in\s+{_MONTH}|(?<=end)\s+in\s+{_MONTH})
      | (?P<weekday>(?:{_WHICH}\s+)?{_WEEKDAY}|(?:last|this|next|on)\s+(?-i:Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b(?!'))
      | (?P<monthday>{_MONTH}\.?\s+(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?(?:\s?(?:-|\u2013|to)\s?\d{{1,2}}(?:st|nd|rd|th)?)?)
          (?![\w:%]|[./]\d|,\d{{1,3}}(?!\d)|\s*(?:am|pm|{_UNITS})\b)
      | (?P<month>(?:{_WHICH}\s+)?{_MONTH})\.?
      | (?P<quarter>(?-i:[QH])[1-4]|(?:first|second|third|fourth)\s+(?:quarter|half)(?=\s+of\s+(?:\d|last|this|next|the\s+year)))\b
      | (?P<holiday>(?:{_WHICH}\s+)?(?:christmas(?:\s+eve)?|xmas|boxing\s+day|(?:chinese\s+|lunar\s+)?new\s+year(?!\w|'?s?\s+resol)(?:'?s\s+eve)?
          |spring\s+festival|halloween|thanksgiving|good\s+friday|easter|valentine|st\.?\s+patrick's\s+day|independence\s+day
          |fourth\s+of\s+july|mother'?s\s+day|father'?s\s+day|mid-autumn|lantern\s+festival|dragon\s+boat|national\s+day)
          (?:'?s)?(?:\s+(?:day|festival))?)\b
      | (?P<season>(?:{_WHICH}\s+)?(?:spring|summer|autumn|fall|winter)(?:time)?)\b
    )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)

_TRIGGERS = (
    frozenset(
        """
    yesterday today tonight tomorrow ago back last past this next coming current previous other boxing christmas xmas easter halloween
    new good valentine valentines thanksgiving spring springtime summer summertime autumn fall winter wintertime mid dragon fourth lantern
    first second third independence mother mothers father fathers national patrick st
    monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
    jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october nov november dec december
    """.split()
    )
    | TENS.keys()
)
_DIGITS = frozenset("0123456789")
_WORDS = re.compile(r"[a-z]+|[0-9]")
PREPOSITIONS = frozenset(
    "in since until till during throughout around before after by of early mid late last this next".split()
)
AT = frozenset("at on for over in during before after since until till by around of".split())
NOT_YEARS = frozenset(
    """
    room code pin number no order flight gate line bus version model error port extension ext page apartment apt suite invoice ticket
    street house id part office windows python chapter size level channel phone call dial postcode zip score scored costs cost paid pay
    weighs weigh about over than least most only nearly almost exactly roughly approximately
    """.split()
)
_TWO_WORDS = {"prior": "before", "up": "until"}
SEASON_NOUNS = re.compile(
    r"\s+(?:onions?|rolls?|waters?|mattress|chicken|clean|squash|coats?|jackets?|tires?|tyres?|asleep|apart|behind|down)",
    re.IGNORECASE,
)


def may_hold(text: str) -> bool:
    """Whether it is worth reading the text."""
    found = _WORDS.findall(text.lower())
    return not _TRIGGERS.isdisjoint(found) or not _DIGITS.isdisjoint(found)


def word_before(text: str, at: int, *, the: bool = False) -> str:
    """The word before a place, in small letters; the one before "the", unless ``the`` counts; empty where there is none.

    "Prior to" is before, and "up to" is until.
    """
    before = text[max(0, at - 32) : at].lower().split()
    if before and before[-1] == "the" and not the:
        before.pop()
    if len(before) > 1 and before[-1] == "to" and before[-2] in _TWO_WORDS:
        return _TWO_WORDS[before[-2]]
    return before[-1].lstrip("(\"'") if before else ""


def ends(text: str, at: int) -> bool:
    """Whether a clause ends here."""
    return text[at:].lstrip()[:1] in {"", "?", "!", ".", ",", ";"}

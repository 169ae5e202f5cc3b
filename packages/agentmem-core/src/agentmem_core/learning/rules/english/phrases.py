"""What a verb is said of: a name, a place, an employer, a list of things; None where it is none."""

from __future__ import annotations

import re
from unicodedata import combining, normalize

from agentmem_core.learning.rules.english.towns import TOWNS
from agentmem_core.learning.rules.english.words import JOBS, LANGUAGES, NATIONS, NOT_JOBS, PLACES

_STOPS = re.compile(
    r"\s*(?:[,;:(]|\s[-\u2013\u2014]+\s|\b(?:with|because|since|for|when|where|which|that|who|but|so|although|though|while|if|as|near|by|during|every|until|till|after|before|instead|thanks|to|"
    r"and|or|plus|where|now|right|right now|alone|together|again|already|too|these|at|in|on|from|not|last|this|next|just|about|around|then|is|was|are|has|have|via|over|under|outside|inside|close)\b)"
)
_CAPITALS = re.compile(
    r"(?:the\s+)?(?:(?:downtown|central|north(?:ern)?|south(?:ern)?|east(?:ern)?|west(?:ern)?|upstate|greater|rural|beautiful|sunny|lovely|rainy|cold)\s+)?"
    r"(?P<name>(?:[A-Z\u00c0-\u00de\u4e00-\u9fff][\w\u00c0-\u017f\u4e00-\u9fff'&.+-]*)(?:\s+(?:of\s+(?:the\s+)?|de\s+(?:la\s+|los\s+)?|la\s+|do\s+|da\s+|dos\s+|del\s+|di\s+|upon\s+|am\s+|sur\s+|and\s+(?=[A-Z]\w+$)|&\s+|on\s+(?=[A-Z])|the\s+)?"
    r"[A-Z0-9\u00c0-\u00de\u4e00-\u9fff][\w\u00c0-\u017f\u4e00-\u9fff'&.+-]*)*)"
)
_NOT_PLACES = frozenset(
    "God Hell Heaven Python Java English French Spanish German I January February March April June July August September October "
    "November December Monday Tuesday Wednesday Thursday Friday Saturday Sunday Christmas Zoom Slack Excel Discord Facebook".split()
)
_PRODUCTS = frozenset(
    """React Angular Vue Notion Linux Windows Android iOS Mac AWS Azure GCP Kubernetes Docker Slack Teams Gmail Outlook Spotify Netflix Obsidian
    Evernote Firefox Chrome Vim Emacs Rust Go Golang Kotlin Swift TypeScript JavaScript Postgres PostgreSQL MySQL MongoDB Git GitHub GitLab
    Jira Figma ChatGPT Claude Gemini Twitter Mastodon Bluesky Instagram TikTok WhatsApp Telegram Signal iPhone Ubuntu Django Flask""".split()
)
_NOT_EMPLOYERS = frozenset(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday Python Java Excel English Facebook-ads I".split()
)
_POINTS = re.compile(
    r"(?:it|this|that|these|those|you|him|her|them|me|us|your|his|their|its|our|how|when|what|where|why|who|whom|if|everything|anything|"
    r"nothing|something|someone|somebody|anyone|everyone|nobody|both|either|all|some|any|another|one|ones|most|more|much|many|none|the fact|"
    r"being told|being able|to (?:say|admit|be|break|ask|bother|see|hear|think|know|believe|get|have|point|interrupt|tell|share|help|inform)|"
    r"my|seeing|hearing that|knowing|so|such|here|there|yours|and\b|or\b|myself|yourself|too|not|an?|lots|way|almost|nearly)\b",
    re.IGNORECASE,
)
_TASTE_ENDS = re.compile(
    r"\s*(?:[;:(]|\s[-\u2013\u2014]+\s|\b(?:because|when|whenever|since|so|but|although|though|which|who|if|while|especially|particularly|as long|more than|a lot|so much|very much|the most|most of all|"
    r"over|than|these days|lately|until|unless|every|on (?:weekends|sundays|saturdays)|at all|in general|with (?:every|all)\b.*|and (?:it|that|I|they|he|she|we)|with all|to death|ever since|"
    r"for|as|right|even|just|only|by the)\b|,\s*(?:but|so|because|especially|though|and I)\b).*$",
    re.IGNORECASE,
)
_PAIRS = ("rock and roll", "mac and cheese", "fish and chips", "drum and bass", "black and white", "arts and crafts", "bread and butter",
          "salt and vinegar", "peanut butter and jelly", "hide and seek", "dungeons and dragons", "country and western", "cats and dogs of",
          "gin and tonic", "ham and cheese", "rhythm and blues", "bed and breakfast")  # fmt: skip
_AND = re.compile(r"\s*,\s*(?:and\s+|or\s+|&\s*)?|\s+(?:and|or|&|as well as|plus)\s+(?:also\s+)?", re.IGNORECASE)
_THE = re.compile(
    r"the\s+(?:sea|ocean|beach|mountains?|rain|snow|sun|outdoors|countryside|theatre|theater|cinema|opera|colou?r|forest|gym|cold|heat|dark|piano|guitar|violin|"
    r"cello|wild|night|summer|winter|spring|autumn|rainforest|desert|stars|movies|circus|ballet|news|(?:smell|sound|taste|idea|feeling)\s+of)\b",
    re.IGNORECASE,
)
"""What everybody knows; of other things "the" points at one that was spoken of."""
_CUT_OFF = re.compile(r"\b(?:with|of|for|to|in|at|by|from|and|or|the|an?)$", re.IGNORECASE)
"""What ends like this was cut off in the middle."""
_ARTICLE = re.compile(r"(?:the|an?|some|any|my|our|own|his|her|their)\s+(?=\S)", re.IGNORECASE)
_NAME = re.compile(
    r"[A-Z\u00c0-\u00de][\w\u00c0-\u017f'-]*(?:\s+(?:de|van|von|da|der|al|bin|O')?\s*[A-Z\u00c0-\u00de][\w\u00c0-\u017f'.-]*){0,3}"
)


_ABBREVIATED = re.compile(r"[A-Z]{2,3}")
_LETTERS = frozenset(
    "us uk usa uae eu la nyc sf dc ny nj nz hk kl jp cdg bc pa tx ca rsa drc prc uss sa wa qld nsw sg".split()
)
"""Places that are called by letters; HR, IT and QA are none."""


def place(text: str, *, casual: bool = False) -> str | None:
    """A place that is called by its name: the Netherlands, New York."""
    called = re.match(r"an?\s+[\w\s-]{2,40}?\s+(?:called|named)\s+(?=[A-Z])", text)
    if called is not None:
        text = text[called.end() :]
    found = _CAPITALS.match(text)
    if found is None:
        return _known_place(text) if casual or text.lower() in PLACES else None
    name = found["name"].rstrip(".'")
    rest = text[found.end() :]
    if (rest.strip() and not _STOPS.match(rest)) or name.split()[0] in _NOT_PLACES | _PRODUCTS or name.endswith("'s"):
        return None
    if _ABBREVIATED.fullmatch(name) and name.lower().replace(".", "") not in _LETTERS:
        return None
    if len(name.split()) > 6 or name.lower() in LANGUAGES or (name.lower() in NATIONS and " " not in name):
        return None
    return f"the {name}" if text.startswith("the ") else name


def _known_place(text: str) -> str | None:
    words = re.split(r"[\s,]+", text.lower())
    for count in (3, 2, 1):
        name = " ".join(words[:count])
        if name in PLACES:
            return " ".join(re.split(r"[\s,]+", text)[:count])
    return None


def town(text: str, *, casual: bool = False) -> str | None:
    """A place that is known, or stands before one that is: after "works in" a capital may also begin a tool or a trade."""
    found = place(text, casual=casual)
    if found is None:
        return None
    before = re.match(rf"(?:the\s+)?{re.escape(found.removeprefix('the '))},\s*(?P<of>.+)", text)
    return found if _is_known(found) or (before is not None and _is_known(place(before["of"]) or "")) else None


def _is_known(name: str) -> bool:
    plain = (
        "".join(char for char in normalize("NFD", name.lower()) if not combining(char))
        .replace("ł", "l")
        .replace("ø", "o")
    )
    return plain in PLACES or plain.removeprefix("the ") in PLACES or plain in TOWNS


_OWN_NAME = re.compile(
    r"(?:St\.?|Saint)\s+\w+'s|(?:McDonald|Sainsbury|Lloyd|Macy|Lowe|Kohl|Wendy|Domino|Denny|Arby|Applebee|Chili|Dunkin|Kellogg|Levi|Moody|Sotheby|Christie|Trader Joe|"
    r"Nando|Waterstone|Papa John|Jimmy John|Dillard|Zaxby|Hardee|Bloomingdale)'s"
)
"""Firms and hospitals that are called by a possessive; elsewhere it is a person's home."""


def employer(text: str) -> str | None:
    """Who somebody works for, by name: Siemens, a startup called Voltaro."""
    called = re.match(r"(?:an?|the)\s+[\w\s-]{2,40}?\s+(?:called|named)\s+(?=[A-Z])", text)
    if called is not None:
        text = text[called.end() :]
    found = _CAPITALS.match(text)
    if found is None:
        return None
    name, rest = found["name"].rstrip(".'"), text[found.end() :]
    if (rest.strip() and not _STOPS.match(rest)) or name.split()[0] in _NOT_EMPLOYERS:
        return None
    if name.endswith("'s") and not _OWN_NAME.fullmatch(name):
        return None
    if len(name.split()) > 8 or name.lower() in LANGUAGES or name.lower() in PLACES:
        return None
    return name


_IS_A_STATE = re.compile(
    r"(?!(?:Fred|Ahmed|Moham+ed|Muham+ed|Hamed|Jared|Ted|Ned|Alfred|Wilfred|Manfred|Winifred|Syed|Sayed|Zayed|Khaled|Saeed|Reed|Waleed|Majed|Rashed|Creed|Mildred|"
    r"Ming|Ling|Bing|Xing|Ying|Jing|Ping|Qing|Ning|Fleming|Irving|Sterling)\b)\w+(?:ed|ing)|(?:Team|Gen|Type|Player|User|Number|Class|Group)\b.*"
)
"""What stands after "I am" with a capital as people stress it: Excited."""


def person(text: str, *, free: bool = False) -> str | None:
    """A name of one to four words; ``free`` admits small letters, where the sentence says that it is a name."""
    text = text.strip(' ,.!"')
    if _NAME.fullmatch(text) and text.lower() not in NATIONS and (free or not _IS_A_STATE.fullmatch(text)):
        return text
    if free and re.fullmatch(r"[^\W\d_][\w'-]*(?:\s+[^\W\d_][\w'-]*)?", text) and not _POINTS.match(text):
        return None if text.split()[0].lower() in NATIONS or text.split()[0].lower() in _NO_NAMES else text
    return None


_NO_NAMES = frozenset(
    "is not hard difficult easy important the a an on in too very known written spelled pronounced common rare your whatever when if back later maybe crazy anytime tomorrow soon again stupid weird old lazy paranoid cynical asap now please old-fashioned anything names tonight today first".split()
)


def people(text: str) -> list[str]:
    """Names in a row: Leo and Nina."""
    parts = [part.strip() for part in _AND.split(text.strip(" ,."))]
    return parts if parts and all(_NAME.fullmatch(part) for part in parts) else []


def job(text: str) -> str | None:
    """What somebody is by trade, without its article: senior software engineer."""
    text = _ARTICLE.sub("", text.strip(), count=1)
    words = re.split(
        r"\s+(?:at|for|with|in|from|by|who|and|based|working|specializing|specialising|on|of)\b|,", text, maxsplit=1
    )[0].strip()
    if not words or len(words.split()) > 5 or NOT_JOBS.search(words.lower()):
        return None
    last = words.split()[-1].lower()
    return words if last in JOBS or last.removesuffix("s") in JOBS else None


def things(text: str, *, most: int = 5) -> list[str]:
    """A list of what is liked, eaten or spoken, each told without pointing at something ("it", "that idea")."""
    if re.search(r"\b(?:who|which|that)\b", text):
        return []
    text = _TASTE_ENDS.sub("", text).strip(" ,.!")
    for number, pair in enumerate(_PAIRS):
        text = re.sub(re.escape(pair), f"\x01{number}\x01", text, flags=re.IGNORECASE)
    found: list[str] = []
    for part in _AND.split(text):
        item = re.sub(r"\x01(\d+)\x01", lambda match: _PAIRS[int(match[1])], part).strip()
        if not item or len(item.split()) > most or _POINTS.match(item) or not re.search(r"[^\W\d_]{2}", item):
            return []
        if re.match(r"(?:neither|either|both)\s", item, re.IGNORECASE):
            return []
        if _CUT_OFF.search(item):
            return []
        if re.match(r"the\s+(?![A-Z])", item) and not _THE.match(item):
            return []
        found.append(item)
    return found


def languages(text: str) -> list[str]:
    """The languages that are named."""
    found: list[str] = []
    for part in _AND.split(re.split(r"\s+(?:at|because|but|with|so|since|from|fluently|well|for|every)\b", text)[0]):
        words = part.split()
        if words and words[-1].lower() in LANGUAGES and len(words) <= 5:
            found.append(words[-1] if len(words) < 2 or words[-2][0].islower() else " ".join(words[-2:]))
        elif found or not words:
            return found
    return found


def bare(text: str) -> str:
    """Without its article."""
    return _ARTICLE.sub("", text.strip(), count=1).removeprefix("own ")


_E_ENDINGS = re.compile(
    r"(?:[^aeiou]v|[aeiou]v|[^aeiou]c|[aeiou]c|at|ak|[^o]ok|os|us|iz|is|ir|id|in|ut|ot|ad|ag|rg|dg|yp|ik|ap|pl|bl|tl|ngl|rs|ur|ir|ev|as|iv|ov|av)$"
)
_NO_E = frozenset("run meet visit eat sit read train rain join fix host see fly play paint start host attend perform present speak sign swim begin plan travel cook look "
                  "repeat treat heat cheat beat wait audit edit deposit orbit exhibit explain obtain retain gain maintain complain develop submit "
                  "open listen happen bring sing ring spring swing fit quit hit knit cut shut put get set let sin win spin pin bid add load read head spread "
                  "shop stop drop help clean teach launch finish open run ski".split())  # fmt: skip


def base_of(ing: str) -> str:
    """The verb of a present participle: running is run, moving is move."""
    stem = ing[:-3]
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "lsz" + "e":
        return stem[:-1]
    if stem in _NO_E or stem.endswith(
        (
            "ee",
            "y",
            "w",
            "x",
            "oo",
            "sh",
            "ch",
            "th",
            "ck",
            "nd",
            "nt",
            "rt",
            "st",
            "ct",
            "lk",
            "lp",
            "mp",
            "rk",
            "rn",
            "ss",
            "ll",
        )
    ):
        return {"ly": "lie", "dy": "die"}.get(stem, stem)
    return f"{stem}e" if _E_ENDINGS.search(stem) else stem

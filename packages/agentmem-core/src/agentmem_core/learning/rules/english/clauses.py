"""An English sentence as clauses with a known subject, contractions written out, negation and times taken off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentmem_core.learning.rules.english.words import HE, PETS, RELATIVES, SHE
from agentmem_core.learning.rules.times import Dated
from agentmem_core.learning.rules.told import Clause, Stands

_CONTRACTED = (
    (re.compile(r"\b(I|i)'?m\b(?!')"), "I am"),
    (re.compile(r"\bi\b"), "I"),
    (re.compile(r"\bcan'?t\b|\bcan not\b", re.IGNORECASE), "cannot"),
    (re.compile(r"\bwon't\b", re.IGNORECASE), "will not"),
    (re.compile(r"\b(do|does|did|is|are|was|were|has|have|had|would|could|should)n't\b", re.IGNORECASE), r"\1 not"),
    (re.compile(r"\b(dont|doesnt|didnt|isnt|havent)\b", re.IGNORECASE), lambda found: found[1][:-2] + " not"),
    (re.compile(r"\b(I|we|they|you)'ve got\b", re.IGNORECASE), r"\1 have"),
    (re.compile(r"\b(I|we|they|you) have got\b", re.IGNORECASE), r"\1 have"),
    (re.compile(r"\b(I|we|they|you)'?ve\b", re.IGNORECASE), r"\1 have"),
    (re.compile(r"\b(we|they|you)'re\b", re.IGNORECASE), r"\1 are"),
    (re.compile(r"\b(I|we|they|you|he|she|it)'ll\b", re.IGNORECASE), r"\1 will"),
    (re.compile(r"\b(I|we|they|you|he|she|it)'d\b", re.IGNORECASE), r"\1 would"),
    (re.compile(r"\b(he|she|it|name)'s (?=(?:been|got|moved|just moved)\b)", re.IGNORECASE), r"\1 has "),
    (re.compile(r"\b(he|she|it|name|that|there)'s\b", re.IGNORECASE), r"\1 is"),
    (re.compile(r"\bgonna\b", re.IGNORECASE), "going to"),
    (re.compile(r"\b[Pp]lease,?\s+(?=(?:just\s+)?call me\s+[A-Z](?![A-Z]{2,}|\w*day\b|ack\b|ater\b|ir\b))"), ""),
    (re.compile(r"\b(?:fianc\u00e9e?)\b", re.IGNORECASE), lambda found: found[0].replace("\u00e9", "e")),
    (re.compile(r"\bguinea pig(s?)\b", re.IGNORECASE), r"guinea-pig\1"),
)  # fmt: skip

_PLEASANTRY = re.compile(
    r"[,\s]*\b(?:if (?:that|it|this) (?:helps|matters|is (?:relevant|useful|important))|if you(?: are|'re)? (?:wondering|curious|interested|asking|want to know|need to know)"
    r"|in case (?:you|that|it|we)\b[^.]*|in case|for (?:the record|reference|context)|just so you know|just fyi|fyi|btw|by the way|believe it or not"
    r"|if I remember (?:right|correctly))\b",
    re.IGNORECASE,
)
_HYPOTHETICAL = re.compile(
    r"\b(?:if|unless|suppose|supposing|imagine|imagining|pretend|assume|assuming|hypothetically|wish|wishing|as though|whether|were I|provided that|let us say|let's say|"
    r"dreamt|dreamed|dream that|in (?:my|a) dream|in another life|what if|had I|only if|just kidding|only kidding|jk|"
    r"in (?:my|our|the|a|this|that|one) (?:\w+ )?(?:novel|story|comic|screenplay|movie|film|video game|role-?play|fantasy|simulation|scenario))\b",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"\b(?!I\b|we\b)(?:\w+)\s+(?:always\s+|just\s+|also\s+|once\s+|keeps?\s+|kept\s+)?(?:said|says|saying|told|tells|telling|claims?|claimed|thinks?|thought|believes?|believed|wrote|writes|"
    r"asks?|asked|replied|answered|reckons?|insists?|insisted|assumes?|assumed|swears?|heard|hears|explained|mentioned|announced|texted|puts it|sings?)\b"
    r"|\baccording to\b|\brumou?r has it\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"^(?!(?:note|update|edit|ps|p\.s|fyi|remember|reminder|important|correction|intro|about me|me|also|fun fact|btw|ok|okay|so|well|hi|hello|hey|news|big news|good news|bad news|quick note)\b)"
    r"[\w.'-]+(?:\s[\w.'-]+){0,2}\s*:\s+(?:I|we|my|our|hi|hello)\b",
    re.IGNORECASE,
)
"""A line of somebody's in a transcript."""
_INTRODUCED = re.compile(
    r"^(?:the|an?|his|her|their|he|she|they|it|one of (?:the|my)|[A-Z][a-z]+)\s[^:.!?]{0,80}?\b\w{2,}(?:s|ed)\b[^:.!?]{0,40}:\s+(?i:I|we|my|our|hi|hello)\b"
)
"""Somebody else speaks after the colon: "The waiter greets us: my name is Tom"."""
_TELLING = re.compile(
    r"\b(?:(?:as|like)\s+)?I\s+(?:(?:already|have already|have|just|did)\s+)?(?:said|told\s+(?:you|u)|mentioned|think\s+I\s+(?:said|mentioned))(?:\s+(?:before|earlier|already|last\s+time|yesterday|that))*,?\s*(?:that\s+)?",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"(?:do|does|did|is|are|am|was|were|can|could|should|would|will|shall|has|what|where|when|why|how|who|which|whose|whom|any idea|guess|"
    r"have (?:I|you|we|they)|may I|might|let|please|tell me|show me|explain|don't|do not|does anyone|remember when)\b",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"(?:right|correct|yes|no|yeah|eh|huh|ok|okay|(?:is|are|do|does|am|have|was)(?: not|n't)? (?:it|I|that|we|they|she|he)|true)\W*$",
    re.IGNORECASE,
)

_KIN = "|".join(re.escape(name) for name in sorted([*RELATIVES, *PETS], key=len, reverse=True))
_VERB = (
    r"(?:(?:just|also|now|recently|currently|still|really|then|never)\s+)*"
    r"(?:live[sd]?\s+(?:in|at|near|with)\b|work(?:s|ed)?\s+(?:at|for|as|in)\b|works\s|am\s|is\s(?!that|it|this)|was\sborn|have\s|has\s|speaks?\s|stud(?:y|ies)\s"
    r"|moved\s|bought\s|own[s]?\s|drives?\s|teach(?:es)?\s|enjoys?\s|joined\s|adopted\s|sold\s|(?:do|does)\snot\s|cannot\s|can't\s|hates?\s|loves?\s(?!songs|stories|letters)|"
    r"likes?\s|plays?\s|used\sto\s|got\s|turned\s|quit\s|left\s|started\s|will\s|grew\sup\s|living\sin\s|based\sin\s|working\s(?:at|for|as)\s|everyone\scalls|no\slonger\s|comes?\sfrom\s|stopped\s|originally\sfrom\s|\d{1,3}\s+years\sold)"
)
_BEGINS = r"(?:I|we|my|our|he|she|they|it|you|there|this|that|the|his|her|their|what|how|can|could|please|do you|everyone calls|everybody calls|people call|friends call|call me|(?:in|on|since|last|next|this)\s+[^,]{1,30}?,?\s+(?:I|we|my))\b"
_SPLIT = re.compile(
    rf"(?:\s*[,;:]\s*|\s+[-\u2013\u2014]+\s+|\s*\u2014\s*|\s*\()(?:(?:and|but|so|because|cause|cuz|although|though|while|plus|also|where|who|yet)\s+)*(?={_BEGINS}|{_VERB})"
    rf"|\s+(?:and|but|so|because|cause|cuz|although|though|while|plus|before|after|since|when|until|then|yet|where|who)\s+(?:(?:also|then|now|so|that)\s+)*(?={_BEGINS}|{_VERB})"
    rf"|\s*;\s*|\s*\)\s*",
    re.IGNORECASE,
)
_STILL = re.compile(
    r"\b(have|has)\s+(lived|worked)\b(?=[^.,;]*\bfor\s+(?:[\w-]+\s+){1,3}(?:years|months|weeks|decades)\b)"
)
"""Who has lived somewhere for ten years lives there; who has lived there, perhaps not."""
_DROPPED = re.compile(
    r"^(?:(?:hi|hey|hello|ok|so|well|update|news|yay|finally)\b[\s,!:]*)*(?=(?:(?:just|recently|finally|also)\s+)*(?:moved\s+(?:to|from)|started\s+(?:an?\s+new|working|my\s+new)|bought\s+(?:an?|my|our)\b"
    r"|adopted\s+an?\b|turned\s+\d|quit\s+my|joined\s+[A-Z]|got\s+(?:an?\s+(?:new|dog|cat|puppy|kitten)|married|engaged|laid\s+off|fired)|sold\s+(?:my|our|the)\s|been\s+(?:working|living|studying|learning|playing)\s|cannot\s+(?:stand|bear)\s|living\s+in\s+[A-Z]|working\s+(?:at|for)\s+[A-Z]"
    r"|born\s+(?:and\s+raised\s+)?in|originally\s+from\s+[A-Z])\s*)",
    re.IGNORECASE,
)
"""Where a chat leaves out "I"."""
_LEFT_OUT = {"born": "I was ", "been": "I have "}
_RELATIVE = re.compile(r"\b(?:who|where|when|before|after|until|while)\b", re.IGNORECASE)
_LEAD = re.compile(
    r"(?:(?:well|so|yeah|yep|yes|yup|no|nope|nah|oh|ah|um+|uh+|hmm+|hi|hello|hey|heya|hiya|ok|okay|okey|actually|also|and|but|anyway|honestly|frankly|plus|in fact|nowadays|these days|currently"
    r"|right now|at the moment|personally|sorry|thanks|thank you|sure|great|cool|nice|lol|haha+|hehe|omg|wow|ugh|sadly|unfortunately|luckily|fortunately|finally|recently|lately|basically"
    r"|to be honest|tbh|to be fair|as you know|you know|you see|see|look|listen|guys|everyone|everybody|all|there|good (?:morning|evening|afternoon)|guess what|fun fact|important|note|update|quick update|news|big news"
    r"|about me|me|myself|for me|in general|generally|besides|moreover|since then|now|then|today|and yes|good question|both|nice to meet you|pleased to meet you|small correction|correction|remember|please remember|remember that"
    r"|just|still|btw|by the way|fyi|my bad|oops|wait|too|that|because|dear \w+|at home|at work|in my free time|in my spare time|for years|as a kid|it turns out(?: that)?|turns out(?: that)?|I (?:just )?found out(?: that)?)\b[\s,!:;.\u2026\-\u2013\u2014]*)+",
    re.IGNORECASE,
)
_ME = re.compile(
    r"(?:I|we|my (?:wife|husband|partner|girlfriend|boyfriend|family|fiancee?|spouse|kids|children|sister|brother) and I|me and my \w+|both of us)\s+",
    re.IGNORECASE,
)
_MINE = re.compile(
    rf"(?P<my>my|our)\s+(?P<how>(?:(?:older|younger|little|big|elder|twin|eldest|youngest|oldest|baby|dear|lovely|beloved|best|only|good|old|new|first|second|"
    rf"\w+-year-old|\d+\s+year\s+old|closest|black|white|grey|gray|ginger)\s+)*)(?P<kin>{_KIN})(?P<more>(?:'s\b.*|\s+.*|,\s.*)?)$",
    re.IGNORECASE | re.DOTALL,
)
_NAMED = re.compile(r"(?:,\s*)?(?:called\s+|named\s+)?(?P<name>[A-Z][\w'\u2019-]+(?:\s+[A-Z][\w'-]+)?),?(?:\s+|$)")
_PRONOUN = re.compile(r"(?P<who>he|she|it|they)\s+", re.IGNORECASE)

_THEIR_NAME = re.compile(r"(?P<who>her|his|its)\s+name\s+is\s+", re.IGNORECASE)

_ADVERB = (
    r"(?:just|also|really|currently|now|actually|absolutely|recently|still|already|mostly|mainly|usually|always|totally|simply|truly|kind of|kinda|sort of|personally|officially|finally|only"
    r"|basically|both|quite|so|very|definitely|genuinely|especially|particularly|secretly|honestly|temporarily|permanently|obviously|literally|even|too|all|pretty|generally|normally|"
    r"primarily|happily|proudly|sadly|unfortunately|deeply|severely|highly|mildly|slightly|super|extremely|terribly|badly|massively|recently|newly|long|ever|presently|today|(?:do|does)(?!\s+not\b))"
)
_ADVERBS = re.compile(rf"(?:{_ADVERB}\s+)+", re.IGNORECASE)
_BE = re.compile(r"(?:am|are|is|(?:have|has)\s+been)\s+", re.IGNORECASE)
_HAVE = re.compile(r"(?:have|has)\s+(?!been\b|to\b)", re.IGNORECASE)
_ENDED = re.compile(r"[\s,]+(?:any\s?more|any longer)\b", re.IGNORECASE)
_NOT = re.compile(r"(?:do|does)\s+not\s+|(?:is|am|are)\s+(?=not\b)", re.IGNORECASE)
_STOPPED = re.compile(
    r"(?:(?:have|has)\s+)?(?:stopped|quit|given up|gave up|finished)\s+(?P<ing>eating|drinking|smoking|playing|learning|studying|working|living|teaching)\s+",
    re.IGNORECASE,
)
_BARE = {"eating": "eat", "drinking": "drink", "smoking": "smoke", "playing": "play", "learning": "is learning", "studying": "study",
         "working": "work", "living": "live", "teaching": "teach"}  # fmt: skip
_INTERJECTED = re.compile(
    r"(?<!\w)[:;=8][-']?[()DPpOo/|*](?!\w)|\bx[dD]\b|[\u2764\ufe0f\U0001f000-\U0001faff\u2600-\u27bf]+|\b(?:lol|lmao|rofl|haha+|hehe+|tbh|imo|imho|ngl|idk)\b",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:[\s,.!?\u2026:;\-\u2013\u2014(]+(?:too|as well|now|right now|currently|these days|nowadays|at the moment|lately|recently|though|btw|by the way|actually|again|already|please|thanks|thank you|you know"
    r"|nice to (?:e-?)?(?:meet|see) you(?: all)?|pleased to meet you|for now|so far|for a while|for ages|for (?:many |several |a few |some |\w+ )?years|for (?:\w+ )?months|full[- ]time|part[- ]time|of course|obviously|unfortunately|sadly|luckily|honestly|yay|today|instead|"
    r"forever|all my life|my whole life|since then|then|first|anyway|yet|myself|together|and stuff|or so|etc|to be honest|to be fair|at least|in fact|for real|for sure|with (?:a|all my|every) (?:\w+ )?(?:passion|heart)|to (?:death|bits|pieces)|more than (?:anything|life)(?: else)?|so much|and proud of it|after all|I think|I guess))+$",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r"(?:,\s*(?:and\s+)?|(?<=\b[A-Z][a-z])\s+|(?<=[a-z]{3})\s+(?=not\s+[A-Z]))not\s+(?:in\s+|at\s+|to\s+|an?\s+)?(?P<wrong>[\w' -]{2,40})$"
)


@dataclass(slots=True)
class Persons:
    """Who was spoken of last, for "he", "she" and clauses without a subject."""

    me: str
    subject: str = ""
    kind: str = ""
    other: str = ""
    other_kind: str = ""

    def name(self, name: str, kind: str) -> None:
        """Call the one who was spoken of by name from now on."""
        if self.subject == self.other and self.kind == kind:
            self.subject = name
        self.other, self.other_kind = name, kind

    def turn_to(self, subject: str, kind: str) -> None:
        self.subject, self.kind = subject, kind
        if kind:
            self.other, self.other_kind = subject, kind


@dataclass(frozen=True, slots=True)
class Piece:
    """A clause before its verb is looked at: its words from ``start`` to ``end`` of the sentence.

    A ``relative`` one ("who lives in Denver", "when I moved to Rome") is about somebody, or some time, that it does not name.
    """

    start: int
    end: int
    words: str
    relative: bool = False


def expanded(sentence: str) -> str:
    """The sentence with contractions written out, without smileys."""
    for pattern, full in _CONTRACTED:
        sentence = pattern.sub(full, sentence)
    sentence = _INTERJECTED.sub(" ", sentence)
    sentence = _TELLING.sub("", _PLEASANTRY.sub(" ", sentence)).strip(" ,")
    sentence = _STILL.sub(
        lambda found: (
            f"{found[1]} been {found[2].removesuffix('ed').removesuffix('v')}{'v' * (found[2] == 'lived')}ing"
        ),
        sentence,
    )
    return _DROPPED.sub(lambda found: _LEFT_OUT.get(sentence[found.end() :][:4].lower(), "I "), sentence, count=1)


def stated(sentence: str) -> bool:
    """Whether a sentence tells what is so: no hypothesis, and nobody else's words."""
    return not any(pattern.search(sentence) for pattern in (_HYPOTHETICAL, _REPORTED, _LABELLED, _INTRODUCED))


def pieces(sentence: str) -> list[Piece]:
    """Its clauses that are no questions."""
    cuts = [0]
    links = [""]
    ends: list[int] = []
    for found in _SPLIT.finditer(sentence):
        if found.end() > found.start():
            ends.append(found.start())
            cuts.append(found.end())
            links.append(found[0])
    ends.append(len(sentence))
    found_pieces = [
        Piece(start, end, sentence[start:end], _RELATIVE.search(link) is not None)
        for start, end, link in zip(cuts, ends, links, strict=True)
        if start < end
    ]
    if sentence.rstrip(" )\"'").endswith("?") and found_pieces:
        tagged = _TAG.match(found_pieces[-1].words.strip()) or re.search(
            r",\s*" + _TAG.pattern, sentence, re.IGNORECASE
        )
        found_pieces = found_pieces[: -2 if tagged and len(found_pieces) > 1 else -1]
    return found_pieces


def clauses(sentence: Dated, persons: Persons, *, casual: bool) -> Iterator[Clause]:
    """The clauses of a sentence; those whose subject is not known have none."""
    for piece in pieces(sentence.text):
        said, times = sentence.part(piece.start, piece.end)
        said, wrong = corrected(_led(_tidy(said)))
        whole, _ = corrected(_led(_tidy(piece.words)))
        if piece.relative:
            continue
        if _ASKS.match(said) and not _continues(said):
            persons.subject = persons.kind = ""
            continue
        found = _subject(said, persons)
        if found is None:
            persons.subject = persons.kind = ""
            yield Clause("", persons.me, said, whole, Stands.HOLDS, times, wrong=wrong, casual=casual)
            continue
        stands, verb = _polarity(found.rest)
        yield Clause(
            found.subject, persons.me, verb, _polarity(_rest_of(whole))[1], stands, times, found.kind, found.named, wrong, casual
        )  # fmt: skip


def _led(said: str) -> str:
    """Without the words that lead in: well, actually, by the way."""
    lead = _LEAD.match(said)
    return said[lead.end() :] if lead is not None and lead.end() < len(said) and not _ME.match(said) else said


def _continues(said: str) -> bool:
    return re.match(r"(?:is|am|has|does not|do not|was born)\s", said) is not None and not re.match(
        r"(?:is|am|do|does|has)\s+(?:I|you|he|she|it|this|that|there|my|the|we|they|anyone)\b", said
    )


def _tidy(text: str) -> str:
    text = " ".join(text.split()).strip(' ,.!?;:\u2026-\u2013\u2014()"')
    while True:
        shorter = _TAIL.sub("", text).strip(" ,.!?;:\u2026-\u2013\u2014(")
        if shorter == text or not shorter:
            return text
        text = shorter


@dataclass(frozen=True, slots=True)
class _Subject:
    subject: str
    kind: str
    rest: str
    named: str = ""


def _subject(said: str, persons: Persons) -> _Subject | None:
    """Whom a clause is about, what they are to the speaker, and the words after it."""
    me = _ME.match(said)
    if me is not None:
        persons.turn_to(persons.me, "")
        return _Subject(persons.me, "", said[me.end() :])
    mine = _MINE.match(said)
    if mine is not None:
        return _relative(mine, persons)
    named = _THEIR_NAME.match(said)
    if named is not None and persons.other and _fits(named["who"].lower(), persons.other_kind):
        return _Subject(persons.other, persons.other_kind, f"'s name is {said[named.end() :]}")
    who = _PRONOUN.match(said)
    if who is not None and persons.other and _fits(who["who"].lower(), persons.other_kind):
        persons.turn_to(persons.other, persons.other_kind)
        return _Subject(persons.other, persons.other_kind, said[who.end() :])
    return _continued(said, persons)


def _continued(said: str, persons: Persons) -> _Subject | None:
    """A clause without a subject of its own goes on about the last one."""
    if persons.subject and re.match(_VERB, said + " ", re.IGNORECASE):
        return _Subject(persons.subject, persons.kind, said)
    bare = persons.subject and _BARE_NOUN.fullmatch(said)
    return _Subject(persons.subject, persons.kind, f"is {said}") if bare else None


_BARE_NOUN = re.compile(r"(?:an?\s.+|\d{1,3}(?:\s+years\s+old)?|(?:originally\s+)?from\s+[A-Z].*)")


def _relative(mine: re.Match[str], persons: Persons) -> _Subject:
    kin, more = mine["kin"].lower(), mine["more"]
    subject, named = f"{persons.me}'s {kin}", ""
    if more.startswith("'s"):
        rest = "'s " + more[2:].strip()
    else:
        name = _NAMED.match(more.lstrip())
        if name is not None and name["name"].split()[0] not in {"I", "Is", "Has"}:
            named, rest = name["name"], more.lstrip()[name.end() :]
            subject = subject if kin in PETS else named
        else:
            rest = more.strip(" ,")
    persons.turn_to(subject, kin)
    return _Subject(subject, kin, rest, named)


def _rest_of(whole: str) -> str:
    """What follows the subject in the words with their times."""
    for pattern in (_ME, _PRONOUN):
        found = pattern.match(whole)
        if found is not None:
            return whole[found.end() :]
    mine = _MINE.match(whole)
    if mine is None:
        return f"is {whole}" if _BARE_NOUN.fullmatch(whole) else whole
    if mine["more"].startswith("'s"):
        return "'s " + mine["more"][2:].strip()
    more = mine["more"].lstrip()
    named = _NAMED.match(more)
    return more[named.end() :] if named is not None else more.strip(" ,")


def _fits(pronoun: str, kind: str) -> bool:
    if pronoun in {"she", "her"}:
        return kind not in HE
    if pronoun in {"he", "his"}:
        return kind not in SHE
    return pronoun in {"it", "its"} and kind in PETS


def _polarity(said: str) -> tuple[Stands, str]:
    """Whether it holds, and the words without negation, adverbs and inflection of "be" and "have"."""
    stands = Stands.HOLDS
    said = _ADVERBS.sub("", said, count=1) if _ADVERBS.match(said) and not _NOT.match(said) else said
    ended = _ENDED.search(said)
    if ended:
        said = said[: ended.start()] + said[ended.end() :]
    stopped = _STOPPED.match(said)
    if stopped:
        return Stands.GONE, f"{_BARE[stopped['ing'].lower()]} {said[stopped.end() :]}"
    if re.match(r"(?:used to|no longer|(?:am|is|are) no longer)\s", said, re.IGNORECASE):
        be = "is " if re.match(r"(?:am|is|are) no", said, re.IGNORECASE) else ""
        said = be + re.sub(r"^(?:used to|(?:am |is |are )?no longer)\s+", "", said, flags=re.IGNORECASE)
        said = re.sub(r"^be\s", "is ", said)
        stands = Stands.GONE
    elif _NOT.match(said):
        be = "is " if re.match(r"(?:is|am|are)\s", said, re.IGNORECASE) else ""
        said = be + _NOT.sub("", said, count=1).removeprefix("not ")
        stands = Stands.GONE if ended else Stands.NOT
    elif re.match(r"(?:cannot|never|will not|did not|have not|has not|have no|has no)\s", said, re.IGNORECASE):
        stands = Stands.GONE if ended else Stands.NOT
        said = re.sub(r"^(?:never|will not|did not)\s+", "", said, flags=re.IGNORECASE)
        said = re.sub(r"^ha(?:ve|s) (?:no|not)\s+", "has a ", said, flags=re.IGNORECASE)
    return stands, _inflected(said.strip())


def _inflected(said: str) -> str:
    if _ADVERBS.match(said):
        said = _ADVERBS.sub("", said, count=1)
    for pattern, one in ((_BE, "is "), (_HAVE, "has ")):
        if pattern.match(said):
            rest = pattern.sub("", said, count=1)
            if _ADVERBS.match(rest):
                rest = _ADVERBS.sub("", rest, count=1)
            return one + rest
    return said


def corrected(said: str) -> tuple[str, str | None]:
    """What is said without what it is not: "Bob, not Rob" is Bob, and Rob."""
    found = _CORRECTED.search(said)
    return (said, None) if found is None else (said[: found.start()].rstrip(" ,"), found["wrong"].strip())

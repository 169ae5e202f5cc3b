"""Employers, jobs, studies, languages and what is played."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from agentmem_core.learning.rules.english.phrases import bare, employer, job, languages, things, town
from agentmem_core.learning.rules.english.words import LANGUAGES, NATIONS, PLAYED
from agentmem_core.learning.rules.told import Clause, Form, Stands, Told

_AS = r"(?:\s+as\s+(?P<job>.+?))?"
_AT = r"(?:\s+(?:at|for|with|of)\s+(?P<org>.+))?"
WORKS = re.compile(
    rf"(?:works?|working|is\s+(?:working|employed)|has\s+(?:been\s+working|worked)|interns?|is\s+interning|worked)\s+(?:\w+ly\s+|(?:full|part)-time\s+|from\s+home\s+)?(?P<by>at|for|with)\s+(?P<org>.+?){_AS}",
    re.IGNORECASE,
)
WORKS_AS = re.compile(
    rf"(?:works?|working|is\s+(?:working|employed)|has\s+(?:been\s+working|worked)|worked)\s+(?:\w+-time\s+)?as\s+(?P<job>.+?){_AT}",
    re.IGNORECASE,
)
_IN_AND_FOR = re.compile(
    rf"(?:works?|working|is working|has (?:been working|worked)|worked)\s+(?:\w+ly\s+)?in\s+(?P<place>\S.*?)\s+(?:at|for)\s+(?P<org>(?:the\s+)?[A-Z].*?){_AS}"
)
_FIRM = re.compile(
    r"\b(?:Inc|Corp|Corporation|Ltd|LLC|GmbH|AG|Company|Group|Bank|University|College|School|Hospital|Clinic|Institute|Labs?|Studios?|Agency|Foundation|"
    r"Partners|Consulting|Technologies|Systems|Solutions|Airlines|Airways|Cent(?:er|re)|Council|Museum|Ministry|Department|Services|Logistics|Pharma|[A-Z]{3,})\b"
)
"""What tells the name of a firm from that of a person."""
_TRADE = re.compile(r"[a-z]+(?:\s[a-z]+)?")
_OCCASION = re.compile(
    r"\b(?:Week|Weekend|Days?|Festival|Fest|Season|Games|Olympics|Cup|Fair|Summit|Conference|Expo|Marathon|Oktoberfest|Carnival|Pride|Ramadan|Eid|Diwali|"
    r"Hanukkah|Passover|Lent|EMEA|APAC|DACH|LATAM|God|Jesus|Santa)\b"
)
"""What one also works in a town for."""
_STARTED = re.compile(
    r"(?:has\s+)?(?:(?:just|recently)\s+)*(?:started|got|gotten|landed|accepted|took|begun|began|start)\s+(?:working|(?:(?:an?|my|the)\s+)?(?:new\s+|first\s+|dream\s+|full-time\s+|part-time\s+)*(?:job|position|role|work|internship|offer))"
    r"(?:\s+as\s+(?P<job>.+?))?\s+(?:at|with|for|from)\s+(?P<org>.+?)",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"(?:has\s+)?(?:(?:just|recently)\s+)*joined\s+(?P<org>.+?)(?:\s+as\s+(?P<job>.+))?", re.IGNORECASE
)
_SITES = frozenset(
    "Facebook Instagram Twitter Reddit Discord TikTok LinkedIn Slack Zoom Tinder Netflix WhatsApp Telegram Steam".split()
)
_LEFT = re.compile(
    r"(?:has\s+)?(?:(?:just|recently|finally)\s+)*(?:(?:quit|left|lost|resigned from|gave up|handed in my notice)\s+(?:(?:my|the|his|her)\s+(?:old\s+)?(?:job|position|role)(?:\s+as\s+.+?)?\s+(?:at|with|for)\s+)?|"
    r"(?:got|was|been|is)\s+(?:laid off|fired|let go|made redundant|sacked)\s+(?:from|by|at)\s+|(?:resigned|retired)\s+from\s+)(?P<org>.+)",
    re.IGNORECASE,
)
_LEFT_FOR = re.compile(
    r"(?:has\s+)?(?:left|quit)\s+(?P<org>[A-Z][\w&.-]*(?:\s+[A-Z][\w&.-]*)*)\s+(?:for|to join)\s+(?P<new>[A-Z].*)"
)
IS_JOB = re.compile(
    rf"(?:is|has been|became|has become|is working as|trained as)\s+(?P<job>an?\s+.+?|(?:the\s+)?(?:co-?founder|founder|ceo|cto|cfo|coo|head|(?:\w+\s+)?director|owner|president|principal|dean|(?:\w+\s+)?manager|editor)(?:\s.+?)??){_AT}",
    re.IGNORECASE,
)
_STATUS = re.compile(r"is\s+(?P<job>retired|unemployed|self-employed|semi-retired)", re.IGNORECASE)
_MY_JOB = re.compile(r"my\s+(?:job|profession|occupation|job\s+title|day\s+job)\s+is\s+(?P<job>.+)", re.IGNORECASE)
_MY_EMPLOYER = re.compile(r"my\s+(?:(?:new|current)\s+)?employer\s+is\s+(?P<org>.+)", re.IGNORECASE)
_TEACHES = re.compile(
    r"(?:teach(?:es)?|is\s+teaching)\s+(?P<what>[\w\s-]+?)(?:\s+(?:at|to|in|for)\s+.*)?", re.IGNORECASE
)

_STUDIES = re.compile(
    r"(?:stud(?:y|ies)|is\s+(?:studying|majoring\s+in|reading)|majors?\s+in)\s+(?P<what>.+?)(?:\s+(?:at|in)\s+(?P<school>(?:the\s+)?[A-Z].*))?",
    re.IGNORECASE,
)
_READING = re.compile(r"is\s+reading\b", re.IGNORECASE)
_DEGREE = re.compile(
    r"(?:is\s+(?:doing|pursuing|working on|finishing|completing|getting|in)|does)\s+(?:an?\s+|my\s+|the\s+)?(?:\w+\s+year\s+of\s+)?(?:(?:an?|my)\s+)?(?:phd|ph\.d|master'?s?|masters|msc|bsc|bachelor'?s?|ba|ma|degree|mba|doctorate)(?:\s+degree|\s+program(?:me)?)?"
    r"\s+(?:in|on|of)\s+(?P<what>.+?)(?:\s+(?:at|from)\s+(?P<school>(?:the\s+)?[A-Z].*))?",
    re.IGNORECASE,
)
_STUDENT = re.compile(
    r"is\s+an?\s+(?:(?:\w+[\s-])?(?:year\s+)?)?(?P<what>[\w\s-]*?)\s*student(?:\s+at\s+(?P<school>.+))?",
    re.IGNORECASE,
)
_ATTENDS = re.compile(
    r"(?:go(?:es)?\s+to|attends?|is\s+(?:attending|enrolled\s+(?:at|in)))\s+(?P<school>(?:the\s+)?[A-Z].*)"
)
_SCHOOL = re.compile(
    r"\b(?:University|College|School|Institute|Academy|Universit\w+|Polytechnic|Conservatory|[A-Z]{2,5}|Oxford|Cambridge|Harvard|Stanford|Yale|Princeton)\b"
)
_STUDIED = re.compile(
    r"(?:has\s+)?(?:studied|majored in)\s+(?P<what>.+?)(?:\s+(?:at|in)\s+(?P<school>(?:the\s+)?[A-Z].*))?",
    re.IGNORECASE,
)
_GRADUATED = re.compile(
    r"(?:has\s+)?(?:just\s+|recently\s+)?graduated\s+(?:in\s+[\w\s]{2,40}?\s+|with\s+[\w\s]{2,40}?\s+)?from\s+(?P<school>(?:the\s+)?[A-Z].*)"
)
_MAJOR = re.compile(r"my\s+major\s+is\s+(?P<what>.+)", re.IGNORECASE)
_NO_SUBJECT = re.compile(
    r"(?:for|in|at|the|an?|hard|all|every|until|on|with|how|by|from|abroad|here|there|alone|online|like|as|my|your|this|that|what|why|whether|too|so|really|together|best|better|now|at)\b",
    re.IGNORECASE,
)
_DEGREES = {"graduate", "phd", "college", "university", "high school", "school", "exchange", "doctoral", "master's", "masters", "first", "second",
            "third", "final", "undergraduate", "grad", "full-time", "part-time", "postgraduate", "mature", "good", "bad", ""}  # fmt: skip

_SPEAKS = re.compile(
    r"(?:speaks?|is\s+(?:fluent|bilingual)\s+in|can\s+speak|is\s+a\s+native\s+speaker\s+of)\s+(?P<what>.+)",
    re.IGNORECASE,
)
_NATIVE = re.compile(
    r"(?:my|'s)\s+(?:native language|mother tongue|first language|native tongue)\s+is\s+(?P<what>.+)", re.IGNORECASE
)
_NATIVE_SPEAKER = re.compile(r"is\s+an?\s+native\s+(?P<what>\w+)\s+speaker", re.IGNORECASE)
_LEARNS = re.compile(
    r"(?:is\s+(?:learning|studying|taking)|has\s+been\s+(?:learning|studying)|has\s+started\s+learning|stud(?:y|ies)|started\s+learning|learns?|started\s+taking)\s+(?P<what>.+?)(?:\s+(?:lessons|classes|with|on|at|for|because|in|every)\b.*)?",
    re.IGNORECASE,
)
_NOT_LEARNT = re.compile(
    r"(?:a lot|so much|from|how|about|that|to (?:be|live|love|say|deal|cope|accept|trust)|it|this|more|things|what|the hard way|new|something|many|every|by)\b",
    re.IGNORECASE,
)
_PLAYS = re.compile(
    r"(?:plays?|is\s+playing|has\s+(?:played|been\s+playing))\s+(?P<the>(?:the\s+)?)(?P<what>[\w\s,&-]+?)(?:\s+(?:in|at|with|for|on|every|as|to|because|when)\b.*)?",
    re.IGNORECASE,
)


def work(clause: Clause) -> Iterator[Told]:
    """I work at Siemens as a project manager, I joined Spotify."""
    if not clause.subject:
        found = _MY_EMPLOYER.fullmatch(clause.said)
        if found and (org := employer(found["org"])):
            yield _works_at(clause.me, org, clause)
        return
    if clause.stands is Stands.NOT:
        return
    for pattern in (WORKS, WORKS_AS, _IN_AND_FOR, _STARTED, _JOINED):
        found = pattern.fullmatch(clause.said)
        if found is not None and (pattern is not _IN_AND_FOR or _is_employed_there(clause, found)):
            yield from _employed(clause, found)
            return


def _is_employed_there(clause: Clause, found: re.Match[str]) -> bool:
    """Whether "in Shenzhen for Tencent" names an employer: not "in Paris for Fashion Week", nor whom one no longer works for there alone."""
    where = town(found["place"], casual=clause.casual) or _TRADE.fullmatch(found["place"])
    who = found["org"].removeprefix("the ").split()[0]
    other = who in _SITES or who.lower().removesuffix("s") in NATIONS or _OCCASION.search(found["org"])
    return bool(where) and not other and clause.stands is not Stands.GONE


def _employed(clause: Clause, found: re.Match[str]) -> Iterator[Told]:
    org = employer(found["org"]) if found["org"] else None
    if found.re is _JOINED and (org is None or org.split()[0] in _SITES):
        return
    if (
        org is not None
        and found.re is WORKS
        and found["by"].lower() == "with"
        and not (found["job"] or _FIRM.search(org))
    ):
        return  # with Anna, as likely as not
    past = clause.said.lower().startswith("worked") and clause.holds
    since, until = clause.times.closed
    if org is not None and past:
        yield Told(clause.subject, "worked at", org, f"{clause.subject} worked at {org}", 0.9, since=since, until=until)
    elif org is not None:
        yield _works_at(clause.subject, org, clause)
    trade = job(found["job"]) or _short_job(found["job"]) if found["job"] else None
    if trade and not past:
        gone = clause.stands is Stands.GONE
        verb = "no longer works" if gone else "works"
        yield Told(
            clause.subject, "works as", trade, f"{clause.subject} {verb} as {_with_article(trade)}", 0.9, retracted=gone
        )


def _works_at(who: str, org: str, clause: Clause) -> Told:
    if clause.stands is Stands.GONE:
        return Told(who, "works at", org, f"{who} no longer works at {org}", 0.9, retracted=True)
    return Told(who, "works at", org, f"{who} works at {org}", 0.92, since=clause.times.since)


def _short_job(text: str) -> str | None:
    """After "works as" whatever stands is the job, as long as it is short."""
    words = re.split(r"\s+(?:at|for|with|in|and|on|from)\b|,", text, maxsplit=1)[0]
    found = bare(words)
    return (
        found
        if re.match(r"(?:an?|the)\s", words)
        and 0 < len(found.split()) <= 4
        and not re.match(r"(?:favou?r|result|team|way|volunteer$)", found)
        else None
    )


def _with_article(words: str) -> str:
    return words if words.endswith("s") else f"{'an' if words[:1].lower() in 'aeiou' else 'a'} {words}"


def leaving(clause: Clause) -> Iterator[Told]:
    """I quit my job at Deloitte, I got laid off from Meta, I left Google for Meta."""
    if not clause.subject or not clause.holds:
        return
    changed = _LEFT_FOR.fullmatch(clause.said)
    if changed is not None and (new := employer(changed["new"])):
        yield Told(
            clause.subject,
            "works at",
            changed["org"],
            f"{clause.subject} no longer works at {changed['org']}",
            0.85,
            retracted=True,
        )
        yield _works_at(clause.subject, new, clause)
        return
    found = _LEFT.fullmatch(clause.said)
    if found is None or re.match(r"(?:has\s+)?(?:\w+\s+)?(?:left|lost|gave up|quit)\s+(?!my|the|his|her)", clause.said):
        return
    org = employer(found["org"])
    if org:
        yield Told(clause.subject, "works at", org, f"{clause.subject} no longer works at {org}", 0.92, retracted=True)


def trade(clause: Clause) -> Iterator[Told]:
    """I am a nurse at St Mary's, my job is teaching, I am retired."""
    if not clause.subject:
        found = _MY_JOB.fullmatch(clause.said)
        mine = job(found["job"]) if found else None
        if mine:
            yield Told(clause.me, "works as", mine, f"{clause.me} works as {_with_article(mine)}", 0.9)
        return
    if clause.stands is Stands.NOT:
        return
    found = _STATUS.fullmatch(clause.said) or IS_JOB.fullmatch(clause.said)
    if found is None:
        return
    what = (
        found["job"]
        if found.re is _STATUS
        else job(re.sub(r"^(?:an?|the)\s+\d+[\s-]years?[\s-]old\s+", "a ", found["job"]))
    )
    if what is None or what.split()[-1].lower() == "student":
        return
    gone = clause.stands is Stands.GONE
    article = what if found.re is _STATUS else _with_article(what)
    yield Told(
        clause.subject, "works as", what, f"{clause.subject} is {'no longer ' * gone}{article}", 0.88, retracted=gone
    )
    org = employer(found["org"]) if found.re is IS_JOB and found["org"] else None
    if org and not gone:
        yield _works_at(clause.subject, org, clause)


def studies(clause: Clause) -> Iterator[Told]:
    """I study architecture at the University of Porto, I am doing a PhD in neuroscience."""
    if not clause.subject:
        found = _MAJOR.fullmatch(clause.said)
        if found:
            yield from _studied(clause, clause.me, found["what"], None)
        return
    if not clause.holds:
        return
    attends = _ATTENDS.fullmatch(clause.said)
    if attends is not None:
        yield from _studied(clause, clause.subject, None, attends["school"])
        return
    if _STUDIED.fullmatch(clause.said) or _GRADUATED.fullmatch(clause.said):
        yield from _former_studies(clause)
        return
    for pattern in (_DEGREE, _STUDIES, _STUDENT):
        found = pattern.fullmatch(clause.said)
        if found is not None:
            yield from _present_studies(clause, found)
            return


def _former_studies(clause: Clause) -> Iterator[Told]:
    graduated = _GRADUATED.fullmatch(clause.said)
    school = employer(graduated["school"]) if graduated else None
    if school:
        yield Told(clause.subject, "graduated from", school, f"{clause.subject} graduated from {school}", 0.92)
    studied = _STUDIED.fullmatch(clause.said)
    if studied is not None and not _NO_SUBJECT.match(studied["what"]):
        for item in things(studied["what"], most=4):
            yield Told(clause.subject, "studied", item, f"{clause.subject} studied {item}", 0.85)


def _present_studies(clause: Clause, found: re.Match[str]) -> Iterator[Told]:
    what = found["what"].strip() if found["what"] else None
    if _READING.match(found[0]) and not _SCHOOL.search(found["school"] or ""):
        return  # a book
    if found.re is _STUDENT:
        yield Told(clause.subject, "works as", "student", f"{clause.subject} is a student", 0.88)
        what = (
            None
            if (what or "").lower() in _DEGREES
            else {"medical": "medicine", "dental": "dentistry"}.get((what or "").lower(), what)
        )
    yield from _studied(clause, clause.subject, what, found["school"])


def _studied(clause: Clause, who: str, what: str | None, school: str | None) -> Iterator[Told]:
    if what and not _NO_SUBJECT.match(what):
        for item in things(what, most=4):
            if item.lower() not in LANGUAGES:
                yield Told(who, "studies", item, f"{who} studies {item}", 0.88)
    if school and _SCHOOL.search(school) and (found := employer(school)):
        yield Told(who, "studies at", found, f"{who} studies at {found}", 0.9, since=clause.times.since)


def speaking(clause: Clause) -> Iterator[Told]:
    """I speak Portuguese and a little French, I am learning Korean."""
    if not clause.subject:
        found = _NATIVE.fullmatch(clause.said)
        yield from _spoken(clause.me, found["what"] if found else "")
        return
    if not clause.holds:
        return
    found = _SPEAKS.fullmatch(clause.said) or _NATIVE_SPEAKER.fullmatch(clause.said) or _NATIVE.fullmatch(clause.said)
    yield from _spoken(clause.subject, found["what"] if found else "")
    learnt = _LEARNS.fullmatch(clause.said)
    if learnt is None or _NOT_LEARNT.match(learnt["what"]):
        return
    known = languages(learnt["what"])
    if not known and not re.match(r"is\s+learning|started\s+learning|has\s+been\s+learning", clause.said):
        return
    for item in known or things(re.sub(r"^the\s+", "", learnt["what"]), most=4):
        yield Told(clause.subject, "is learning", item, f"{clause.subject} is learning {item}", 0.88)


def _spoken(who: str, what: str) -> Iterable[Told]:
    return [Told(who, "speaks", item, f"{who} speaks {item}", 0.93) for item in languages(what)] if what else []


def playing(clause: Clause) -> Iterator[Told]:
    """I play the cello; I teach maths."""
    if not clause.subject or clause.stands is Stands.NOT:
        return
    gone = clause.stands is Stands.GONE
    taught = _TEACHES.fullmatch(clause.said)
    if (
        taught
        and taught["what"]
        and not re.match(
            r"(?:my|your|him|her|them|me|us|people|kids|children|the|a|an|you|how|at|in|to)\b", taught["what"]
        )
    ):
        for item in things(taught["what"], most=3):
            yield Told(
                clause.subject,
                "teaches",
                item,
                f"{clause.subject} {'no longer ' * gone}teaches {item}",
                0.85,
                retracted=gone,
            )
    found = _PLAYS.fullmatch(clause.said)
    if found is None:
        return
    for item in (bare(item) for item in things(found["what"], most=3)):
        if item.lower() in PLAYED or item.lower().split()[-1] in PLAYED or (item[:1].isupper() and not gone):
            shown = f"the {item}" if found["the"] else item
            yield Told(
                clause.subject,
                "plays",
                item,
                f"{clause.subject} {'no longer ' * gone}plays {shown}",
                0.88,
                retracted=gone,
            )


FORMS: tuple[Form, ...] = (work, leaving, trade, studies, speaking, playing)

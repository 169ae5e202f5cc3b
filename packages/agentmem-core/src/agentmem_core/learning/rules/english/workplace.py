"""The town where somebody works."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentmem_core.learning.rules.english.phrases import employer, job, town
from agentmem_core.learning.rules.english.work import IS_JOB, WORKS, WORKS_AS
from agentmem_core.learning.rules.told import Clause, Form, Stands, Told

_WORKS_IN = re.compile(
    r"(?:works?|working|is\s+working|has\s+(?:been\s+working|worked)|worked)\s+(?:\w+ly\s+|(?:full|part)-time\s+)?(?:in|from|out\s+of)\s+(?P<place>.+)",
    re.IGNORECASE,
)
_HAS_WORKED = re.compile(r"has\s+worked\s+(?:in|from|out\s+of)\b", re.IGNORECASE)
_IN_TOWN = re.compile(r"\s+in\s+(?P<place>\S.*)$")


def workplace(clause: Clause) -> Iterator[Told]:
    """I work in Berlin, as a nurse in Lisbon, for Bosch in Stuttgart; "in a hurry" and "in marketing" are no towns."""
    if not clause.subject or clause.stands is Stands.NOT or clause.times.coming is not None:
        return
    where = _where(clause)
    at = town(where, casual=clause.casual) if where else None
    if at is None:
        return
    who = clause.subject
    if clause.stands is Stands.GONE:
        yield Told(who, "works in", at, f"{who} no longer works in {at}", 0.9, retracted=True)
    elif clause.said.lower().startswith("worked") or (_HAS_WORKED.match(clause.said) and clause.times.since is None):
        since, until = clause.times.closed
        yield Told(who, "worked in", at, f"{who} worked in {at}", 0.88, since=since, until=until)
    else:
        yield Told(who, "works in", at, f"{who} works in {at}", 0.9, since=clause.times.since)


def _where(clause: Clause) -> str:
    """What stands after "works in", or behind a job or an employer; who no longer works somewhere may work in the same town."""
    found = _WORKS_IN.fullmatch(clause.said)
    if found is not None:
        return found["place"]
    as_job = WORKS_AS.fullmatch(clause.said)
    inside = _IN_TOWN.search(as_job["job"]) if as_job is not None else None
    if inside is not None:
        return inside["place"]
    for pattern in (WORKS, WORKS_AS, IS_JOB):
        found = pattern.fullmatch(clause.said)
        org = found["org"] if found is not None and (pattern is not IS_JOB or job(found["job"])) else None
        behind = _IN_TOWN.search(org) if org and employer(org) and clause.stands is not Stands.GONE else None
        if behind is not None:
            return behind["place"]
    return ""


FORMS: tuple[Form, ...] = (workplace,)

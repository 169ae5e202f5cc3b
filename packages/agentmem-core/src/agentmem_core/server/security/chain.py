"""The chain of the audit trail: each entry is hashed with all that came before it, so that none can be changed alone."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Any

from agentmem_core.errors import InvalidInputError, NotConfiguredError
from agentmem_core.server.security.findings import Findings, Kind
from agentmem_core.storage.sqlite import Entry

Fields = Mapping[str, str | int | Sequence[str] | None]
"""What is written down of one request."""

GENESIS = sha256(b"agentmem audit trail 1").digest()
"""What the first entry is hashed with."""

_SHORTEST_KEY = 16
_DIGEST = re.compile("[0-9a-f]{64}")
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode


def canonical(fields: Mapping[str, Any]) -> str:
    r"""The one way to write these fields as JSON: sorted, without spaces, in ASCII.

    >>> canonical({"b": 1, "a": "é"})
    '{"a":"\\\\u00e9","b":1}'
    """
    return _encode(fields)


@dataclass(frozen=True, slots=True)
class Head:
    """How far a trail has come: the number of an entry, and its hash in hex."""

    number: int
    hash: str

    def __str__(self) -> str:
        """As it is noted elsewhere, to be compared later."""
        return f"{self.number}:{self.hash}"

    @classmethod
    def of(cls, text: str) -> Head:
        """As it was noted; ``InvalidInputError`` when it is none."""
        number, _, digest = text.partition(":")
        if not (number.isascii() and number.isdecimal()) or not _DIGEST.fullmatch(digest.lower()):
            raise InvalidInputError("must be NUMBER:HASH as `agentmem audit verify` says it")
        return cls(int(number), digest.lower())


START = Head(0, GENESIS.hex())
"""Before the first entry."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an examination found; ``problems`` is empty when the trail is whole, ``counts`` are how many there are of each kind."""

    entries: int
    head: Head | None
    problems: tuple[str, ...]
    counts: Mapping[Kind, int] = field(default_factory=dict[Kind, int])

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


class Chain:
    """Links entries by SHA-256, or by HMAC-SHA-256 when there are keys: the first one links, all of them examine."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        if any(len(key) < _SHORTEST_KEY for key in keys):
            raise NotConfiguredError(
                f"AGENTMEM_AUDIT_KEY: each key must be base64 of random bytes, {_SHORTEST_KEY} bytes or more; make one with "
                "openssl rand -base64 32"
            )
        self._keys = {_id_of(key): key for key in keys}
        self._first = next(iter(self._keys), None)

    def chained(self, last: Entry | None, fields: Fields) -> Entry:
        """The entry that comes after ``last``."""
        number = 1 if last is None else last.number + 1
        named = {**fields, "n": number} if self._first is None else {**fields, "n": number, "k": self._first}
        text = canonical(named)
        return Entry(number, text, self._link(GENESIS if last is None else last.hash, text, self._first))

    def examine(
        self,
        entries: Iterable[Entry],
        *,
        held: Sequence[Head] = (),
        after: Head = START,
        findings: Findings | None = None,
    ) -> Verdict:
        """Whether every entry is what was written, in its order, up to at least the heads that are ``held`` elsewhere.

        ``after`` is the last entry of what was archived, with which the first one is hashed.
        """
        found = Findings() if findings is None else findings
        known = {head.number: head.hash for head in held}
        before, hash_before, keyed, count = after.number, bytes.fromhex(after.hash), False, 0
        for entry in entries:
            count += 1
            if entry.number != before + 1:
                found.add("gone", _gap(before, entry.number))
            problem = self._problem(entry, hash_before, keyed=keyed)
            if isinstance(problem, bool):
                keyed = problem
            else:
                found.add(problem[0], f"entry {entry.number}: {problem[1]}")
            if known.pop(entry.number, digest := bytes(entry.hash).hex()) != digest:
                found.add("changed", f"entry {entry.number}: is another one than was noted; the trail was written anew")
            before, hash_before = entry.number, bytes(entry.hash)
        found.add_all(
            "gone",
            (
                f"entry {number}: was noted and is gone; the trail was cut short after entry {before}"
                for number in known
            ),
        )
        return Verdict(count, Head(before, hash_before.hex()) if count else None, found.problems, found.counts)

    def _problem(self, entry: Entry, hash_before: bytes, *, keyed: bool) -> tuple[Kind, str] | bool:
        """What is wrong with an entry, or else whether it is under a key."""
        try:
            named = json.loads(entry.text)
            key_id = named.get("k")
            same = named["n"] == entry.number and canonical(named) == entry.text
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return "changed", "cannot be read; it was changed"
        if not same:
            return "changed", "does not say its own number, or is not written as we write; it was changed"
        if key_id is None and keyed:
            return "changed", "is under no key, and those before it are; it was not written by this server"
        if key_id is not None and key_id not in self._keys:
            return "keyless", f"is under the key {key_id}, which is not configured; set AGENTMEM_AUDIT_KEY to it"
        if not hmac.compare_digest(self._link(hash_before, entry.text, key_id), bytes(entry.hash)):
            return "changed", "does not fit to what comes before it; it was changed, moved or put in"
        return key_id is not None

    def _link(self, before: bytes, text: str, key_id: str | None) -> bytes:
        said = before + text.encode()
        return sha256(said).digest() if key_id is None else hmac.digest(self._keys[key_id], said, "sha256")


def _gap(before: int, number: int) -> str:
    if number <= before:
        return f"entry {number}: stands after entry {before}; the order was changed"
    return f"entries {before + 1} to {number - 1}: are gone" if before + 2 < number else f"entry {before + 1}: is gone"


def _id_of(key: bytes) -> str:
    return blake2b(key, digest_size=8, person=b"agentmem-audit").hexdigest()

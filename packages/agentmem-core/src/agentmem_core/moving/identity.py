"""The id a record gets here: the same at every run, so that a second one adds nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from agentmem_core.model import MemoryType, Scope
from agentmem_core.moving.record import SourceRecord

_SESSIONS_KEPT = 10_000


@dataclass(slots=True)
class Identities:
    """The ids of one source's records, made in the order they come.

    A record with a lasting id of its own is known by it. One with a number is known by the number and what it says, since two
    tables count from 1. One without either is known by its session, moment and text, and by how many equal ones stand directly
    before it; without a moment by its place in the session, so that a history may grow at its end.
    """

    kind: str
    _last: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)

    def of(self, record: SourceRecord, user_id: str) -> str:
        """The id of the next record."""
        if record.label is not None:
            return block_id(record)
        if record.original_id is not None and record.lasting:
            return self._id(user_id, "id", record.type, record.original_id)
        said = (
            user_id,
            record.agent_id or "",
            record.session_id or "",
            record.role or "",
            record.name or "",
            record.content,
        )
        if record.original_id is not None:
            return self._id("number", record.original_id, *said)
        session = "\x00".join(said[:3])
        if record.occurred_at is None:
            place = self._places[session] = self._places.get(session, 0) + 1
            return self._id("place", str(place), *said)
        moment = record.occurred_at.isoformat()
        digest = _digest(moment, *said)
        before, count = self._last.pop(session, (b"", 0))
        count = count + 1 if before == digest else 1
        self._last[session] = (digest, count)
        if len(self._last) > _SESSIONS_KEPT:
            del self._last[next(iter(self._last))]
        return self._id("moment", moment, str(count), *said)

    def _id(self, *parts: str) -> str:
        return f"{self.kind}-{_digest(self.kind, *parts).hex()}"


def _digest(*parts: str) -> bytes:
    taken = blake2b(digest_size=16)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        taken.update(len(raw).to_bytes(8, "big"))
        taken.update(raw)
    return taken.digest()


def block_id(record: SourceRecord) -> str:
    """The id that ``memory.core`` looks for, so that a block that is moved is the block of that label."""
    from agentmem_core.agents.keyed import Keyed

    scope = Scope(agent_id=record.agent_id, session_id=record.session_id)
    return Keyed(MemoryType.CORE, "label", "block").id_of(scope, record.label or "")

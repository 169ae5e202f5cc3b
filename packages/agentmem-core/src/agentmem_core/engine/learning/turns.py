"""Which stored turns are read together, and what stood before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agentmem_core.engine.engine import Engine, exists
from agentmem_core.learning.values import Turn
from agentmem_core.learning.windows import EARLIER, fitting, is_heard, turn_of
from agentmem_core.model import MemoryType, Scope
from agentmem_core.operations import MEMORIES
from agentmem_core.ports import LedgerReader, Listing, Record

_WALK = 500


@dataclass(frozen=True, slots=True)
class Window:
    """Turns of one session that are read at once, with the rows they stand in; ``scope`` is that of what they teach."""

    scope: Scope
    turns: tuple[Turn, ...]
    rows: tuple[int, ...]
    earlier: tuple[Turn, ...] = ()


def scope_of_facts(scope: Scope) -> Scope:
    """What turns teach outlives their session, and stays with the user and the agent they were told to."""
    return Scope(tenant=scope.tenant, user_id=scope.user_id, agent_id=scope.agent_id)


def window_of(reader: LedgerReader, records: Sequence[Record]) -> Window:
    """As many of the records as are read at once: the first ones, of one session and agent."""
    scope = records[0].memory.scope
    together: list[Record] = []
    for record in records:
        if record.memory.scope != scope:
            break
        together.append(record)
    turns = [turn_of(record.memory) for record in together]
    count = fitting(turns)
    rows = tuple(record.row for record in together[:count])
    return Window(scope_of_facts(scope), tuple(turns[:count]), rows, _earlier(reader, scope, rows[0]))


def unlearnt(reader: LedgerReader, records: Sequence[Record]) -> list[Record]:
    """Those that nothing was learnt from yet."""
    done = reader.learnt([record.row for record in records])
    return [record for record in records if record.row not in done]


def records_of(engine: Engine, reader: LedgerReader, scope: Scope, ids: Sequence[str]) -> list[Record]:
    """The rows of these ids that still exist, in their order."""
    partition = reader.partition(scope.tenant, MEMORIES, scope.user_id)
    if partition is None:
        return []
    now = engine.clock()
    found = (reader.by_id(partition.id, memory_id) for memory_id in dict.fromkeys(ids))
    return [record for record in found if record is not None and exists(record, now)]


def next_turns(
    engine: Engine, reader: LedgerReader, scope: Scope, after: int | None, *, again: bool, since: datetime | None = None
) -> tuple[list[Record], bool]:
    """The next turns of a scope to be read, up to a walk's length, and whether the walk has come to an end."""
    partition = reader.partition(scope.tenant, MEMORIES, scope.user_id)
    if partition is None:
        return [], True
    place = None if after is None else after | partition.id << 32
    while True:
        listing = Listing(
            _WALK, place, agent_id=scope.agent_id, session_id=scope.session_id, types=(MemoryType.EPISODIC.value,),
            now=engine.clock(),
        )  # fmt: skip
        walked = reader.walk(partition.id, listing)
        heard = [
            record
            for record in walked
            if is_heard(record.memory) and (since is None or record.memory.occurred_at >= since)
        ]
        found = heard if again else unlearnt(reader, heard)
        ended = len(walked) < _WALK
        if found or ended:
            return found, ended
        place = walked[-1].row


def _earlier(reader: LedgerReader, scope: Scope, first: int) -> tuple[Turn, ...]:
    """The turns of the session that stand before a row."""
    if scope.session_id is None:
        return ()
    listing = Listing(
        2 * EARLIER, first, newest_first=True, agent_id=scope.agent_id, session_id=scope.session_id,
        types=(MemoryType.EPISODIC.value,),
    )  # fmt: skip
    found = [record.memory for record in reader.walk(first >> 32, listing) if is_heard(record.memory)]
    return tuple(turn_of(memory) for memory in reversed(found[:EARLIER]))

"""What happened, by when it happened."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone, tzinfo
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from agentmem_core.engine.adding import add
from agentmem_core.engine.engine import Engine, find_record
from agentmem_core.errors import InvalidInputError
from agentmem_core.model import Memory, MemoryType, Scope
from agentmem_core.model.agents import Period
from agentmem_core.operations import MEMORIES, Add, NewMemory, build
from agentmem_core.operations.agents.episodic import EventsAround, EventsBetween, RecordEvent, Timeline
from agentmem_core.ports import LedgerReader
from agentmem_core.recall.view import Mask, View, micros

_MINE = (MemoryType.EPISODIC,)


def record(engine: Engine, op: RecordEvent) -> Memory:
    """The same words at another time are another event."""
    named = {name: value for name, value in (("actor", op.actor), ("event", op.event)) if value is not None}
    item = build(
        NewMemory, content=op.text, type=MemoryType.EPISODIC, occurred_at=op.occurred_at or engine.clock(),
        importance=op.importance, metadata={**op.metadata, **named}, entities=() if op.actor is None else (op.actor,),
    )  # fmt: skip
    return add(engine, Add(scope=op.scope, items=(item,))).memories[0]


def between(engine: Engine, op: EventsBetween) -> list[Memory]:
    if op.end <= op.start:
        raise InvalidInputError("end: must be later than start; the time from start up to end is looked at")
    with _events(engine, op.scope) as events:
        if events is None:
            return []
        return events.read(events.within(op.start, op.end)[: op.limit])


def timeline(engine: Engine, op: Timeline) -> list[Period]:
    with _events(engine, op.scope) as events:
        if events is None:
            return []
        memories = events.read(events.within(op.start, op.end)[-op.limit :])
    zone = ZoneInfo(op.zone)
    begin = _BEGIN[op.by]
    periods: list[Period] = []
    for start, some in groupby(memories, key=lambda memory: begin(_in_zone(memory.occurred_at, zone))):
        periods.append(
            Period(start=_fixed(start), end=_fixed(_end(start, begin, _LONGER[op.by])), memories=tuple(some))
        )
    return periods


def around(engine: Engine, op: EventsAround) -> list[Memory]:
    with engine.ledger.reading() as reader:
        found = find_record(reader, op.scope, MEMORIES, op.id, now=engine.clock(), types=_MINE)
    session = found.memory.scope.session_id
    scope = op.scope if session is None else op.scope.model_copy(update={"session_id": session})
    with _events(engine, scope) as events:
        if events is None:
            return []
        order = events.within(None, None)
        places = np.flatnonzero(events.view.columns["row"][order] == found.row)
        if not len(places):
            return [found.memory]
        place = int(places[0])
        return events.read(order[max(0, place - op.before) : place + op.after + 1])


class _Events(NamedTuple):
    """The episodic rows that exist for a scope."""

    reader: LedgerReader
    view: View
    mask: Mask

    def within(self, start: datetime | None, end: datetime | None) -> NDArray[np.int64]:
        """Positions in the order of time."""
        occurred = self.view.columns["occurred"]
        mask = self.mask
        if start is not None:
            mask = mask & (occurred >= micros(start))
        if end is not None:
            mask = mask & (occurred < micros(end))
        chosen = np.flatnonzero(mask)
        return chosen[np.argsort(occurred[chosen], kind="stable")]

    def read(self, positions: NDArray[np.int64]) -> list[Memory]:
        """Their memories."""
        rows = [int(row) for row in self.view.columns["row"][positions]]
        found = self.reader.by_rows(rows)
        return [found[row] for row in rows if row in found]


@contextmanager
def _events(engine: Engine, scope: Scope) -> Generator[_Events | None]:
    with engine.ledger.reading() as reader:
        partition = reader.partition(scope.tenant, MEMORIES, scope.user_id)
    if partition is None:
        yield None
        return
    with engine.views.current(engine.ledger, partition) as current:
        if current is None:
            yield None
            return
        view = current.cached.view
        mask = view.visible(
            agent_id=scope.agent_id, session_id=scope.session_id, types=[MemoryType.EPISODIC.value],
            now=micros(engine.clock()), as_of=None,
        )  # fmt: skip
        yield _Events(current.reader, view, mask)


def _in_zone(moment: datetime, zone: ZoneInfo) -> datetime:
    """The moment there; at the edges of the calendar, where a zone has no word for it, the first or the last one."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return _edge(moment, zone)


def _fixed(moment: datetime) -> datetime:
    """The same with its offset alone: differences of moments in one zone would leave out a change of its clocks."""
    return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta(0)))


def _edge(moment: datetime, zone: tzinfo) -> datetime:
    return datetime.min.replace(tzinfo=zone) if moment.year == 1 else datetime.max.replace(tzinfo=zone)


def _end(start: datetime, begin: Callable[[datetime], datetime], longer: timedelta) -> datetime:
    try:
        return begin(start + longer)
    except OverflowError:
        return datetime.max.replace(tzinfo=start.tzinfo)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _day(moment: datetime) -> datetime:
    return _hour(moment).replace(hour=0, fold=0)


def _week(moment: datetime) -> datetime:
    day = _day(moment)
    return day - timedelta(days=min(day.weekday(), day.toordinal() - 1))


def _month(moment: datetime) -> datetime:
    return _day(moment).replace(day=1)


def _year(moment: datetime) -> datetime:
    return _month(moment).replace(month=1)


_BEGIN: dict[str, Callable[[datetime], datetime]] = {
    "hour": _hour, "day": _day, "week": _week, "month": _month, "year": _year,
}  # fmt: skip
_LONGER = {
    "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=32),
    "year": timedelta(days=367),
}  # fmt: skip
"""What leads from the begin of a stretch into the next one."""

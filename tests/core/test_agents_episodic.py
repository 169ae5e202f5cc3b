"""What happened: in the order of time, in stretches of time, around an event; in every zone and at the edges of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.clock import DAY, HOUR, NOON, Clock, remembering

from agentmem_core import AgentMem, InvalidInputError, NotFoundError

UNITS = ("hour", "day", "week", "month", "year")
ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo")


def test_the_same_words_at_another_time_are_another_event() -> None:
    memory = remembering()
    for days in (2, 0, 1):
        memory.episodic.record("ate noodles", occurred_at=NOON - days * DAY)
    found = memory.episodic.between(NOON - 9 * DAY, NOON + DAY)
    assert [event.occurred_at for event in found] == [NOON - 2 * DAY, NOON - DAY, NOON]


def test_who_and_what_are_kept_and_can_be_asked_for() -> None:
    memory = remembering()
    event = memory.episodic.record("签了合同", actor="安娜", event="contract", metadata={"n": 1}, importance=0.9)
    memory.episodic.record("ate noodles", actor="Bob")
    assert event.metadata == {"n": 1, "actor": "安娜", "event": "contract"}
    assert (event.entities, event.importance) == (("安娜",), 0.9)
    assert [hit.memory.id for hit in memory.episodic.search("合同", filters={"actor": "安娜"})] == [event.id]


def test_between_holds_its_start_and_not_its_end() -> None:
    memory = remembering()
    for hours in range(5):
        memory.episodic.record(f"event {hours}", occurred_at=NOON + hours * HOUR)

    def told(start: object, end: object, **options: int) -> list[str]:
        return [event.content for event in memory.episodic.between(start, end, **options)]  # type: ignore[arg-type]

    assert told(NOON + HOUR, NOON + 3 * HOUR) == ["event 1", "event 2"]
    assert told("2024-05-03T13:00:00Z", "2024-05-03T22:00:00+08:00") == ["event 1"]
    assert told(NOON, NOON + 9 * HOUR, limit=2) == ["event 0", "event 1"]
    assert told(NOON + 9 * HOUR, NOON + 10 * HOUR) == []
    for start, end in (
        (NOON, NOON),
        (NOON, NOON - HOUR),
        (NOON.replace(tzinfo=None), NOON),
        ("last May", NOON),
        (None, NOON),
    ):
        with pytest.raises(InvalidInputError):
            told(start, end)


def test_a_naive_moment_is_refused_and_says_why() -> None:
    memory = remembering()
    with pytest.raises(InvalidInputError, match="naive"):
        memory.episodic.record("x", occurred_at=datetime(2024, 5, 3, 12))  # noqa: DTZ001 - naive on purpose
    assert memory.episodic.list().items == ()


@pytest.mark.parametrize("by", UNITS)
@pytest.mark.parametrize("zone", ZONES)
def test_the_edges_of_the_calendar_are_in_the_timeline(by: str, zone: str) -> None:
    memory = remembering()
    edges = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
    for edge in edges:
        memory.episodic.record("an edge", occurred_at=edge)
    periods = memory.episodic.timeline(by=by, zone=zone)
    assert [event.occurred_at for period in periods for event in period.memories] == list(edges)
    assert all(period.start < period.end for period in periods)


@given(
    moments=st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), max_size=8),  # noqa: DTZ001 - Hypothesis wants them so
    by=st.sampled_from(UNITS),
    zone=st.sampled_from(ZONES),
)
@settings(max_examples=60)
def test_a_timeline_holds_every_event_in_the_stretch_it_belongs_to(moments: list[datetime], by: str, zone: str) -> None:
    memory = remembering()
    for number, moment in enumerate(moments):
        memory.episodic.record(f"event {number}", occurred_at=moment)
    periods = memory.episodic.timeline(by=by, zone=zone)
    assert [event.occurred_at for period in periods for event in period.memories] == sorted(moments)
    assert all(period.memories for period in periods)
    for period in periods:
        assert all(period.start <= event.occurred_at < period.end for event in period.memories)
    assert all(one.end <= two.start for one, two in pairwise(periods))


def test_days_are_those_of_the_zone() -> None:
    memory = remembering()
    memory.episodic.record("late", occurred_at=datetime(2024, 5, 3, 23, tzinfo=UTC))
    memory.episodic.record("early", occurred_at=datetime(2024, 5, 4, 1, tzinfo=UTC))
    assert [len(period) for period in memory.episodic.timeline()] == [1, 1]
    [day] = memory.episodic.timeline(zone="Asia/Shanghai")
    assert day.start.astimezone(ZoneInfo("Asia/Shanghai")).date() == date(2024, 5, 4)
    assert day.end - day.start == DAY


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2024, 3, 10, 18, tzinfo=UTC), 23), (datetime(2024, 11, 3, 18, tzinfo=UTC), 25)]
)
def test_days_of_a_clock_change_are_shorter_and_longer(day: datetime, hours: int) -> None:
    memory = remembering()
    memory.episodic.record("x", occurred_at=day)
    [period] = memory.episodic.timeline(zone="America/New_York")
    assert period.end - period.start == hours * HOUR


def test_stretches_begin_where_people_say_they_begin() -> None:
    memory = remembering()
    memory.episodic.record("x", occurred_at=datetime(2024, 5, 3, 12, 34, tzinfo=UTC))
    begins = {by: memory.episodic.timeline(by=by)[0].start for by in UNITS}
    assert begins == {
        "hour": datetime(2024, 5, 3, 12, tzinfo=UTC),
        "day": datetime(2024, 5, 3, tzinfo=UTC),
        "week": datetime(2024, 4, 29, tzinfo=UTC),
        "month": datetime(2024, 5, 1, tzinfo=UTC),
        "year": datetime(2024, 1, 1, tzinfo=UTC),
    }


@pytest.mark.parametrize("zone", ["Mars", "../../etc/passwd", "/etc/passwd", "Europe", "", "a\x00b", None, 5])
def test_a_zone_that_is_none_is_refused(zone: object) -> None:
    with pytest.raises(InvalidInputError, match="zone"):
        remembering().episodic.timeline(zone=zone)  # type: ignore[arg-type]  # what a clumsy user gives


def test_a_unit_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInputError, match="hour, day, week, month, year"):
        remembering().episodic.timeline(by="century")


def test_around_tells_what_came_before_and_after_in_the_session() -> None:
    memory = remembering()
    events = [
        memory.episodic.record(f"event {n}", occurred_at=NOON + n * HOUR, session_id=f"s{n % 2}") for n in range(10)
    ]
    assert [event.content for event in memory.episodic.around(events[4].id, before=1, after=2)] == [
        "event 2", "event 4", "event 6", "event 8",
    ]  # fmt: skip
    assert [event.content for event in memory.episodic.around(events[0].id, before=0, after=0)] == ["event 0"]
    assert len(memory.episodic.around(events[0].id, before=1_000, after=1_000)) == 5
    for scope in ({"user_id": "bob"}, {"session_id": "s1"}, {"agent_id": "x"}):
        with pytest.raises(NotFoundError):
            memory.episodic.around(events[4].id, **scope)  # type: ignore[arg-type]  # keyword sets of a table
    with pytest.raises(InvalidInputError):
        memory.episodic.around(events[4].id, before=-1)


def test_an_archived_event_is_told_of_alone() -> None:
    clock = Clock()
    memory = remembering(clock)
    event = memory.episodic.record("of no weight", importance=0.1)
    clock.pass_(400 * DAY)
    memory.maintain(dry_run=False)
    assert [found.id for found in memory.episodic.around(event.id)] == [event.id]
    assert memory.episodic.between(NOON - DAY, NOON + DAY) == []
    memory.restore(event.id, 1)
    assert [found.id for found in memory.episodic.between(NOON - DAY, NOON + DAY)] == [event.id]


def test_deleted_and_expired_events_are_in_no_timeline() -> None:
    clock = Clock()
    memory = remembering(clock)
    gone = memory.episodic.record("deleted")
    over = memory.episodic.add("expired", expires_at=NOON + HOUR).ids[0]
    memory.episodic.delete(gone.id)
    clock.pass_(2 * HOUR)
    assert memory.episodic.timeline() == []
    for memory_id in (gone.id, over):
        with pytest.raises(NotFoundError):
            memory.episodic.around(memory_id)


def test_what_is_to_come_is_told_too() -> None:
    memory = remembering()
    event = memory.episodic.record("dentist", occurred_at=NOON + 30 * DAY)
    assert memory.episodic.between(NOON, NOON + 60 * DAY) == [event]
    assert memory.episodic.around(event.id) == [event]


def test_times_of_others_are_not_told() -> None:
    memory = remembering()
    memory.episodic.record("of bob", user_id="bob")
    memory.episodic.record("of an agent", agent_id="x")
    memory.semantic.add("a fact")
    assert [event.content for event in memory.episodic.between(NOON - DAY, NOON + DAY)] == ["of an agent"]
    assert memory.episodic.timeline(agent_id="y") == []
    assert memory.episodic.timeline(user_id="nobody") == []


def test_events_survive_a_restart(tmp_path: Path) -> None:
    with AgentMem(tmp_path, embedder="hashing", index="none", durability="normal") as before:
        before.episodic.record("去年五月搬到了里斯本", occurred_at="2023-05-07T09:00:00+08:00", actor="安娜")
        told = before.episodic.timeline(by="month", zone="Asia/Shanghai")
    with AgentMem(tmp_path, embedder="hashing", index="none") as after:
        assert after.episodic.timeline(by="month", zone="Asia/Shanghai") == told
        assert after.episodic.between("2023-05-01T00:00:00Z", "2023-06-01T00:00:00Z")[0].entities == ("安娜",)


def test_the_newest_are_kept_when_there_are_too_many() -> None:
    memory = remembering()
    for days in range(5):
        memory.episodic.record(f"event {days}", occurred_at=NOON + days * DAY)
    told = [event.content for period in memory.episodic.timeline(limit=2) for event in period.memories]
    assert told == ["event 3", "event 4"]
    assert [len(period) for period in memory.episodic.timeline(start=NOON + DAY, end=NOON + 3 * DAY)] == [1, 1]


async def test_the_same_without_blocking() -> None:
    memory = remembering()
    event = await memory.episodic.arecord("x", occurred_at=NOON - timedelta(minutes=1))
    assert await memory.episodic.abetween(NOON - DAY, NOON) == [event]
    assert len(await memory.episodic.atimeline()) == 1
    assert await memory.episodic.aaround(event.id) == [event]

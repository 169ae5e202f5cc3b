"""How long to wait, and when to give up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmem_core.retrying import AGAIN, Patience, retry_after

NOW = datetime(2024, 5, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("", None), ("soon", None), ("nan", None), ("inf", None), ("-inf", None), ("0", 0.0), ("7", 7.0), ("0.5", 0.5),
        ("-5", 0.0), (" 12 ", 12.0), ("1e9", None), ("9" * 400, None), ("1.5.2", None), (format_datetime(NOW + timedelta(seconds=9), usegmt=True), 9.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("Fri, 03 May 2024 14:00:30 +0200", 30.0),
        ("Fri, 03 May 2024 12:00:05 -0000", 5.0), ("Fri, 99 May 2024 12:00:05 GMT", None), ("二秒", None),
        (", ,", None),
    ],
)  # fmt: skip
def test_a_server_may_name_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=40))
def test_whatever_a_server_names_is_a_wait_or_nothing(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0


@given(tried=st.integers(1, 30), jitter=st.floats(0, 1), told=st.none() | st.floats(0, 1e6), elapsed=st.floats(0, 1e6))
def test_no_pause_is_longer_than_allowed_nor_reaches_past_the_deadline(
    tried: int, jitter: float, told: float | None, elapsed: float
) -> None:
    patience = Patience(tries=5, longest=8.0, deadline=60.0)
    pause = patience.pause(tried, told, elapsed, jitter)
    if pause is None:
        return
    assert tried < 5
    assert 0 <= pause <= 8.5
    assert elapsed + pause < 60
    assert told is None or pause >= told


def test_pauses_grow_and_spread() -> None:
    patience = Patience(tries=9, longest=100.0, deadline=1000.0)
    assert [patience.pause(tried, None, 0, 1.0) for tried in range(1, 6)] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert patience.pause(3, None, 0, 0.0) == 1.0


def test_who_asks_for_too_long_a_wait_is_not_asked_again() -> None:
    assert Patience(longest=20.0).pause(1, 20.5, 0.0, 0.0) is None
    assert Patience(longest=20.0).pause(1, 20.0, 0.0, 0.0) == 20.0


def test_what_is_the_callers_fault_is_not_tried_again() -> None:
    assert {400, 401, 402, 403, 404, 413, 422}.isdisjoint(AGAIN)
    assert {429, 500, 502, 503, 504, 529} <= AGAIN

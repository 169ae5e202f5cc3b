"""A clock that is set forwards or back under a server: nobody is let in by it who had been refused for good, and order stays."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from agentmem_core.errors import AuthenticationError, InvalidInputError
from agentmem_core.server.security import Chain, KeyGate, Tokens, TokenSettings, examine_trail
from agentmem_core.server.security import tokens as tokens_module
from agentmem_core.server.security.limiting import Limiter, MemoryCounter, parsed_limits
from agentmem_core.server.security.trail import AuditTrail
from agentmem_core.storage.sqlite import SqliteKeys, SqliteTrail

SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Clock:
    """The time of this machine, and how wrong it is."""

    def __init__(self) -> None:
        self.wrong = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.wrong


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """PyJWT and the limits ask the system, so that is moved with it."""
    clock = Clock()
    from time import time

    monkeypatch.setattr("time.time", lambda: time() + clock.wrong.total_seconds())

    class Moved(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + clock.wrong

    monkeypatch.setattr("jwt.api_jwt.datetime", Moved)
    return clock


@pytest.fixture
async def gate(tmp_path, clock):
    keys, store = SqliteKeys(tmp_path), SqliteTrail(tmp_path)
    tokens = Tokens(TokenSettings(secret=SECRET), clock)
    gate = KeyGate(keys, AuditTrail(store, keys, Chain()), store, tokens, Limiter(MemoryCounter()), clock=clock)
    yield gate
    await gate.close()


async def admitted(gate: KeyGate, secret: str) -> bool:
    await gate.changed()
    try:
        await gate.admit(f"Bearer {secret}", "192.0.2.1")
    except AuthenticationError:
        return False
    return True


async def test_a_key_is_valid_by_the_clock_and_never_after_it_was_revoked(gate, clock):
    shown = gate.keys.create(tenant="acme", expires_at=clock() + DAY)
    found = []
    for wrong in (timedelta(0), 2 * DAY, -2 * DAY, timedelta(0)):
        clock.wrong = wrong
        found.append(await admitted(gate, shown.secret))
    assert found == [True, False, True, True]
    clock.wrong = 2 * DAY
    gate.keys.revoke(shown.key.id, None)
    for wrong in (2 * DAY, -400 * DAY, timedelta(0)):
        clock.wrong = wrong
        assert not await admitted(gate, shown.secret)


async def test_a_former_secret_that_has_ended_does_not_come_back(gate, clock):
    shown = gate.keys.create(tenant="acme")
    new = gate.keys.rotate(shown.key.id, None, grace=HOUR)
    newest = gate.keys.rotate(shown.key.id, None, grace=timedelta(0))
    for wrong in (timedelta(0), -30 * DAY, 30 * DAY):
        clock.wrong = wrong
        assert not await admitted(gate, new.secret)
        assert not await admitted(gate, shown.secret)
        assert await admitted(gate, newest.secret)


async def test_a_token_that_was_revoked_stays_so_when_the_clock_was_wrong_for_a_day(gate, clock):
    key = gate.keys.create(tenant="acme").key
    issued = gate.tokens.issue(key, lifetime=20 * HOUR)
    assert await admitted(gate, issued.token)
    gate.keys.deny("acme", str(issued.bearer.id), clock() + 25 * HOUR)
    assert not await admitted(gate, issued.token)
    clock.wrong = 10 * DAY
    gate.keys.deny("acme", "another", clock() + HOUR)  # what has expired long ago is forgotten with this
    clock.wrong = timedelta(0)
    assert not await admitted(gate, issued.token)


async def test_a_token_from_a_future_that_did_not_come_is_refused_until_then(gate, clock):
    key = gate.keys.create(tenant="acme").key
    clock.wrong = 10 * HOUR
    issued = gate.tokens.issue(key, lifetime=HOUR)
    assert await admitted(gate, issued.token)
    clock.wrong = timedelta(0)
    assert not await admitted(gate, issued.token)
    clock.wrong = 12 * HOUR
    assert not await admitted(gate, issued.token)


async def test_a_clock_that_is_set_back_refreshes_no_token_for_longer(gate, clock):
    key = gate.keys.create(tenant="acme").key
    shown_at = clock()
    clock.wrong = 23 * HOUR
    late = gate.tokens.issue(key, lifetime=5 * HOUR, shown_at=shown_at)
    assert late.bearer.expires_at <= shown_at + tokens_module.LONGEST
    clock.wrong = 25 * HOUR
    with pytest.raises(AuthenticationError, match="show the key again"):
        gate.tokens.issue(key, shown_at=shown_at)
    with pytest.raises(InvalidInputError):
        gate.keys.create(tenant="acme", expires_at=clock() - HOUR)


@pytest.mark.parametrize("jump", [-400 * DAY, -DAY, -HOUR, HOUR, 400 * DAY], ids=str)
async def test_limits_let_in_again_soon_after_a_jump(jump, clock):
    limiter, limits = Limiter(MemoryCounter()), parsed_limits("5/minute")
    for _ in range(5):
        await limiter.take(limits, "k")
    clock.wrong = jump
    clock.wrong += timedelta(minutes=2)
    left = await limiter.take(limits, "k")
    assert left["RateLimit-Remaining"] == "4"
    assert 0 <= int(left["RateLimit-Reset"]) <= 60


async def test_the_audit_keeps_its_order_whatever_the_clock_says(gate, clock):
    shown = gate.keys.create(tenant="acme", role="admin")
    await gate.changed()
    caller = (await gate.admit(f"Bearer {shown.secret}", "192.0.2.1")).caller
    for number, wrong in enumerate((timedelta(0), DAY, -DAY, 400 * DAY, timedelta(0))):
        clock.wrong = wrong
        await gate.note(caller, "key_show", [f"k{number}"], tenant="acme")
    store = gate._trail_store
    assert examine_trail(store, Chain()).problems == ()
    found = [json.loads(entry.text) for entry in store.walk()]
    assert [entry["ids"] for entry in found] == [[f"k{number}"] for number in range(5)]
    assert [entry["n"] for entry in found] == [1, 2, 3, 4, 5]
    assert found[2]["at"] < found[0]["at"] < found[1]["at"]

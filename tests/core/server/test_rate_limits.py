"""Limits: what a key may ask in a time, said in every answer, counted by one server or by several."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path

import limits
import pytest
import redis
from tests.core.server.guarded import guarded

from agentmem_core import operations as ops
from agentmem_core.errors import InvalidInputError, NotConfiguredError, RateLimitedError
from agentmem_core.server.security import SecuritySettings, gate_for
from agentmem_core.server.security.limiting import Limiter, MemoryCounter, RedisCounter, cost_of, parsed_limits
from agentmem_core.storage.sqlite import SqliteTrail


@pytest.mark.parametrize("text", ["", " ", "x", "0/minute", "5/fortnight", "-1/second", "5", "5/minute;"])
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(InvalidInputError, match="600/minute"):
        parsed_limits(text)


def test_limits_are_read_shortest_time_first():
    assert [item.amount for item in parsed_limits("100000/day; 600/minute, 20 per second")] == [20, 600, 100000]


async def test_what_is_left_is_said_and_then_refused():
    limiter, items = Limiter(MemoryCounter()), parsed_limits("3/hour;1000/day")
    left = [await limiter.take(items, "k") for _ in range(3)]
    assert [headers["RateLimit-Remaining"] for headers in left] == ["2", "1", "0"]
    assert left[0]["RateLimit-Policy"] == '"3/hour";q=3;w=3600, "1000/day";q=1000;w=86400'
    assert left[0]["RateLimit"].startswith('"3/hour";r=2;t=')
    assert left[0]["RateLimit-Limit"] == "3"
    with pytest.raises(RateLimitedError, match="more than 3/hour") as refused:
        await limiter.take(items, "k")
    assert refused.value.retry_after is not None
    assert 1 <= refused.value.retry_after <= 3_600
    assert refused.value.headers["RateLimit-Remaining"] == "0"
    assert (await limiter.take(items, "other"))["RateLimit-Remaining"] == "2"
    assert await limiter.take((), "free") == {}


async def test_what_a_request_cost_beside_is_taken_from_the_next_ones():
    limiter, items = Limiter(MemoryCounter()), parsed_limits("10/hour")
    await limiter.take(items, "k")
    await limiter.charge(items, "k", 4)
    assert (await limiter.take(items, "k"))["RateLimit-Remaining"] == "4"
    await limiter.charge(items, "k", 99)
    with pytest.raises(RateLimitedError):
        await limiter.take(items, "k")


def test_many_items_cost_more_than_one():
    items = tuple({"content": f"text {number}"} for number in range(201))
    assert cost_of(ops.Add(items=items[:1])) == cost_of(ops.Search()) == cost_of(ops.Add(items=items[:100])) == 1  # type: ignore[arg-type]  # as callers write it
    assert cost_of(ops.Add(items=items)) == 3  # type: ignore[arg-type]  # as callers write it
    assert cost_of(ops.Compact()) == 10


async def test_a_key_is_held_to_its_own_limits_or_those_of_the_server(tmp_path):
    async with guarded(tmp_path, limits="3/hour") as server:
        server.key("few")
        server.key("more", limits="5/hour;1000/day")
        codes = {
            name: [(await server.ask(name, "GET", "/v1/memories")).status_code for _ in range(6)]
            for name in server.secrets
        }
        assert codes == {"few": [200] * 3 + [429] * 3, "more": [200] * 5 + [429]}
        refused = await server.ask("few", "GET", "/v1/memories")
        assert refused.json()["code"] == "rate_limited"
        assert refused.headers["ratelimit-remaining"] == "0"
        assert int(refused.headers["retry-after"]) >= 1
        assert len(refused.headers.get_list("retry-after")) == 1


async def test_a_rotated_key_has_no_new_quota(tmp_path):
    async with guarded(tmp_path, limits="2/hour") as server:
        key_id = server.key("k", role="admin")
        for _ in range(2):
            assert (await server.ask("k", "GET", "/v1/memories")).status_code == 200
        server.secrets["new"] = server.gate.keys.rotate(key_id, None).secret
        assert (await server.ask("new", "GET", "/v1/memories")).status_code == 429


async def test_many_items_use_up_more(tmp_path):
    async with guarded(tmp_path, limits="10/hour") as server:
        server.key("k")
        items = [{"content": f"text {number}"} for number in range(500)]
        assert (await server.ask("k", "POST", "/v1/memories/batch", json={"items": items})).status_code == 200
        assert (await server.ask("k", "GET", "/v1/memories")).headers["ratelimit-remaining"] == "4"


async def test_who_fails_to_be_let_in_too_often_waits_and_good_keys_pass(tmp_path, monkeypatch):
    monkeypatch.setattr("agentmem_core.server.security.gate.FAILURES", "50/minute")
    async with guarded(tmp_path) as server:
        server.key("good")
        codes = [(await server.ask("agm_wrong", "GET", "/v1/memories")).status_code for _ in range(53)]
        assert codes == [401] * 50 + [429] * 3
        assert (await server.ask("good", "GET", "/v1/memories")).status_code == 200
        refused = await server.ask(None, "GET", "/v1/memories")
        assert refused.status_code == 429
        assert "without a valid key" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) >= 1


def admissions(folder):
    """The failures to be let in that the audit holds."""
    store = SqliteTrail(folder)
    try:
        return [entry for entry in store.walk() if "admit" in str(entry)]
    finally:
        store.close()


async def test_hundreds_of_failures_are_all_told_the_same_and_few_are_written_down(tmp_path):
    async with guarded(tmp_path) as server:
        server.key("good")
        codes = {(await server.ask("agm_wrong", "GET", "/v1/memories")).status_code for _ in range(400)}
        assert codes == {401}
    assert len(admissions(tmp_path)) == 30


def test_limits_that_cannot_be_read_are_refused_at_the_start(tmp_path):
    with pytest.raises(NotConfiguredError, match="AGENTMEM_LIMITS"):
        gate_for(SecuritySettings(tmp_path, limits="many"), "127.0.0.1")


@pytest.fixture
def redis_url():
    """A server on loopback that speaks Redis's protocol, and runs its scripts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fakeredis's own, at import
        from fakeredis import TcpFakeServer
    server = TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with redis.Redis(
        port=server.server_address[1], decode_responses=True
    ) as client:  # it hangs up on who has to load them
        for script in (Path(limits.__file__).parent / "resources/redis/lua_scripts").glob("*.lua"):
            client.script_load(script.read_text("utf-8"))
    yield f"redis://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_servers_count_together_in_redis(redis_url, caplog):
    one, other = Limiter(RedisCounter(redis_url)), Limiter(RedisCounter(redis_url))
    items = parsed_limits("4/hour")
    for limiter in (one, other, one, other):
        await limiter.take(items, "k")
    for limiter in (one, other):
        with pytest.raises(RateLimitedError):
            await limiter.take(items, "k")
        await limiter.close()
    assert "does not answer" not in caplog.text


async def test_without_redis_a_server_counts_for_itself_and_says_so(caplog):
    limiter = Limiter(RedisCounter("redis://127.0.0.1:1"))
    items = parsed_limits("2/hour")
    for _ in range(2):
        await limiter.take(items, "k")
    with pytest.raises(RateLimitedError):
        await limiter.take(items, "k")
    assert caplog.text.count("Redis does not answer") == 1
    await limiter.close()


def test_an_address_of_no_redis_is_refused():
    with pytest.raises(NotConfiguredError, match="AGENTMEM_REDIS_URL"):
        RedisCounter("localhost:6379")

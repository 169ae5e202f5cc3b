"""Where a server takes a shorter way than the usual one, what comes out is the same."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmem_core.http import ROUTE_OF, ScopeNames
from agentmem_core.model import Hit, Memory, MemoryType, Scope, Signals
from agentmem_core.operations import Search
from agentmem_core.server import Caller
from agentmem_core.server.exchange import Exchange, fresh_id
from agentmem_core.server.garbage import seldom_collected
from agentmem_core.server.logs import LOGGER, JsonLines, Lines, log_request
from agentmem_core.server.rendered import json_of_hits

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
MOMENTS = st.datetimes(timezones=st.just(UTC))
NUMBERS = st.floats(-1e15, 1e15) | st.integers(-(2**63), 2**64 - 1)
DATA = st.dictionaries(
    TEXTS, st.recursive(st.none() | st.booleans() | NUMBERS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8)
)  # fmt: skip
MEMORIES = st.builds(
    Memory, id=TEXTS, content=TEXTS, type=st.sampled_from(MemoryType), scope=st.just(Scope(user_id="里")), metadata=DATA,
    entities=st.lists(TEXTS, max_size=2), role=st.none() | TEXTS, occurred_at=MOMENTS, created_at=MOMENTS, updated_at=MOMENTS,
    expires_at=st.none() | MOMENTS, access_count=st.integers(0, 2**62),
)  # fmt: skip
HITS = st.builds(Hit, memory=MEMORIES, score=st.floats(0, 1), signals=st.builds(Signals), place=st.integers(0, 2**62))


@given(st.lists(HITS, max_size=3))
def test_hits_are_written_as_the_routes_encoder_writes_them(hits):
    assert json_of_hits(hits) == ROUTE_OF[Search].answer.dump_json(hits)


@pytest.mark.parametrize("value", [2**70, 1e300, float("inf"), [[-1e16]]])
def test_numbers_of_any_size_arrive(value):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    memory = Memory(
        id="a", content="里斯本", type=MemoryType.SEMANTIC, scope=Scope(), metadata={"n": value}, occurred_at=moment,
        created_at=moment, updated_at=moment,
    )  # fmt: skip
    hits = [Hit(memory=memory, score=0.5)]
    assert json.loads(json_of_hits(hits)) == json.loads(ROUTE_OF[Search].answer.dump_json(hits))


class Adding(logging.Filter):
    """Of somebody who wants a field more in every line."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.host = "a"
        return True


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the lines of this process are written to, by our handler alone."""
    root, ours = logging.getLogger(), logging.getLogger(LOGGER)
    handlers, level = root.handlers[:], ours.level
    written = io.StringIO()
    handler = Lines(written)
    handler.setFormatter(JsonLines())
    root.handlers[:] = [handler]
    ours.setLevel(logging.INFO)
    yield written
    root.handlers[:] = handlers
    ours.setLevel(level)


def exchange(path: str = "/v1/memories/search") -> Exchange:
    made: Any = Exchange({"method": "POST", "headers": [(b"x-request-id", b"id-1")]}, None, None, path)  # type: ignore[arg-type]  # it answers nobody
    made.operation, made.route, made.status, made.caller = "search", path, 200, Caller("key_里", "read")
    return made


async def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    logging.getLogger().handlers[0].flush()
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_a_line_of_a_request_is_the_same_with_a_record_and_without(stream):
    requests = logging.getLogger(f"{LOGGER}.requests")
    log_request(exchange())
    adding = Adding()
    requests.addFilter(adding)
    try:
        log_request(exchange())
    finally:
        requests.removeFilter(adding)
    without, with_record = await lines(stream)
    assert list(with_record) == [*without, "host"]
    assert set(without) >= {"time", "level", "logger", "message", "request_id", "ms", "caller"}
    changing = {"time", "ms", "host"}
    same = {name: value for name, value in with_record.items() if name not in changing}
    assert {name: value for name, value in without.items() if name not in changing} == same
    assert len(without["time"]) == len(with_record["time"]) == len("2026-11-30T00:00:00.000+00:00")


async def test_who_changes_how_is_logged_has_a_say_in_the_lines_of_requests(stream):
    seen: list[str] = []

    class Another(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.operation)  # type: ignore[attr-defined]  # an extra of ours

    requests, another = logging.getLogger(f"{LOGGER}.requests"), Another()
    requests.addHandler(another)
    try:
        log_request(exchange())
        assert seen == ["search"]
        assert len(await lines(stream)) == 1
    finally:
        requests.removeHandler(another)
    handler = logging.getLogger().handlers[0]
    handler.setFormatter(logging.Formatter("%(message)s of %(operation)s"))
    log_request(exchange())
    handler.flush()
    assert stream.getvalue().endswith("request of search\n")
    handler.setLevel(logging.WARNING)
    log_request(exchange())
    handler.flush()
    assert stream.getvalue().endswith("}\nrequest of search\n")


async def test_a_record_of_another_kind_is_made_for_whoever_wants_it(stream):
    def factory(*given: Any, **more: Any) -> logging.LogRecord:
        record = logging.LogRecord(*given, **more)
        record.trace = "t1"
        return record

    logging.setLogRecordFactory(factory)
    try:
        log_request(exchange())
    finally:
        logging.setLogRecordFactory(logging.LogRecord)
    assert [line["trace"] for line in await lines(stream)] == ["t1"]


def test_requests_have_names_of_their_own_in_a_forked_process_too():
    names = [fresh_id() for _ in range(10_000)]
    assert len(set(names)) == len(names)
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in names)
    if sys.platform == "win32":
        return
    said = "import os; from agentmem_core.server.exchange import fresh_id; os.fork(); os.write(1, f'{fresh_id()} '.encode())"
    run = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert len(set(run.stdout.split())) == 2


def test_who_is_fixed_by_a_gate_of_somebody_else_is_checked():
    assert Caller("k", "read").scope(ScopeNames(user_id="里")) == Scope(user_id="里")
    with pytest.raises(ValueError, match="user_id"):
        Caller("k", "read", user_id="a\0").scope(ScopeNames())


def test_what_is_at_rest_is_looked_through_no_more_until_the_server_ends():
    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    with seldom_collected():
        assert gc.get_threshold()[0] >= 5_000
        assert gc.get_freeze_count() > frozen
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
    gc.disable()
    try:
        with seldom_collected():
            assert not gc.isenabled()
    finally:
        gc.enable()


async def test_lines_without_records_leave_by_themselves(stream):
    log_request(exchange())
    while "search" not in stream.getvalue():  # noqa: ASYNC110 - nothing tells when a timer has run
        await asyncio.sleep(0.001)

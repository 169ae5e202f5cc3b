"""A server that is down, slow, lying or newer: one of our errors, with the address and never the key."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.core.http.peer import Peer, Reply, answer, hang_up, problem, silence

from agentmem_core import (
    AgentMem,
    AgentMemError,
    AuthenticationError,
    BadAnswerError,
    ConflictError,
    NotFoundError,
    NotSupportedError,
    PermissionDeniedError,
    RateLimitedError,
    ServerError,
    ServerUnavailableError,
    StoreBusyError,
    StoreFullError,
    TooLargeError,
)
from agentmem_core.http import answers, conversations

KEY = "agm_" + "k" * 43
Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def little_patience(monkeypatch):
    monkeypatch.setattr(conversations, "_STRANGER", 0.3)
    monkeypatch.setattr(conversations, "_KNOWN", 1.0)


@pytest.fixture(params=["sync", "async"])
def run(request) -> Call:
    """Calls a verb of a client, once in each colour."""

    def call(memory: AgentMem, verb: str, *args: Any, **options: Any) -> Any:
        if request.param == "sync":
            return getattr(memory, verb)(*args, **options)
        return asyncio.run(getattr(memory, f"a{verb}")(*args, **options))

    return call


def client(url: str, timeout: float = 5) -> AgentMem:
    return AgentMem(api_url=url, api_key=KEY, timeout=timeout)


def failure(run: Call, url: str, verb: str = "search", *args: Any, **options: Any) -> AgentMemError:
    with client(url, options.pop("timeout", 5)) as memory, pytest.raises(AgentMemError) as caught:
        run(memory, verb, *(args or ("tea",)), **options)
    shown = f"{caught.value!r} {caught.value} {caught.value.__notes__ if hasattr(caught.value, '__notes__') else ''}"
    cause: BaseException | None = caught.value
    while cause is not None:
        assert KEY not in f"{cause!r}"
        cause = cause.__cause__ or cause.__context__
    assert KEY not in shown
    return caught.value


LIES: dict[str, tuple[Reply, type[AgentMemError], str]] = {
    "html": (answer("<html>hello</html>", kind="text/html"), BadAnswerError, "text/html, not JSON"),
    "truncated JSON": (answer('[{"memory": {"id"'), BadAnswerError, "no JSON"),
    "wrong types": (answer('{"a": 1}'), BadAnswerError, "not what this version"),
    "other JSON": (answer('[{"memory": 5, "score": "high"}]'), BadAnswerError, "not what this version"),
    "null": (answer("null"), BadAnswerError, "not what this version"),
    "NaN": (answer("[NaN]"), BadAnswerError, "not what this version"),
    "deep": (answer("[" * 100_000), BadAnswerError, "no JSON"),
    "bytes": (answer(b"\xff\xfe\x00"), BadAnswerError, "no JSON"),
    "JSON said to be text": (answer("[]", kind="text/plain"), BadAnswerError, "text/plain"),
    "JSON said to be nothing": (answer("[]", kind=""), BadAnswerError, "is nothing"),
    "empty": (answer(""), BadAnswerError, "no JSON"),
    "no content": (answer("", 204), BadAnswerError, "JSON"),
    "200 with a problem": (answer('{"status": 404, "code": "not_found"}', kind="application/problem+json"), BadAnswerError, "problem"),
    "no HTTP": (b"220 mail.example ESMTP\r\n\r\n", BadAnswerError, "no HTTP"),
    "false gzip": (answer("[]", content_encoding="gzip"), BadAnswerError, "gzip"),
    "half gzip": (answer(gzip.compress(b"[]" + b" " * 999)[:-12], content_encoding="gzip"), BadAnswerError, "middle"),
    "brotli": (answer("[]", content_encoding="br"), BadAnswerError, "nobody asked"),
    "404 of another": (answer("not here", 404, "text/html"), BadAnswerError, "path in api_url"),
    "500 of another": (answer("oops", 500, "text/html"), BadAnswerError, "answered 500"),
    "a broken problem": (answer('{"status": "x"', 500, "application/problem+json"), BadAnswerError, "answered 500"),
    "teapot": (answer("short", 418, "text/plain"), BadAnswerError, "answered 418"),
    "redirect": (answer("", 302, location="https://u:secret@evil.example/?k=1"), BadAnswerError, "not followed"),
    "401 of a proxy": (answer("", 401, "text/html"), AuthenticationError, "check api_key"),
    "403 of a proxy": (answer("", 403, "text/html"), PermissionDeniedError, "check api_key"),
    "413 of a proxy": (answer("", 413, "text/html"), TooLargeError, "one request"),
    "502 of a proxy": (answer("", 502, "text/html"), ServerUnavailableError, "answered 502"),
    "429 of a proxy": (answer("", 429, "text/html", retry_after="77"), RateLimitedError, "answered 429"),
    "unknown key": (problem("unauthenticated", 401), AuthenticationError, "what to do"),
    "forbidden": (problem("forbidden", 403), PermissionDeniedError, "what to do"),
    "busy": (problem("store_busy", 503), StoreBusyError, "what to do"),
    "full": (problem("store_full", 507), StoreFullError, "what to do"),
    "conflict": (problem("conflict", 409), ConflictError, "what to do"),
    "failed": (problem("server_failed", 500), ServerError, "what to do"),
    "stopping": (problem("store_closed", 503), ServerUnavailableError, "stopping"),
    "echo of the key": (problem("unauthenticated", 401, f"no key {KEY}"), AuthenticationError, r"no key \.\.\."),
    "older": (problem("unknown_route", 404), NotSupportedError, "older than this client"),
    "not found": (problem("not_found", 404), NotFoundError, "what to do"),
    "code of the future": (problem("out_of_luck", 409), ConflictError, "what to do"),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_what_cannot_be_right_is_one_of_our_errors(lie, run):
    reply, kind, says = LIES[lie]
    with Peer(reply) as peer:
        error = failure(run, peer.url)
    assert type(error) is kind
    assert re.search(says, str(error)), error
    if kind in {BadAnswerError, ServerUnavailableError}:
        assert str(error).startswith(peer.url)
    assert "secret" not in str(error)


def test_a_redirect_takes_the_key_nowhere(run):
    with Peer(answer("[]")) as other:
        for status in (301, 302, 307, 308):
            for place in (other.url, f"{other.url}/v1/memories/search"):
                with Peer(answer("", status, location=place)) as peer:
                    assert isinstance(failure(run, peer.url), BadAnswerError)
                    assert len(peer.requests) == 1
        assert other.requests == []


def test_an_answer_without_end_is_given_up(run, monkeypatch):
    monkeypatch.setattr(answers, "LARGEST", 1_000_000)

    def endless(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")

    with Peer(endless) as peer:
        assert "larger than 1,000,000 bytes" in str(failure(run, peer.url))


def test_a_small_answer_that_unpacks_to_a_huge_one_is_given_up(run, monkeypatch):
    monkeypatch.setattr(answers, "LARGEST", 1_000_000)
    with Peer(answer(gzip.compress(b" " * 50_000_000), content_encoding="gzip")) as peer:
        assert "larger than 1,000,000 bytes" in str(failure(run, peer.url))


def test_a_packed_answer_is_unpacked(run):
    with Peer(answer(gzip.compress(b"[]"), content_encoding="gzip")) as peer, client(peer.url) as memory:
        assert run(memory, "search", "tea") == []
        assert b"\r\naccept-encoding: gzip\r\n" in peer.requests[0].lower()
        assert b"authorization: bearer " + KEY.encode() in peer.requests[0].lower()


def test_fields_of_a_newer_server_are_ignored(run):
    moment = "2026-01-01T00:00:00.000001Z"
    memory: dict[str, Any] = {
        "id": "x", "content": "tea", "type": "semantic", "scope": {"tenant": "t", "user_id": "u", "planet": "Mars"},
        "metadata": {"kept": {"planet": 1}}, "importance": 0.5, "occurred_at": moment, "created_at": moment, "updated_at": moment,
        "mood": ["good", {"very": True}],
    }  # fmt: skip
    hits = [
        {"memory": memory, "score": 0.5, "signals": {"dense": 0.5, "smell": 1.0}, "colour": None},
        {"memory": memory, "score": 0.1},
    ]
    with Peer(answer(json.dumps(hits))) as peer, client(peer.url) as memory_of:
        found = run(memory_of, "search", "tea")
    assert [hit.score for hit in found] == [0.5, 0.1]
    assert found[0].memory.metadata == {"kept": {"planet": 1}}
    assert found[0].memory.created_at.isoformat() == "2026-01-01T00:00:00.000001+00:00"
    assert not hasattr(found[0], "colour")


def test_a_field_that_is_missing_beside_one_too_many_is_a_bad_answer(run):
    with Peer(answer('[{"score": 0.5, "colour": null}]')) as peer:
        assert isinstance(failure(run, peer.url), BadAnswerError)


def test_no_server_at_the_address(run):
    with Peer(b"") as peer:
        url = peer.url
    begun = time.monotonic()
    error = failure(run, url)
    assert isinstance(error, ServerUnavailableError)
    assert str(error).startswith(f"{url}: no server can be reached there")
    assert time.monotonic() - begun < 12, "not as long as one that was there before is waited for"
    assert "may or may not" not in str(failure(run, url, "update", "x", content="y"))


def test_a_name_that_does_not_exist(run):
    error = failure(run, "https://nowhere.invalid")
    assert isinstance(error, ServerUnavailableError)


def test_a_server_that_says_nothing(run):
    with Peer(silence) as peer:
        error = failure(run, peer.url, timeout=1.0)
    assert isinstance(error, ServerUnavailableError)
    assert "in time" in str(error)
    assert "may or may not" not in str(error)


def test_a_write_that_was_not_answered_says_that_it_may_have_been_done(run):
    for reply in (silence, hang_up, answer("", 502, "text/html"), problem("server_failed", 500)):
        with Peer(reply) as peer:
            error = failure(run, peer.url, "update", "x", content="y", timeout=2.0)
            assert len(peer.requests) == 1
        assert isinstance(error, ServerError)
        assert "may or may not have been done" in str(error)


def test_a_write_that_was_refused_does_not(run):
    for reply in (
        problem("forbidden", 403),
        problem("not_found", 404),
        problem("store_busy", 503),
        problem("timed_out", 504),
    ):
        with Peer(reply) as peer:
            assert "may or may not" not in str(failure(run, peer.url, "update", "x", content="y"))


def test_an_answer_that_only_drips_is_given_up(run):
    def drip(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n[")
        for _ in range(1_000):
            connection.sendall(b" ")
            time.sleep(0.05)

    with Peer(drip) as peer:
        begun = time.monotonic()
        assert isinstance(failure(run, peer.url, timeout=0.5), ServerUnavailableError)
        assert time.monotonic() - begun < 30


def test_the_server_calls_a_request_by_a_name_that_can_be_looked_up(run):
    with Peer(problem("server_failed", 500)) as peer:
        assert any("r-1" in note for note in failure(run, peer.url).__notes__)

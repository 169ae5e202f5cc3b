"""What is tried again, and that it is not done twice by that."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from tests.core.http.peer import Peer, Reply, answer, hang_up, losing, passing, problem, silence
from tests.core.server_process import ServerProcess, serving

from agentmem_core import (
    AgentMem,
    AgentTask,
    ConflictError,
    NotFoundError,
    RateLimitedError,
    ServerUnavailableError,
    StoreBusyError,
)
from agentmem_core.connect import Config, connect
from agentmem_core.http import conversations
from agentmem_core.operations import Add

Call = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def run(request) -> Call:
    """Calls a verb, once in each colour."""

    def call(memory: Any, verb: str, *args: Any, **options: Any) -> Any:
        if request.param == "sync":
            return getattr(memory, verb)(*args, **options)
        return asyncio.run(getattr(memory, f"a{verb}")(*args, **options))

    return call


def client(url: str, **options: Any) -> AgentMem:
    return AgentMem(api_url=url, user_id="ana", **options)


def body(request: bytes) -> Any:
    return json.loads(request.partition(b"\r\n\r\n")[2])


PASSING: list[Reply] = [hang_up, answer("", 502, "text/html"), answer("", 503), answer("", 504), problem("store_busy", 503), problem("timed_out", 504),
           problem("rate_limited", 429), problem("server_unavailable", 503, retry_after="0")]  # fmt: skip


def test_a_question_is_asked_again(run):
    with Peer(*PASSING[:4], answer("[]")) as peer, client(peer.url, timeout=30) as memory:
        memory._backend._speaker._met = True  # type: ignore[attr-defined]  # a server that was there before
        assert run(memory, "search", "tea") == []
        assert len(peer.requests) == 5
        assert len({body(request)["query"] for request in peer.requests}) == 1


def test_a_write_is_sent_again_only_where_it_was_refused_undone(run):
    for reply in PASSING[4:7]:
        with Peer(reply, problem("not_found", 404)) as peer, client(peer.url) as memory, pytest.raises(NotFoundError):
            run(memory, "update", "x", content="y")
        assert len(peer.requests) == 2
    for reply in PASSING[:4]:
        with Peer(reply) as peer, client(peer.url) as memory, pytest.raises(ServerUnavailableError):
            run(memory, "update", "x", content="y")
        assert len(peer.requests) == 1


def test_what_stays_busy_is_its_own_error_in_the_end(run, monkeypatch):
    monkeypatch.setattr(conversations, "_KNOWN", 2.0)
    with Peer(problem("store_busy", 503)) as peer, client(peer.url) as memory, pytest.raises(StoreBusyError):
        run(memory, "search", "tea")
    assert len(peer.requests) > 1


def test_the_server_says_how_long_to_wait(run):
    with Peer(problem("rate_limited", 429, retry_after="1"), answer("[]")) as peer, client(peer.url) as memory:
        begun = time.monotonic()
        assert run(memory, "search", "tea") == []
        assert time.monotonic() - begun >= 1


@pytest.mark.parametrize("header", ["1000", "Fri, 31 Dec 2999 23:59:59 GMT"])
def test_a_wait_that_is_too_long_is_an_error_at_once(run, header):
    with Peer(problem("rate_limited", 429, retry_after=header)) as peer, client(peer.url) as memory:
        begun = time.monotonic()
        with pytest.raises(RateLimitedError) as caught:
            run(memory, "search", "tea")
        assert time.monotonic() - begun < 60
        assert len(peer.requests) == 1
        assert caught.value.retry_after is not None
        assert caught.value.retry_after >= 1000


@pytest.mark.parametrize("header", ["", "soon", "-5", "nan", "1e9"])
def test_a_wait_that_is_no_time_is_none(run, header):
    with Peer(problem("rate_limited", 429, retry_after=header), answer("[]")) as peer, client(peer.url) as memory:
        assert run(memory, "search", "tea") == []


def test_the_whole_call_ends_in_its_time(run):
    with Peer(silence) as peer, client(peer.url, timeout=0.5) as memory:
        begun = time.monotonic()
        with pytest.raises(ServerUnavailableError):
            run(memory, "search", "tea")
        assert time.monotonic() - begun < 12
        assert len(peer.requests) == 1


def contents(memory: AgentMem) -> list[str]:
    return [item.content for item in memory.list().items]


def of_its_own(server: ServerProcess, tenant: str) -> AgentMem:
    return AgentMem(api_url=server.url, tenant=tenant, user_id="ana")


def test_an_add_whose_answer_was_lost_is_done_once_and_answered_as_the_first_time(run, server, request):
    tenant = request.node.name
    with (
        of_its_own(server, tenant) as memory,
        Peer(losing(server.port), losing(server.port), passing(server.port)) as peer,
        AgentMem(api_url=peer.url, tenant=tenant, user_id="ana", timeout=30) as far,
    ):
        memory.add("I play the cello")
        far._backend._speaker._met = True  # type: ignore[attr-defined]  # a server that was there before
        told = [
            "I like tea",
            "I like tea",
            "i play the CELLO.",
            {"role": "user", "content": "hello"},
            {"role": "user", "content": "hello"},
            {"content": "named", "id": "n"},
        ]
        added = run(far, "add", told, session_id="s")
        assert len(peer.requests) == 3
        assert len({request.partition(b"\r\n\r\n")[2] for request in peer.requests}) == 1
    outcomes = [item.outcome.value for item in added.items]
    assert outcomes[:2] == ["created", "known"]
    assert outcomes[3:5] == ["created", "created"]
    assert added.ids[0] == added.ids[1]
    assert len(set(added.ids)) == 5
    with of_its_own(server, tenant) as memory:
        assert sorted(contents(memory)) == sorted(
            ["I play the cello", "I like tea", "i play the CELLO.", "hello", "hello", "named"]
        )


def test_a_text_that_is_known_stays_known_when_the_answer_was_lost(run, server, request):
    tenant = request.node.name
    with of_its_own(server, tenant) as memory, Peer(losing(server.port), passing(server.port)) as peer:
        first = memory.add("I play the cello")
        with AgentMem(api_url=peer.url, tenant=tenant, user_id="ana") as far:
            again = run(far, "add", "i play the CELLO.")
        assert (again.items[0].outcome, again.ids) == ("known", first.ids)
        assert len(contents(memory)) == 1


def test_rows_of_another_collection_are_stored_once(run, server, request):
    tenant = request.node.name
    with of_its_own(server, tenant) as memory, Peer(losing(server.port), passing(server.port)) as peer:
        with AgentMem(api_url=peer.url, tenant=tenant, user_id="ana") as far:
            added = run(far, "add_many", [{"content": "v", "vector": [1.0, n]} for n in range(3)], collection="mine")
        assert added.created == 3
        assert len(memory.list(collection="mine").items) == 3


@pytest.mark.parametrize("where", ["embedded", "http"])
def test_an_id_that_is_proposed_changes_nothing_else(where, server, request):
    config = Config(path=":memory:", embedder="hashing") if where == "embedded" else Config(api_url=server.url)
    scope = {"tenant": request.node.name, "user_id": "ana"}
    with closing(connect(config)) as backend:

        def add(**item: Any) -> Any:
            return backend.execute(Add(scope=scope, items=(item,))).items[0]  # type: ignore[arg-type]  # as callers write it

        first = add(content="tea", id_if_new="one")
        assert (first.outcome, first.memory.id) == ("created", "one")
        assert add(content="tea", id_if_new="one").outcome == "created"
        known = add(content="TEA.", id_if_new="two")
        assert (known.outcome, known.memory.id) == ("known", "one")
        assert add(content="tea").outcome == "known"
        with pytest.raises(ConflictError, match="id_if_new"):
            add(content="coffee", id_if_new="one")
        turn = add(content="tea", role="user", id_if_new="three")
        assert (turn.outcome, turn.memory.id) == ("created", "three")
        assert add(content="tea", role="user", id_if_new="three").outcome == "created"
        assert add(content="tea", role="user").memory.id != "three"


def test_a_killed_server_that_comes_back_is_found_again(run, tmp_path):
    with serving(tmp_path) as first:
        memory = client(first.url, timeout=60)
        run(memory, "add", "before")
        port = first.port
        first.kill()
    with serving(tmp_path, port=port):
        run(memory, "add", "after")
        assert contents(memory) == ["before", "after"]
        memory.close()


def test_a_call_waits_for_a_server_that_restarts(run, tmp_path, monkeypatch):
    monkeypatch.setattr(conversations, "_KNOWN", 60.0)
    with serving(tmp_path) as first:
        memory = client(first.url, timeout=90)
        memory.add("before")
        port = first.port
        first.kill()

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(run, memory, "add", "during")
        with serving(tmp_path, port=port):
            call.result(60)
            assert contents(memory) == ["before", "during"]
    memory.close()


def test_a_task_that_may_have_written_is_waited_for(server, request):
    def late(connection, request):
        time.sleep(0.6)
        passing(server.port)(connection, request)  # type: ignore[operator]  # a function

    tenant = request.node.name
    task = AgentTask(type="episodic", operation="record", parameters={"text": "we met"}, timeout=0.1)
    question = AgentTask(type="episodic", operation="search", parameters={"query": "met"}, timeout=0.1)
    with Peer(late) as peer, AgentMem(api_url=peer.url, tenant=tenant, user_id="ana") as far:
        reply = far.agents.dispatch(task)
        assert (reply.success, reply.timed_out) == (True, True), reply
        reply = asyncio.run(far.agents.adispatch(task))
        assert (reply.success, reply.timed_out) == (True, True), reply
        for reply in (far.agents.dispatch(question), asyncio.run(far.agents.adispatch(question))):
            assert (reply.success, reply.timed_out, reply.error_code) == (False, True, "timed_out")

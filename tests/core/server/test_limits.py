"""A server takes so much and no more, says so, and is there for the next."""

from __future__ import annotations

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.core.server.here import Held, in_memory, serving_here

from agentmem_core.http import Problem
from agentmem_core.model import Scope
from agentmem_core.operations import StatsOf
from agentmem_core.server import ServerSettings

TEA = {"content": "tea"}


def problem(answer: httpx.Response) -> Problem:
    assert answer.headers["content-type"] == "application/problem+json"
    return Problem.model_validate_json(answer.content)


def test_one_more_than_it_takes_is_asked_to_come_again():
    held = Held(in_memory())
    with serving_here(held, settings=ServerSettings(requests=2)) as (url, state), ThreadPoolExecutor(2) as pool:
        waiting = [
            pool.submit(httpx.post, f"{url}/v1/memories", json=TEA | {"user_id": str(n)}, timeout=60) for n in range(2)
        ]
        while state.load.requests < 2:
            threading.Event().wait(0.01)
        turned_away = httpx.get(f"{url}/v1/stats")
        assert (turned_away.status_code, turned_away.headers["retry-after"]) == (503, "1")
        assert problem(turned_away).code == "server_unavailable"
        assert httpx.get(f"{url}/health/live").status_code == 200
        held.go.set()
        assert [answer.result().status_code for answer in waiting] == [200, 200]
        assert httpx.get(f"{url}/v1/stats").status_code == 200
    held.close()


def test_what_takes_too_long_and_has_written_nothing_is_given_up_for_good():
    held = Held(in_memory())
    with serving_here(held, settings=ServerSettings(timeout=1.0)) as (url, state):
        answer = httpx.post(f"{url}/v1/memories", json=TEA, timeout=60)
        assert (answer.status_code, problem(answer).code) == (504, "timed_out")
        assert "nothing was written" in problem(answer).detail
        held.go.set()
        assert httpx.get(f"{url}/v1/stats").json()["memories"] == 0
        assert state.load.requests == 0
    held.close()


class Writing(Held):
    """Has begun to write when it is held."""

    async def aexecute(self, op):
        from agentmem_core.ports.cancelling import CANCELLATION

        cancellation = CANCELLATION.get()
        assert cancellation is not None
        cancellation.begin_write()
        return await super().aexecute(op)


def test_what_has_begun_to_write_is_waited_for():
    held = Writing(in_memory())
    with serving_here(held, settings=ServerSettings(timeout=1.0)) as (url, _), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.post, f"{url}/v1/memories", json=TEA, timeout=60)
        assert held.come.wait(60)
        threading.Event().wait(1.3)  # well past the timeout
        assert not answer.done()
        held.go.set()
        assert answer.result().status_code == 200
    assert held.inner.execute(StatsOf(scope=Scope())).memories == 1
    held.close()


def test_a_client_that_has_gone_is_not_worked_for():
    held = Held(in_memory())
    with serving_here(held) as (url, state):
        with pytest.raises(httpx.TimeoutException):
            httpx.post(f"{url}/v1/memories", json=TEA, timeout=0.1)
        while state.load.requests:
            threading.Event().wait(0.01)
        held.go.set()
        assert httpx.get(f"{url}/v1/stats").json()["memories"] == 0
    held.close()


@pytest.mark.parametrize("sent", ["whole", "in chunks"])
def test_a_body_that_is_too_long_is_refused_before_it_is_all_there(sent: str):
    backend = in_memory()
    body = b'{"content": "' + b"x" * 2_000_000 + b'"}'
    parts = (body[start : start + 50_000] for start in range(0, len(body), 50_000))
    with serving_here(backend, settings=ServerSettings(body_bytes=100_000)) as (url, state):
        try:
            answer = httpx.post(
                f"{url}/v1/memories",
                content=body if sent == "whole" else parts,
                headers={"content-type": "application/json"},
            )
        except httpx.WriteError:
            pass  # it was still sending when the server had hung up
        else:
            assert (answer.status_code, problem(answer).code) == (413, "too_large")
            assert answer.headers["connection"] == "close"
        assert state.load.held == 0
        assert httpx.post(f"{url}/v1/memories", json={"content": "x" * 90_000}).status_code == 200
        put = {"name": "a", "data": "QUFB" * 50_000}
        assert httpx.post(f"{url}/v1/agents/resource/put", json=put).status_code == 200
    backend.close()


def test_all_bodies_together_are_bounded():
    backend = in_memory()
    with serving_here(backend, settings=ServerSettings(held_bytes=1_000)) as (url, state):
        answer = httpx.post(f"{url}/v1/memories", json={"content": "x" * 2_000})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert state.load.held == 0
        assert httpx.post(f"{url}/v1/memories", json=TEA).status_code == 200
    backend.close()


def test_a_body_that_does_not_come_is_not_waited_for():
    backend = in_memory()
    with serving_here(backend, settings=ServerSettings(timeout=0.2)) as (url, _):
        host, _, port = url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=30) as sock:
            sock.sendall(
                b"POST /v1/memories HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
            )
            assert b"408" in sock.recv(1_000).partition(b"\r\n")[0]
    backend.close()


def test_a_server_that_is_told_to_stop_takes_nothing_new():
    backend = in_memory()
    with serving_here(backend) as (url, state):
        state.load.closing.set()
        answer = httpx.get(f"{url}/v1/stats")
        assert (answer.status_code, problem(answer).code) == (503, "server_unavailable")
        assert "shutting down" in problem(answer).detail
        assert httpx.get(f"{url}/health/ready").status_code == 503
    backend.close()


async def test_many_at_once_are_all_answered():
    backend = in_memory()
    with serving_here(backend) as (url, _):
        async with httpx.AsyncClient(timeout=60) as ask:
            answers = await asyncio.gather(
                *(
                    ask.post(f"{url}/v1/memories", json={"content": f"number {n}", "user_id": str(n % 5)})
                    for n in range(120)
                )
            )
        assert {answer.status_code for answer in answers} == {200}
    assert sum(backend.execute(StatsOf(scope=Scope(user_id=str(n)))).memories for n in range(5)) == 120
    backend.close()

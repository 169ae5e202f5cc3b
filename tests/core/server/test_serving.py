"""A server process: it says where it is, answers, ends as it is told, and loses nothing when it is killed."""

from __future__ import annotations

import json
import signal
import socket
import threading
from itertools import count

import httpx
import pytest
from tests.core.server_process import serving

from agentmem_core import AgentMem, NotConfiguredError
from agentmem_core.server import OpenGate, ServerSettings, serve
from agentmem_core.server.loopback import is_loopback
from agentmem_core.server.serving import listening, url_of


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_says_where_it_listens_answers_and_ends_with_zero(number, tmp_path):
    with serving(tmp_path / "store") as server:
        added = httpx.post(f"{server.url}/v1/memories", json={"content": "茶", "user_id": "安娜"}).json()
        found = httpx.post(f"{server.url}/v1/memories/search", json={"query": "茶", "user_id": "安娜"}).json()
        assert [hit["memory"]["id"] for hit in found] == [item["memory"]["id"] for item in added["items"]]
        with httpx.stream("GET", f"{server.url}/v1/events", timeout=60) as events:
            lines = events.iter_lines()
            assert next(lines).startswith("id: ")
            assert server.stop(number) == 0
            assert len(list(lines)) < 10  # the stream ended as it should
    with AgentMem(tmp_path / "store", embedder="hashing", index="none") as memory:
        assert memory.stats(user_id="安娜").memories == 1


def test_what_is_logged_is_json_and_holds_nothing_that_was_said(tmp_path):
    with serving(tmp_path / "store") as server:
        headers = {"authorization": "Bearer agm_hidden", "x-request-id": "mine"}
        httpx.post(
            f"{server.url}/v1/memories", json={"content": "秘密", "user_id": "ana", "id": "told"}, headers=headers
        )
        httpx.get(f"{server.url}/v1/memories/told", params={"user_id": "ana"})
        httpx.post(f"{server.url}/v1/memories/search", json={"query": "", "user_id": ""})
        server.stop()
    lines = [json.loads(line) for line in server.log]
    requests = [line for line in lines if line["message"] == "request"]
    assert [(line["operation"], line["code"]) for line in requests] == [
        ("add", "ok"), ("get", "ok"), ("search", "invalid_input"),
    ]  # fmt: skip
    assert requests[0]["request_id"] == "mine"
    assert not any(word in "".join(server.log) for word in ("秘密", "hidden", "ana", "told"))


def test_a_server_that_is_stopped_finishes_what_it_has_begun(tmp_path):
    answers: list[tuple[int, httpx.Response]] = []
    started = threading.Event()

    def adding(url: str) -> None:
        with httpx.Client(timeout=60) as ask:
            for number in count():
                started.set() if number == 5 else None
                try:
                    answers.append((number, ask.post(f"{url}/v1/memories", json={"content": f"number {number}"})))
                except httpx.TransportError:
                    return

    with serving(tmp_path / "store") as server:
        thread = threading.Thread(target=adding, args=(server.url,))
        thread.start()
        assert started.wait(60)
        assert server.stop() == 0
        thread.join(60)
    acknowledged = [number for number, answer in answers if answer.status_code == 200]
    with AgentMem(tmp_path / "store", embedder="hashing", index="none") as memory:
        kept = {item.content for item in memory.list(limit=10_000).items}
    assert len(acknowledged) >= 5
    assert kept == {f"number {number}" for number in acknowledged}


def test_a_server_that_is_killed_has_every_add_that_it_acknowledged(tmp_path):
    clients = 6
    acknowledged: list[str] = []
    enough = threading.Event()

    def adding(url: str, who: int) -> None:
        with httpx.Client(timeout=60) as ask:
            for number in count():
                text = f"client {who} said number {number}"
                try:
                    answer = ask.post(f"{url}/v1/memories", json={"content": text, "user_id": f"user {who % 2}"})
                except httpx.TransportError:
                    return
                assert answer.status_code == 200
                acknowledged.append(text)
                if len(acknowledged) >= 100:
                    enough.set()

    for round_ in range(2):
        enough.clear()
        before = len(acknowledged)
        with serving(tmp_path / "store") as server:
            threads = [threading.Thread(target=adding, args=(server.url, 10 * round_ + who)) for who in range(clients)]
            for thread in threads:
                thread.start()
            assert enough.wait(60)
            server.kill()
            for thread in threads:
                thread.join(60)
        assert len(acknowledged) > before
    with serving(tmp_path / "store") as server:
        kept = {
            item["content"]
            for who in range(2)
            for item in httpx.get(
                f"{server.url}/v1/memories", params={"user_id": f"user {who}", "limit": "10000"}
            ).json()["items"]
        }
        assert httpx.get(f"{server.url}/health/ready").status_code == 200
    assert set(acknowledged) <= kept


def test_without_keys_a_server_listens_on_loopback_only(tmp_path):
    for host in ("0.0.0.0", "::", "example.org", "192.168.1.5"):
        with pytest.raises(NotConfiguredError, match="there is no key"):
            serve(ServerSettings(host=host, path=str(tmp_path)))
        with pytest.raises(NotConfiguredError, match="not loopback"):
            serve(ServerSettings(host=host, path=str(tmp_path)), gate=OpenGate())
    assert [is_loopback(host) for host in ("localhost", "127.0.0.9", "::1", "10.0.0.1")] == [True, True, True, False]


def test_an_address_that_is_taken_is_said_in_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AssertionError, match="cannot be listened on") as failure, serving(tmp_path, port=port):
            pass
        assert "Traceback" not in str(failure.value)


def test_an_address_is_written_as_a_client_writes_it():
    listener = listening(ServerSettings(port=0))
    assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    if socket.has_ipv6:
        listener = listening(ServerSettings(host="::1", port=0))
        assert url_of(listener).startswith("http://[::1]:")
        listener.close()

"""Who holds a connection and asks for nothing, or never comes to an end, gets little for it."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import httpx
import pytest
from tests.core.server.here import in_memory, serving_here
from tests.core.server.test_attacks import exchanged
from tests.core.server_process import PLAIN, serving

from agentmem_core.server import ServerSettings, connections
from agentmem_core.server.connections import Connection, let_go

LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"


class Quick(Connection):
    most = 20
    head_seconds = 0.5


@pytest.fixture
def url() -> Iterator[str]:
    backend = in_memory()
    with serving_here(backend, settings=ServerSettings(timeout=2.0), http=Quick) as (url, _):
        yield url
    backend.close()


def connected(url: str, data: bytes = b"") -> socket.socket:
    found = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20)
    found.sendall(data)
    return found


def rest(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    try:
        return b"".join(iter(lambda: connection.recv(65_536), b""))
    except ConnectionError:
        return b""


def send(connection: socket.socket, data: bytes, times: int, pause: float = 0.0) -> None:
    """Again and again, until it cannot be sent any more."""
    for _ in range(times):
        connection.sendall(data)
        time.sleep(pause)


@pytest.mark.parametrize(
    "data", [b"", b"G", LIVE, LIVE + b"X: a"], ids=["nothing", "a letter", "headers", "half a header"]
)
def test_a_head_that_does_not_come_is_not_waited_for(data, url):
    begun = time.monotonic()
    with connected(url, data) as slow:
        assert rest(slow) == b""
    assert time.monotonic() - begun < 10


def test_a_head_that_comes_byte_by_byte_is_not_waited_for(url):
    with connected(url) as slow, pytest.raises(ConnectionError):
        send(slow, b"G", 1_000, 0.02)


def test_a_head_that_comes_byte_by_byte_after_an_answer_is_not_waited_for(url):
    with connected(url, LIVE + b"\r\n") as slow:
        assert slow.recv(4_096).startswith(b"HTTP/1.1 200")
        slow.sendall(LIVE)
        assert rest(slow) == b""


def test_a_head_without_an_end_is_refused_while_it_comes(url):
    with connected(url, LIVE + b"X: ") as long:
        answer = b""
        try:
            send(long, b"a" * 10_000, 2_000)
        except ConnectionError:
            answer = b"reset"
        assert answer == b"reset" or rest(long).startswith(b"HTTP/1.1 431")
    assert httpx.get(f"{url}/health/live").status_code == 200


def test_a_head_without_an_end_behind_a_stream_is_refused_too(url):
    with connected(url, b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n") as reader:
        assert reader.recv(4_096).startswith(b"HTTP/1.1 200")
        reader.sendall(LIVE + b"X: ")
        with pytest.raises(ConnectionError):
            send(reader, b"a" * 10_000, 2_000)


def test_a_body_may_be_longer_and_slower_than_a_head(url):
    content = b'{"content": "' + b"tea " * 50_000 + b'"}'
    head = b"POST /v1/memories HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    with connected(url, head + b"Content-Length: %d\r\n\r\n" % len(content)) as slow:
        for start in range(0, len(content), 40_000):
            slow.sendall(content[start : start + 40_000])
            time.sleep(0.15)
        assert rest(slow).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("path", [b"/v1/memories", b"/nothing"])
@pytest.mark.parametrize(
    ("begins", "more"),
    [(b"0\r\n", b"X-A: " + b"y" * 8_000 + b"\r\n"), (b"0\r\nX-A: ", b"y" * 8_000), (b"1;", b"y" * 8_000)],
    ids=["trailers", "one trailer", "an extension of a chunk"],
)
def test_what_comes_for_a_body_without_being_of_it_is_not_taken_without_end(path, begins, more, url):
    """Trailers are kept by who reads them: 200 MB of them would be, each time."""
    head = (
        b"POST "
        + path
        + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with connected(url, head + begins) as endless, pytest.raises(ConnectionError):
        send(endless, more, 2_500)


def test_a_body_in_chunks_with_extensions_and_trailers_is_read(url):
    body = b'{"content": "tea"}'
    parts = b"".join(b"1;name=value\r\n" + body[at : at + 1] + b"\r\n" for at in range(len(body)))
    head = b"POST /v1/memories HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(url, head + parts + b"0\r\nX-A: b\r\n\r\n") as ours:
        assert ours.recv(4_096).startswith(b"HTTP/1.1 200")
        ours.sendall(LIVE + b"\r\n")
        assert ours.recv(4_096).startswith(b"HTTP/1.1 200")


def test_one_connection_asks_many_times(url):
    with connected(url, (LIVE + b"\r\n") * 50 + LIVE + b"Connection: close\r\n\r\n") as one:
        assert rest(one).count(b"HTTP/1.1 200") == 51


def refused(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    said = httpx.Headers(
        [(name, value) for name, _, value in (line.partition(b": ") for line in head.split(b"\r\n")[1:])]
    )
    assert head.startswith(b"HTTP/1.1 400 ")
    assert said["content-type"] == "application/problem+json"
    assert said["x-content-type-options"] == "nosniff"
    assert int(said["content-length"]) == len(body)
    found = json.loads(body)
    assert said["x-request-id"] == found["request_id"]
    return dict(found)


@pytest.mark.parametrize(
    "data",
    ["GET /v1/memories/里斯本 HTTP/1.1\r\n\r\n", "GET /v1/memories?q=里 HTTP/1.1\r\nHost: localhost\r\n\r\n", "nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_http_is_answered_as_a_problem_too(data, url):
    with connected(url, data.encode()) as raw:
        found = refused(rest(raw))
    assert (found["status"], found["code"]) == (400, "invalid_input")
    assert "percent-encoded UTF-8" in found["detail"]


def test_what_is_no_http_behind_a_request_does_not_get_into_its_answer(url):
    with connected(url, LIVE + b"\r\n" + "GET /里 HTTP/1.1\r\n\r\n".encode()) as raw:
        answer = rest(raw)
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 200")
    with connected(url, LIVE + b"\r\n") as raw:
        assert raw.recv(4_096).startswith(b"HTTP/1.1 200")
        raw.sendall("GET /里 HTTP/1.1\r\n\r\n".encode())
        assert refused(rest(raw))["code"] == "invalid_input"
    head = b"POST /v1/memories HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n"
    begun = time.monotonic()
    with connected(url, head) as raw:
        rest(raw)
    assert time.monotonic() - begun < 10


class FromAfar(Quick):
    """Loopback's addresses are other machines, as 127.0.0.2 and 127.0.0.3."""

    peers: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport):
        host = transport.get_extra_info("peername")[0]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connections, "peer_of", lambda _: None if host == "127.0.0.1" else host)
            super().connection_made(transport)


@pytest.mark.skipif(sys.platform != "linux", reason="all of 127.0.0.0/8 is there on Linux")
def test_one_peer_leaves_some_connections_to_others_and_this_machine_has_no_share():
    backend = in_memory()

    def opened(port: int, host: str, times: int) -> tuple[list[socket.socket], int]:
        found = [socket.create_connection(("127.0.0.1", port), 20, (host, 0)) for _ in range(times)]
        answers = []
        for each in found:
            try:
                each.sendall(LIVE + b"\r\n")
                answers.append(each.recv(4_096))
            except ConnectionError:
                answers.append(b"")
        return found, sum(answer.startswith(b"HTTP/1.1 200") for answer in answers)

    with serving_here(backend, settings=ServerSettings(timeout=2.0), http=FromAfar) as (url, _):
        port = int(url.rpartition(":")[2])
        held, answered = opened(port, "127.0.0.2", 30)
        assert answered == 15
        others, answered = opened(port, "127.0.0.3", 2)
        assert answered == 2
        ours, answered = opened(port, "127.0.0.1", 10)
        assert answered == 3
        for each in (*held, *others, *ours):
            each.close()
        until = time.monotonic() + 20
        while FromAfar.peers and time.monotonic() < until:
            time.sleep(0.05)
        assert not FromAfar.peers
        again, answered = opened(port, "127.0.0.2", 15)
        assert answered == 15
        for each in again:
            each.close()
    backend.close()


@pytest.mark.parametrize(
    ("host", "peer"),
    [
        ("10.0.0.7", "10.0.0.7"), ("127.0.0.1", None), ("::1", None), ("::ffff:127.0.0.1", None), ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8::7", "2001:db8::"), ("2001:db8::ffff:1", "2001:db8::"), ("fe80::1%eth0", "fe80::"), (None, None), ("", None),
    ],
)  # fmt: skip
def test_whom_a_connection_counts_for(host, peer):
    assert connections.peer_of(host) == peer


def test_each_server_counts_for_itself():
    assert connections.bounded(100).peers is not connections.bounded(100).peers


def test_more_connections_than_there_may_be_are_closed_and_the_others_served(url):
    held = [connected(url, LIVE + b"\r\n") for _ in range(60)]
    try:
        answers = []
        for each in held:
            try:
                answers.append(each.recv(4_096))
            except ConnectionError:
                answers.append(b"")
        assert sum(answer.startswith(b"HTTP/1.1 200") for answer in answers) == 20
    finally:
        for each in held:
            each.close()
    until = time.monotonic() + 10
    while True:
        try:
            assert httpx.get(f"{url}/health/live").status_code == 200
            break
        except httpx.TransportError:
            assert time.monotonic() < until


def test_who_takes_nothing_after_the_end_is_let_go():
    class Transport:
        closing, aborted = True, 0

        def is_closing(self) -> bool:
            return self.closing

        def abort(self) -> None:
            self.aborted += 1

    class Peer:
        def __init__(self) -> None:
            self.transport = Transport()

    one, two = Peer(), Peer()
    two.transport.closing = False
    closing = let_go([one, two], set())
    assert (closing, one.transport.aborted) == ({one}, 0)
    assert let_go([one, two], closing) == set()
    assert (one.transport.aborted, two.transport.aborted) == (1, 0)


def added(client: httpx.Client, content: str) -> int:
    """The status of an add, once there is room for a connection."""
    for _ in range(50):
        try:
            return client.post("/v1/memories", json={"content": content}).status_code
        except httpx.TransportError:
            time.sleep(0.1)
    return 0


@pytest.mark.skipif("os.name != 'posix'", reason="there is no ulimit elsewhere")
def test_however_many_connect_the_store_can_open_its_files(tmp_path):
    few = ("bash", "-c", 'ulimit -n 200; exec "$@"', "bash", *PLAIN)
    with serving(tmp_path / "store", command=few) as server:
        held = [connected(server.url) for _ in range(150)]
        try:
            for each in held[:80]:
                each.close()
            with httpx.Client(base_url=server.url, timeout=30) as client:
                for number in range(20):
                    assert added(client, f"text {number}") == 200
        finally:
            for each in held:
                each.close()
        assert server.stop() == 0


TAKEN_APART = {
    "a length and chunks": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + LIVE + b"\r\n",
    "two encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "another encoding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}",
    "a length with a sign": b"Content-Length: +2\r\n\r\n{}",
    "a chunk without a size": b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
    "a space before the colon": b"Content-Length : 2\r\n\r\n{}",
}


@pytest.mark.parametrize("how", TAKEN_APART)
def test_what_two_programs_would_read_as_two_requests_is_refused(how, url):
    head = b"POST /v1/memories HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = exchanged(url, head + TAKEN_APART[how])
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1
    assert httpx.get(f"{url}/v1/memories").json()["items"] == []


def test_who_asks_whether_to_send_a_body_is_told_before_it_is_sent(url):
    head = (
        b"POST /v1/memories HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
    )
    with connected(url, head + b"Connection: close\r\nContent-Length: 17\r\n\r\n") as polite:
        assert polite.recv(4_096).startswith(b"HTTP/1.1 100 Continue")
        polite.sendall(b'{"content":"tea"}')
        assert rest(polite).startswith(b"HTTP/1.1 200")
    assert exchanged(url, head + b"Content-Length: 99999999\r\n\r\n").startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "path",
    ["/../v1/memories", "//v1/memories", "/v1//memories", "/v1/./memories", "/v1/x/../memories", "/docs/../v1/memories",
     "/%76%31/memories", "/v1/memories;a=b", "/V1/memories", "/v1/memories/", "/v1%2Fmemories", "*"],
)  # fmt: skip
def test_a_path_is_what_it_says_and_nothing_else(path, url):
    answer = exchanged(url, b"GET " + path.encode() + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404")
    assert b'"unknown_route"' in answer


def test_the_same_holds_with_the_other_parser(tmp_path):
    """Where httptools is not installed, which only makes it faster."""
    script = (
        "import sys, runpy; sys.modules['httptools'] = None; import agentmem_core.server.connections as connections; "
        "connections.Connection.head_seconds = 0.5; runpy.run_module('agentmem_core.server', run_name='__main__')"
    )
    with serving(tmp_path / "store", command=(sys.executable, "-c", script)) as server:
        for data in (b"", LIVE + b"X: a"):
            with connected(server.url, data) as slow:
                assert not rest(slow).startswith(b"HTTP/1.1 2")
        with connected(server.url, LIVE + b"X: ") as long, pytest.raises(ConnectionError):
            send(long, b"a" * 10_000, 2_000)
        content = {"content": "tea " * 50_000}
        with httpx.Client(base_url=server.url) as client:
            assert [client.post("/v1/memories", json=content).status_code for _ in range(3)] == [200] * 3
        with connected(server.url, (LIVE + b"\r\n") * 20 + LIVE + b"Connection: close\r\n\r\n") as one:
            assert rest(one).count(b"HTTP/1.1 200") == 21

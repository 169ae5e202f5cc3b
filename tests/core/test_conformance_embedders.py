"""Every embedder keeps the promises of the port; the one over HTTP also when its server misbehaves."""

from __future__ import annotations

import json
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from agentmem_core import EmbedderError, NotConfiguredError
from agentmem_core.embedders import CallableEmbedder, find_embedder
from agentmem_core.embedders import openai as openai_module
from agentmem_core.embedders.hashing import HashingEmbedder
from agentmem_core.embedders.openai import OpenAIEmbedder
from agentmem_core.embedders.wordllama import WordLlamaEmbedder
from agentmem_core.testing import EmbedderSuite

KEY = "sk-secret-0123456789"

Answer = tuple[int, dict[str, str], bytes]


def embedding(text: str) -> list[float]:
    return [*HashingEmbedder("8").embed([text], kind="document")[0].tolist(), 0.5]


def well(body: dict[str, Any]) -> Answer:
    data = [{"object": "embedding", "index": n, "embedding": embedding(text)} for n, text in enumerate(body["input"])]
    answer = {"object": "list", "data": data[::-1], "model": body["model"], "usage": {"prompt_tokens": 1}}
    return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()


def failing(status: int, message: str = "no", **headers: str) -> Callable[[dict[str, Any]], Answer]:
    body = json.dumps({"error": {"message": message}}).encode()
    return lambda _: (status, {"Content-Type": "application/json", **headers}, body)


def saying(body: bytes, **headers: str) -> Callable[[dict[str, Any]], Answer]:
    return lambda _: (200, headers, body)


def with_vectors(*vectors: object) -> Callable[[dict[str, Any]], Answer]:
    return saying(json.dumps({"data": [{"index": n, "embedding": row} for n, row in enumerate(vectors)]}).encode())


@dataclass
class Server:
    """Speaks the embeddings wire format; ``script`` holds the answers to give first."""

    url: str = ""
    script: list[Callable[[dict[str, Any]], Answer]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.bodies.append(body)
            state.keys.append(self.headers.get("Authorization"))
            assert self.path == "/v1/embeddings"
            status, headers, content = (state.script.pop(0) if state.script else well)(body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)
            if int(headers.get("Content-Length", len(content))) != len(content):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.daemon_threads = True
    state.url = f"http://127.0.0.1:{served.server_address[1]}/v1"
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture
def client(server: Server) -> Iterator[OpenAIEmbedder]:
    with opened(OpenAIEmbedder("local-model", base_url=server.url, api_key=KEY)) as embedder:
        yield embedder


@contextmanager
def opened(embedder: OpenAIEmbedder) -> Iterator[OpenAIEmbedder]:
    try:
        yield embedder
    finally:
        if embedder._client is not None:
            embedder._client.close()


def refused(embedder: OpenAIEmbedder, *texts: str) -> EmbedderError:
    """The error of a call that must fail, after making sure that nothing of it shows the key."""
    with pytest.raises(EmbedderError) as caught:
        embedder.embed(texts or ("text",), kind="document")
    return discreet(caught.value)


def unusable(**options: Any) -> EmbedderError:
    """The error of an embedder that cannot work with these options, when it is made or when it is used."""
    with pytest.raises(EmbedderError) as caught, opened(OpenAIEmbedder("m", **options)) as embedder:
        embedder.embed(["text"], kind="document")
    return discreet(caught.value)


def discreet(error: EmbedderError) -> EmbedderError:
    assert "secret" not in str(error)
    assert "secret" not in "".join(traceback.format_exception(error))
    return error


class TestHashing(EmbedderSuite):
    @pytest.fixture
    def embedder(self) -> HashingEmbedder:
        return HashingEmbedder()


class TestWordLlama(EmbedderSuite):
    @pytest.fixture
    def embedder(self) -> WordLlamaEmbedder:
        return WordLlamaEmbedder()

    def test_related_texts_are_nearer_than_unrelated_ones(self, embedder: WordLlamaEmbedder) -> None:
        cat, kitten, tax = embedder.embed(["a cat", "a small kitten", "income tax law"], kind="document")
        assert cat @ kitten > cat @ tax


class TestCallable(EmbedderSuite):
    @pytest.fixture
    def embedder(self) -> CallableEmbedder:
        return CallableEmbedder(lambda texts: [embedding(text) for text in texts], name="mine")


class TestOpenAI(EmbedderSuite):
    @pytest.fixture
    def embedder(self, client: OpenAIEmbedder) -> OpenAIEmbedder:
        return client


def test_the_request_is_the_one_of_the_embeddings_api(client: OpenAIEmbedder, server: Server) -> None:
    client.embed(["one", "two"], kind="query")
    assert server.bodies == [{"model": "local-model", "input": ["one", "two"], "encoding_format": "float"}]
    assert server.keys == [f"Bearer {KEY}"]


def test_many_texts_are_asked_for_in_batches_and_come_back_in_order(client: OpenAIEmbedder, server: Server) -> None:
    texts = [f"text {n}" for n in range(600)]
    vectors = client.embed(texts, kind="document")
    assert [len(body["input"]) for body in server.bodies] == [256, 256, 88]
    assert vectors.shape == (600, 9)
    assert vectors[599].tolist() == pytest.approx(embedding("text 599"))


def test_a_wanted_dimension_is_asked_for(server: Server) -> None:
    with opened(OpenAIEmbedder("text-embedding-3-small", base_url=server.url, dimension=9)) as embedder:
        embedder.embed(["one"], kind="document")
        assert server.bodies[0]["dimensions"] == 9
        assert embedder.fingerprint.dimension == 9
        assert server.keys == [None]


def test_key_and_address_come_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url + "/")
    embedder = find_embedder("openai:local-model")
    assert isinstance(embedder, OpenAIEmbedder)
    with opened(embedder) as each:
        each.embed(["one"], kind="document")
    assert server.keys == [f"Bearer {KEY}"]
    assert KEY not in repr(embedder)
    assert KEY not in str(embedder.fingerprint)


def test_without_a_key_openai_itself_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(EmbedderError, match="OPENAI_API_KEY"):
        OpenAIEmbedder().embed(["one"], kind="document")


def test_a_refused_key_is_told_at_once(client: OpenAIEmbedder, server: Server) -> None:
    server.script = [failing(401, "invalid key")]
    error = refused(client)
    assert "401" in str(error)
    assert "invalid key" in str(error)
    assert len(server.bodies) == 1


def test_a_key_that_the_server_repeats_is_not_shown(client: OpenAIEmbedder, server: Server) -> None:
    server.script = [failing(401, f"Incorrect API key provided: {KEY}.")]
    assert "401" in str(refused(client))


@pytest.mark.parametrize("key", [KEY + "\n", KEY + "\r\nX-Other: 1", "secret-ключ", KEY + "\x00"])
def test_a_key_that_is_none_is_our_error_and_is_not_shown(
    key: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_module, "_TRIES", 1)
    unusable(base_url=server.url, api_key=key)
    assert server.bodies == []


def test_a_password_in_the_address_is_not_shown(server: Server) -> None:
    server.script = [failing(400), saying(b"<html>"), failing(400)]
    url = server.url.replace("http://", "http://user:secret@")
    with opened(OpenAIEmbedder("m", base_url=url)) as embedder:
        refused(embedder)
        refused(embedder)


@pytest.mark.parametrize("url", ["http://[", "no-scheme.example", "http://127.0.0.1:99999999", ""])
def test_an_address_that_is_none_is_our_error(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_module, "_TRIES", 1)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    unusable(base_url=url)


def test_too_many_requests_are_repeated_after_the_time_the_server_names(client: OpenAIEmbedder, server: Server) -> None:
    server.script = [failing(429, **{"Retry-After": "0.3"})]
    started = time.monotonic()
    assert client.embed(["one"], kind="document").shape == (1, 9)
    assert 0.3 <= time.monotonic() - started < 5
    assert len(server.bodies) == 2


@pytest.mark.parametrize("when", ["Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-5", "nan"])
def test_a_strange_retry_after_is_no_obstacle(client: OpenAIEmbedder, server: Server, when: str) -> None:
    server.script = [failing(429, **{"Retry-After": when})]
    assert client.embed(["one"], kind="document").shape == (1, 9)


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_tried_again(client: OpenAIEmbedder, server: Server, status: int) -> None:
    server.script = [failing(status)]
    assert client.embed(["one"], kind="document").shape == (1, 9)
    assert len(server.bodies) == 2


def test_a_server_that_stays_broken_is_given_up(client: OpenAIEmbedder, server: Server) -> None:
    server.script = [failing(500, "overloaded", **{"Retry-After": "0"})] * 9
    error = refused(client)
    assert "500" in str(error)
    assert "overloaded" in str(error)
    assert 2 <= len(server.bodies) <= 5


@pytest.mark.parametrize(
    "answer",
    [
        saying(b"<html><body>Welcome to the proxy</body></html>", **{"Content-Type": "text/html"}),
        saying(b'{"data": [{"index": 0, "embedding": [0.1, 0.'),
        saying(b""),
        saying(b"[]"),
        saying(b"null"),
        saying(b'{"data": null}'),
        saying(b'{"data": ["x"]}'),
        saying(b'{"data": [{"index": 0}]}'),
        saying(b"\xff\xfe\x00"),
        with_vectors(),
        with_vectors([1.0], [2.0], [3.0]),
        with_vectors([1.0], [2.0, 3.0]),
        with_vectors([1.0], ["x"]),
        with_vectors([1.0], None),
        with_vectors([], []),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_one_vector_a_text_is_our_error(
    client: OpenAIEmbedder, server: Server, answer: Callable[[dict[str, Any]], Answer]
) -> None:
    server.script = [answer]
    error = refused(client, "one", "two")
    assert server.url in str(error)


def test_an_answer_cut_short_is_our_error(
    client: OpenAIEmbedder, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_module, "_TRIES", 2)
    server.script = [saying(b'{"data": [{"index"', **{"Content-Length": "5000"})] * 2
    refused(client)


def test_nobody_listening_is_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_module, "_TRIES", 2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    with opened(OpenAIEmbedder("m", base_url=url, api_key=KEY)) as embedder:
        assert "cannot be reached" in str(refused(embedder))


def test_a_function_that_fails_is_our_error_with_its_cause() -> None:
    def broken(texts: list[str]) -> Any:
        raise RuntimeError("no model")

    with pytest.raises(EmbedderError, match="broken") as caught:
        CallableEmbedder(broken).embed(["one"], kind="document")
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize("answer", [[], [[1.0]], [[1.0], [1.0, 2.0]], [1.0, 2.0], None, [[], []], [["x"], ["y"]], "ab"])
def test_a_function_that_answers_anything_else_is_our_error(answer: object) -> None:
    with pytest.raises(EmbedderError):
        CallableEmbedder(lambda _: answer).embed(["one", "two"], kind="document")


def test_embedders_are_found_by_name_by_value_and_as_functions() -> None:
    assert find_embedder("hashing").fingerprint.dimension == 64
    assert find_embedder("hashing:32").fingerprint.dimension == 32
    assert find_embedder("wordllama").fingerprint.dimension == 256
    mine = HashingEmbedder("16")
    assert find_embedder(mine) is mine
    assert find_embedder(lambda texts: [[1.0] for _ in texts]).fingerprint.provider == "callable"


@pytest.mark.parametrize("given", ["nonsense", "", 42, None, ["hashing"]])
def test_what_is_no_embedder_is_an_error_that_lists_them(given: object) -> None:
    with pytest.raises(NotConfiguredError, match="wordllama"):
        find_embedder(given)


@pytest.mark.parametrize("given", ["hashing:many", "hashing:0", "hashing:99999", "wordllama:other"])
def test_a_model_that_an_embedder_does_not_have_is_our_error(given: str) -> None:
    with pytest.raises(EmbedderError):
        find_embedder(given)


def test_chromas_model_is_named_without_being_loaded() -> None:
    assert str(find_embedder("chroma-onnx").fingerprint) == "chroma-onnx:all-MiniLM-L6-v2 (384)"
    assert find_embedder("chroma-onnx").embed([], kind="document").shape == (0, 384)
    with pytest.raises(EmbedderError, match="knows only the model"):
        find_embedder("chroma-onnx:another")

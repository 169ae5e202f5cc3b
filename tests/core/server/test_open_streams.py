"""Long answers: how many a key may hold, and what ends them."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest
from tests.core.server.here import serving_here
from tests.core.server.test_events import listening

from agentmem_core.connect import Config, connect
from agentmem_core.operations import Add, build
from agentmem_core.ports import Backend
from agentmem_core.server import ServerSettings
from agentmem_core.server.changes import Change
from agentmem_core.server.security import KeyGate, SecuritySettings, TokenSettings, gate_for
from agentmem_core.server.security.keys import Shown
from agentmem_core.server.security.routes import key_routes

SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"


@contextmanager
def keyed(
    folder, *, settings: ServerSettings | None = None, **security: Any
) -> Iterator[tuple[str, Any, KeyGate, Backend]]:
    """A server with keys, its state, its gate and its store."""
    gate = gate_for(SecuritySettings(folder, **security), "127.0.0.1")
    backend = connect(Config(path=folder, embedder="hashing", index="none"))
    try:
        with serving_here(backend, gate=gate, settings=settings, routers=[key_routes(gate)]) as (url, state):
            yield url, state, gate, backend
    finally:
        gate.close_now()
        backend.close()


def bearing(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def until(what, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def made(url: str, gate: KeyGate, **options: Any) -> Shown:
    """A key, once the server knows it."""
    shown = gate.keys.create(**{"tenant": "acme", **options})
    until(lambda: httpx.get(f"{url}/metrics", headers=bearing("x")).status_code == 401)
    until(lambda: httpx.post(f"{url}/v1/import", headers=bearing(shown.secret)).status_code != 401)
    return shown


def test_one_key_holds_fewer_streams_than_there_are(tmp_path):
    settings = ServerSettings(streams=5, streams_per_key=2)
    with keyed(tmp_path, settings=settings, tokens=TokenSettings(secret=SECRET)) as (url, state, gate, _):
        ana, bo = (made(url, gate, user_id=user).secret for user in ("ana", "bo"))
        token = httpx.post(f"{url}/v1/keys/token", json={}, headers=bearing(ana)).json()["token"]
        with ExitStack() as open_ones:
            readers = [open_ones.enter_context(listening(url, secret)) for secret in (ana, token, bo)]
            assert [next(reader)[1] for reader in readers] == ["ready"] * 3  # a token counts for its key
            for secret in (ana, token):
                for path in ("/v1/events", "/v1/export"):
                    full = httpx.get(url + path, headers=bearing(secret))
                    assert (full.status_code, full.json()["code"]) == (429, "rate_limited")
                    assert full.headers["retry-after"] == "1"
            assert httpx.get(f"{url}/v1/memories", headers=bearing(ana)).status_code == 200
        until(lambda: state.load.streams == 0)
        assert httpx.get(f"{url}/v1/export", headers=bearing(ana)).status_code == 200


def test_a_key_that_is_revoked_hears_no_more_within_a_second_or_two(tmp_path):
    with keyed(tmp_path) as (url, state, gate, _):
        shown = made(url, gate, user_id="ana")
        with listening(url, shown.secret) as ana:
            assert next(ana)[1] == "ready"
            gate.keys.revoke(shown.key.id, None)
            begun = time.monotonic()
            assert list(ana) == []
            assert time.monotonic() - begun < 10  # the next sign of life is after 15
        until(lambda: state.load.streams == 0)


def test_a_key_that_used_up_its_limit_still_hears(tmp_path):
    settings = ServerSettings(heartbeat=0.1)
    with keyed(tmp_path, settings=settings) as (url, state, gate, _):
        shown = made(url, gate, user_id="ana", limits="5/hour")
        with listening(url, shown.secret) as ana:
            assert next(ana)[1] == "ready"
            while httpx.get(f"{url}/v1/memories", headers=bearing(shown.secret)).status_code != 429:
                pass
            time.sleep(0.5)
            state.feed.publish([Change("added", "acme", "ana", 1, ("x",))])
            assert next(ana)[1] == "added"


def test_the_first_key_ends_the_streams_of_a_server_that_was_open(tmp_path):
    with keyed(tmp_path) as (url, _, gate, _), listening(url, "x") as anybody:
        assert next(anybody)[1] == "ready"
        gate.keys.create(tenant="acme")
        assert list(anybody) == []


def test_an_export_of_a_key_that_is_revoked_is_broken_off(tmp_path):
    with keyed(tmp_path) as (url, _, gate, backend):
        backend.execute(build(Add, items=[{"content": "x" * 5_000, "id": f"m{n}"} for n in range(3_000)]))
        shown = made(url, gate, tenant="default")
        with httpx.stream("GET", f"{url}/v1/export", headers=bearing(shown.secret), timeout=60) as answer:
            parts = answer.iter_bytes()
            next(parts)
            gate.keys.revoke(shown.key.id, None)
            time.sleep(1)
            with pytest.raises(httpx.RemoteProtocolError):
                list(parts)


def test_an_import_of_a_key_that_is_revoked_goes_no_further(tmp_path):
    with keyed(tmp_path) as (url, _, gate, backend):
        shown = made(url, gate, user_id="ana")
        source = connect(Config(path=":memory:", embedder="hashing", index="none"))
        with serving_here(source) as (other, _):
            source.execute(build(Add, items=[{"content": f"text {n}", "id": f"m{n}"} for n in range(900)]))
            lines = io.BytesIO(httpx.get(f"{other}/v1/export", timeout=60).content).readlines()
        source.close()

        def body() -> Iterator[bytes]:
            yield b"".join(lines[:600])
            until(lambda: backend.execute(_count(shown.key.user_id)).memories == 500)
            gate.keys.revoke(shown.key.id, None)
            time.sleep(1)
            yield b"".join(lines[600:])

        headers = {**bearing(shown.secret), "Content-Type": "application/x-ndjson"}
        refused = httpx.post(f"{url}/v1/import?keep_users=false", content=body(), headers=headers, timeout=60)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        assert backend.execute(_count("ana")).memories == 500


def _count(user_id: str | None) -> Any:
    from agentmem_core.model import Scope
    from agentmem_core.operations import StatsOf

    return build(StatsOf, scope=Scope(tenant="acme", user_id=user_id or "default"))


@pytest.mark.parametrize("path", ["/v1/events", "/v1/export"])
def test_who_takes_nothing_of_a_long_answer_is_given_up(path: str, tmp_path):
    settings = ServerSettings(timeout=1.0)
    with keyed(tmp_path, settings=settings) as (url, state, _, backend):
        backend.execute(build(Add, items=[{"content": "x" * 9_000, "id": f"m{n}"} for n in range(3_000)]))
        port = int(url.rpartition(":")[2])
        with socket.socket() as stalled:
            stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            stalled.connect(("127.0.0.1", port))
            stalled.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            until(lambda: state.load.streams == 1)
            many = [Change("added", "default", "default", 1, ("i" * 500,)) for _ in range(9_000)]
            state.feed.publish(many)
            until(lambda: state.load.streams == 0)
        assert json.loads(httpx.get(f"{url}/health/live").text) == {"status": "alive"}

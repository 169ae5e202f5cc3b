"""What somebody tried who wanted in: each of these once worked."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.core.server.guarded import guarded
from tests.core.server.here import serving_here
from tests.core.server_process import PLAIN, serving

from agentmem_core.connect import Config, connect
from agentmem_core.errors import PermissionDeniedError
from agentmem_core.http import ROUTE_OF
from agentmem_core.model import Memory, MemoryType, Scope
from agentmem_core.model.learning import Action, Decision, Learned
from agentmem_core.operations import Add, Learn, build
from agentmem_core.server import Caller, ServerSettings
from agentmem_core.server.changes import changes
from agentmem_core.server.security import SecuritySettings, gate_for
from agentmem_core.server.security.limiting import cost_of
from agentmem_core.server.security.rights import permit
from agentmem_core.server.security.routes import key_routes
from agentmem_core.server.touched import touched

SERVE = (sys.executable, "-m", "agentmem_core.cli", "serve")
ANA = Scope(tenant="acme", user_id="ana")


def keys_create(path: Path, *options: str) -> str:
    command = [sys.executable, "-m", "agentmem_core.cli", "keys", "create", "--path", str(path), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def exchanged(url: str, request: bytes) -> bytes:
    """All that a server answers until it closes the connection."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_every_operation_about_everyone_needs_an_admin_of_all_users():
    concerned = [kind for kind in ROUTE_OF if "everyone" in kind.model_fields]
    assert {kind.__name__ for kind in concerned} >= {"FlushLearning", "Maintain", "StatsOf"}
    for kind in concerned:
        op = build(kind, scope=ANA, everyone=True)
        for caller in (Caller("k", "write", "acme"), Caller("k", "admin", "acme", "ana")):
            with pytest.raises(PermissionDeniedError, match="everyone"):
                permit(caller, op)
        permit(Caller("k", "admin", "acme"), op)


async def test_what_waits_to_be_learnt_of_all_users_is_told_to_none_of_them(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENTMEM_LEARNER", "rules")
    async with guarded(tmp_path) as server:
        server.key("ana", role="write", user_id="ana")
        server.key("bo", role="write", user_id="bo")
        server.key("anybody", role="write")
        turn = {"content": "I live in Lisbon", "infer": "background"}
        assert (await server.ask("ana", "POST", "/v1/memories", json=turn)).status_code == 200
        for who in ("bo", "anybody"):
            answer = await server.ask(who, "POST", "/v1/learn/flush", json={"everyone": True})
            assert answer.status_code == 403
            assert "ana" not in answer.text
        assert (await server.ask("bo", "POST", "/v1/learn/flush", json={})).json()["lessons"] == []


async def test_an_admin_of_a_tenant_does_not_change_the_embedder_of_all_tenants(tmp_path):
    async with guarded(tmp_path) as server:
        server.key("admin", role="admin")
        server.key("other", role="admin", tenant="other")
        server.key("operator", role="admin", tenant="*")
        for who in ("admin", "other"):
            assert (await server.ask(who, "POST", "/v1/memories", json={"content": "tea"})).status_code == 200
            answer = await server.ask(who, "POST", "/v1/reindex", json={"embedder": "hashing:32"})
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await server.ask("admin", "POST", "/v1/reindex", json={})).status_code == 200
        assert (await server.ask("other", "POST", "/v1/memories/search", json={"query": "tea"})).status_code == 200
        allowed = await server.ask("operator", "POST", "/v1/reindex", json={"embedder": "hashing:32"})
        assert allowed.status_code == 200


async def test_what_is_refused_at_keys_is_written_down(tmp_path):
    async with guarded(tmp_path) as server:
        writer = server.key("writer", role="write")
        admin = server.key("admin", role="admin")
        assert (await server.ask("writer", "POST", "/v1/keys", json={"role": "admin"})).status_code == 403
        assert (await server.ask("writer", "GET", "/v1/keys")).status_code == 403
        assert (await server.ask("admin", "POST", "/v1/keys", json={"tenant": "other"})).status_code == 403
        assert (await server.ask("admin", "GET", f"/v1/keys/{writer}")).status_code == 200
        entries = [json.loads(entry.text) for entry in server.gate._trail_store.walk()]
    assert [(entry["who"], entry["op"], entry["code"], entry["tenant"]) for entry in entries] == [
        (writer, "key_create", "forbidden", "acme"),
        (writer, "key_list", "forbidden", "acme"),
        (admin, "key_create", "forbidden", "acme"),
        (admin, "key_show", "ok", "acme"),
    ]


def test_a_body_for_keys_is_short_and_comes_in_time(tmp_path):
    gate = gate_for(SecuritySettings(tmp_path), "127.0.0.1")
    gate.keys.create(tenant="acme")
    backend = connect(Config(path=tmp_path, embedder="hashing", index="none"))
    settings = ServerSettings(timeout=1.0)  # what is refused at once is refused before that
    with serving_here(backend, gate=gate, settings=settings, routers=[key_routes(gate)]) as (url, state):
        head = b"POST /v1/keys HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        slow = exchanged(url, head + b"Content-Length: 100\r\n\r\n{")
        assert slow.startswith(b"HTTP/1.1 408")
        assert b'"timed_out"' in slow
        long = exchanged(url, head + b"Content-Length: 70000\r\n\r\n")
        assert long.startswith(b"HTTP/1.1 413")
        assert b'"too_large"' in long
        chunks = b"".join(b"4000\r\n" + b" " * 0x4000 + b"\r\n" for _ in range(5))
        unsaid = exchanged(url, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        assert unsaid.startswith(b"HTTP/1.1 413")
        assert state.load.requests == 0
    gate.close_now()
    backend.close()


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"{", b"[]", b"null", "茶".encode("gbk"), b'{"role": "owner"}', b'{"user_id": 3}']
)
async def test_a_body_for_keys_that_is_none_is_said_to_be(body: bytes, tmp_path):
    async with guarded(tmp_path) as server:
        key = server.key("admin", role="admin")
        for path in ("/v1/keys", "/v1/keys/token", f"/v1/keys/{key}/rotate"):
            answer = await server.ask("admin", "POST", path, content=body)
            if not (path.endswith("/rotate") and body in {b"null", b'{"role": "owner"}', b'{"user_id": 3}'}):
                assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input"), (path, answer.text)


def test_who_asks_is_said_once(tmp_path):
    with serving(tmp_path / "store") as server:
        for name in (b"Authorization: Bearer agm_a", b"Origin: http://localhost"):
            twice = b"\r\n".join([b"GET /v1/memories HTTP/1.1", b"Host: localhost", name, name, b"Connection: close"])
            answer = exchanged(server.url, twice + b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 422")
            assert b"more than once" in answer


@pytest.mark.parametrize("command", [PLAIN, SERVE], ids=["module", "command"])
def test_a_server_without_keys_answers_to_loopbacks_names_only(tmp_path, command):
    with serving(tmp_path / "store", command=command) as server:
        made = {"Host": "made.example", "Origin": "http://made.example"}
        for path in ("/v1/memories", "/v1/keys", "/metrics"):
            assert httpx.get(server.url + path, headers=made).status_code == 403
            assert httpx.get(server.url + path).status_code == 200


@pytest.mark.parametrize("command", [PLAIN, SERVE], ids=["module", "command"])
def test_where_there_are_keys_nobody_is_let_in_without_one_however_it_is_started(tmp_path, command):
    store = tmp_path / "store"
    secret = keys_create(store)
    with serving(store, command=command) as server:
        assert httpx.get(f"{server.url}/v1/memories").status_code == 401
        assert httpx.get(f"{server.url}/metrics").status_code == 401
        known = {"Authorization": f"Bearer {secret}", "Host": "behind.a.proxy"}
        assert httpx.get(f"{server.url}/v1/memories", headers=known).status_code == 200


@pytest.mark.parametrize("command", [PLAIN, SERVE], ids=["module", "command"])
def test_a_server_never_asks_another_server(tmp_path, command):
    store = tmp_path / "store"
    script = (
        "import os, sys, runpy; os.environ['AGENTMEM_API_URL'] = 'http://127.0.0.1:9'; sys.argv = sys.argv[1:]; "
        "at = sys.argv.index('--path'); os.environ['AGENTMEM_PATH'] = sys.argv[at + 1]; del sys.argv[at : at + 2]; "
        f"runpy.run_module({command[2]!r}, run_name='__main__')"
    )
    with serving(store, command=(sys.executable, "-c", script, "agentmem", *command[3:])) as server:
        added = httpx.post(f"{server.url}/v1/memories", json={"content": "tea"})
        assert added.status_code == 200
    assert (store / "agentmem.db").exists()


def test_what_was_learnt_is_told_by_its_ids_and_counts_for_more():
    fact = Memory(
        id="f1", content="lives in Lisbon", type=MemoryType.SEMANTIC, scope=ANA, occurred_at=datetime.now(UTC),
        created_at=datetime.now(UTC), updated_at=datetime.now(UTC), valid_from=datetime.now(UTC),
    )  # fmt: skip
    learned = Learned(
        decisions=(
            Decision(action=Action.ADD, fact=fact.content, reason="new", memory=fact, changed=("f1",)),
            Decision(action=Action.DELETE, fact="lives in Porto", reason="ended", changed=("f0",)),
        )
    )
    told = changes(Learn(scope=ANA), learned, datetime.now(UTC))
    assert [(change.kind, change.user_id, change.ids) for change in told] == [
        ("added", "ana", ("f1",)),
        ("updated", "ana", ("f0",)),
    ]
    assert touched(learned) == (("f1", "f0"), 2)
    plain = build(Add, items=({"content": "tea"},))
    assert (cost_of(plain), cost_of(plain.model_copy(update={"infer": True})), cost_of(Learn())) == (1, 10, 10)

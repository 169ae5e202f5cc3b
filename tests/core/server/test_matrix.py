"""Every route there is, those outside the table too, asked by everybody who may not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.core.server.guarded import EXPIRED, Guarded, age_key, guarded, without_request
from tests.core.server.test_gate import NOBODY, SENTINEL, VAULT, ask, everything, remember

from agentmem_core.http import ROUTES, SHORTCUTS
from agentmem_core.server.mounted import described
from agentmem_core.server.reference import whole
from agentmem_core.server.security import TokenSettings

FREE = {("GET", "/health/live"), ("GET", "/health/ready")}
"""What says that there is a server, and nothing else."""

TABLED = {(route.method, route.path) for route in (*ROUTES, *SHORTCUTS)}

BESIDE = {
    ("GET", "/v1/export"), ("POST", "/v1/import"), ("GET", "/v1/events"), ("GET", "/metrics"), ("GET", "/v1/keys/self"),
    ("POST", "/v1/keys/token"), ("DELETE", "/v1/keys/token/{token_id}"), ("POST", "/v1/keys"), ("GET", "/v1/keys"),
    ("GET", "/v1/keys/{key_id}"), ("POST", "/v1/keys/{key_id}/rotate"), ("DELETE", "/v1/keys/{key_id}"),
}  # fmt: skip
"""Routes that are no rows of the table."""

FOR_ALL = {("GET", "/v1/keys/self"), ("POST", "/v1/keys/token")}
SEEING_TO_KEYS = {place for place in BESIDE if place[1].startswith("/v1/keys")} - FOR_ALL


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    options: dict[str, Any]


def asked(place: tuple[str, str], key_id: str, **scope: str) -> Asked:
    """A request that would be sound."""
    method, path = place
    path = path.replace("{key_id}", key_id).replace("{token_id}", "t1").replace("{id}", "m1")
    options: dict[str, Any] = {"params": scope} if path.startswith(("/v1/e", "/v1/import")) else {}
    if path == "/v1/import":
        options |= {"content": b"", "headers": {"content-type": "application/x-ndjson"}}
    elif method == "POST":
        options["json"] = {}
    return Asked(method, path, options)


@pytest.fixture(autouse=True)
def _vault(monkeypatch):
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", VAULT)


@pytest.fixture
async def server(tmp_path) -> AsyncIterator[Guarded]:
    async with guarded(tmp_path, tokens=TokenSettings(secret="0123456789" * 4)) as server:
        for name, options in {
            "read": {"role": "read"}, "write": {"role": "write"}, "admin": {"role": "admin"},
            "ana": {"role": "admin", "user_id": "ana"}, "globex": {"role": "admin", "tenant": "globex"},
        }.items():  # fmt: skip
            server.key(name, **options)
        server.gate.keys.revoke(server.key("revoked", role="admin"), None)
        aged = server.key("aged", role="admin", expires_at=datetime.now(UTC) + timedelta(days=1))
        age_key(tmp_path, aged, timedelta(1))
        server.secrets["expired"] = EXPIRED
        await server.gate.changed()
        yield server


def places() -> Iterator[tuple[str, str]]:
    for path, methods in whole()["paths"].items():
        for method in methods:
            yield method.upper(), path


def test_the_routes_that_are_walked_here_and_in_the_tests_of_the_gate_are_all_there_are():
    found = set(places())
    assert found == TABLED | BESIDE | FREE
    assert len(TABLED) > 60
    assert len(BESIDE) == 12
    assert any(path.startswith("/v1/agents/") for _, path in TABLED)


async def test_routes_that_are_served_and_not_described_there_are_none(server):
    found = described(server.client._transport.app.routes)["paths"]
    mounted = {(method.upper(), path) for path, methods in found.items() for method in methods}
    assert mounted == SEEING_TO_KEYS | FOR_ALL


async def test_nobody_without_a_good_key_does_anything_beside_the_table(server, tmp_path):
    remember(tmp_path, tenant="acme", user_id="bo")
    victim = server.key("victim", role="write")
    before = everything(tmp_path, tenant="acme", user_id="bo"), len(server.gate.keys.list(None))
    for place in BESIDE:
        answers = set()
        request = asked(place, victim)
        for name in NOBODY:
            answer = await ask(server, name, request.method, request.path, request.options)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), (place, name)
            assert SENTINEL not in answer.text
            if name in {"Bearer agm_wrong", "revoked", "expired", "Bearer a.b.c"}:
                answers.add(json.dumps(without_request(answer.json())))
        assert len(answers) == 1, place
    assert before == (everything(tmp_path, tenant="acme", user_id="bo"), len(server.gate.keys.list(None)))
    assert (await server.ask("victim", "GET", "/v1/keys/self")).status_code == 200


async def test_who_may_not_see_to_keys_does_not_whichever_route_it_takes(server):
    """Read and write keys, keys of one user, and tokens of theirs."""
    victim = server.key("victim", role="write")
    tokens = {}
    for name in ("read", "write", "ana"):
        made = await server.ask(name, "POST", "/v1/keys/token", json={})
        assert made.status_code == 201
        tokens[f"token of {name}"] = made.json()["token"]
    server.secrets |= tokens
    for place in SEEING_TO_KEYS | {("GET", "/metrics")}:
        for name in ("read", "write", "ana", *tokens):
            if place == ("GET", "/metrics") and "ana" in name:
                continue  # figures name nobody
            request = asked(place, victim)
            answer = await ask(server, name, request.method, request.path, request.options)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (place, name)
    assert (await server.ask("victim", "GET", "/v1/keys/self")).status_code == 200


async def test_a_key_of_another_tenant_does_not_exist_for_its_admin(server):
    theirs = server.key("theirs", role="admin", tenant="acme")
    assert theirs not in (await server.ask("globex", "GET", "/v1/keys")).text
    checked = 0
    for place in SEEING_TO_KEYS:
        if "{key_id}" not in place[1]:
            continue
        answers = []
        for key_id in (theirs, "key_0000000000000000"):
            request = asked(place, key_id)
            answer = await ask(server, "globex", request.method, request.path, request.options)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), place
            answers.append(without_request(answer.json()))
        assert answers[0] == answers[1]
        checked += 1
    assert checked == 3
    assert (await server.ask("theirs", "GET", "/v1/keys/self")).status_code == 200


async def test_streams_name_no_other_tenant_or_user(server, tmp_path):
    remember(tmp_path, tenant="globex", user_id="ana")
    remember(tmp_path, tenant="acme", user_id="bo")
    checked = 0
    for place in BESIDE:
        if place[1] not in {"/v1/export", "/v1/import", "/v1/events"}:
            continue
        for scope in ({"tenant": "globex"}, {"tenant": "nobody"}, {"user_id": "bo"}, {"user_id": "nobody"}):
            request = asked(place, "", **scope)
            if place[1] == "/v1/import":
                line = b'{"format": "agentmem-export", "version": 1}\n{"kind": "memory"}\n'
                request = Asked(request.method, request.path, {**request.options, "content": line})
            answer = await ask(server, "ana", request.method, request.path, request.options)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (place, scope)
            assert SENTINEL not in answer.text
            checked += 1
        for name in ("read", "write"):
            if place[1] == "/v1/export":
                answer = await ask(server, name, "GET", "/v1/export?everyone=true", {})
                assert answer.status_code == 403
    assert checked == 12


async def test_an_import_by_a_key_that_may_read_is_refused(server):
    line = b'{"format": "agentmem-export", "version": 1}\n{"kind": "memory"}\n'
    headers = {"content-type": "application/x-ndjson"}
    answer = await ask(server, "read", "POST", "/v1/import", {"content": line, "headers": headers})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


UNSOUND: tuple[dict[str, Any], ...] = (
    {"json": {}}, {"json": {"bogus": 1}}, {"content": b"x"},
    {"content": b"{bad", "headers": {"content-type": "application/json"}},
)  # fmt: skip


async def test_a_key_that_may_read_is_told_so_whatever_it_sends_to_be_written(server):
    """What the body holds, or that it cannot be read, is not looked at for it."""
    checked = 0
    for route in (*ROUTES, *SHORTCUTS):
        if route.op.access == "read":
            continue
        for sent in UNSOUND:
            request = asked((route.method, route.path), "")
            options = {"params": {"bogus": "1"}} if request.method in {"GET", "DELETE"} else sent
            answer = await ask(server, "read", request.method, request.path, options)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (route.name, sent, answer.text)
            checked += 1
    assert checked > 100
    for content in (b"", b"{bad", b"{}\n"):
        lines = {"content": content, "headers": {"content-type": "application/x-ndjson"}}
        assert (await ask(server, "read", "POST", "/v1/import", lines)).status_code == 403


async def test_unknown_and_over_keys_take_the_same_steps(server, monkeypatch):
    """What is looked up and compared for a key that is none, was revoked, has expired, or is nearly one."""
    import hmac

    calls: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def counted(one: bytes, other: bytes) -> bool:
        calls.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr("agentmem_core.server.security.live.hmac.compare_digest", counted)
    steps = {}
    nearly = server.secrets["admin"][:-1] + ("A" if server.secrets["admin"][-1] != "A" else "B")
    shown = {name: server.secrets[name] for name in ("revoked", "expired", "admin")}
    for name, secret in {**shown, "unknown": f"agm_{'A' * 43}", "nearly": nearly, "short": "agm_x"}.items():
        calls.clear()
        await ask(server, f"Bearer {secret}", "GET", "/v1/keys/self", {})
        steps[name] = list(calls)
    assert set(map(str, steps.values())) == {"[(32, 32)]"}, steps

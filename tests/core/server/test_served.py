"""A server process with keys, as it is started from the command line: what another process changes holds at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import httpx
import pytest
from tests.core.server_process import serving

from agentmem_core.server.security.chain import Chain
from agentmem_core.storage.sqlite import SqliteTrail

READERS = 2 if os.name == "posix" else 0
AGENTMEM = (sys.executable, "-m", "agentmem_core.cli")


def agentmem(path, *arguments):
    run = subprocess.run(
        [*AGENTMEM, *arguments, "--path", str(path)], check=True, capture_output=True, text=True, env=surroundings(path)
    )
    return run.stdout.strip()


def surroundings(path):
    return {**os.environ, "HOME": str(path)}


def made(path, *options):
    key = json.loads(agentmem(path, "keys", "create", *options, "--json"))
    return key["id"], key["secret"]


@pytest.fixture
def server(tmp_path):
    path = tmp_path / "store"
    admin = made(path, "--tenant", "acme", "--role", "admin")
    with serving(path, "--readers", str(READERS), command=(*AGENTMEM, "serve")) as server:
        yield server, admin, path


def ask(server, secret, path="/v1/memories"):
    return httpx.get(server.url + path, headers={"Authorization": f"Bearer {secret}"})


def soon(server, secret, status):
    """Ask until the answer is so; the server must see it within a second, and a slow machine is given a minute."""
    until = time.monotonic() + 60
    while ask(server, secret).status_code != status:
        assert time.monotonic() < until


def test_keys_are_made_and_revoked_by_another_process_while_it_runs(server):
    process, (_, admin), path = server
    assert ask(process, admin).status_code == 200
    assert httpx.get(f"{process.url}/v1/memories").status_code == 401
    key_id, secret = made(path, "--tenant", "acme", "--role", "read", "--user", "ana")
    soon(process, secret, 200)
    assert ask(process, secret, "/v1/memories?user_id=bo").status_code == 403
    rotated = agentmem(path, "keys", "rotate", key_id, "--grace", "0")
    soon(process, secret, 401)
    soon(process, rotated, 200)
    agentmem(path, "keys", "revoke", key_id)
    soon(process, rotated, 401)
    assert process.stop() == 0
    assert "whole" in agentmem(path, "audit", "verify")
    assert "agm_" not in "".join(process.log)


def test_its_log_says_when_it_starts_and_stops_and_where(server):
    process, _, path = server
    assert process.stop() == 0
    said = [json.loads(line) for line in process.log]
    [started] = [line for line in said if line["message"] == "started"]
    assert (started["level"], started["address"], started["store"]) == ("info", process.url, str(path))
    assert started["readers"] == READERS
    assert said[-1]["message"] == "stopped"


@pytest.mark.skipif("os.name != 'posix'", reason="there is no kill -9 elsewhere")
def test_what_was_answered_stands_in_the_audit_after_a_kill(server):
    process, (key_id, admin), path = server
    with httpx.Client(base_url=process.url, headers={"Authorization": f"Bearer {admin}"}) as client:
        for number in range(20):
            assert client.post("/v1/memories", json={"content": f"text {number}"}).status_code == 200
            assert client.post("/v1/memories/search", json={"query": "text"}).status_code == 200
    process.kill()
    assert "whole" in agentmem(path, "audit", "verify")
    store = SqliteTrail(path)
    entries = [json.loads(entry.text) for entry in store.walk()]
    assert Chain().examine(store.walk()).whole
    store.close()
    assert [entry["op"] for entry in entries if entry["who"] == key_id] == ["add_many", "search"] * 20


def test_a_setting_of_the_environment_reaches_the_server(tmp_path):
    path = tmp_path / "store"
    key_id, secret = made(path, "--role", "admin")
    said = {"AGENTMEM_TOKEN_SECRET": "0123456789abcdefghijklmnopqrstuvwxyz", "AGENTMEM_LIMITS": "4/hour"}
    with serving(path, command=(*AGENTMEM, "serve"), env=said) as process:
        token = httpx.post(
            f"{process.url}/v1/keys/token", headers={"Authorization": f"Bearer {secret}"}, json={"user_id": "ana"}
        )
        assert token.headers["ratelimit-remaining"] == "3"
        assert ask(process, token.json()["token"], "/v1/keys/self").json()["user_id"] == "ana"
        with_cli = subprocess.run(
            [*AGENTMEM, "keys", "token", key_id, "--path", str(path)], check=True, capture_output=True, text=True,
            env={**surroundings(path), **said},
        ).stdout.strip()  # fmt: skip
        assert [ask(process, with_cli).status_code for _ in range(3)] == [200, 200, 429]

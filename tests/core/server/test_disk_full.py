"""A disk that fills up under a server: what changes is refused, what is read goes on, nothing that was acknowledged is lost."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from tests.core.server.test_attacks import keys_create
from tests.core.server_process import ServerProcess, serving

from agentmem_core.server.security import Chain, Head, examine_trail
from agentmem_core.storage.sqlite import SqliteKeys, SqliteTrail

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nowhere else can a process be given a full disk")


@contextmanager
def full(server: ServerProcess) -> Iterator[None]:
    """No file of the server grows, or is written past its beginning; SQLite cannot tell it from a full disk."""
    import resource

    before = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("keyed", [True, False], ids=["with keys", "open"])
def test_changes_are_refused_reading_goes_on_and_all_that_was_acknowledged_is_there(keyed, tmp_path):
    store = tmp_path / "store"
    headers = {"Authorization": f"Bearer {keys_create(store, '--role', 'admin')}"} if keyed else {}
    with serving(store) as server, httpx.Client(base_url=server.url, headers=headers, timeout=30) as client:
        acknowledged = set()
        for number in range(20):
            assert (
                client.post("/v1/memories", json={"content": f"text {number}", "id": f"m{number}"}).status_code == 200
            )
            acknowledged.add(f"m{number}")
        with full(server):
            codes = []
            for number in range(20, 40):
                answer = client.post("/v1/memories", json={"content": f"text {number}", "id": f"m{number}"})
                codes.append((answer.status_code, answer.json()["code"]))
            assert set(codes[1:]) == {(507, "store_full")}, codes
            assert codes[0][0] in {500, 507}
            assert str(store) not in client.post("/v1/memories", json={"content": "tea"}).text
            for number in range(20):
                assert client.get(f"/v1/memories/m{number}").status_code == 200
                assert client.post("/v1/memories/search", json={"query": f"text {number}"}).json()
            assert client.get("/v1/export").text.count('"kind": "memory"') == 20
            assert client.get("/v1/keys").status_code == 200
            for change in (
                client.delete("/v1/memories/m1"), client.post("/v1/forget", json={}),
                client.post("/v1/keys", json={"tenant": "default"}), client.post("/v1/agents/core/set", json={"label": "a", "text": "b"}),
            ):  # fmt: skip
                assert (change.status_code, change.json()["code"]) == (507, "store_full")
            if keyed:
                assert httpx.get(f"{server.url}/v1/memories").status_code == 401
        until = time.monotonic() + 20
        while client.post("/v1/memories", json={"content": "after", "id": "after"}).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.1)
        acknowledged.add("after")
        found = {record["id"] for record in client.get("/v1/memories?limit=100").json()["items"]}
        assert acknowledged <= found
        assert server.stop() == 0
    trail, keys = SqliteTrail(store), SqliteKeys(store)
    anchor = keys.anchor()
    assert anchor is not None
    assert examine_trail(trail, Chain(), held=[Head(anchor[0], anchor[1].hex())]).problems == ()
    entries = [json.loads(entry.text) for entry in trail.walk()]
    trail.close()
    keys.close()
    done = [entry for entry in entries if entry["code"] == "ok"]
    assert {entry["ids"][0] for entry in done if entry["op"] == "add_many"} >= acknowledged
    assert sum(entry["op"] == "get_many" for entry in done) == 20  # what was read meanwhile was written down later
    assert sum(entry["op"] == "search" for entry in done) == 20
    assert {entry["code"] for entry in entries if entry["op"] == "forget"} == {"store_full"}
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)

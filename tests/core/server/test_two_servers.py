"""Two servers over one folder: one chain, one set of keys, one store, and none of it torn when one of them is killed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from tests.core.server.test_attacks import keys_create
from tests.core.server_process import ServerProcess, serving

from agentmem_core.server.security import Chain, Head, examine_trail
from agentmem_core.storage.sqlite import SqliteKeys, SqliteTrail


@pytest.fixture
def two(tmp_path) -> Iterator[tuple[ServerProcess, ServerProcess, dict[str, str]]]:
    store = tmp_path / "store"
    bearing = {"Authorization": f"Bearer {keys_create(store, '--tenant', 'acme', '--role', 'admin')}"}
    with serving(store) as one, serving(store) as other:
        yield one, other, bearing


def entries_of(server: ServerProcess) -> list[dict[str, object]]:
    """All of the audit, which is whole."""
    trail, keys = SqliteTrail(server.path), SqliteKeys(server.path)
    try:
        anchor = keys.anchor()
        held = [] if anchor is None else [Head(anchor[0], anchor[1].hex())]
        assert examine_trail(trail, Chain(), held=held).problems == ()
        return [json.loads(entry.text) for entry in trail.walk()]
    finally:
        trail.close()
        keys.close()


def test_both_write_one_chain_and_see_what_the_other_wrote(two):
    one, other, bearing = two
    done: list[str] = []

    def work(server: ServerProcess, name: str) -> None:
        with httpx.Client(base_url=server.url, headers=bearing, timeout=60) as client:
            for number in range(40):
                answer = client.post("/v1/memories", json={"content": f"{name} {number}", "id": f"{name}{number}"})
                assert answer.status_code == 200
                done.append(f"{name}{number}")

    threads = [
        threading.Thread(target=work, args=given) for given in ((one, "a"), (other, "b"), (one, "c"), (other, "d"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 160
    for server in (one, other):
        listed = httpx.get(f"{server.url}/v1/memories?limit=200", headers=bearing).json()["items"]
        assert {memory["id"] for memory in listed} == set(done)
    one.kill()
    assert httpx.post(f"{other.url}/v1/memories", json={"content": "after"}, headers=bearing).status_code == 200
    assert other.stop() == 0
    written = [entry["ids"] for entry in entries_of(other) if entry["op"] == "add_many"]
    assert {ids[0] for ids in written if isinstance(ids, list)} >= set(done)


def test_a_key_is_made_rotated_and_revoked_for_both(two):
    one, other, bearing = two

    def refused(secret: str) -> bool:
        return httpx.get(f"{other.url}/v1/memories", headers={"Authorization": f"Bearer {secret}"}).status_code == 401

    def soon(what) -> None:
        begun = time.monotonic()
        while not what():
            assert time.monotonic() - begun < 10  # a second is promised
            time.sleep(0.05)

    made = httpx.post(f"{one.url}/v1/keys", json={"role": "read", "user_id": "ana"}, headers=bearing).json()
    soon(lambda: not refused(made["secret"]))
    rotated = httpx.post(f"{one.url}/v1/keys/{made['id']}/rotate", json={"grace_seconds": 0}, headers=bearing).json()
    soon(lambda: refused(made["secret"]) and not refused(rotated["secret"]))
    with httpx.stream(
        "GET", f"{other.url}/v1/events", headers={"Authorization": f"Bearer {rotated['secret']}"}, timeout=30
    ) as reader:
        lines = reader.iter_lines()
        assert "ready" in next(lines) + next(lines)
        assert httpx.delete(f"{one.url}/v1/keys/{made['id']}", headers=bearing).status_code == 200
        assert all(not line or line.startswith(("data", "event", ":")) for line in lines)  # it ends
    assert refused(rotated["secret"])
    assert {"key_create", "key_rotate", "key_revoke"} <= {entry["op"] for entry in entries_of(one)}


def lines_of(count: int) -> Iterator[bytes]:
    """An export of so many memories, slowly."""
    yield b'{"format": "agentmem-export", "version": 1, "exported_at": "2026-01-01T00:00:00+00:00"}\n'
    for number in range(count):
        memory = {
            "kind": "memory", "id": f"m{number}", "content": f"text {number} {'x' * 3_000}", "user_id": "default", "type": "semantic",
            "collection": "memories", "occurred_at": "2026-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z", "operation": "add",
        }  # fmt: skip
        yield json.dumps(memory).encode() + b"\n"


@pytest.mark.skipif("os.name != 'posix'", reason="there is no kill -9 elsewhere")
def test_a_kill_amid_an_import_and_an_export_tears_nothing(tmp_path):
    store = tmp_path / "store"
    bearing = {"Authorization": f"Bearer {keys_create(store, '--tenant', 'acme', '--role', 'admin')}"}
    ndjson = {**bearing, "Content-Type": "application/x-ndjson"}

    def killing(server: ServerProcess) -> Iterator[bytes]:
        for number, line in enumerate(lines_of(3_000)):
            if number == 1_700:
                time.sleep(1)
                server.kill()
            yield line

    with serving(store) as server, pytest.raises(httpx.TransportError):
        httpx.post(f"{server.url}/v1/import", content=killing(server), headers=ndjson, timeout=60)
    with serving(store) as server:
        stood = httpx.get(f"{server.url}/v1/stats", headers=bearing).json()["memories"]
        assert 0 < stood <= 1_700
        assert stood % 500 == 0  # whole batches
        again = httpx.post(f"{server.url}/v1/import", content=lines_of(3_000), headers=ndjson, timeout=60).json()
        assert (again["memories"], again["skipped"]) == (3_000 - stood, stood)
        whole = httpx.get(f"{server.url}/v1/export", headers=bearing, timeout=60).content
        assert whole.count(b'"kind": "memory"') == 3_000
        with httpx.stream("GET", f"{server.url}/v1/export", headers=bearing, timeout=60) as answer:
            parts = answer.iter_raw(1_000)
            next(parts)
            server.kill()
            with pytest.raises(httpx.TransportError):
                list(parts)
    entries_of(server)

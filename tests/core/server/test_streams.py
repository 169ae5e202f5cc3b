"""Exports and imports travel as files, a part at a time."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest
from tests.core.server.here import Keys, in_memory, serving_here
from tests.core.server_process import serving

from agentmem_core import AgentMem
from agentmem_core.http import Problem
from agentmem_core.model import Scope
from agentmem_core.operations import Add, NewMemory, StatsOf
from agentmem_core.ports import Backend
from agentmem_core.server import Caller, ServerSettings

NDJSON = {"content-type": "application/x-ndjson"}


def filled(count: int, user: str = "ana") -> Backend:
    backend = in_memory()
    items = tuple(NewMemory(content=f"第 {number} 件事", id=f"m{number}") for number in range(count))
    backend.execute(Add(scope=Scope(user_id=user), items=items))
    return backend


@pytest.fixture
def url() -> Iterator[str]:
    backend = filled(1_234)
    with serving_here(backend) as (url, _):
        yield url
    backend.close()


def records(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()[1:]]


def test_an_export_is_the_file_that_agentmem_writes(tmp_path):
    with AgentMem(tmp_path / "store", embedder="hashing", index="none") as memory:
        memory.add(["tea", "茶"], user_id="ana")
        memory.update(memory.add("milk", user_id="ana").ids[0], content="coffee", user_id="ana")
        memory.resource.put(b"menu", name="menu.txt", user_id="ana")
        memory.add("other", user_id="bo")
        written = io.StringIO()
        memory.export(written, user_id="ana")
    with serving(tmp_path / "store") as server:
        answer = httpx.get(f"{server.url}/v1/export", params={"user_id": "ana"})
        assert answer.headers["content-type"] == "application/x-ndjson"
        assert records(answer.text) == records(written.getvalue())
        assert json.loads(answer.text.splitlines()[0])["format"] == "agentmem-export"
        everyone = httpx.get(f"{server.url}/v1/export", params={"everyone": "true"})
        assert {record["user_id"] for record in records(everyone.text)} == {"ana", "bo"}
        both = httpx.get(f"{server.url}/v1/export", params={"everyone": "true", "user_id": "ana"})
        assert both.status_code == 422


def test_what_was_exported_goes_in_elsewhere_once_and_then_is_skipped(url):
    exported = httpx.get(f"{url}/v1/export", params={"user_id": "ana"}).content
    other = in_memory()
    with serving_here(other) as (there, _):
        sent = (exported[start : start + 1_000] for start in range(0, len(exported), 1_000))
        done = httpx.post(f"{there}/v1/import", content=sent, headers=NDJSON, timeout=60).json()
        assert (done["memories"], done["skipped"]) == (1_234, 0)
        again = httpx.post(f"{there}/v1/import", content=exported, headers=NDJSON, timeout=60).json()
        assert (again["memories"], again["skipped"]) == (0, 1_234)
        back = httpx.get(f"{there}/v1/export", params={"user_id": "ana"})
        assert records(back.text) == records(exported.decode())
        given = httpx.post(
            f"{there}/v1/import",
            params={"user_id": "bo", "keep_users": "false"},
            content=exported,
            headers=NDJSON,
            timeout=60,
        )
        assert given.json()["memories"] == 1_234
    assert other.execute(StatsOf(scope=Scope(user_id="bo"))).memories == 1_234
    other.close()


def test_a_broken_line_is_named_and_what_came_before_it_is_kept(url):
    lines = httpx.get(f"{url}/v1/export", params={"user_id": "ana"}).text.splitlines()
    lines[700] = lines[700][:20]
    other = in_memory()
    with serving_here(other) as (there, _):
        answer = httpx.post(f"{there}/v1/import", content="\n".join(lines).encode(), headers=NDJSON, timeout=60)
        found = Problem.model_validate_json(answer.content)
        assert (found.status, found.code) == (422, "invalid_input")
        assert "line 701 is not JSON" in found.detail
        assert "500 memories before it are imported" in found.detail
    assert other.execute(StatsOf(scope=Scope(user_id="ana"))).memories == 500
    other.close()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"), (b"\n\n", "empty"), (b'{"format": "x"}\n', "no export of AgentMem"), (b"\xff\xfe\n", "not UTF-8"),
        (b'{"format": "agentmem-export", "version": 99}\n', "upgrade it"), (b"[]\n", "not a JSON object"),
        (b'{"format": "agentmem-export", "version": 1}\n{"kind": "memory"}', ""),
    ],
)  # fmt: skip
def test_what_is_no_export_is_refused(body: bytes, said: str, url):
    answer = httpx.post(f"{url}/v1/import", content=body, headers=NDJSON)
    found = Problem.model_validate_json(answer.content)
    assert (found.status, found.code) == (422, "invalid_input")
    assert said in found.detail


def test_a_line_without_an_end_is_refused_while_it_comes():
    backend = in_memory()
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 500:
            sent += 1
            yield b"x" * 100_000

    with serving_here(backend, settings=ServerSettings(file_body_bytes=1_000_000)) as (url, state):
        with suppress(httpx.WriteError):  # it was still sending when the server had hung up
            assert httpx.post(f"{url}/v1/import", content=endless(), headers=NDJSON).status_code == 413
        assert sent < 500
        assert (state.load.held, state.load.streams, state.load.requests) == (0, 0, 0)
    backend.close()


def test_a_reader_that_goes_ends_its_export():
    backend = filled(3_000)
    with serving_here(backend) as (url, state):
        with httpx.stream("GET", f"{url}/v1/export", params={"user_id": "ana"}) as answer:
            next(answer.iter_raw())
        for _ in range(1_000):
            if state.load.streams == 0:
                break
            threading.Event().wait(0.01)
        assert state.load.streams == 0
        assert httpx.head(f"{url}/v1/export").status_code == 200
    backend.close()


def test_a_key_of_one_user_takes_that_user_along_and_brings_it_back():
    gate = Keys(one=Caller("k1", "write", "default", "ana"), all=Caller("k2", "admin", "default"))
    backend = filled(3)
    backend.execute(Add(scope=Scope(user_id="bo"), items=(NewMemory(content="secret"),)))
    with serving_here(backend, gate=gate) as (url, _):
        mine = {"authorization": "Bearer one"}
        assert len(records(httpx.get(f"{url}/v1/export", headers=mine).text)) == 3
        assert httpx.get(f"{url}/v1/export", params={"user_id": "bo"}, headers=mine).status_code == 403
        assert httpx.get(f"{url}/v1/export").status_code == 401
        assert httpx.post(f"{url}/v1/import", content=b"x", headers=NDJSON).status_code == 401
    assert [(name, op) for name, op, _ in gate.recorded] == [("k1", "Export")]
    backend.close()

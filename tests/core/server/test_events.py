"""Who listens hears what changed in its own tenant, and of its own user, and never what was said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import httpx
import pytest
from tests.core.server.here import Keys, in_memory, serving_here

from agentmem_core.server import Caller, ServerSettings
from agentmem_core.server.changes import Change
from agentmem_core.server.events import Feed

Told = tuple[str, str, dict[str, Any]]


def told(answer: httpx.Response) -> Iterator[Told]:
    """Id, kind and data of each event."""
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if not line and fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value


@contextmanager
def listening(url: str, key: str = "", *, last: str = "", **query: str) -> Iterator[Iterator[Told]]:
    headers = {"authorization": f"Bearer {key}"} | ({"last-event-id": last} if last else {})
    with httpx.stream("GET", f"{url}/v1/events", params=query, headers=headers, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield told(answer)


def keys() -> Keys:
    return Keys(
        ana=Caller("k1", "write", "acme", "ana"), bo=Caller("k2", "write", "acme", "bo"), acme=Caller("k3", "admin", "acme"),
        globex=Caller("k4", "admin", "globex"),
    )  # fmt: skip


def add(url: str, key: str, content: str, **more: Any) -> str:
    answer = httpx.post(
        f"{url}/v1/memories", json={"content": content, **more}, headers={"authorization": f"Bearer {key}"}
    )
    return str(answer.json()["items"][0]["memory"]["id"])


def test_a_listener_hears_of_its_own_and_of_nothing_else():
    backend = in_memory()
    with serving_here(backend, gate=keys()) as (url, _), listening(url, "ana") as ana, listening(url, "acme") as acme:  # noqa: SIM117 - no room for four
        with listening(url, "globex") as globex:
            assert [next(each)[1] for each in (ana, acme, globex)] == ["ready"] * 3
            add(url, "globex", "theirs", user_id="ana")
            bo = add(url, "bo", "his 秘密")
            mine = add(url, "ana", "hers 秘密")
            add(url, "ana", "hers 秘密")  # known already: nothing changed
            _, kind, data = next(ana)
            assert (kind, data) == ("added", {"user_id": "ana", "count": 1, "ids": [mine], "types": ["semantic"]})
            assert [next(acme)[2]["ids"] for _ in range(2)] == [[bo], [mine]]
            assert next(globex)[2]["user_id"] == "ana"
    backend.close()


def test_each_kind_of_change_is_told_once():
    backend = in_memory()
    with serving_here(backend, gate=keys()) as (url, _), listening(url, "ana") as ana:
        next(ana)
        made = add(url, "ana", "one")
        with httpx.Client(base_url=f"{url}/v1", headers={"authorization": "Bearer ana"}) as ask:
            answers = [
                ask.patch(f"/memories/{made}", json={"content": "two"}),
                ask.post(f"/memories/{made}/restore", json={"version": 1}),
                ask.delete(f"/memories/{made}"),
                ask.post("/agents/core/set", json={"label": "human", "text": "Ana"}),
                ask.post("/agents/core/set", json={"label": "human", "text": "Ana R."}),
                ask.post("/agents/working/push", json={"text": "buy tea"}),
                ask.post("/agents/working/clear", json={}),
                ask.post("/memories/search", json={"query": "tea"}),
                ask.post("/forget", json={}),
            ]
        assert [answer.status_code for answer in answers] == [200] * len(answers), [answer.text for answer in answers]
        last = add(url, "ana", "the last")
        heard = list(takewhile(lambda event: event[2]["ids"] != [last], ana))
        assert [(kind, data["types"]) for _, kind, data in heard] == [
            ("added", ["semantic"]), ("updated", ["semantic"]), ("updated", ["semantic"]), ("deleted", []),
            ("added", ["core"]), ("updated", ["core"]), ("added", ["working"]), ("deleted", ["working"]), ("forgotten", []),
        ]  # fmt: skip
        assert [data["ids"] for _, _, data in heard[:4]] == [[made]] * 4
        assert "tea" not in str(heard)
    backend.close()


def test_a_reader_that_comes_back_hears_what_it_missed():
    backend = in_memory()
    with serving_here(backend, gate=keys()) as (url, _):
        with listening(url, "ana") as ana:
            first, _, _ = next(ana)
        made = [add(url, "ana", content) for content in ("one", "two")]
        with listening(url, "ana", last=first) as ana:
            assert next(ana)[1] == "ready"
            event, _, data = next(ana)
            assert data["ids"] == made[:1]
        with listening(url, "ana", last=event) as ana:
            assert next(ana)[1] == "ready"
            assert next(ana)[2]["ids"] == made[1:]
        for unknown in ("nonsense", "00000000-3", first.replace(first[-1], "999")):
            with listening(url, "ana", last=unknown) as ana:
                assert next(ana)[1] == "missed"
    backend.close()


def test_a_reader_that_is_too_far_behind_is_told_so():
    feed = Feed(kept=10)
    changes = [Change("added", "acme", "ana", 1, (str(number),)) for number in range(100)]
    for change in changes:
        feed.publish([change])
    found, missed = feed.since(1)
    assert missed
    assert [change for _, change in found] == changes[-len(found) :]
    assert 10 <= len(found) <= 20
    assert feed.since(found[0][0]) == (found, False)
    assert feed.since(feed.end) == ([], False)


@pytest.mark.parametrize(
    ("key", "query", "status"),
    [("x", {}, 401), ("ana", {"user_id": "bo"}, 403), ("ana", {"tenant": "globex"}, 403), ("ana", {"nope": "1"}, 422), ("ana", {"user_id": " "}, 422)],
)  # fmt: skip
def test_who_may_not_listen_is_refused(key: str, query: dict[str, str], status: int):
    backend = in_memory()
    with serving_here(backend, gate=keys()) as (url, state):
        answer = httpx.get(f"{url}/v1/events", params=query, headers={"authorization": f"Bearer {key}"})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert state.load.streams == 0
    backend.close()


def test_streams_are_bounded_and_a_key_that_ends_ends_them():
    backend, gate = in_memory(), keys()
    settings = ServerSettings(streams=1, heartbeat=0.05)
    with serving_here(backend, gate=gate, settings=settings) as (url, _), listening(url, "ana") as ana:
        assert next(ana)[1] == "ready"
        full = httpx.get(f"{url}/v1/events", headers={"authorization": "Bearer bo"})
        assert (full.status_code, full.headers["retry-after"]) == (503, "1")
        del gate.callers["ana"]
        assert list(ana) == []
    backend.close()


def test_streams_end_when_the_server_does():
    backend = in_memory()
    with serving_here(backend, gate=keys()) as (url, state), listening(url, "ana") as ana:
        assert next(ana)[1] == "ready"
        state.feed.publish([Change("added", "acme", "ana", 1, ("x",))])
        assert next(ana)[1] == "added"
        state.load.closing.set()
        state.feed.publish([Change("added", "acme", "ana", 1, ("y",))])
        assert [kind for _, kind, _ in ana] in ([], ["added"])
    backend.close()

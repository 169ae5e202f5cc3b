"""Processes beside a server: what they answer is what it would, they see what it wrote, and nobody notices when one dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx
import pytest
from tests.core.server.test_attacks import keys_create
from tests.core.server.test_two_servers import entries_of
from tests.core.server.test_watching import values
from tests.core.server_process import ServerProcess, serving

from agentmem_core.cli.app import run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are readers where a process can be given a socket")

LATER = "2100-01-01T00:00:00Z"
"""What is to come is as new as can be: so no score depends on when it is asked."""

MEMORIES: list[dict[str, Any]] = [
    {"content": "I moved to Lisbon in May", "metadata": {"city": "Lisbon", "n": 1}, "importance": 0.9},
    {"content": "The dentist in Porto is good", "metadata": {"city": "Porto", "n": 2}, "type": "episodic"},
    {"content": "我在五月搬到了里斯本", "metadata": {"city": "里斯本", "n": 3}},
    {"content": "她喜欢喝绿茶，不喜欢咖啡", "metadata": {"city": None}},
    {"content": "Green tea, no coffee", "metadata": {"tags": ["tea", "drink"]}, "agent_id": "cook"},
    {"content": "The train to Lisbon leaves at nine", "session_id": "trip", "role": "user"},
    {"content": 'Quotes " and \\ and \u2028 and <b>', "metadata": {"deep": {"a": [1, 2.5, None, True]}}},
]

SEARCHES: list[dict[str, Any]] = [
    {"query": "Lisbon"},
    {"query": "里斯本"},
    {"query": "喝茶", "limit": 2},
    {"query": "who likes tea?", "mode": "lexical"},
    {"query": "who likes tea?", "mode": "dense", "limit": 3},
    {"query": "tea", "min_score": 0.4},
    {"query": "tea", "min_score": 1.0},
    {"query": "Lisbon", "filters": {"city": "Lisbon"}},
    {"query": "Lisbon", "filters": {"n": {"$gte": 2}}},
    {"query": "dentist", "types": ["episodic"]},
    {"query": "tea", "agent_id": "cook"},
    {"query": "train", "session_id": "trip"},
    {"query": "what happens in 2100?"},
    {"query": "Lisbon", "as_of": "2101-01-01T00:00:00Z"},
    {"query": "Lisbon", "as_of": "2001-01-01T00:00:00Z"},
    {},
    {"limit": 3, "filters": {"city": "里斯本"}},
    {"query": "the door code", "limit": 3},
    {"vector": [0.1] * 64},
    {"query": "x" * 3_000},
    {"query": "nobody", "user_id": "nobody"},
    {"query": "nothing", "collection": "elsewhere"},
    # what is refused
    {"vector": [0.1, 0.2]},
    {"vector": [0.1, 0.2], "user_id": "nobody"},
    {"query": "a", "filters": {"n": {"$near": 2}}},
    {"query": "a", "limit": 0},
    {"query": "a", "colour": "red"},
    {"query": "a", "mode": "loud"},
    {"query": "a", "min_score": 2},
]


def ready(server: ServerProcess, count: int, **more: Any) -> None:
    """Wait until so many readers answer."""
    until(lambda: figure(server, "agentmem_readers", **more) == count)


def until(what: Callable[[], bool]) -> None:
    for _ in range(2_400):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that in two minutes")


def figure(server: ServerProcess, name: str, **more: Any) -> float:
    return values(httpx.get(f"{server.url}/metrics", timeout=60, **more).text, name)[()]


def readers_of(server: ServerProcess) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def runs(pid: int) -> bool:
    """Whether a process is there, and not only what the system keeps of one that has ended."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in {"", "Z"}


def kill_readers(server: ServerProcess) -> None:
    """All at once, and wait for others in their place."""
    pids = readers_of(server)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(set(readers_of(server)) - set(pids)) == len(pids))
    ready(server, len(pids))


def asking(server: ServerProcess, **more: Any) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=60, **more)


def search(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post("/v1/memories/search", json={"user_id": "ana", **body})


def contents(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [hit["memory"]["content"] for hit in answer.json()]


@pytest.fixture
def server(tmp_path) -> Iterator[ServerProcess]:
    with serving(tmp_path / "store", "--readers", "2") as started:
        ready(started, 2)
        yield started


def test_readers_answer_to_the_byte_what_the_server_answers(tmp_path):
    store = tmp_path / "store"
    with (
        serving(store, "--readers", "0") as plain,
        serving(store, "--readers", "2") as fast,
        asking(plain) as of_plain,
        asking(fast) as of_fast,
    ):
        for memory in MEMORIES:
            given = {"occurred_at": LATER, "user_id": "ana", **memory}
            assert of_plain.post("/v1/memories", json=given).status_code == 200
        of_plain.post("/v1/memories", json={"content": "Ana's, and nobody else's", "user_id": "ana", "tenant": "other"})
        ready(fast, 2)
        assert figure(plain, "agentmem_readers") == 0
        for round_ in range(2):  # the first one reads, the second one has it in memory
            for asked in SEARCHES:
                one = search(of_plain, **asked)
                other = search(of_fast, **asked)
                assert one.status_code == other.status_code, asked
                if one.status_code == 200:
                    assert one.content == other.content, (round_, asked)
                else:
                    said, again = one.json(), other.json()
                    assert said.pop("request_id") != again.pop("request_id")
                    assert said == again, asked
        found = [asked for asked in SEARCHES if search(of_plain, **asked).status_code == 200]
        assert figure(fast, "agentmem_reader_answers_total") == 2 * len(found)
        assert figure(plain, "agentmem_reader_answers_total") == 0
        assert any(len(search(of_plain, **asked).json()) > 2 for asked in found)
        wrong = {"content-type": "text/plain"}
        assert of_fast.post("/v1/memories/search", content=b"{}", headers=wrong).status_code == 415
        assert of_fast.post("/v1/memories/search", content=b'{"query": ').status_code in {415, 422}


def test_sealed_values_stay_sealed(tmp_path):
    pytest.importorskip("cryptography")
    from cryptography.fernet import Fernet

    key = Fernet.generate_key().decode()
    with (
        serving(tmp_path / "store", "--readers", "1", env={"AGENTMEM_VAULT_KEY": key}) as server,
        asking(server) as ask,
    ):
        ready(server, 1)
        put = {"name": "door", "value": "4711-secret", "description": "the door code", "user_id": "ana"}
        assert ask.post("/v1/agents/knowledge/put", json=put).status_code == 200
        answer = search(ask, query="the door code")
        assert answer.json()
        assert "4711" not in answer.text
        assert figure(server, "agentmem_reader_answers_total") == 1


def test_what_was_answered_is_seen_by_the_next_search(server):
    with asking(server) as ask:
        for number in range(30):
            word = f"word{number}"
            added = ask.post("/v1/memories", json={"content": f"this is {word}", "id": f"m{number}", "user_id": "ana"})
            assert added.status_code == 200
            assert contents(search(ask, query=word, mode="lexical", limit=1)) == [f"this is {word}"]
            changed = ask.patch(f"/v1/memories/m{number}", json={"content": f"that was {word}", "user_id": "ana"})
            assert changed.status_code == 200
            assert contents(search(ask, query=word, mode="lexical", limit=1)) == [f"that was {word}"]
            if number % 3 == 0:
                assert ask.delete(f"/v1/memories/m{number}", params={"user_id": "ana"}).status_code == 200
                assert f"that was {word}" not in contents(search(ask, query=word))
        gone = ask.post("/v1/forget", json={"user_id": "ana"}).json()
        assert gone["memories"] == 30
        assert gone["files_clean"]
        assert contents(search(ask, query="word1")) == []
        assert figure(server, "agentmem_reader_answers_total") == 71


def test_nobody_sees_what_is_anothers(tmp_path):
    store = tmp_path / "store"
    keys = {
        whose: keys_create(store, "--tenant", tenant, "--role", "write", "--user", user)
        for whose, tenant, user in (("ana", "acme", "ana"), ("bo", "acme", "bo"), ("eve", "evil", "ana"))
    }
    admin = {"Authorization": f"Bearer {keys_create(store, '--tenant', 'acme', '--role', 'admin')}"}
    with serving(store, "--readers", "3") as server:
        ready(server, 3, headers=admin)
        clients = {
            whose: httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
            for whose, key in keys.items()
        }
        for whose, client in clients.items():
            assert client.post("/v1/memories", json={"content": f"the secret of {whose}"}).status_code == 200
        for whose, client in clients.items():
            assert contents(client.post("/v1/memories/search", json={"query": "secret"})) == [f"the secret of {whose}"]
        refused = clients["bo"].post("/v1/memories/search", json={"query": "secret", "user_id": "ana"})
        assert refused.status_code == 403
        assert clients["eve"].post("/v1/memories/search", json={"query": "x", "tenant": "acme"}).status_code == 403
        assert figure(server, "agentmem_reader_answers_total", headers=admin) == 3
        for client in clients.values():
            client.close()


def test_the_audit_has_the_same_entries(tmp_path):
    store = tmp_path / "store"
    bearing = {"Authorization": f"Bearer {keys_create(store, '--tenant', 'acme', '--role', 'admin')}"}
    asked = [*SEARCHES[:12], {"vector": [1.0]}, {"query": "a", "limit": 30}]
    with (
        serving(store, "--readers", "0") as plain,
        serving(store, "--readers", "2") as fast,
        asking(plain, headers=bearing) as of_plain,
        asking(fast, headers=bearing) as of_fast,
    ):
        for number in range(30):
            of_plain.post("/v1/memories", json={"content": f"a tea {number} of Lisbon", "user_id": "ana"})
        ready(fast, 2, headers=bearing)
        for name, client in (("plain", of_plain), ("fast", of_fast)):
            for number, body in enumerate(asked):
                head = {"x-request-id": f"{name}-{number}"}
                client.post("/v1/memories/search", json={"user_id": "ana", **body}, headers=head)
        assert figure(fast, "agentmem_reader_answers_total", headers=bearing) == len(asked) - 1
        assert plain.stop() == 0
        assert fast.stop() == 0
        written = {str(entry["request"]): entry for entry in entries_of(fast) if "request" in entry}
    for number in range(len(asked)):
        one, other = written[f"plain-{number}"], written[f"fast-{number}"]
        for entry in (one, other):
            for own in ("n", "at", "us", "request"):
                entry.pop(own)
        assert one == other
    assert written["fast-13"]["count"] == 30
    assert len(cast("list[str]", written["fast-13"]["ids"])) == 20


def test_a_reader_that_is_killed_under_load_is_noticed_by_nobody_and_comes_back(server):
    wrong: list[str] = []
    done = threading.Event()

    def ask(user: str) -> None:
        with asking(server) as client:
            client.post("/v1/memories", json={"content": f"tea of {user}", "user_id": user})
            while not done.is_set():
                answer = search(client, query="tea", user_id=user)
                if answer.status_code != 200 or contents(answer) != [f"tea of {user}"]:
                    wrong.append(answer.text)

    threads = [threading.Thread(target=ask, args=(f"user {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(2):
            kill_readers(server)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert len(readers_of(server)) == 2
    assert figure(server, "agentmem_reader_restarts_total") == 4
    before = figure(server, "agentmem_reader_answers_total")
    with asking(server) as client:
        assert contents(search(client, query="tea", user_id="user 1")) == ["tea of user 1"]
    assert figure(server, "agentmem_reader_answers_total") == before + 1


def test_no_reader_outlives_a_server_that_is_killed(server):
    pids = readers_of(server)
    assert len(pids) == 2
    assert all(runs(pid) for pid in pids)
    server.kill()
    until(lambda: not any(runs(pid) for pid in pids))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_leaves_no_process(number, server):
    pids = readers_of(server)
    for pid in pids:  # a supervisor, or a terminal, tells them all at once
        os.kill(pid, number)
    with asking(server) as ask:
        assert search(ask, query="tea").status_code == 200
    assert figure(server, "agentmem_reader_restarts_total") == 0
    assert server.stop(number) == 0
    assert not any(runs(pid) for pid in pids)
    assert not any("Traceback" in line or '"error"' in line for line in server.log)


def test_uses_are_counted_and_are_there_for_upkeep_and_after_a_stop(tmp_path):
    store = tmp_path / "store"
    with serving(store, "--readers", "1") as server, asking(server) as ask:
        ready(server, 1)
        ask.post("/v1/memories", json={"content": "tea", "id": "m1", "user_id": "ana"})
        for _ in range(3):
            assert contents(search(ask, query="tea")) == ["tea"]
        assert ask.post("/v1/maintain", json={"user_id": "ana", "dry_run": True}).status_code == 200
        assert ask.get("/v1/memories/m1", params={"user_id": "ana"}).json()["access_count"] == 3
        search(ask, query="tea")
        assert figure(server, "agentmem_reader_answers_total") == 4
        assert server.stop() == 0
    with serving(store, "--readers", "0") as server, asking(server) as ask:
        assert ask.get("/v1/memories/m1", params={"user_id": "ana"}).json()["access_count"] == 4


def test_a_reader_that_is_stuck_is_given_up_and_replaced(tmp_path):
    with serving(tmp_path / "store", "--readers", "1", "--timeout", "1") as server, asking(server) as ask:
        ask.post("/v1/memories", json={"content": "tea", "user_id": "ana"})
        ready(server, 1)
        (pid,) = readers_of(server)
        os.kill(pid, signal.SIGSTOP)
        late = search(ask, query="tea")
        assert (late.status_code, late.json()["code"]) == (504, "timed_out")
        until(lambda: figure(server, "agentmem_reader_restarts_total") == 1)
        assert contents(search(ask, query="tea")) == ["tea"]
        until(lambda: not runs(pid))
        ready(server, 1)
        assert readers_of(server) != [pid]


def test_another_embedder_is_taken_on_by_the_readers(server):
    with asking(server) as ask:
        ask.post("/v1/memories", json={"content": "green tea", "user_id": "ana"})
        assert contents(search(ask, query="tea")) == ["green tea"]
        before = readers_of(server)
        finished = False
        while not finished:
            finished = ask.post("/v1/reindex", json={"embedder": "hashing:128", "tenant": "default"}).json()["finished"]
            assert contents(search(ask, query="tea")) == ["green tea"]
        until(lambda: not set(readers_of(server)) & set(before))
        ready(server, 2)
        answers = figure(server, "agentmem_reader_answers_total")
        assert contents(search(ask, query="tea")) == ["green tea"]
        assert search(ask, vector=[0.1] * 128).status_code == 200
        assert search(ask, vector=[0.1] * 64).status_code == 422
        assert figure(server, "agentmem_reader_answers_total") == answers + 2
        assert figure(server, "agentmem_reader_restarts_total") == 0


def test_what_is_too_large_for_memory_is_the_servers(tmp_path):
    env = {"AGENTMEM_EXACT_LIMIT": "5"}
    with serving(tmp_path / "store", "--readers", "1", env=env) as server, asking(server) as ask:
        ready(server, 1)
        for user, count in (("ana", 9), ("bo", 3)):
            items = [{"content": f"tea {number}", "user_id": user} for number in range(count)]
            assert ask.post("/v1/memories/batch", json={"items": items}).status_code == 200
        for _ in range(3):
            assert len(contents(search(ask, query="tea", user_id="ana"))) == 9
            assert len(contents(search(ask, query="tea", user_id="bo"))) == 3
        assert figure(server, "agentmem_reader_answers_total") == 3  # those of bo


def test_a_reader_that_cannot_begin_is_no_trouble(tmp_path):
    store = tmp_path / "store"
    env = {"PYTHONPATH": str(tmp_path / "broken")}
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(
        "import sys\nif 'agentmem_core.server.readers.reader' in sys.orig_argv: sys.exit(3)\n"
    )
    bearing = {"Authorization": f"Bearer {keys_create(store, '--tenant', 'acme', '--role', 'admin')}"}
    with serving(store, "--readers", "2", env=env) as server, asking(server, headers=bearing) as ask:
        until(lambda: figure(server, "agentmem_reader_restarts_total", headers=bearing) >= 2)
        ask.post("/v1/memories", json={"content": "tea", "user_id": "ana"})
        assert contents(search(ask, query="tea")) == ["tea"]
        parts = ask.get("/health/ready").json()["components"]
        assert {"name": "readers", "ok": True, "detail": "0 of 2 answer searches"} in parts
        assert ask.get("/v1/health", params={"user_id": "ana"}).json()["components"][-1]["detail"].startswith("0 of 2")
        assert server.stop() == 0


def test_the_doctor_of_a_server_is_told_of_its_readers(server, tmp_path, capsys):
    ready(server, 2)
    assert run(("doctor", "--api-url", server.url, "--json")) == 0
    told = json.loads(capsys.readouterr().out)["findings"]
    assert {"part": "readers", "ok": True, "detail": "2 of 2 answer searches", "cure": ""} in told
    with serving(tmp_path / "plain", "--readers", "0") as plain:
        assert run(("doctor", "--api-url", plain.url)) == 0
    assert "readers" not in capsys.readouterr().out


def test_where_the_store_is_removed_no_reader_makes_another(tmp_path):
    with serving(tmp_path, "--readers", "1") as server, asking(server) as client:
        client.post("/v1/memories/batch", json={"user_id": "ana", "items": MEMORIES})
        ready(server, 1)
        assert search(client, query="Lisbon").status_code == 200
        for file in tmp_path.glob("agentmem.db*"):
            file.unlink()
        [reader] = readers_of(server)
        os.kill(reader, signal.SIGKILL)
        until(lambda: any("a reader cannot open the store" in line for line in server.log))
        answers = [search(client, query="Lisbon"), client.post("/v1/memories", json={"user_id": "ana", "content": "a"})]
        assert [answer.json()["code"] for answer in answers] == ["store_unavailable"] * 2
        assert not [*tmp_path.glob("agentmem.db*")]


def test_events_and_limits_are_as_without_readers(tmp_path):
    store = tmp_path / "store"
    env = {"AGENTMEM_LIMITS": "8/hour"}
    admin = {
        "Authorization": f"Bearer {keys_create(store, '--tenant', 'acme', '--role', 'admin', '--limits', '9999/hour')}"
    }
    bearing = {"Authorization": f"Bearer {keys_create(store, '--tenant', 'acme', '--role', 'write', '--user', 'ana')}"}
    with serving(store, "--readers", "1", env=env) as server:
        ready(server, 1, headers=admin)
        with (
            asking(server, headers=bearing) as ask,
            httpx.stream("GET", f"{server.url}/v1/events?user_id=ana", headers=admin, timeout=60) as events,
        ):
            lines = events.iter_lines()
            while next(lines) != "event: ready":
                pass
            searched = [ask.post("/v1/memories/search", json={"query": "tea"}) for _ in range(3)]
            assert [answer.headers["ratelimit-remaining"] for answer in searched] == ["7", "6", "5"]
            assert ask.post("/v1/memories", json={"content": "tea", "id": "m1"}).status_code == 200
            told = [line for line in (next(lines) for _ in range(6)) if line.startswith("data")]
            assert json.loads(told[-1].partition(":")[2])["ids"] == ["m1"]  # a search is no change
            codes = [ask.post("/v1/memories/search", json={"query": "tea"}).status_code for _ in range(6)]
            assert codes == [200, 200, 200, 200, 429, 429]


def test_by_hand_a_reader_says_what_it_is():
    command = ["python", "-m", "agentmem_core.server.readers.reader"]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert "--readers" in said.stderr
    assert "Traceback" not in said.stderr

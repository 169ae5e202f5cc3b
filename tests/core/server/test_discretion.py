"""What a server's model, embedder and disk say of themselves is for its log, not for who asks."""

from __future__ import annotations

import socket

import httpx
import pytest
from tests.core.learning.scripted import Scripted
from tests.core.server.here import in_memory, serving_here
from tests.core.server_process import serving

from agentmem_core.connect import Config, connect
from agentmem_core.errors import AgentMemError, EmbedderError, ModelError, NotFoundError, StoreFullError
from agentmem_core.server.discretion import discreet, discreet_error

SECRETS = ("http://", "10.1.2.3", "sk-0123456789abcdef", "Bearer abcdefghijkl", "hunter2")
WORDS = "http://ana:hunter2@10.1.2.3:8000/v1?key=1 answered 401: bad key sk-0123456789abcdef (Bearer abcdefghijkl); check it"


@pytest.mark.parametrize("kind", [ModelError, EmbedderError])
def test_an_address_and_a_key_are_left_out_and_the_advice_stays(kind: type[AgentMemError], caplog):
    told = discreet_error(kind(f"the model http://10.1.2.3:8000/v1#qwen3: {WORDS}"))
    assert type(told) is kind
    assert not any(secret in str(told) for secret in SECRETS)
    assert str(told) == (
        "the model (its address)#qwen3: (its address) answered 401: bad key (a secret) ((a secret)); check it"
    )
    assert WORDS in str(caplog.records[-1].exc_info)


@pytest.mark.parametrize("file", ["/data/store/agentmem.db", "C:\\store\\agentmem.db"])
def test_where_the_store_lies_is_left_out(file: str):
    told = discreet_error(StoreFullError(f"the disk of {file} is full or failing (disk I/O error); free some space"))
    assert str(told) == ("the disk of (a file of the server) is full or failing (disk I/O error); free some space")


def test_what_says_nothing_of_the_server_is_told_as_it_is():
    for error in (NotFoundError("id: http://a.b/c is not here"), ModelError("the model did not answer within 3 s")):
        assert discreet_error(error) is error
    assert discreet("http://a.b/c") == "http://a.b/c"


def test_warnings_of_learning_hold_no_address_over_http():
    model = Scripted(facts=[ModelError(f"the model scripted:1: {WORDS}")] * 3)
    backend = connect(Config(path=":memory:", embedder="hashing", index="none", llm=model))
    with serving_here(backend) as (url, _):
        turn = {"content": "I live in Lisbon", "role": "user", "infer": True, "user_id": "ana"}
        added = httpx.post(f"{url}/v1/memories", json=turn)
        assert "check it" in added.json()["learned"]["warnings"][0]
        learned = httpx.post(f"{url}/v1/learn", json={"user_id": "ana"})
        assert "check it" in learned.json()["warnings"][0]
        for answer in (added, learned):
            assert answer.status_code == 200
            assert not any(secret in answer.text for secret in SECRETS)
    backend.close()


def test_what_waits_in_the_background_holds_no_address_over_http():
    model = Scripted(facts=[ModelError(f"the model scripted:1: {WORDS}")] * 9)
    backend = connect(Config(path=":memory:", embedder="hashing", index="none", llm=model))
    with serving_here(backend) as (url, _):
        turn = {"content": "I live in Lisbon", "role": "user", "infer": "background", "user_id": "ana"}
        assert httpx.post(f"{url}/v1/memories", json=turn).status_code == 200
        queue = httpx.post(f"{url}/v1/learn/flush", json={"user_id": "ana"})
        for _ in range(100):
            queue = httpx.post(f"{url}/v1/learn/flush", json={"user_id": "ana"})
            if any(lesson["error"] for lesson in queue.json()["lessons"]):
                break
        assert "check it" in queue.json()["lessons"][0]["error"]
        assert not any(secret in queue.text for secret in SECRETS)
    backend.close()


def test_an_embedder_that_cannot_be_reached_is_not_named_by_its_address(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        where = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        env = {"AGENTMEM_EMBEDDER": "openai:e5", "OPENAI_BASE_URL": where, "OPENAI_API_KEY": "sk-0123456789abcdef"}
        with serving(tmp_path / "store", "--timeout", "60", env=env) as server:
            refused = httpx.post(f"{server.url}/v1/memories", json={"content": "tea"}, timeout=60)
    assert (refused.status_code, refused.json()["code"]) == (502, "embedder_failed")
    assert "127.0.0.1" not in refused.text
    assert where in "".join(server.log)
    assert "sk-0123" not in "".join(server.log)


def test_what_users_say_is_not_touched():
    backend = in_memory()
    with serving_here(backend) as (url, _):
        assert (
            httpx.post(f"{url}/v1/memories", json={"content": "see http://a.b/c"}).json()["items"][0]["memory"][
                "content"
            ]
            == "see http://a.b/c"
        )
    backend.close()

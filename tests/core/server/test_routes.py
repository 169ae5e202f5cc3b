"""Every route of the table, once, and whatever can be wrong with a request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.core.server.here import Keys, in_memory

from agentmem_core import errors, new_vault_key
from agentmem_core.errors import AgentMemError, NotFoundError
from agentmem_core.http import ROUTES, SHORTCUTS, Problem, Route, error_of
from agentmem_core.model import Scope
from agentmem_core.operations import Op
from agentmem_core.operations.store import HealthCheck, StatsOf
from agentmem_core.ports import Backend
from agentmem_core.server import Caller, OpenGate, ServerSettings, create_app
from agentmem_core.server.examples import example, word


def client(backend: Backend, **options: Any) -> httpx.AsyncClient:
    app = create_app(backend, gate=options.pop("gate", OpenGate()), **options)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server")


@pytest.fixture
def backend(monkeypatch) -> Iterator[Backend]:
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", new_vault_key())
    made = in_memory()
    yield made
    made.close()


def problem(response: httpx.Response) -> Problem:
    assert response.headers["content-type"] == "application/problem+json"
    found = Problem.model_validate_json(response.content)
    assert found.status == response.status_code
    assert found.request_id == response.headers["x-request-id"]
    return found


async def test_the_query_of_a_request_with_a_body_says_whose_memory_it_is_and_nothing_else(backend):
    async with client(backend) as ask:
        said = await ask.post("/v1/memories", params={"user_id": "安娜", "session_id": "s"}, json={"content": "tea"})
        scope = said.json()["items"][0]["memory"]["scope"]
        assert (scope["user_id"], scope["session_id"]) == ("安娜", "s")
        memory_id = said.json()["items"][0]["memory"]["id"]
        found = await ask.post(
            "/v1/memories/search", params={"user_id": "安娜"}, json={"query": "tea", "user_id": "安娜"}
        )
        assert [hit["memory"]["id"] for hit in found.json()] == [memory_id]
        changed = await ask.patch(f"/v1/memories/{memory_id}", params={"user_id": "安娜"}, json={"content": "milk"})
        assert changed.status_code == 200
        refused = problem(
            await ask.post("/v1/memories", params={"user_id": "ana"}, json={"content": "x", "user_id": "bo"})
        )
        assert (refused.status, refused.detail) == (422, "user_id: the query says another than the body; name it once")
        for query, word in (("limit=3", "limit"), ("user_id=", "user_id"), ("user_id=a&user_id=b", "twice")):
            refused = problem(await ask.post(f"/v1/memories/search?{query}", json={"query": "tea"}))
            assert refused.status == 422
            assert word in refused.detail
        assert (await ask.get("/v1/stats")).json()["memories"] == 0


@pytest.mark.parametrize("query", ["", " \n\u3000"])
async def test_a_blank_query_is_refused_as_the_client_refuses_it(backend, query):
    async with client(backend) as ask:
        answer = problem(await ask.post("/v1/memories/search", json={"query": query}))
    assert (answer.status, answer.code) == (422, "invalid_input")
    assert "query: must not be empty or blank; leave it out" in answer.detail


@pytest.mark.parametrize("route", [*ROUTES, *SHORTCUTS], ids=lambda route: route.name)
async def test_every_route_takes_its_example(route: Route, monkeypatch):
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", new_vault_key())
    monkeypatch.setenv("AGENTMEM_LEARNER", "rules")
    backend = in_memory()
    path = route.path.format_map({name: quote(word(name), safe="") for name in route.in_path})
    said = example(route)
    async with client(backend) as ask:
        if route.by_query:
            query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()}
            response = await ask.request(route.method, path, params=query)
        else:
            response = await ask.request(route.method, path, json=said)
    backend.close()
    if response.status_code == 200:
        route.answer.validate_json(response.content) if route.answered is None else response.json()
        return
    assert problem(response).code in {"not_found", "conflict", "invalid_input", "not_configured"}, response.text
    assert problem(response).code == "not_found" or route.name in {"import_page", "relate"}, response.text


@pytest.mark.parametrize(
    "name", ["a/b?c#d", "..", ".", "安娜", "a%2Fb", "a b+c", "🌍", "search", "batch", "%", "é;x=1"]
)
async def test_any_id_can_stand_in_a_path(name: str, backend):
    if "%2" in name and httpx.__version__ < "0.28":
        pytest.skip("this version of httpx reads a quoted percent sign as if it were not")
    place = f"/v1/memories/{quote(name, safe='').replace('.', '%2E')}"
    async with client(backend) as ask:
        assert (await ask.post("/v1/memories", json={"content": "tea", "id": name, "user_id": name})).status_code == 200
        scope = {"user_id": name}
        assert (await ask.get(place, params=scope)).json()["id"] == name
        changed = await ask.patch(place, json={"content": "milk", **scope})
        assert changed.json()["content"] == "milk"
        assert [item["version"] for item in (await ask.get(f"{place}/history", params=scope)).json()] == [1, 2]
        assert (await ask.delete(place, params=scope)).json() == 1
        assert problem(await ask.get(place, params=scope)).code == "not_found"


async def test_a_user_sees_nothing_of_another_and_a_tenant_nothing_of_another(backend):
    async with client(backend) as ask:
        [made] = (
            await ask.post("/v1/memories", json={"content": "secret", "user_id": "ana", "tenant": "acme"})
        ).json()["items"]
        place = f"/v1/memories/{made['memory']['id']}"
        for scope in (
            {},
            {"user_id": "bo", "tenant": "acme"},
            {"user_id": "ana"},
            {"user_id": "ana", "tenant": "globex"},
        ):
            unknown = problem(await ask.get("/v1/memories/none", params=scope))
            assert problem(await ask.get(place, params=scope)).detail == unknown.detail
            assert (await ask.post("/v1/memories/search", json={"query": "secret", **scope})).json() == []
        assert (await ask.get(place, params={"user_id": "ana", "tenant": "acme"})).status_code == 200


async def test_a_key_names_its_tenant_and_its_user_by_itself(backend):
    gate = Keys(one=Caller("k1", "write", "acme", "ana"))
    async with client(backend, gate=gate) as ask:
        ask.headers["authorization"] = "Bearer one"
        added = await ask.post("/v1/memories", json={"content": "tea"})
        scope = added.json()["items"][0]["memory"]["scope"]
        assert (scope["tenant"], scope["user_id"]) == ("acme", "ana")
        assert added.headers["ratelimit-remaining"] == "7"
        assert problem(await ask.get("/v1/stats", params={"tenant": "globex"})).code == "forbidden"
        assert problem(await ask.get("/v1/stats", params={"user_id": "bo"})).code == "forbidden"
        ask.headers["authorization"] = "Bearer two"
        refused = await ask.post("/v1/memories", json={"content": "tea"})
        assert problem(refused).code == "unauthenticated"
        assert refused.headers["www-authenticate"].startswith("Bearer")
    assert [(name, op, outcome.code, outcome.status) for name, op, outcome in gate.recorded] == [
        ("k1", "Add", "ok", 200), ("k1", "StatsOf", "forbidden", 403), ("k1", "StatsOf", "forbidden", 403),
    ]  # fmt: skip


async def test_what_an_operation_came_to_is_written_down_before_the_answer(backend):
    gate = Keys(one=Caller("k1", "admin"))
    async with client(backend, gate=gate) as ask:
        response = await ask.get("/v1/memories/none", headers={"authorization": "Bearer one", "x-request-id": "mine-1"})
    assert problem(response).request_id == "mine-1"
    [(_, op, outcome)] = gate.recorded
    assert (op, outcome.code, outcome.status, outcome.request_id) == ("Get", "not_found", 404, "mine-1")


class NoPen(Keys):
    async def record(self, caller, op, outcome):
        raise OSError("disk full")


async def test_what_cannot_be_written_down_is_not_answered_as_done(backend):
    async with client(backend, gate=NoPen(one=Caller("k1", "admin"))) as ask:
        response = await ask.post("/v1/memories", json={"content": "tea"}, headers={"authorization": "Bearer one"})
    assert problem(response).code == "server_failed"
    assert "may have been done" in problem(response).detail
    assert "disk full" not in response.text


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/", {}, 404, "unknown_route"),
        ("GET", "/v1", {}, 404, "unknown_route"),
        ("GET", "/v1/memories/", {}, 404, "unknown_route"),
        ("POST", "/v1/agents/core/dance", {"json": {}}, 404, "unknown_route"),
        ("PUT", "/v1/memories", {"json": {}}, 405, "unknown_route"),
        ("GET", "/v1/forget", {}, 405, "unknown_route"),
        ("POST", "/v1/memories", {"content": b"{}"}, 415, "invalid_input"),
        ("POST", "/v1/memories", {"data": {"content": "tea"}}, 415, "invalid_input"),
        ("POST", "/v1/memories", {"content": b'{"content": "tea"}', "headers": {"content-type": "text/plain"}}, 415, "invalid_input"),
        ("POST", "/v1/memories", {"json": {"content": ""}}, 422, "invalid_input"),
        ("POST", "/v1/memories", {"json": {"content": "a\x00b"}}, 422, "invalid_input"),
        ("POST", "/v1/memories", {"json": {"content": "tea", "colour": "green"}}, 422, "invalid_input"),
        ("POST", "/v1/memories", {"json": [1]}, 422, "invalid_input"),
        ("POST", "/v1/memories", {"json": {"content": "tea", "occurred_at": "2024-05-03"}}, 422, "invalid_input"),
        ("POST", "/v1/memories/search", {"json": {"query": "x", "filters": {"year": {"$near": 1}}}}, 422, "invalid_filter"),
        ("POST", "/v1/memories/search", {"json": {"query": "x", "user_id": ""}}, 422, "invalid_input"),
        ("POST", "/v1/reindex", {"json": {"embedder": {"x": 1}}}, 422, "invalid_input"),
        ("GET", "/v1/memories", {"params": [("user_id", "a"), ("user_id", "b")]}, 422, "invalid_input"),
        ("GET", "/v1/memories?filters={", {}, 422, "invalid_input"),
        ("GET", "/v1/memories?user_id=%ff", {}, 422, "invalid_input"),
        ("GET", "/v1/memories/%ff", {}, 422, "invalid_input"),
        ("DELETE", "/v1/memories", {}, 422, "invalid_input"),
        ("DELETE", "/v1/memories?filters=null", {}, 422, "invalid_input"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_as_a_problem(method, path, options, status, code, backend):
    async with client(backend) as ask:
        response = await ask.request(method, path, **options)
    found = problem(response)
    assert (found.status, found.code) == (status, code), found
    assert found.detail
    if status == 405:
        assert method not in response.headers["allow"].split(", ")


@pytest.mark.parametrize("body", [b"{", b"tea", b"[1]", b'"tea"'])
async def test_a_body_that_is_no_object_is_called_the_body(body, backend):
    async with client(backend) as ask:
        answer = await ask.post("/v1/memories", content=body, headers={"content-type": "application/json"})
    assert problem(answer).detail.startswith("body: ")


async def test_a_broken_body_of_any_kind_is_never_a_failure_of_the_server(backend):
    bodies = [
        b"{",
        b"\xff\xfe",
        b"null",
        b"1e999",
        b'"\\ud800"',
        b"[" * 100_000,
        b'{"content": "\\ud800"}',
        b"{}" * 9,
        b"NaN",
    ]
    async with client(backend) as ask:
        for body in bodies:
            response = await ask.post(
                "/v1/memories", content=body, headers={"content-type": "application/json; charset=utf-8"}
            )
            assert problem(response).code == "invalid_input", body


class Broken:
    """A backend whose disk has another error every time."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def execute(self, op: Op[Any]) -> Any:
        raise self.error

    async def aexecute(self, op: Op[Any]) -> Any:
        raise self.error

    def close(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    "kind", [errors.StoreBusyError, errors.StoreFullError, errors.EmbedderError, errors.RateLimitedError]
)
async def test_an_error_arrives_as_the_one_that_was_raised(kind: type[AgentMemError]):
    async with client(Broken(kind("what to do"))) as ask:
        found = problem(await ask.get("/v1/stats"))
    assert type(error_of(found)) is kind
    assert found.detail == "what to do"


async def test_a_limit_says_when_to_come_again():
    async with client(Broken(errors.RateLimitedError("slower", retry_after=2.2))) as ask:
        response = await ask.get("/v1/stats")
    assert (response.status_code, response.headers["retry-after"]) == (429, "2")


async def test_an_unexpected_failure_tells_the_log_and_not_the_caller(caplog):
    async with client(Broken(RuntimeError("/secret/path of ana"))) as ask:
        response = await ask.get("/v1/stats")
    assert problem(response).code == "server_failed"
    assert "secret" not in response.text
    [record] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert vars(record)["request_id"] == response.headers["x-request-id"]


async def test_a_request_id_that_is_none_is_made_anew(backend):
    async with client(backend) as ask:
        for given in ("a b", "x" * 200, "é", "<script>"):
            answer = await ask.get("/health/live", headers=[(b"x-request-id", given.encode())])
            assert answer.headers["x-request-id"] != given
            assert len(answer.headers["x-request-id"]) == 16


async def test_answers_carry_headers_that_keep_browsers_out(backend):
    async with client(backend) as ask:
        for path in ("/v1/stats", "/nope", "/docs", "/openapi.json", "/metrics"):
            headers = (await ask.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert "access-control-allow-origin" not in headers
        assert "<script" not in (await ask.get("/docs")).text


async def test_web_pages_ask_only_where_they_are_allowed(backend):
    page = {"origin": "https://chat.example"}
    async with client(backend) as ask:
        assert problem(await ask.get("/v1/stats", headers=page)).code == "forbidden"
        assert (await ask.get("/v1/stats", headers={"origin": "http://server"})).status_code == 200
    async with client(backend, settings=ServerSettings(origins=("https://chat.example",))) as ask:
        answer = await ask.get("/v1/stats", headers=page)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://chat.example")
        asked = {**page, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
        assert (await ask.options("/v1/memories", headers=asked)).status_code == 200
        assert problem(await ask.get("/v1/stats", headers={"origin": "https://evil.example"})).code == "forbidden"


async def test_a_name_that_is_not_ours_gets_nothing(backend):
    async with client(backend, settings=ServerSettings(hosts=("localhost", "::1"))) as ask:
        assert problem(await ask.get("/v1/stats")).code == "forbidden"
        for host in ("localhost", "localhost:8080", "[::1]:8080", "LOCALHOST"):
            assert (await ask.get("/v1/stats", headers={"host": host})).status_code == 200


async def test_probes_say_no_more_than_one_may_know(backend):
    async with client(backend, gate=Keys(one=Caller("k1", "read"))) as ask:
        assert (await ask.get("/health/live")).json() == {"status": "alive"}
        assert (await ask.get("/health/ready")).json() == {"status": "ready"}
        known = await ask.get("/health/ready", headers={"authorization": "Bearer one"})
        assert {part["name"] for part in known.json()["components"]} == {"ledger", "embedder", "index"}
        assert (await ask.get("/health/ready", headers={"authorization": "Bearer x"})).json() == {"status": "ready"}
    async with client(Broken(errors.StoreBusyError("held")), gate=Keys(one=Caller("k1", "read"))) as ask:
        assert (await ask.get("/health/live")).status_code == 200
        down = await ask.get("/health/ready")
        assert (down.status_code, problem(down).detail) == (503, "not ready")
        assert "held" in problem(await ask.get("/health/ready", headers={"authorization": "Bearer one"})).detail


async def test_a_head_is_a_get_without_a_body(backend):
    async with client(backend) as ask:
        assert (await ask.head("/v1/stats")).status_code == 200


async def test_an_application_over_a_backend_of_ones_own_runs_any_operation(backend):
    assert backend.execute(HealthCheck()).ok
    with pytest.raises(NotFoundError):
        raise error_of(Problem(status=404, code="not_found"))
    assert backend.execute(StatsOf(scope=Scope())).memories == 0

"""Every operation of the table, asked by everybody who may not: refused, and nothing is told by how."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.core.http.test_wire import sample
from tests.core.server.guarded import EXPIRED, age_key, guarded, without_request

from agentmem_core import AgentMem, new_vault_key
from agentmem_core import operations as ops
from agentmem_core.errors import AuthenticationError, NotConfiguredError, PermissionDeniedError
from agentmem_core.http import ROUTES, SHORTCUTS, Route, request_of
from agentmem_core.model import Scope
from agentmem_core.operations.base import build
from agentmem_core.server.gate import RANKS, Caller
from agentmem_core.server.security import SecuritySettings, gate_for
from agentmem_core.server.security.rights import permit
from agentmem_core.storage.sqlite import SqliteTrail

FOREIGN, UNKNOWN, SENTINEL = "theirs-0001", "nobody-0001", "XYZZY-sealed"
VAULT = new_vault_key()


@pytest.fixture(autouse=True)
def _vault(monkeypatch):
    monkeypatch.setenv("AGENTMEM_VAULT_KEY", VAULT)


def opened(folder, **who):
    return AgentMem(folder, embedder="hashing", index="none", **who)


def remember(folder, **who):
    """Something of every kind, under the names that others will try."""
    with opened(folder, **who) as memory:
        memory.add(f"{SENTINEL} content", id=FOREIGN)
        memory.add(f"{SENTINEL} turn", session_id=FOREIGN)
        memory.core.set(FOREIGN, f"{SENTINEL} block")
        memory.working.push(f"{SENTINEL} item")
        memory.episodic.record(f"{SENTINEL} event")
        memory.semantic.learn(f"{SENTINEL} fact", subject=FOREIGN, predicate="likes", object="tea")
        memory.procedural.teach(FOREIGN, [f"{SENTINEL} step"])
        memory.knowledge.put(FOREIGN, f"{SENTINEL} secret", description=f"{SENTINEL} words")
        memory.contextual.set(FOREIGN, f"{SENTINEL} state")
        memory.resource.put(f"{SENTINEL} file".encode(), name=f"{FOREIGN}.txt", media_type="text/plain")


def everything(folder, **who):
    with opened(folder, **who) as memory:
        memory.export(folder / "all.jsonl")
        return (folder / "all.jsonl").read_bytes().partition(b"\n")[2]  # the first line says when


def sent(route: Route, op: ops.Op) -> tuple[str, str, dict]:
    """Method, path and the rest of the request for an operation."""
    if route in SHORTCUTS:
        return route.method, route.path.replace("{id}", "m1"), {} if route.by_query else {"json": {"content": "tea"}}
    request = request_of(route, op)
    body = {"content": request.body, "headers": {"content-type": "application/json"}} if request.body else {}
    return request.method, request.path, {"params": list(request.query), **body}


def plain(op: type[ops.Op], **scope) -> ops.Op:
    """A sample of an operation that names no more of a scope than is said."""
    return sample(op).model_copy(update={"scope": Scope(**scope)})


@pytest.fixture
async def server(tmp_path):
    async with guarded(tmp_path) as server:
        server.key("read", role="read")
        server.key("write", role="write")
        server.key("admin", role="admin")
        server.key("ana", role="admin", user_id="ana")
        server.key("globex", role="admin", tenant="globex")
        server.gate.keys.revoke(server.key("revoked", role="admin"), None)
        age_key(
            tmp_path, server.key("aged", role="admin", expires_at=datetime.now(UTC) + timedelta(days=1)), timedelta(1)
        )
        server.secrets["expired"] = EXPIRED
        await server.gate.changed()
        yield server


async def ask(server, name, method, path, options):
    options = {**options, "headers": dict(options.get("headers", {}))}
    credential = {} if name is None else {"Authorization": server.secrets.get(name) or name}
    if name in server.secrets:
        credential = {"Authorization": f"Bearer {server.secrets[name]}"}
    return await server.client.request(method, path, **{**options, "headers": {**options["headers"], **credential}})


NOBODY = [
    None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer agm_wrong", f"Bearer agm_{'A' * 43}", "Bearer a.b.c", "agm_x",
    "Bearer a b", f"Bearer {'x' * 20_000}", "revoked", "expired",
]  # fmt: skip


async def test_nobody_without_a_good_key_does_anything(server, tmp_path, monkeypatch):
    monkeypatch.setattr(server.gate, "_failures", ())  # that they are told to wait is shown elsewhere
    remember(tmp_path, tenant="acme", user_id="bo")
    before = everything(tmp_path, tenant="acme", user_id="bo")
    for route in (*ROUTES, *SHORTCUTS):
        answers = set()
        method, path, options = sent(route, plain(route.op, tenant="acme", user_id="bo"))
        for name in NOBODY:
            answer = await ask(server, name, method, path, options)
            assert answer.status_code == 401, (route.name, name)
            assert answer.json()["code"] == "unauthenticated"
            if name in {"Bearer agm_wrong", "revoked", "expired", "Bearer a.b.c"}:
                answers.add(json.dumps(without_request(answer.json())))
        assert len(answers) == 1, route.name
    assert everything(tmp_path, tenant="acme", user_id="bo") == before


async def test_who_brings_no_key_is_told_where_it_is_given(server):
    detail = (await server.ask(None, "GET", "/v1/memories")).json()["detail"]
    for way in ("api_key=", "AGENTMEM_API_KEY", "Authorization: Bearer agm_"):
        assert way in detail


async def test_who_may_not_hear_of_everybody_is_told_to_name_a_user(server):
    answer = await server.ask("write", "GET", "/v1/events")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer.json()["detail"].startswith("user_id: is missing")


async def test_a_key_of_less_rank_does_nothing_of_more(server, tmp_path):
    before = everything(tmp_path, tenant="acme", user_id="bo")
    refused = 0
    for route in ROUTES:
        for name in ("read", "write", "admin"):
            if RANKS[name] >= RANKS[route.op.access]:
                continue
            answer = await ask(server, name, *sent(route, plain(route.op, user_id="bo")))
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (route.name, name)
            refused += 1
    assert refused > 30
    assert everything(tmp_path, tenant="acme", user_id="bo") == before


async def test_naming_another_tenant_or_user_is_refused_whether_there_is_one_or_not(server, tmp_path):
    remember(tmp_path, tenant="globex", user_id="bo")
    remember(tmp_path, tenant="acme", user_id="bo")
    for route in ROUTES:
        for scope in ({"tenant": "globex"}, {"user_id": "bo"}):
            answers = []
            for who in ("globex", "nobody-1") if "tenant" in scope else ("bo", "nobody"):
                method, path, options = sent(route, plain(route.op, **dict.fromkeys(scope, who)))
                answer = await ask(server, "ana", method, path, options)
                assert answer.status_code == 403, (route.name, scope)
                assert SENTINEL not in answer.text
                answers.append(without_request(answer.json()))
            assert answers[0] == answers[1], route.name


_CHANGING = re.compile(
    r"\b[a-z]+-[0-9a-f]{24}|\b[0-9a-f]{64}\b|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)|\"(bytes_on_disk|bytes_before|bytes_after)\":\d+"
    r"|\"request_id\":\"[^\"]*\"|\"score\":[0-9.e-]+|\"(dense|lexical|recency|importance|use|time)\":[0-9.e-]+"
)


def probed(op: type[ops.Op], name: str) -> ops.Op | None:
    """An operation that names one thing, wherever it can."""
    base = sample(op)
    given = {field: getattr(base, field) for field in op.model_fields if field not in {"scope", "vector"}}
    for field in given.keys() & {"id", "label", "name", "key", "source", "of", "a", "entity", "subject"}:
        given[field] = (name,) if isinstance(given[field], tuple) else name
    given |= dict.fromkeys(given.keys() & {"cursor", "filters", "embedder"})
    given |= {field: value for field, value in {"ids": (name,), "data": b"mine"}.items() if field in given}
    special: dict[type[ops.Op], dict[str, Any]] = {
        ops.Import: {"records": ()},
        ops.Add: {"items": ({"content": "tea", "id": name},)},
        ops.Search: {"query": SENTINEL, "types": None, "min_score": None, "mode": "hybrid"},
    }
    given |= special.get(op, {})
    given |= dict.fromkeys(given.keys() & {"collection"}, "memories")
    return build(op, **given) if name in repr(given) or SENTINEL in repr(given) else None


MAKERS = {
    "add_many", "import_page", "core_set", "working_push", "episodic_record", "semantic_learn", "semantic_relate",
    "procedural_teach", "resource_put", "knowledge_put", "contextual_set",
}  # fmt: skip
"""Asked last: afterwards the names are those of what the one who asks has made."""


async def test_what_is_anothers_is_answered_as_what_does_not_exist(server, tmp_path):
    """Two users ask alike, one for what others have, the other for what nobody has: they get the same bytes, names aside."""
    remember(tmp_path, tenant="acme", user_id="bo")
    remember(tmp_path, tenant="globex", user_id="ana")
    server.key("eva", role="admin", user_id="eva")
    await server.gate.changed()
    before = everything(tmp_path, tenant="acme", user_id="bo"), everything(tmp_path, tenant="globex", user_id="ana")
    missing: set[str] = set()
    by_id = [route for route in SHORTCUTS if route.in_path]
    for route in sorted((*ROUTES, *by_id), key=lambda route: (route.name in MAKERS, route.op.access != "read")):
        answers = set()
        for who, name in (("ana", FOREIGN), ("eva", UNKNOWN)):
            op = probed(route.op, name)
            if op is None:
                continue
            method, path, options = sent(route, op)
            answer = await ask(server, who, method, path.replace("m1", name), options)
            assert answer.status_code in {200, 403, 404, 409, 422}, (route.name, answer.text)
            assert SENTINEL not in answer.text, route.name
            assert base64.b64encode(f"{SENTINEL} file".encode()).decode() not in answer.text
            answers.add((answer.status_code, _CHANGING.sub("", answer.text.replace(name, "NAME").replace(who, "WHO"))))
            if answer.status_code == 404:
                missing.add(route.name)
        assert len(answers) <= 1, (route.name, answers)
    assert missing >= {
        "get", "update", "delete", "delete_many", "history", "restore", "links", "relate", "core_get", "core_append",
        "core_replace", "core_delete", "working_promote", "episodic_around", "procedural_get", "procedural_revise",
        "procedural_record_run", "procedural_delete", "resource_get", "resource_open", "resource_delete", "knowledge_get",
        "knowledge_reveal", "knowledge_delete", "contextual_get", "contextual_delete",
    }  # fmt: skip
    assert before == (
        everything(tmp_path, tenant="acme", user_id="bo"),
        everything(tmp_path, tenant="globex", user_id="ana"),
    )


async def test_a_key_sees_what_is_its_own(server, tmp_path):
    remember(tmp_path, tenant="acme", user_id="ana")
    for name in ("ana", "read", "write", "admin"):
        found = await ask(server, name, "GET", f"/v1/memories/{FOREIGN}", {"params": {"user_id": "ana"}})
        assert found.status_code == 200, name
    other = await ask(server, "globex", "GET", f"/v1/memories/{FOREIGN}", {"params": {"user_id": "ana"}})
    assert other.status_code == 404


ADMIN, ANAS = Caller("k", "admin", "acme"), Caller("k", "admin", "acme", "ana")
MINE = Scope(tenant="acme", user_id="ana")


@pytest.mark.parametrize(
    ("op", "caller"),
    [
        (ops.Export(scope=MINE, everyone=True), Caller("k", "write", "acme")),
        (ops.StatsOf(scope=MINE, everyone=True), Caller("k", "read", "acme")),
        (ops.Maintain(scope=MINE, everyone=True), Caller("k", "write", "acme")),
        (ops.Export(scope=MINE, everyone=True), ANAS),
        (ops.StatsOf(scope=MINE, everyone=True), ANAS),
        (ops.Maintain(scope=MINE, everyone=True), ANAS),
        (ops.Compact(scope=MINE), ANAS),
        (ops.Reindex(scope=MINE), ANAS),
        (ops.Add(scope=MINE, items=({"content": "a"}, {"content": "b", "user_id": "bo"})), ANAS),  # type: ignore[arg-type]  # as callers write it
        (
            ops.Import(scope=MINE, records=({"kind": "memory", "user_id": "ana"}, {"kind": "link", "user_id": "bo"})),
            ANAS,
        ),
        (ops.Import(scope=MINE, records=({"kind": "memory", "user_id": ["ana"]},)), ANAS),
        (ops.Import(scope=MINE, records=({},)), ANAS),
        (ops.Search(scope=Scope(tenant="acme", user_id="bo")), ANAS),
        (ops.Search(scope=Scope(tenant="globex", user_id="ana")), ADMIN),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ops.Op) else value.access,
)
def test_what_reaches_further_than_its_key_is_refused(op, caller):
    with pytest.raises(PermissionDeniedError):
        permit(caller, op)


@pytest.mark.parametrize(
    "op",
    [
        ops.Export(scope=MINE), ops.StatsOf(scope=MINE), ops.Maintain(scope=MINE), ops.Forget(scope=MINE),
        ops.Add(scope=MINE, items=({"content": "a", "user_id": "ana"}, {"content": "b"})),  # type: ignore[arg-type]  # as callers write it
        ops.Import(scope=MINE, records=({"kind": "memory", "user_id": "ana"},)),
        ops.Import(scope=MINE, records=({"kind": "memory", "user_id": "bo"},), keep_users=False),
    ],
    ids=lambda op: type(op).__name__,
)  # fmt: skip
def test_what_stays_within_its_key_is_allowed(op):
    permit(ANAS, op)
    permit(ADMIN, op.model_copy(update={"everyone": True}) if "everyone" in type(op).model_fields else op)


async def test_what_was_done_and_what_was_refused_is_written_down_without_content(server, tmp_path):
    await ask(server, "write", "POST", "/v1/memories", {"json": {"content": SENTINEL, "id": "m1", "user_id": "ana"}})
    await ask(server, "read", "POST", "/v1/memories/search", {"json": {"query": SENTINEL, "user_id": "ana"}})
    await ask(server, "read", "DELETE", "/v1/memories/m1", {"params": {"user_id": "ana"}})
    await ask(server, "write", "GET", "/v1/memories/m1", {"params": {"user_id": "ana"}})
    await ask(server, "nonsense", "GET", "/v1/memories", {})
    await ask(server, "write", "GET", "/v1/memories", {"params": {"tenant": "globex"}})
    store = SqliteTrail(tmp_path)
    texts = [entry.text for entry in store.walk()]
    store.close()
    found = [json.loads(text) for text in texts]
    assert [(entry["op"], entry["code"]) for entry in found] == [
        ("add_many", "ok"), ("search", "ok"), ("delete_many", "forbidden"), ("get_many", "ok"), ("admit", "unauthenticated"),
        ("list", "forbidden"),
    ]  # fmt: skip
    assert SENTINEL not in "".join(texts)
    assert "agm_" not in "".join(texts)
    assert [(entry["ids"], entry["count"]) for entry in found[:4]] == [(["m1"], 1)] * 4
    assert found[3]["tenant"] == "acme"
    assert found[3]["user"] == "ana"
    assert found[3]["who"].startswith("key_")
    assert found[3]["status"] == 200
    assert found[3]["request"]
    assert found[4]["peer"] == "192.0.2.1"


def test_where_others_could_reach_it_a_server_needs_a_key(tmp_path):
    for host in ("0.0.0.0", "::", "192.0.2.1", "example.org"):
        with pytest.raises(NotConfiguredError, match="agentmem keys create"):
            gate_for(SecuritySettings(tmp_path), host)


def test_on_loopback_a_server_without_keys_is_open_and_says_so(tmp_path, caplog):
    for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9"):
        gate_for(SecuritySettings(tmp_path), host).close_now()
    assert caplog.text.count("may read and erase everything") == 4


async def test_the_first_key_closes_an_open_server_and_revoking_it_opens_nothing(tmp_path):
    async with guarded(tmp_path) as server:
        assert (await server.ask(None, "GET", "/v1/memories")).status_code == 200
        assert (await server.ask("agm_any", "GET", "/v1/keys/self")).json()["name"] == "open"
        made = await server.ask(None, "POST", "/v1/keys", json={"tenant": "acme", "role": "admin"})
        assert made.status_code == 201
        assert (await server.ask(None, "GET", "/v1/memories")).status_code == 401
        assert (await server.ask(made.json()["secret"], "GET", "/v1/memories")).status_code == 200
        server.gate.keys.revoke(made.json()["id"], None)
        assert (await server.ask(None, "GET", "/v1/memories")).status_code == 401
    with pytest.raises(NotConfiguredError, match="expired or was revoked"):
        gate_for(SecuritySettings(tmp_path), "127.0.0.1")


async def test_a_gate_of_a_store_in_memory_works_without_a_file():
    gate = gate_for(SecuritySettings(None), "127.0.0.1")
    assert (await gate.admit(None, "127.0.0.1")).caller.access == "admin"
    gate.keys.create(tenant="acme")
    await gate.changed()
    with pytest.raises(AuthenticationError):
        await gate.admit(None, "127.0.0.1")
    await gate.close()
    await gate.close()

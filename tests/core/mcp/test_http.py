"""``/mcp`` of a real server: the SDK's own client, with and without rights."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.core.mcp.cases import all_of_them, remembered
from tests.core.mcp.clients import MODES, keyed, over_http
from tests.core.server.here import Held, in_memory, serving_here
from tests.core.server_process import ServerProcess, serving

from agentmem_core import AgentMem
from agentmem_core.mcp.offer import TOOLS
from agentmem_core.server import ServerSettings
from agentmem_core.storage.sqlite import SqliteTrail

READS = {name for name, tool in TOOLS.items() if not tool.writes}
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
PROTOCOL = {"MCP-Protocol-Version": "2025-06-18"}


def calling(name: str, **arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}


async def posted(url: str, message: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(headers=headers) as ask:
        return await ask.post(url, json=message)


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Iterator[tuple[ServerProcess, dict[str, str]]]:
    """A server with keys: of each role, for one user, of another tenant, of few requests."""
    folder = tmp_path_factory.mktemp("keyed")
    wanted: dict[str, dict[str, Any]] = {
        "write": {"role": "write"}, "read": {"role": "read"}, "ana": {"role": "write", "user_id": "ana"},
        "bo": {"role": "write", "user_id": "bo"}, "other": {"tenant": "globex"}, "few": {"limits": "3/hour"},
    }  # fmt: skip
    secrets = dict(zip(wanted, keyed(folder, *wanted.values()), strict=True))
    with serving(folder, env={"AGENTMEM_LEARNER": "rules"}) as server:
        yield server, secrets


@pytest.mark.parametrize("mode", MODES)
async def test_the_sdks_client_calls_every_tool(mode, kept):
    server, keys = kept
    async with over_http(f"{server.url}/mcp?user_id=user-{mode}", keys["write"], mode=mode) as client:
        assert client.info["serverInfo"]["name"] == "agentmem"
        await all_of_them(client, set(await client.tools()))
        assert "安娜，素食者" in await client.read("agentmem://core")
        assert "人物" in {item["name"] for item in await client.resources()}
        assert len(await client.templates()) == 2
        assert await client.prompts() == ["with_memory", "keep_this"]
        assert "安娜，素食者" in await client.prompt("with_memory", question="茶？")
        with pytest.raises(Exception, match="not_found"):
            await client.read("agentmem://memory/nothing")


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 50_000, b'{"jsonrpc":"2.0","method":"tools/list","id":' + b"9" * 5_000 + b"}"],
    ids=["lists", "objects", "digits"],
)  # fmt: skip
async def test_what_cannot_be_read_is_no_fault_of_the_server(body, kept):
    server, keys = kept
    async with httpx.AsyncClient(headers={**JSON, **PROTOCOL, "Authorization": f"Bearer {keys['write']}"}) as ask:
        answer = await ask.post(f"{server.url}/mcp", content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_without_a_key_there_is_nothing(kept):
    server, _ = kept
    for key in (None, "agm_wrong"):
        with pytest.raises(Exception) as refused:  # noqa: PT011 - a group, of the SDK's own making
            async with over_http(f"{server.url}/mcp", key) as client:
                await client.tools()
        assert not isinstance(refused.value, AssertionError)
        headers = {**JSON, **({} if key is None else {"Authorization": f"Bearer {key}"})}
        answer = await posted(f"{server.url}/mcp", calling("remember", text="不"), headers)
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthenticated"
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_read_key_reads_and_what_it_may_not_is_written_down(kept):
    server, keys = kept
    async with over_http(f"{server.url}/mcp?user_id=reader", keys["write"]) as writer:
        memory_id = await remembered(writer, "安娜喜欢茶")
    async with over_http(f"{server.url}/mcp?user_id=reader", keys["read"]) as client:
        assert set(await client.tools()) == READS
        assert await client.prompts() == ["with_memory"]
        assert (await client.call("recall", query="茶")).data["hits"][0]["id"] == memory_id
        assert memory_id in await client.read("agentmem://recent")
        wanted: dict[str, dict[str, Any]] = {
            "remember": {"text": "不"}, "update_memory": {"id": memory_id, "text": "不"}, "restore_memory": {"id": memory_id, "version": 1},
            "delete_memory": {"ids": [memory_id]}, "forget": {"ids": [memory_id]}, "learn": {},
            "relate": {"source": "甲", "relation": "乙", "target": "丙"}, "core_set": {"label": "人物", "text": "不"},
            "core_append": {"label": "人物", "text": "不"}, "core_replace": {"label": "人物", "old": "不", "new": "是"},
        }  # fmt: skip
        assert set(wanted) == set(TOOLS) - READS
        for name, arguments in wanted.items():
            told = await client.call(name, **arguments)
            assert told.code == "forbidden", name
            assert "role write" in told.text
        listed = (await client.call("list_memories")).data["memories"]
        assert [(item["id"], item["content"]) for item in listed] == [(memory_id, "安娜喜欢茶")]


async def test_a_key_for_one_user_reaches_no_other(kept):
    server, keys = kept
    async with over_http(f"{server.url}/mcp", keys["ana"]) as ana, over_http(f"{server.url}/mcp", keys["bo"]) as bo:
        memory_id = await remembered(ana, "安娜的秘密")
        for name in ("get_memory", "memory_history"):
            assert (await bo.call(name, id=memory_id)).code == "not_found"
        assert (await bo.call("update_memory", id=memory_id, text="不")).code == "not_found"
        assert (await bo.call("forget", ids=[memory_id])).data["memories"] == 0
        assert (await bo.call("recall", query="秘密")).data == {"hits": []}
        with pytest.raises(Exception, match="not_found"):
            await bo.read(f"agentmem://memory/{memory_id}")
        assert (await ana.call("get_memory", id=memory_id)).data["scope"]["user_id"] == "ana"
    headers = {**JSON, "Authorization": f"Bearer {keys['bo']}"}
    for query in ("user_id=ana", "tenant=globex"):
        answer = await posted(f"{server.url}/mcp?{query}", calling("recall", query="秘密"), headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_another_tenant_does_not_exist(kept):
    server, keys = kept
    async with over_http(f"{server.url}/mcp?user_id=eve", keys["write"]) as ours:
        memory_id = await remembered(ours, "我们的事")
        async with over_http(f"{server.url}/mcp?user_id=eve", keys["other"]) as theirs:
            assert (await theirs.call("get_memory", id=memory_id)).code == "not_found"
            assert (await theirs.call("list_memories")).data == {"memories": []}
            assert (await theirs.call("delete_memory", ids=[memory_id])).code == "not_found"
            assert await theirs.read("agentmem://core") == ""
        assert (await ours.call("get_memory", id=memory_id)).data["content"] == "我们的事"


async def test_agents_and_sessions_narrow_and_read_only_is_heeded(kept):
    server, keys = kept
    narrow = f"{server.url}/mcp?user_id=narrow&agent_id=coder&session_id=s1"
    async with over_http(narrow, keys["write"]) as one, over_http(narrow.replace("s1", "s2"), keys["write"]) as two:
        memory_id = await remembered(one, "只在这次会话里")
        assert (await two.call("get_memory", id=memory_id)).code == "not_found"
        scope = (await one.call("get_memory", id=memory_id)).data["scope"]
        assert (scope["agent_id"], scope["session_id"]) == ("coder", "s1")
    async with over_http(f"{narrow}&read_only=true", keys["write"]) as client:
        assert set(await client.tools()) == READS
        assert (await client.call("forget", ids=[memory_id])).code == "forbidden"
        assert (await client.call("get_memory", id=memory_id)).data["content"] == "只在这次会话里"


def test_limits_hold_for_tools_too(kept):
    server, keys = kept
    headers = {**JSON, **PROTOCOL, "Authorization": f"Bearer {keys['few']}"}
    answers = [httpx.post(f"{server.url}/mcp", json=LIST, headers=headers) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "ratelimit-limit" in answers[0].headers
    assert answers[3].json()["code"] == "rate_limited"
    assert int(answers[3].headers["retry-after"]) > 0


async def test_two_clients_at_once(kept):
    server, keys = kept
    url = f"{server.url}/mcp?user_id=both"
    async with over_http(url, keys["write"]) as one, over_http(url, keys["write"]) as two:
        ids = await asyncio.gather(*(remembered((one, two)[n % 2], f"第{n}条，从客户端{n % 2}") for n in range(60)))
        assert len(set(ids)) == 60
        for client in (one, two):
            page = (await client.call("list_memories", limit=100)).data["memories"]
            assert {item["id"] for item in page} == set(ids)


def test_what_is_no_request_of_the_protocol_is_refused(kept):
    server, keys = kept
    url, headers = f"{server.url}/mcp", {**JSON, **PROTOCOL, "Authorization": f"Bearer {keys['write']}"}
    with httpx.Client(headers=headers) as ask:
        got = ask.get(url)
        assert (got.status_code, got.headers["allow"]) == (405, "POST")
        assert ask.delete(url).status_code == 405
        assert ask.post(url, json=LIST, headers={"Content-Type": "text/plain"}).status_code == 415
        assert ask.post(url, content=b"{nonsense").status_code == 400
        assert ask.post(url, json=[LIST, LIST]).status_code == 400
        assert ask.post(url, json=LIST, headers={"Accept": "text/html"}).status_code == 406
        assert ask.post(url, json=LIST, headers={"Origin": "https://evil.example"}).status_code == 403
        assert ask.post(f"{url}?who=me", json=LIST).json()["detail"] == "who: is not an argument of this call"
        assert ask.post(f"{url}?user_id=a&user_id=b", json=LIST).status_code == 422
        assert ask.post(f"{url}?read_only=perhaps", json=LIST).status_code == 422
        assert ask.post(url, content=b" " * 16_000_001).status_code == 413
        answer = ask.post(url, json=LIST)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-request-id"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert {tool["name"] for tool in answer.json()["result"]["tools"]} == set(TOOLS)
        assert ask.post(url, json=LIST | {"method": "tools/lisp"}).json()["error"]["code"] in {-32601, -32602}
        large = ask.post(url, json=calling("remember", text="茶" * 1_000_000)).json()["result"]
        assert large["isError"]
        assert large["content"][0]["text"].startswith("invalid_input: content: is 3,000,000 bytes")


async def test_every_operation_is_written_down_and_changes_are_told(tmp_path):
    ana, reader = keyed(tmp_path, {"user_id": "ana"}, {"user_id": "ana", "role": "read"})
    with serving(tmp_path) as server:
        async with over_http(f"{server.url}/mcp", ana) as client:
            with httpx.stream("GET", f"{server.url}/v1/events", headers={"Authorization": f"Bearer {ana}"}) as events:
                lines = events.iter_lines()
                next(lines)
                memory_id = await remembered(client, "安娜的电话是一二三")
                heard = next(json.loads(line[6:]) for line in lines if memory_id in line)
        assert heard["user_id"] == "ana"
        async with over_http(f"{server.url}/mcp", reader) as client:
            assert (await client.call("delete_memory", ids=[memory_id])).code == "forbidden"
            assert (await client.call("core_set", label="人物", text="不")).code == "forbidden"
        headers = {**JSON, **PROTOCOL, "Authorization": f"Bearer {reader}"}
        assert (await posted(f"{server.url}/mcp?user_id=bo", LIST, headers)).status_code == 403
        server.stop()
    trail = SqliteTrail(tmp_path)
    try:
        written = [json.loads(entry.text) for entry in trail.walk()]
    finally:
        trail.close()
    asked = [(entry["op"], entry["code"], entry["user"]) for entry in written if "user" in entry]
    assert asked == [
        ("stats", "ok", "ana"),  # to hear of changes
        ("add_many", "ok", "ana"), ("delete_many", "forbidden", "ana"), ("core_set", "forbidden", "ana"), ("stats", "forbidden", "ana"),
    ]  # fmt: skip
    assert [entry["ids"] for entry in written if entry.get("ids")] == [[memory_id], [memory_id]]
    assert "一二三" not in json.dumps(written, ensure_ascii=False)
    requests = [json.loads(line) for line in server.log if '"message": "request"' in line]
    assert {line["code"] for line in requests if line["operation"] == "mcp"} == {"ok", "forbidden"}
    assert "一二三" not in "".join(server.log)


async def test_killed_it_loses_nothing_that_it_acknowledged(tmp_path):
    acknowledged: list[str] = []

    async def adding(name: str) -> None:
        async with over_http(f"{server.url}/mcp?user_id=ana") as client:
            for number in range(1_000):
                acknowledged.extend([await remembered(client, f"{name}的第{number}条")])
                if len(acknowledged) == 40:
                    server.process.send_signal(signal.SIGKILL)

    with serving(tmp_path, env={"AGENTMEM_DURABILITY": "full"}) as server:
        ended = await asyncio.gather(adding("甲"), adding("乙"), return_exceptions=True)
    assert all(isinstance(error, Exception) and not isinstance(error, AssertionError) for error in ended)
    with AgentMem(tmp_path, embedder="hashing", index="none", user_id="ana") as memory:
        assert len(memory.get_many(acknowledged)) == len(acknowledged) >= 40
        assert memory.health().ok


def test_a_server_without_the_sdk_says_so(tmp_path):
    code = "import sys; sys.modules['mcp'] = None; from agentmem_core.server.__main__ import main; sys.exit(main(sys.argv[1:]))"
    with serving(tmp_path, command=(sys.executable, "-c", code)) as server:
        answer = httpx.post(f"{server.url}/mcp", json=LIST, headers=JSON)
        assert answer.status_code == 409
        assert 'pip install "agentmem-core[mcp]"' in answer.json()["detail"]
        assert httpx.get(f"{server.url}/v1/memories", params={"user_id": "ana"}).status_code == 200


def test_a_client_in_a_browser_is_let_ask_from_where_it_may():
    page = {"Origin": "https://inspector.example"}
    with serving_here(in_memory(), settings=ServerSettings(origins=("https://inspector.example",))) as (url, _):
        wanted = "authorization, content-type, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name"
        asked = {**page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": wanted}
        assert httpx.options(f"{url}/mcp", headers=asked).status_code == 200
        answer = httpx.post(f"{url}/mcp", json=LIST, headers=JSON | PROTOCOL | page, timeout=30)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://inspector.example"


def test_a_tool_that_takes_too_long_is_given_up():
    held = Held(in_memory())
    with serving_here(held, settings=ServerSettings(timeout=0.3)) as (url, _):
        answer = httpx.post(f"{url}/mcp", json=calling("remember", text="茶"), headers=JSON | PROTOCOL, timeout=30)
        told = answer.json()["result"]
        assert told["isError"]
        assert told["content"][0]["text"].startswith("timed_out: it took longer than 0.3 s")
        held.go.set()
        listed = httpx.post(f"{url}/mcp", json=calling("list_memories"), headers=JSON | PROTOCOL, timeout=30)
        assert listed.json()["result"]["structuredContent"] == {"memories": []}
    held.close()


def test_a_client_that_goes_away_leaves_nothing_under_way():
    held = Held(in_memory())
    with serving_here(held) as (url, state):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/mcp", json=calling("remember", text="茶"), headers=JSON | PROTOCOL, timeout=2.5)
        assert held.come.is_set()
        until = time.monotonic() + 20
        while state.load.requests and time.monotonic() < until:
            time.sleep(0.02)
        assert state.load.requests == 0
        held.go.set()
    held.close()

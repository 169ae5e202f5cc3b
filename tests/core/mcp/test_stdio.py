"""``agentmem mcp``: a real process, asked by the SDK's own client, or line by line."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.core.mcp.cases import CASES, all_of_them, remembered
from tests.core.mcp.clients import COMMAND, MODES, keyed, over_stdio, surroundings
from tests.core.server_process import serving

from agentmem_core import AgentMem

HELLO = {
    "jsonrpc": "2.0", "id": 0, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}},
}  # fmt: skip
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def call(number: int, name: str, **arguments: Any) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": name, "arguments": arguments},
    }  # fmt: skip


@contextmanager
def started(*arguments: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, *COMMAND, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8", env=surroundings(env),
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None and not stream.closed:
                    stream.close()
            errors.seek(0)
            said = errors.read()
        assert "Traceback" not in said, said


def say(process: subprocess.Popen[str], *messages: dict[str, Any]) -> None:
    assert process.stdin is not None
    for message in messages:
        process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize("mode", MODES)
async def test_the_sdks_client_calls_every_tool(mode, tmp_path):
    env = {"AGENTMEM_LEARNER": "rules"}
    async with over_stdio("--path", str(tmp_path / "new"), "--user", "安娜", mode=mode, env=env) as client:
        assert client.info["serverInfo"]["name"] == "agentmem"
        assert "recall" in client.info["instructions"]
        tools = await client.tools()
        await all_of_them(client, set(tools))
        assert tools["forget"]["annotations"]["destructiveHint"] is True
        assert tools["recall"]["annotations"]["readOnlyHint"] is True
        assert (await client.call("不存在")).code == "invalid_input"
        resources = {item["name"]: item["uri"] for item in await client.resources()}
        assert "安娜，素食者" in await client.read(resources["core"])
        assert await client.read(resources["人物"]) == "安娜，素食者"
        assert len(await client.templates()) == 2
        with pytest.raises(Exception, match="there is no resource"):
            await client.read("agentmem://nothing")
        assert await client.prompts() == ["with_memory", "keep_this"]
        assert "安娜，素食者" in await client.prompt("with_memory", question="茶？")
    with AgentMem(tmp_path / "new", embedder="hashing", index="none") as memory:
        assert memory.stats(user_id="安娜").memories > 10
        assert memory.stats().memories == 0


async def test_read_only_serves_tools_that_look(tmp_path):
    with AgentMem(tmp_path, embedder="hashing", index="none") as memory:
        memory_id = memory.add("安娜喜欢茶").ids[0]
    async with over_stdio("--path", str(tmp_path), "--read-only", env={"AGENTMEM_LEARNER": "rules"}) as client:
        assert {tool["annotations"]["readOnlyHint"] for tool in (await client.tools()).values()} == {True}
        assert (await client.call("recall", query="茶")).data["hits"][0]["id"] == memory_id
        for name in ("remember", "delete_memory", "forget", "core_set", "learn"):
            assert (await client.call(name, text="不", ids=[memory_id])).code == "forbidden"
        assert (await client.call("get_memory", id=memory_id)).data["content"] == "安娜喜欢茶"


async def test_it_stands_in_front_of_a_server(tmp_path):
    reader, writer = keyed(tmp_path, {"role": "read", "user_id": "ana"}, {"role": "write", "user_id": "ana"})
    with serving(tmp_path) as server:
        ask = ("--api-url", server.url, "--tenant", "acme", "--user", "ana")
        async with over_stdio(*ask, env={"AGENTMEM_API_KEY": writer}) as client:
            memory_id = await remembered(client, "安娜住在里斯本")
            assert (await client.call("get_memory", id="没有")).code == "not_found"
        async with over_stdio(*ask, "--api-key", reader) as client:
            assert (await client.call("recall", query="里斯本")).data["hits"][0]["id"] == memory_id
            assert (await client.call("remember", text="不")).code == "forbidden"


async def test_a_server_refuses_what_its_key_may_not(tmp_path):
    [bo] = keyed(tmp_path, {"user_id": "bo"})
    with serving(tmp_path) as server:
        ask = ("--api-url", server.url, "--tenant", "acme")
        async with over_stdio(*ask, "--user", "ana", "--api-key", bo) as client:
            assert (await client.call("list_memories")).code == "forbidden"
        async with over_stdio(*ask, "--user", "bo", "--api-key", "agm_wrong") as client:
            assert (await client.call("list_memories")).code == "unauthenticated"
            server.stop()
            assert (await client.call("list_memories")).code == "server_unavailable"


async def test_two_clients_at_once_share_a_store(tmp_path):
    ask = ("--path", str(tmp_path / "store"), "--user", "ana")
    async with over_stdio(*ask) as one, over_stdio(*ask) as two:
        clients = (one, two)
        ids = await asyncio.gather(*(remembered(clients[n % 2], f"第{n}条，从客户端{n % 2}") for n in range(40)))
        assert len(set(ids)) == 40
        for client in clients:
            page = (await client.call("list_memories", limit=100)).data["memories"]
            assert {item["id"] for item in page} == set(ids)
            assert (await client.call("recall", query="第39条")).data["hits"][0]["id"] == ids[39]


def test_standard_output_carries_the_protocol_and_nothing_else(tmp_path):
    """Whatever prints, also below Python; and what cannot be understood ends nothing."""
    noisy = tmp_path / "noisy.py"
    noisy.write_text(
        "import os, sys\n"
        "from agentmem_core.client.agentmem import AgentMem\n"
        "from agentmem_core.cli import main\n"
        "asked = AgentMem.asearch\n"
        "async def loud(self, *given, **more):\n"
        "    print('said by Python'); os.write(1, b'said by C\\n'); os.system('echo said by a child')\n"
        "    return await asked(self, *given, **more)\n"
        "AgentMem.asearch = loud\n"
        "main()\n"
    )
    lines = [
        *(json.dumps(item) for item in (HELLO, READY, call(1, "recall", query="茶"))), "", "{nonsense", "[]", '{"id": 7}',
        json.dumps(call(2, "recall", query="茶", limit=10**400)), json.dumps(call(3, "remember", text="\x00")),
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(noisy), "mcp", "--path", str(tmp_path / "store")],
        input=b"\n".join(line.encode() for line in lines) + b"\n\xff\xfe\n" + json.dumps(call(9, "core_blocks")).encode(),
        capture_output=True, env=surroundings(), check=False, timeout=60,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert {answer["jsonrpc"] for answer in answers} == {"2.0"}
    assert {0, 1, 2, 3, 9} <= {answer.get("id") for answer in answers}
    by_id = {answer.get("id"): answer for answer in answers}
    assert by_id[1]["result"]["content"][0]["text"] == "Nothing is remembered about that."
    assert by_id[3]["result"]["content"][0]["text"].startswith("invalid_input: ")
    for source in (b"said by Python", b"said by C", b"said by a child"):
        assert source in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("end", ["hang up", signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_zero_and_what_was_asked_is_answered(end, tmp_path):
    with started("--path", str(tmp_path)) as process:
        say(process, HELLO, READY)
        assert hear(process)["id"] == 0
        say(process, *(call(number, "remember", text=f"第{number}条") for number in range(1, 21)))
        if end == "hang up":
            assert process.stdin is not None
            process.stdin.close()
        else:
            assert hear(process)["id"] in range(1, 21)
            process.send_signal(end)
        assert process.wait(30) == 0
        assert process.stdout is not None
        answered = [json.loads(line)["id"] for line in process.stdout]
    with AgentMem(tmp_path, embedder="hashing", index="none") as memory:
        kept = memory.stats().memories
    assert kept >= len(answered)
    if end == "hang up":
        assert sorted(answered) == list(range(1, 21))
        assert kept == 20


def test_a_client_that_reads_no_more_ends_it(tmp_path):
    with started("--path", str(tmp_path)) as process:
        say(process, HELLO, READY)
        assert hear(process)["id"] == 0
        assert process.stdout is not None
        process.stdout.close()
        say(process, call(1, "remember", text="没人听"))
        assert process.wait(30) == 0
    with AgentMem(tmp_path, embedder="hashing", index="none") as memory:
        assert memory.stats().memories == 1


def test_killed_it_loses_nothing_that_it_acknowledged(tmp_path):
    acknowledged: list[str] = []
    with started("--path", str(tmp_path), AGENTMEM_DURABILITY="full") as process:
        say(process, HELLO, READY)
        hear(process)
        say(process, *(call(number, "remember", text=f"第{number}条") for number in range(1, 200)))
        while len(acknowledged) < 30:
            acknowledged += hear(process)["result"]["structuredContent"]["ids"]
        process.send_signal(signal.SIGKILL)
        assert process.wait(30) == -signal.SIGKILL
    with AgentMem(tmp_path, embedder="hashing", index="none") as memory:
        assert len(memory.get_many(acknowledged)) == len(acknowledged) >= 30
        assert memory.health().ok


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["--path", "{file}"], 1, "store_unavailable"),
        (["--path", "{nothing}", "--read-only"], 1, "there is no store in"),
        (["--path", "{nothing}", "--api-url", "http://127.0.0.1:1"], 2, "give one of them"),
        (["--json"], 2, "leave it out"),
        (["--user", ""], 2, "user_id: must not be empty"),
        (["--port", "1"], 2, "No such option"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_line(arguments, code, why, tmp_path):
    (tmp_path / "file").write_text("no store")
    places = {"file": str(tmp_path / "file"), "nothing": str(tmp_path / "nothing")}
    done = subprocess.run(
        [sys.executable, *COMMAND, *(part.format_map(places) for part in arguments)],
        input="", capture_output=True, text=True, check=False, timeout=60, env=surroundings({"AGENTMEM_PATH": str(tmp_path / "default")}),
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert why in " ".join(done.stderr.split())
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_without_the_sdk_it_says_what_to_install(tmp_path):
    code = "import sys; sys.modules['mcp'] = None; sys.argv = ['agentmem', 'mcp']; from agentmem_core.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], input="", capture_output=True, text=True, check=False, timeout=60,
        env=surroundings({"AGENTMEM_PATH": str(tmp_path)}),
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == 'agentmem: MCP needs an extra; run: pip install "agentmem-core[mcp]" (not_configured)\n'


def test_a_server_that_is_not_there_delays_the_first_answer_little(tmp_path):
    with started("--api-url", "http://127.0.0.1:9", AGENTMEM_PATH=str(tmp_path)) as process:
        say(process, HELLO, READY)
        assert hear(process)["id"] == 0
        begun = time.monotonic()
        say(process, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert len(hear(process)["result"]["tools"]) == len(CASES) - 1  # nobody said that anything can be learnt
        assert time.monotonic() - begun < 10
    assert not list(Path(tmp_path).iterdir())

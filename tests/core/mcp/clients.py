"""The SDK's own client, whichever generation of it is installed, with its answers as plain JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

FIRST = version("mcp").startswith("1.")
MODES = ("legacy",) if FIRST else ("legacy", "auto")
"""The handshake of 2025, and what 2.x asks for by itself."""


@dataclass(frozen=True)
class Told:
    """What a tool answered: ``code`` is that of an error, empty when it was none."""

    text: str
    data: Any = None
    code: str = ""


class Client:
    """One client of one server."""

    def __init__(self, session: Any, info: Any) -> None:
        self.session = session
        self.info = info

    async def tools(self) -> dict[str, Any]:
        return {tool["name"]: tool for tool in _plain(await self.session.list_tools())["tools"]}

    async def call(self, name: str, **arguments: Any) -> Told:
        answer = _plain(await self.session.call_tool(name, arguments))
        text = "\n".join(part["text"] for part in answer["content"])
        if answer.get("isError"):
            assert answer.get("structuredContent") is None
            assert "Traceback" not in text
            assert "\n" not in text
            return Told(text, code=text.partition(":")[0])
        return Told(text, answer["structuredContent"])

    async def resources(self) -> list[Any]:
        return list(_plain(await self.session.list_resources())["resources"])

    async def templates(self) -> list[Any]:
        return list(_plain(await self.session.list_resource_templates())["resourceTemplates"])

    async def read(self, uri: Any) -> str:
        [content] = _plain(await self.session.read_resource(uri))["contents"]
        return str(content["text"])

    async def prompts(self) -> list[str]:
        return [prompt["name"] for prompt in _plain(await self.session.list_prompts())["prompts"]]

    async def prompt(self, name: str, **arguments: str) -> str:
        [message] = _plain(await self.session.get_prompt(name, arguments))["messages"]
        return str(message["content"]["text"])


@asynccontextmanager
async def over_stdio(
    *arguments: str, mode: str = "legacy", env: Mapping[str, str] | None = None, errlog: Any = None
) -> AsyncIterator[Client]:
    """A client of ``agentmem mcp`` in a process of its own."""
    parameters = StdioServerParameters(command=sys.executable, args=[*COMMAND, *arguments], env=surroundings(env))
    transport = stdio_client(parameters, errlog=errlog or sys.__stderr__ or sys.stderr)
    async with _connected(transport, mode) as client:
        yield client


@asynccontextmanager
async def over_http(url: str, key: str | None = None, *, mode: str = "legacy") -> AsyncIterator[Client]:
    """A client of a server's ``/mcp``; ``url`` may say whose memories."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    asking: Any = httpx if FIRST else import_module("httpx2")  # which mcp 2.x brings along
    async with asking.AsyncClient(headers=headers, timeout=60) as asks:
        transport: Any = streamable_http_client(url, http_client=asks)
        async with _connected(transport, mode) as client:
            yield client


@asynccontextmanager
async def _connected(transport: Any, mode: str) -> AsyncIterator[Client]:
    if FIRST:
        async with transport as streams, ClientSession(*streams[:2]) as session:
            yield Client(session, _plain(await session.initialize()))
        return
    import mcp

    made: Any = mcp
    async with made.Client(transport, mode=mode) as client:
        yield Client(client, {"instructions": client.instructions, "serverInfo": _plain(client.server_info)})


COMMAND = ("-m", "agentmem_core.cli", "mcp")


def surroundings(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment without anything of ours, and without a home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AGENTMEM_")}
    return {**kept, "AGENTMEM_EMBEDDER": "hashing", "AGENTMEM_INDEX": "none", "HOME": os.devnull, **(more or {})}


def keyed(folder: Path, *wanted: Mapping[str, Any]) -> list[str]:
    """Keys beside a store, made before its server starts; answers their secrets."""
    from agentmem_core.server.security.keys import Keys
    from agentmem_core.storage.sqlite import SqliteKeys

    folder.mkdir(parents=True, exist_ok=True)
    store = SqliteKeys(folder)
    try:
        return [Keys(store).create(**{"tenant": "acme", **options}).secret for options in wanted]
    finally:
        store.close()


def _plain(answer: Any) -> Any:
    return answer.model_dump(mode="json", by_alias=True, exclude_none=True)

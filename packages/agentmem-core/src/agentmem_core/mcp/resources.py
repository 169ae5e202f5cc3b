"""Resources: what a client can read into a conversation without asking the model."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, unquote

from agentmem_core.client.agentmem import AgentMem
from agentmem_core.errors import NotFoundError
from agentmem_core.mcp.arguments import Json
from agentmem_core.mcp.showing import lines, whole

_SCHEME = "agentmem://"
_TEXT, _JSON = "text/plain", "application/json"
_RECENT = 50

FIXED: tuple[Json, ...] = (
    {"uri": _SCHEME + "core", "name": "core", "title": "Core blocks", "description": "All core blocks, as prompt text", "mimeType": _TEXT},
    {"uri": _SCHEME + "recent", "name": "recent", "title": "Recent memories", "description": f"The newest {_RECENT} memories, a line each", "mimeType": _TEXT},
    {"uri": _SCHEME + "stats", "name": "stats", "title": "Statistics", "description": "How much is remembered, by type", "mimeType": _JSON},
)  # fmt: skip

TEMPLATES: tuple[Json, ...] = (
    {"uriTemplate": _SCHEME + "memory/{id}", "name": "memory", "title": "A memory", "description": "One memory with all its fields", "mimeType": _JSON},
    {"uriTemplate": _SCHEME + "block/{label}", "name": "block", "title": "A core block", "description": "The text of one core block", "mimeType": _TEXT},
)  # fmt: skip

_URI = re.compile(_SCHEME + "(memory|block)/([^/?#]+)")


async def listed(memory: AgentMem) -> list[Json]:
    """Those that are always there, and a block each."""
    blocks = [
        {
            "uri": f"{_SCHEME}block/{quote(block.label, safe='')}", "name": block.label, "title": f"Core block {block.label}",
            "mimeType": _TEXT,
        }
        for block in await memory.core.ablocks()
    ]  # fmt: skip
    return [*FIXED, *blocks]


async def read(memory: AgentMem, uri: str) -> Json:
    """The contents at an address, which are those of the scope."""
    text, media = await _found(memory, uri)
    return {"contents": [{"uri": uri, "mimeType": media, "text": text}]}


async def _found(memory: AgentMem, uri: str) -> tuple[str, str]:
    match uri.removeprefix(_SCHEME) if uri.startswith(_SCHEME) else "":
        case "core":
            return await memory.core.acompile(), _TEXT
        case "recent":
            page = await memory.alist(limit=_RECENT, order="newest")
            return lines(page.items, "Nothing is remembered here."), _TEXT
        case "stats":
            return _json(_of_the_scope((await memory.astats()).model_dump(mode="json"))), _JSON
        case _:
            found = _URI.fullmatch(uri)
            if found is None:
                raise NotFoundError(f"there is no resource {uri!r}; list the resources and their templates")
            name = unquote(found[2])
            if found[1] == "block":
                return (await memory.core.aget(name)).text, _TEXT
            return _json(whole(await memory.aget(name))), _JSON


def _of_the_scope(stats: dict[str, Any]) -> Json:
    """Without what concerns the store, which others share."""
    return {name: stats[name] for name in ("memories", "by_type", "sessions", "links")}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)

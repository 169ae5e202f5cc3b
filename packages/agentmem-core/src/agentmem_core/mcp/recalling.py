"""Tools that look: recall, context, lists, one memory, its history, what is related."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from agentmem_core.client.agentmem import AgentMem
from agentmem_core.mcp.arguments import Arguments, Moment, TypeName
from agentmem_core.mcp.showing import LONGEST, brief, line, lines, unsealed, whole
from agentmem_core.mcp.tool import Answer, Tool, answer, many
from agentmem_core.model import Version
from agentmem_core.model.agents import Neighbour
from agentmem_core.recall.telling import worth_telling

NOTHING = "Nothing is remembered about that."


class _Recall(Arguments):
    query: Annotated[str, Field(description="Plain words, any language")]
    limit: int = 10
    types: tuple[TypeName, ...] | None = None
    filters: Annotated[dict[str, Any] | None, Field(description='Metadata to match: {"project": "atlas"}')] = None
    as_of: Annotated[Moment | None, Field(description="ISO date: what held then")] = None


async def _recall(memory: AgentMem, said: _Recall) -> Answer:
    found = worth_telling(
        await memory.asearch(
            said.query, limit=said.limit, types=said.types, filters=said.filters or None, as_of=said.as_of
        ),
        query=said.query,
    )
    text = lines((hit.memory for hit in found), NOTHING)
    return Answer(text, {"hits": [{**brief(hit.memory), "score": round(hit.score, 4)} for hit in found]})


class _Context(Arguments):
    query: str
    max_tokens: int = 1_000


async def _context(memory: AgentMem, said: _Context) -> Answer:
    found = await memory.acontext(said.query, max_tokens=said.max_tokens)
    data = {"text": str(found), "tokens": found.tokens, "ids": [hit.memory.id for hit in found.hits]}
    return Answer(str(found) or NOTHING, data)


class _List(Arguments):
    limit: int = 20
    cursor: Annotated[str | None, Field(description="next_cursor of the page before")] = None
    types: Annotated[tuple[str, ...] | None, Field(description="As in recall")] = None
    oldest_first: bool = False


async def _list(memory: AgentMem, said: _List) -> Answer:
    page = await memory.alist(
        limit=said.limit, cursor=said.cursor, types=said.types, order="oldest" if said.oldest_first else "newest"
    )
    text = lines(page.items, "Nothing is remembered here.")
    if page.next_cursor is not None:
        text += f"\nMore: cursor={page.next_cursor}"
    data = {"memories": [brief(item) for item in page.items], "next_cursor": page.next_cursor}
    return Answer(text, {name: value for name, value in data.items() if value is not None})


class _Id(Arguments):
    id: str


async def _get(memory: AgentMem, said: _Id) -> Answer:
    found = whole(await memory.aget(said.id))
    return Answer(json.dumps(found, ensure_ascii=False), found)


async def _history(memory: AgentMem, said: _Id) -> Answer:
    versions = await memory.ahistory(said.id)
    told = [
        {**version.model_dump(mode="json", exclude_none=True), "metadata": unsealed(version.metadata)}
        for version in versions
    ]
    return Answer("\n".join(map(_version, versions)), {"versions": told})


def _version(version: Version) -> str:
    why = f" ({version.reason})" if version.reason else ""
    said = " ".join(version.content.split())[:LONGEST]
    return f"version {version.version} [{version.changed_at:%Y-%m-%d %H:%M}] {version.operation}{why}: {said}"


class _Related(Arguments):
    to: Annotated[str, Field(description="A name or a memory's id")]
    depth: Annotated[int, Field(description="Links away")] = 1
    relation: str | None = None


async def _related(memory: AgentMem, said: _Related) -> Answer:
    found = await memory.semantic.aneighbours(said.to, depth=said.depth, relation=said.relation, limit=100)
    told = [
        {
            "name": item.node, "relation": item.relation, "outgoing": item.outgoing, "depth": item.depth, "weight": item.weight,
            **({"memory": brief(item.memory)} if item.memory is not None else {}),
        }
        for item in found
    ]  # fmt: skip
    return Answer("\n".join(map(_neighbour, found)) or f"Nothing is related to {said.to}.", {"related": told})


def _neighbour(item: Neighbour) -> str:
    link = item.link
    told = f"{link.source} {link.relation} {link.target}"
    return told if item.memory is None else f"{told}: {line(item.memory)}"


RECALLING = (
    Tool(
        "recall", "Search memory",
        "Search what is remembered of earlier conversations, best first; each line begins with an id. "
        "Use it before answering what may depend on the past.",
        "reads", _Recall, _recall, answer(hits=many(id="string", content="string", score="number")),
    ),
    Tool(
        "context", "Memory as prompt text", "What is remembered about a question, as text in order of time within a token limit.",
        "reads", _Context, _context, answer(text="string", tokens="integer", ids="string[]"),
    ),
    Tool(
        "list_memories", "List memories", "Memories page by page, newest first.",
        "reads", _List, _list, answer(memories=many(id="string", content="string"), next_cursor="string"),
    ),
    Tool("get_memory", "Read a memory", "One memory with all its fields.", "reads", _Id, _get, answer(id="string", content="string")),
    Tool(
        "memory_history", "History of a memory", "Every version of a memory, oldest first; of a deleted one too.",
        "reads", _Id, _history, answer(versions="object[]"),
    ),
    Tool(
        "related", "What is related", "What relations lead to and from a person, a thing or a memory.",
        "reads", _Related, _related, answer(related="object[]"),
    ),
)  # fmt: skip

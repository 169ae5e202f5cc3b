"""Looking over all records of a scope: how many, how old, which children and categories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from crewai.memory.types import ScopeInfo

from agentmem_core import AgentMem, Memory
from crewai_agentmem.fields import naive, tag_of, whole
from crewai_agentmem.filters import AnyFilter, path

PAGE = 1_000


def walk(client: AgentMem, filters: AnyFilter | None, collection: str) -> list[Memory]:
    """Every memory that passes, newest added first."""
    found: list[Memory] = []
    cursor: str | None = None
    while True:
        page = client.list(limit=PAGE, cursor=cursor, filters=filters, order="newest", collection=collection)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


async def awalk(client: AgentMem, filters: AnyFilter | None, collection: str) -> list[Memory]:
    """``walk`` without blocking the event loop."""
    found: list[Memory] = []
    cursor: str | None = None
    while True:
        page = await client.alist(limit=PAGE, cursor=cursor, filters=filters, order="newest", collection=collection)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


def newest(memories: Iterable[Memory], limit: int, offset: int) -> list[Memory]:
    """A part of them, newest first by their own date."""
    if whole("limit", limit) <= 0 or whole("offset", offset) < 0:
        return []
    return sorted(memories, key=lambda memory: memory.occurred_at, reverse=True)[offset : offset + limit]


def info_of(scope: str, memories: Iterable[Memory]) -> ScopeInfo:
    """What there is at a scope and below it."""
    found = list(memories)
    moments = [naive(memory.occurred_at) for memory in found]
    return ScopeInfo(
        path=path(scope),
        record_count=len(found),
        categories=sorted(categories_of(found)),
        oldest_record=min(moments, default=None),
        newest_record=max(moments, default=None),
        child_scopes=children_of(scope, found),
    )


def children_of(scope: str, memories: Iterable[Memory]) -> list[str]:
    """The scopes right below one that hold records, themselves or further down."""
    parent = path(scope)
    prefix = "/" if parent == "/" else parent + "/"
    paths = {str(tag_of(memory).get("scope", "/")) for memory in memories}
    return sorted({prefix + found[len(prefix) :].split("/", 1)[0] for found in paths if _is_below(found, prefix)})


def branches_of(scope: str, memories: Iterable[Memory]) -> list[str]:
    """``children_of``, and the scope itself where it holds records too: CrewAI searches only what is named here."""
    found = list(memories)
    below = children_of(scope, found)
    direct = any(tag_of(memory).get("scope", "/") == path(scope) for memory in found)
    return [path(scope), *below] if below and direct else below


def categories_of(memories: Iterable[Memory]) -> dict[str, int]:
    """How many records each category has."""
    return dict(Counter(name for memory in memories for name in tag_of(memory).get("categories", ())))


def _is_below(found: str, prefix: str) -> bool:
    return found.startswith(prefix) and len(found) > len(prefix)


def tree_of(scope: str, memories: Iterable[Memory], max_depth: int) -> str:
    """The scopes as an indented list with how many records each holds."""
    found = list(memories)
    deepest = whole("max_depth", max_depth)
    lines: list[str] = []

    def draw(at: str, depth: int) -> None:
        prefix = "/" if at == "/" else at + "/"
        here = [memory for memory in found if f"{tag_of(memory).get('scope', '/')}/".startswith(prefix)]
        lines.append(f"{'  ' * depth}{at} ({len(here)} records)")
        if depth < deepest:
            for child in children_of(at, here):
                draw(child, depth + 1)

    draw(path(scope), 0)
    return "\n".join(lines)

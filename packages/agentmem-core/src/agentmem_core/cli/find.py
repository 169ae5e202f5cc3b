"""``agentmem search``, ``context``, ``list``, ``show``: what is remembered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentmem_core.cli.output import say, show_fields, show_json, show_line, show_memories, show_text
from agentmem_core.cli.store import Asked
from agentmem_core.cli.texts import content_of, instant, pairs

if TYPE_CHECKING:
    from agentmem_core.client.agentmem import AgentMem
    from agentmem_core.model.memory import Memory

KINDS = ("core", "working", "episodic", "semantic", "procedural", "resource", "knowledge", "contextual")


def _kinds(incomplete: str) -> list[str]:
    return [kind for kind in KINDS if kind.startswith(incomplete)]


def _modes(incomplete: str) -> list[str]:
    return [mode for mode in ("hybrid", "dense", "lexical") if mode.startswith(incomplete)]


Types = Annotated[
    list[str] | None, typer.Option("--type", help="Only of this kind; more than once.", autocompletion=_kinds)
]
Filters = Annotated[
    list[str] | None, typer.Option("--filter", help="KEY=VALUE, more than once; or a filter as JSON.", metavar="FILTER")
]
Query = Annotated[str | None, typer.Argument(help="What is asked; - reads standard input.")]
AsOf = Annotated[str | None, typer.Option(help="What was valid then.")]
Now = Annotated[str | None, typer.Option(help='The moment from which "last May" is told.')]
MinScore = Annotated[float | None, typer.Option(help="From 0 to 1; weaker hits are left out.")]


def search(
    asked: Asked,
    query: Query = None,
    limit: Annotated[int, typer.Option(help="At most this many.")] = 10,
    types: Types = None,
    filters: Filters = None,
    mode: Annotated[str, typer.Option(help="hybrid, dense or lexical.", autocompletion=_modes)] = "hybrid",
    min_score: MinScore = None,
    as_of: AsOf = None,
    now: Now = None,
) -> None:
    """Find memories that answer a question, best first; with --json one hit a line."""
    text = content_of(query, "QUERY")
    with asked.opened() as memory:
        hits = memory.search(
            text, limit=limit, types=types or None, filters=pairs(filters, "--filter"), mode=mode, min_score=min_score,
            as_of=instant(as_of, "--as-of"), now=instant(now, "--now"),
        )  # fmt: skip
    if asked.as_json:
        for hit in hits:
            show_line({
                "score": hit.score, "signals": hit.signals.model_dump(), "memory": hit.memory.model_dump(mode="json"),
            })  # fmt: skip
    elif hits:
        show_memories((hit.memory for hit in hits), [hit.score for hit in hits])
    else:
        say(f"nothing was found{_of(asked, types, filters)}")


def context(
    asked: Asked,
    query: Query = None,
    max_tokens: Annotated[int, typer.Option(help="At most this long.")] = 1000,
    limit: Annotated[int, typer.Option(help="Of at most this many memories.")] = 20,
    types: Types = None,
    filters: Filters = None,
    min_score: MinScore = None,
    as_of: AsOf = None,
    now: Now = None,
) -> None:
    """What is remembered about a question, as text for a prompt."""
    text = content_of(query, "QUERY")
    with asked.opened() as memory:
        found = memory.context(
            text, max_tokens=max_tokens, limit=limit, types=types or None, filters=pairs(filters, "--filter"),
            min_score=min_score, as_of=instant(as_of, "--as-of"), now=instant(now, "--now"),
        )  # fmt: skip
    if asked.as_json:
        show_json({"text": str(found), "tokens": found.tokens, "ids": [hit.memory.id for hit in found.hits]})
    elif found:
        show_text(str(found))
    else:
        say(f"nothing was found{_of(asked, types, filters)}")


def list_(
    asked: Asked,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 100,
    everything: Annotated[bool, typer.Option("--all", help="Without a limit.")] = False,
    newest: Annotated[bool, typer.Option("--newest", help="The newest first, otherwise the oldest.")] = False,
    types: Types = None,
    filters: Filters = None,
) -> None:
    """Memories in the order they were added; with --json one a line."""
    shown = 0
    how: dict[str, Any] = {
        "types": types or None,
        "filters": pairs(filters, "--filter"),
        "order": "newest" if newest else "oldest",
    }
    with asked.opened() as memory:
        for page in _pages(memory, None if everything else limit, how):
            shown += len(page)
            if asked.as_json:
                for item in page:
                    show_line(item.model_dump(mode="json"))
            else:
                show_memories(page)
    if not shown and not asked.as_json:
        say(f"nothing is remembered here{_of(asked, types, filters)}")


def _of(asked: Asked, types: list[str] | None, filters: list[str] | None) -> str:
    """Whose memories were looked at, and which of them."""
    who = {"user": "default" if asked.user is None else asked.user, "agent": asked.agent, "session": asked.session}
    named = ", ".join(f"{kind} {name}" for kind, name in who.items() if name is not None)
    tenant = f" of tenant {asked.tenant}" if asked.tenant != "default" else ""
    chosen = ", of what --type and --filter choose" if types or filters else ""
    others = "; give another one with --user" if asked.user is None else ""
    return f" for {named}{tenant}{chosen}{others}"


def show(
    asked: Asked, id_: Annotated[str, typer.Argument(help="The memory's id.", metavar="ID")],
) -> None:  # fmt: skip
    """One memory with all its fields."""
    with asked.opened() as memory:
        found = memory.get(id_).model_dump(mode="json")
    if asked.as_json:
        show_json(found)
    else:
        show_fields(found | {f"scope.{name}": value for name, value in found.pop("scope").items()})


def _pages(memory: AgentMem, limit: int | None, how: dict[str, Any]) -> Iterator[tuple[Memory, ...]]:
    cursor, left = None, limit
    while left is None or left > 0:
        page = memory.list(limit=500 if left is None else min(left, 500), cursor=cursor, **how)
        if page.items:
            yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return
        left = None if left is None else left - len(page)

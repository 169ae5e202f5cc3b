"""``agentmem stats``, ``compact``, ``reindex``, ``maintain``: the store as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from agentmem_core.cli.output import progress, say, show_fields, show_json, show_text
from agentmem_core.cli.store import Asked
from agentmem_core.errors import InvalidInputError


def stats(asked: Asked, everyone: Annotated[bool, typer.Option("--everyone", help="All users.")] = False) -> None:
    """How much is remembered."""
    with asked.opened() as memory:
        found = memory.stats(everyone=everyone).model_dump(mode="json")
    if asked.as_json:
        show_json(found)
        return
    kinds = {f"  {kind}": count for kind, count in found["by_type"].items()}
    spaces = {
        f"collection {item['name']}": f"{item['memories']} by {item['embedder']}" for item in found["collections"]
    }
    rest = {name: found[name] for name in ("sessions", "deleted", "links", "bytes_on_disk")}
    show_fields({"memories": found["memories"], **kinds, **rest, **spaces})


def compact(asked: Asked) -> None:
    """Empty the trash and give free space back; others wait meanwhile."""
    with asked.opened() as memory:
        done = memory.compact()
    if asked.as_json:
        show_json(done.model_dump())
    else:
        say(f"purged {done.purged}; {done.bytes_before:,} bytes before, {done.bytes_after:,} after")


def reindex(
    asked: Asked,
    embedder: Annotated[str | None, typer.Option(help="Embed everything of the tenant with this one.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew what was left half-way.")] = False,
) -> None:
    """Build the index anew; with --embedder change what embeds. Interrupted, the next call goes on."""
    with asked.opened() as memory, progress("embedding" if embedder else "indexing") as tell:
        done = memory.reindex(embedder=embedder, progress=tell, restart=restart)
    if asked.as_json:
        show_json(done.model_dump())
    elif embedder is None:
        say("the index is built anew behind the ledger; searches are exact meanwhile")
    else:
        say(
            f"embedded {done.done} memories; from now on open the store with AGENTMEM_EMBEDDER={embedder}, or say it in agentmem.toml"
        )


def maintain(
    asked: Asked,
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Do it; otherwise only say what would be done.")
    ] = False,
    everyone: Annotated[bool, typer.Option("--everyone", help="All users of the tenant.")] = False,
    summarise: Annotated[
        bool, typer.Option("--summarise", help="Long sessions in a few sentences, by a model.")
    ] = False,
) -> None:
    """Let memories age: expire, merge, archive, fade. Says what it would do, unless --apply."""
    if everyone and asked.user is not None:
        raise InvalidInputError("--everyone takes every user; leave out --user")
    with asked.opened(whole_user=True) as memory:
        done = memory.maintain(dry_run=not apply, everyone=everyone, summarise=summarise)
    for warning in done.warnings:
        say(warning)
    if asked.as_json:
        show_json(done.model_dump(mode="json"))
    else:
        show_text(str(done))

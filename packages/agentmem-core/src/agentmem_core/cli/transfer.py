"""``agentmem export``, ``import``, ``import-from``: memories out and in."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from agentmem_core.cli.output import progress, say, show_json, show_text
from agentmem_core.cli.store import Asked
from agentmem_core.cli.texts import STDIN, lines_of_stdin
from agentmem_core.errors import InvalidInputError

_UNNAMED = "\0"
"""What ``--to-user`` says without a name: no argument of a command can be this."""


class ToUser(TyperCommand):
    """Takes ``--to-user`` with a name, and without one in front of another option or at the end."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, with what stands for the name that nobody gave."""
        said: list[str] = []
        for word, after in zip(args, [*args, "-"][1:], strict=True):
            said.append(word)
            if word == "--to-user" and after.startswith("-") and "--" not in said[:-1]:
                said.append(_UNNAMED)
        return super().parse_args(ctx, said)


ToUserName = Annotated[
    str | None,
    typer.Option(
        "--to-user", metavar="[NAME]",
        help="Everything becomes this user's; without a name that of --user. Otherwise users are kept.",
    ),
]  # fmt: skip

SOURCES = ("chat", "crewai", "langchain", "letta", "llamaindex", "mem0", "zep")


def _sources(incomplete: str) -> list[str]:
    return [kind for kind in SOURCES if kind.startswith(incomplete)]


def export(
    asked: Asked,
    target: Annotated[str, typer.Argument(help="A file; - writes to standard output.", metavar="FILE")],
    everyone: Annotated[bool, typer.Option("--everyone", help="All users of the tenant.")] = False,
) -> None:
    """Write memories with their history, links and files, as JSON Lines; a file appears when it is whole."""
    to: Any = sys.stdout if target == STDIN else target
    with asked.opened() as memory:
        done = memory.export(to, everyone=everyone, user_id=asked.user)
    if asked.as_json and target != STDIN:
        show_json(done.model_dump())
    else:
        say(f"exported {done.memories} memories, {done.versions} versions, {done.links} links, {done.files} files")


def import_(
    asked: Asked,
    source: Annotated[
        str | None, typer.Argument(help="What `export` wrote; - reads standard input.", metavar="FILE")
    ] = None,
    to_user: ToUserName = None,
    keep_users: Annotated[bool, typer.Option("--keep-users", help="As they were; it is so anyway.")] = False,
) -> None:
    """Read an export; what stands already is skipped, so it is safe to repeat."""
    if source is None and to_user not in {None, _UNNAMED}:  # `import --to-user FILE`
        source, to_user = to_user, _UNNAMED
    if source is None:
        raise InvalidInputError("FILE: give what `export` wrote, or - to read standard input")
    if keep_users and to_user is not None:
        raise InvalidInputError("--keep-users and --to-user: give one of them")
    lines: Any = lines_of_stdin() if source == STDIN else source
    with asked.opened(make=True, whole_user=True) as memory, progress("importing") as tell:
        tell(0, None)
        done = memory.import_(lines, user_id=_receiver(to_user, asked) or asked.user, keep_users=to_user is None)
    if asked.as_json:
        show_json(done.model_dump())
    else:
        say(f"imported {done.memories} memories, {done.links} links, {done.files} files; {done.skipped} were there")


def _receiver(to_user: str | None, asked: Asked) -> str | None:
    """Whose everything becomes: who is named, or else --user; None where users are kept."""
    if to_user is not None and not to_user.strip():
        raise InvalidInputError("--to-user: must not be empty; a name, or --to-user alone for the user of --user")
    return (asked.user or "default") if to_user == _UNNAMED else to_user


def import_from(
    asked: Asked,
    kind: Annotated[
        str, typer.Argument(help=f"One of {', '.join(SOURCES)}.", autocompletion=_sources, metavar="SYSTEM")
    ],
    place: Annotated[str, typer.Argument(help="Its export, or its folder.", metavar="PLACE")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come; write nothing.")] = False,
    to_user: ToUserName = None,
    zone: Annotated[str | None, typer.Option(help="Of dates that name none, as Asia/Shanghai; otherwise UTC.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Otherwise UTF-8.")] = None,
    format_: Annotated[str | None, typer.Option("--format", help="Where the reader should not find out.")] = None,
    table: Annotated[str | None, typer.Option(help="One table of a database.")] = None,
    collection: Annotated[str | None, typer.Option(help="One collection of a vector store.")] = None,
    history: Annotated[str | None, typer.Option(help="mem0's history.db, where it is elsewhere.")] = None,
    branches: Annotated[str | None, typer.Option(help="Of ChatGPT: current or all.")] = None,
) -> None:
    """Move in what another system remembers; --user, --agent and --session are for what does not say whose it is."""
    from agentmem_core.moving import move, open_source

    options = {
        "zone": zone, "encoding": encoding, "format": format_, "table": table, "collection": collection, "history": history,
        "branches": branches, "user_id": asked.user, "agent_id": asked.agent, "session_id": asked.session,
    }  # fmt: skip
    source = open_source(kind, place, **{name: said for name, said in options.items() if said is not None})
    with asked.opened(make=True, whole_user=True, dry=dry_run) as memory, progress(f"from {kind}") as tell:
        report = move(source, memory, user_id=_receiver(to_user, asked), dry_run=dry_run, progress=tell)
    if asked.as_json:
        show_json(report.model_dump(mode="json"))
        return
    show_text(str(report))
    for misfit in report.misfits[:10]:
        say(f"{misfit.place}: {misfit.reason}")

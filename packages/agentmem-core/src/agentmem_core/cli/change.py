"""``agentmem update``, ``delete``, ``history``, ``restore``, ``forget``: what becomes of a memory."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from agentmem_core.cli.find import Filters
from agentmem_core.cli.output import one_line, say, show_json, show_line, show_table
from agentmem_core.cli.spans import moment
from agentmem_core.cli.store import Asked
from agentmem_core.cli.texts import STDIN, content_of, instant, pairs
from agentmem_core.errors import InvalidInputError

Id = Annotated[str, typer.Argument(help="The memory's id.", metavar="ID")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids of memories.", metavar="[ID]...")]
Reason = Annotated[str | None, typer.Option(help="Why; it stands in the history.")]


def update(
    asked: Asked,
    id_: Id,
    text: Annotated[str | None, typer.Argument(help="The new text; - reads standard input.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Its new kind.")] = None,
    meta: Annotated[
        list[str] | None,
        typer.Option("--meta", "--metadata", help="KEY=VALUE, or a JSON object; replaces all metadata."),
    ] = None,
    importance: Annotated[float | None, typer.Option(help="From 0 to 1.")] = None,
    occurred_at: Annotated[str | None, typer.Option(help="When it was true.")] = None,
    expires: Annotated[str | None, typer.Option("--expires", "--expires-at", help="90d, 12h, or a date.")] = None,
    clear: Annotated[list[str] | None, typer.Option(help="A date to empty, as expires_at; more than once.")] = None,
    reason: Reason = None,
    expected_version: Annotated[int | None, typer.Option(help="Refuse when it is another version by now.")] = None,
) -> None:
    """Change what is given, as a new version."""
    given: dict[str, Any] = {
        "content": content_of(text) if text == STDIN else text, "type": type_, "metadata": pairs(meta, "--meta"), "importance": importance,
        "occurred_at": instant(occurred_at, "--occurred-at"), "expires_at": moment(expires, "expires") if expires else None,
    }  # fmt: skip
    if all(value is None for value in given.values()) and not clear:
        raise InvalidInputError("update: say what is to change: a text, --meta, --importance, --type, --clear, ...")
    with asked.opened() as memory:
        changed = memory.update(
            id_, **given, clear=tuple(clear or ()), reason=reason, expected_version=expected_version
        )
    if asked.as_json:
        show_json(changed.model_dump(mode="json"))
    else:
        say(f"{changed.id} is version {changed.version} now")


def delete(
    asked: Asked,
    ids: Ids = None,
    filters: Filters = None,
    missing_ok: Annotated[bool, typer.Option("--missing-ok", help="What is not there is no error.")] = False,
    reason: Reason = None,
) -> None:
    """Delete memories by id, or all that pass a filter; `restore` brings them back until `compact`."""
    found = pairs(filters, "--filter")
    if not ids and not found:
        raise InvalidInputError("delete: give ids, or --filter; for a whole user there is `forget`")
    with asked.opened() as memory:
        deleted = memory.delete(ids or None, filters=found, missing="ignore" if missing_ok else "error", reason=reason)
    if asked.as_json:
        show_json({"deleted": deleted})
    else:
        say(f"deleted {deleted}" + ("; `agentmem restore ID VERSION` brings one back" if deleted else ""))


def history(asked: Asked, id_: Id) -> None:
    """Every version of a memory, oldest first, also of a deleted one; with --json one a line."""
    with asked.opened() as memory:
        versions = memory.history(id_)
    if asked.as_json:
        for version in versions:
            show_line(version.model_dump(mode="json"))
        return
    show_table(
        ("version", "changed", "operation", "reason", "content"),
        [(item.version, item.changed_at, item.operation, item.reason, one_line(item.content)) for item in versions],
        {"version": "cyan", "changed": "dim", "operation": "magenta"},
    )


def restore(
    asked: Asked, id_: Id, version: Annotated[int, typer.Argument(help="Which, as `history` shows it.")],
) -> None:  # fmt: skip
    """Make an earlier version the current one, as a new version; a deleted memory lives again."""
    with asked.opened() as memory:
        found = memory.restore(id_, version)
    if asked.as_json:
        show_json(found.model_dump(mode="json"))
    else:
        say(f"{found.id} is version {found.version} now: {one_line(found.content)}")


def forget(
    asked: Asked,
    ids: Ids = None,
    filters: Filters = None,
    keep_facts: Annotated[
        bool,
        typer.Option("--keep-facts", help="Leave what was learnt from them alone, which goes with them otherwise."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; must be given where nobody can be asked.")] = False,
) -> None:
    """Erase for good: these ids, what passes a filter, or all of --user, --agent or --session; nothing brings them back."""
    passing = pairs(filters, "--filter")
    if not ids and not passing and asked.user is None and asked.agent is None and asked.session is None:
        raise InvalidInputError("forget: say what to erase: ids, --filter, --user, --agent or --session")
    named = [f"{name} {said}" for name, said in (("user", asked.user), ("agent", asked.agent), ("session", asked.session)) if said]  # fmt: skip
    what = f"{len(ids)} memories" if ids else "what passes the filter" if passing else "everything"
    what += f" of {', '.join(named)}" if named else ""
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidInputError(f"forget: would erase {what} for good; say --yes")
        typer.confirm(f"Erase {what} for good?", abort=True, err=True)
    with asked.opened(whole_user=True) as memory:
        receipt = memory.forget(
            ids or None, user_id=asked.user, agent_id=asked.agent, session_id=asked.session, filters=passing, keep_facts=keep_facts,
        )  # fmt: skip
    if asked.as_json:
        show_json(receipt.model_dump(mode="json"))
        return
    say(
        f"erased {receipt.memories} memories, {receipt.versions} versions, {receipt.links} links, {receipt.files} files"
        + (f"; {receipt.facts} of them were learnt from the others" if receipt.facts else "")
        + (f"; {receipt.facts_again} facts that they had ended hold again" if receipt.facts_again else "")
    )
    if not receipt.files_clean:
        say("another process was reading: run `agentmem compact` later, so that the files are clean too")

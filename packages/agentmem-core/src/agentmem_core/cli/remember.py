"""``agentmem add``, ``learn``: what is to be remembered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentmem_core.cli.output import progress, say, show_json, show_line, show_table
from agentmem_core.cli.spans import moment
from agentmem_core.cli.store import Asked
from agentmem_core.cli.texts import STDIN, content_of, instant, lines_of_stdin, pairs
from agentmem_core.errors import InvalidInputError

if TYPE_CHECKING:
    from agentmem_core.model.results import Added

UNWELL = 3
"""The exit code of what was done, but not in whole; and of what was examined and is not well."""


def add(
    asked: Asked,
    text: Annotated[str | None, typer.Argument(help="What to remember; - reads standard input.")] = None,
    lines: Annotated[
        bool,
        typer.Option(
            "--lines", help="Standard input has a memory a line; of what follows only --replace goes with it."
        ),
    ] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="The same with a JSON object a line, which holds the arguments of add().")
    ] = False,
    type_: Annotated[str | None, typer.Option("--type", help="Its kind; otherwise a rule decides.")] = None,
    role: Annotated[str | None, typer.Option(help="It is a turn of a chat: user, assistant, ...")] = None,
    meta: Annotated[
        list[str] | None, typer.Option("--meta", "--metadata", help="KEY=VALUE, or a JSON object; more than once.")
    ] = None,
    importance: Annotated[float | None, typer.Option(help="From 0 to 1.")] = None,
    occurred_at: Annotated[str | None, typer.Option(help="When it was true; UTC unless it names a zone.")] = None,
    expires: Annotated[str | None, typer.Option("--expires", "--expires-at", help="90d, 12h, or a date.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="An id of your own: makes it safe to repeat.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="What stands under the id gives way.")] = False,
    infer: Annotated[bool, typer.Option("--infer", help="Learn facts from it, with AGENTMEM_LLM or rules.")] = False,
) -> None:
    """Remember a text; it is on disk when this ends. The id is the answer."""
    many = lines or jsonl
    one: dict[str, Any] = {
        "type": type_, "metadata": pairs(meta, "--meta"), "importance": importance, "id": id_,
        "occurred_at": instant(occurred_at, "--occurred-at"), "expires_at": moment(expires, "expires") if expires else None,
    }  # fmt: skip
    if many and (text not in (None, STDIN) or role or infer or any(value is not None for value in one.values())):
        raise InvalidInputError(
            "--lines and --jsonl take texts from standard input, and no option that is about one of them; with --jsonl a line "
            'says it, as {"content": "...", "type": "semantic", "metadata": {...}}'
        )
    if lines and jsonl:
        raise InvalidInputError("--lines and --jsonl: give one of them")
    on_conflict: Any = "replace" if replace else "error"
    content: Any = None if many else content_of(text)
    with asked.opened(make=True) as memory:
        if many:
            items = list(_items(lines_of_stdin()) if jsonl else (line for line in lines_of_stdin() if line.strip()))
            with progress("adding") as tell:
                added = memory.add_many(items, on_conflict=on_conflict, progress=tell)
        else:
            given = content if role is None else {"role": role, "content": content}
            added = memory.add(given, infer=infer, on_conflict=on_conflict, **one)
    _show(added, asked)


def learn(
    asked: Asked,
    since: Annotated[str | None, typer.Option(help="Only from turns since this date.")] = None,
    again: Annotated[bool, typer.Option("--again", help="From turns that were learnt from, too.")] = False,
) -> None:
    """Learn facts from stored turns, with the model of AGENTMEM_LLM, or AGENTMEM_LEARNER=rules."""
    with asked.opened() as memory:
        learned = memory.learn(since=instant(since, "--since"), again=again)
    for warning in learned.warnings:
        say(warning)
    if asked.as_json:
        show_json(learned.model_dump(mode="json"))
        return
    if learned.decisions:
        show_table(("action", "fact"), [(decision.action, decision.fact) for decision in learned.decisions])
    say(f"read {learned.read} turns, {learned.left} left; {len(learned.decisions)} facts")


def _items(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"standard input: line {number} is not JSON ({error})") from None
        if not isinstance(item, dict):
            raise InvalidInputError(f"standard input: line {number} is not a JSON object")
        yield item


def _show(added: Added, asked: Asked) -> None:
    for warning in added.warnings:
        say(warning)
    for place, item in enumerate(added.items, start=1):
        if asked.as_json:
            show_line({"outcome": item.outcome, "id": item.memory and item.memory.id, "type": item.memory and item.memory.type,
                       "error": item.error, "error_code": item.error_code})  # fmt: skip
        elif item.memory is None:
            say(f"item {place}: {item.error} ({item.error_code})")
        else:
            typer.echo(item.memory.id)
    if not asked.as_json:
        counts = ", ".join(
            f"{count} {outcome}" for outcome in ("created", "known", "replaced", "failed")
            if (count := sum(item.outcome == outcome for item in added.items))
        )  # fmt: skip
        say(counts or "nothing to add")
        if added.learned is not None:
            say(f"learnt {len(added.learned.decisions)} facts")
    if added.failures:
        raise typer.Exit(UNWELL)

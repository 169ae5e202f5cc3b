"""How answers are shown: tables for people, JSON for scripts."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from agentmem_core.model.memory import Memory

AsJson = Annotated[bool, typer.Option("--json", help="JSON, for scripts.")]

Tell = Callable[[int, int | None], None]
"""Told how much is done, of how much."""

_SPACE = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]")
_OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves the cursor, colours or turns a text round; what joins emoji and letters stays."""


def show_json(value: Any) -> None:
    """One JSON document; moments as ISO 8601."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def show_line(value: Mapping[str, Any]) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], styles: Mapping[str, str] | None = None) -> None:
    """A table on a terminal, its columns in ``styles``, or a block a row where it is too narrow; in a pipe a line a row, with tabs."""
    if not sys.stdout.isatty():
        for row in rows:
            sys.stdout.write("\t".join(_clean(cell) for cell in row) + "\n")
        return
    from agentmem_core.cli.tables import printed

    printed(columns, [[_clean(cell) for cell in row] for row in rows], styles or {})


def show_memories(memories: Iterable[Memory], scores: Sequence[float] | None = None) -> None:
    """A memory a line, with ``scores`` in front of the texts."""
    rows = [
        (memory.id, memory.type.value, memory.occurred_at, *([] if scores is None else [f"{scores[place]:.2f}"]),
         _told(memory))
        for place, memory in enumerate(memories)
    ]  # fmt: skip
    columns = ("id", "type", "occurred", *([] if scores is None else ["score"]), "content")
    show_table(columns, rows, {"id": "cyan", "type": "magenta", "occurred": "dim", "score": "green"})


def _told(memory: Memory) -> str:
    """What a memory says: who said it, and until when it held."""
    until = "" if memory.valid_to is None else f" (until {memory.valid_to:%Y-%m-%d})"
    return f"{memory.role}: {one_line(memory.content)}" if memory.role else one_line(memory.content) + until


def show_fields(value: Mapping[str, Any]) -> None:
    """A field a line, those without a value left out; texts keep their lines."""
    shown = {name: item for name, item in value.items() if item not in (None, [], (), {}, "")}
    if not sys.stdout.isatty():
        for name, item in shown.items():
            sys.stdout.write(f"{name}\t{_clean(_plain(item))}\n")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="cyan")
    table.add_column(overflow="fold")
    for name, item in shown.items():
        table.add_row(name, Text("\n".join(_clean(line) for line in str(_plain(item)).split("\n"))))
    Console().print(table)


def show_text(text: str) -> None:
    """An answer that is lines already."""
    sys.stdout.write("\n".join(_clean(part) for part in text.split("\n")) + "\n")


def say(line: str) -> None:
    """A line for people, where an answer does not get mixed with it."""
    sys.stderr.write("\n".join(_clean(part) for part in line.split("\n")) + "\n")


def one_line(text: str) -> str:
    """A text without its line ends."""
    return " ".join(text.split())


@contextmanager
def progress(label: str) -> Generator[Tell]:
    """A bar on standard error while something long is done; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield _silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _silent(_done: int, _total: int | None) -> None:
    pass


def _plain(item: Any) -> Any:
    return json.dumps(item, ensure_ascii=False, default=str) if isinstance(item, list | tuple | dict) else item


def _clean(cell: Any) -> str:
    """As text on one line, without what a terminal would obey."""
    if cell is None:
        return "-"
    text = cell.strftime("%Y-%m-%d %H:%M") if isinstance(cell, datetime) else str(cell)
    return text if text.isprintable() else _OBEYED.sub("?", _SPACE.sub(" ", text))

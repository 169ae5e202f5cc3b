"""How answers are shown: tables for people, JSON for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="JSON, for scripts.")]


def show_json(value: Any) -> None:
    """One JSON document; moments as ISO 8601."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def show_line(value: Mapping[str, Any]) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table on a terminal; in a pipe one line a row, with tabs between."""
    if not sys.stdout.isatty():
        for row in rows:
            sys.stdout.write("\t".join(_clean(cell) for cell in row) + "\n")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0, overflow="fold")  # the first is what other commands are given
    for row in rows:
        table.add_row(*(Text(_clean(cell)) for cell in row))
    Console().print(table)


def say(line: str) -> None:
    """A line for people, where an answer does not get mixed with it."""
    sys.stderr.write(line + "\n")


def _clean(cell: Any) -> str:
    """As text on one line, without what a terminal would obey."""
    if cell is None:
        return "-"
    text = cell.strftime("%Y-%m-%d %H:%M") if isinstance(cell, datetime) else str(cell)
    return "".join(char if char.isprintable() else "?" for char in text)

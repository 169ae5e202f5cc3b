"""Tables on a terminal, of whatever width it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_READABLE = 24
"""Columns of a terminal that the last column of a table must have, or its rows become blocks."""


def printed(
    columns: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, str], console: Console | None = None
) -> None:
    """The rows as a table; as blocks where the terminal is too narrow for one that can be read."""
    console = console or Console()
    if rows and _width(columns, rows) > console.width:
        _blocks(console, columns, rows, styles)
        return
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        # the first is what other commands are given
        table.add_column(column, no_wrap=number < len(columns) - 1, overflow="fold", style=styles.get(column))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How wide a table must be at least: only its last column may be folded."""
    widths = [max(cell_len(row[place]) for row in [columns, *rows]) for place in range(len(columns))]
    return sum(widths[:-1]) + min(widths[-1], _READABLE) + 2 * (len(columns) - 1)


def _blocks(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, str]) -> None:
    """What is short in a line, and below it what may be long; values that there are none of are left out."""
    for row in rows:
        said = [(column, cell) for column, cell in zip(columns, row, strict=True) if cell not in {"", "-"}]
        head = [(column, cell) for column, cell in said if column != columns[-1]]
        line = Text("  ").join(
            Text(cell if column in styles or place == 0 else f"{column} {cell}", style=styles.get(column, ""))
            for place, (column, cell) in enumerate(head)
        )
        console.print(line, overflow="fold")
        if len(said) > len(head):
            console.print(Padding(Text(said[-1][1]), (0, 0, 0, 2)), overflow="fold")

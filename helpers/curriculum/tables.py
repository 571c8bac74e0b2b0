"""Tables of the command line: drawn on a terminal, tab-separated elsewhere."""

from __future__ import annotations

from rich.console import Console
from rich.markup import render
from rich.table import Table


def print_table(table: Table) -> None:
    """A table on a terminal; tab-separated lines in a pipe or a file."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table)
        return
    print("\t".join(str(column.header) for column in table.columns))
    columns = [[render(str(c)).plain for c in column.cells] for column in table.columns]
    for row in zip(*columns, strict=True):
        print("\t".join(row))

"""Rows as a table in the terminal."""

from collections.abc import Iterable, Sequence

import click


def show_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows below their heads, each column as wide as its longest cell."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for row in (heads, ["-" * width for width in widths], *cells):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def show_title(text: str) -> None:
    """Print a heading."""
    click.secho(f"\n{text}", bold=True)

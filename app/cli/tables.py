"""Rows as a table in the terminal, or as JSON for programs."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import click
import orjson

KEPT = "flexscope.cli.tables"
"""Where the context of a command keeps what it is to print as JSON."""


@dataclass
class Printed:
    """What a command shows, until it is through and all is printed as one JSON text."""

    title: str = ""
    parts: dict[str, Any] = field(default_factory=dict)
    """Tables and facts by title; '' of a table without one."""

    def end(self) -> None:
        """Print it: a lone table without a title as a list; nothing of a command that failed before."""
        if self.parts:
            whole = self.parts.get("", self.parts)
            options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
            click.echo(orjson.dumps(whole, default=str, option=options).decode())


def tabular(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option ``--json`` to a command that shows tables."""

    def begin(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted:
            ctx.meta[KEPT] = printed = Printed()
            ctx.call_on_close(printed.end)

    told = "Print JSON, for programs; moments are in ISO 8601."
    return click.option("--json", is_flag=True, expose_value=False, callback=begin, help=told)(command)


def _printed() -> Printed | None:
    printed: Printed | None = click.get_current_context().meta.get(KEPT)
    return printed


def show_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows below their heads, each column as wide as its longest cell; moments in UTC."""
    if (printed := _printed()) is not None:
        keys = [_key(head) for head in heads]
        printed.parts[printed.title] = [dict(zip(keys, row, strict=True)) for row in rows]
        return
    cells = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for line in (heads, ["-" * width for width in widths], *cells):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%MZ}"
    return "" if cell is None else str(cell)


def show_facts(facts: Mapping[str, Any]) -> None:
    """Print one fact a line; what is no text, as JSON."""
    if (printed := _printed()) is not None:
        printed.parts["facts"] = dict(facts)
        return
    for name, value in facts.items():
        click.echo(f"{name}: {value if isinstance(value, str) else orjson.dumps(value).decode()}")


def show_title(text: str, key: str | None = None) -> None:
    """Print a heading.

    Args:
        text: The heading.
        key: What the table below it is called in JSON; None: the heading in lower case.
    """
    if (printed := _printed()) is not None:
        printed.title = _key(key or text)
        return
    click.secho(f"\n{text}", bold=True)


def _key(head: str) -> str:
    """Name of a field, such as ``last_login`` of *Last login*."""
    return re.sub(r"\W+", "_", head).strip("_").lower()

"""Tables and cards of pages as HTML, from the same cells as the components of notebooks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from app.fragments.templates import digest, render
from components.tables.fact_table import Cell, cell_html, table_html
from components.tables.kpis import Kpi
from components.tables.row_table import browser_cell


@dataclass(frozen=True, kw_only=True)
class RowButton:
    """A button in a row: it sends the key of the row to a form of the page that has no fields."""

    word: str
    """Of the form in the address."""
    label: str
    question: str = ""
    """What is asked before; empty: nothing."""
    agree: str = ""
    """Label of the button that agrees."""


@dataclass(frozen=True, kw_only=True)
class ButtonRow:
    """One row of a table with buttons."""

    key: str
    cells: Sequence[Cell]
    name: str = ""
    """Its name where a screen reader reads its buttons."""
    buttons: Sequence[RowButton] = field(default=())


def facts(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, empty: str = "There are none yet.") -> Markup:
    """Rows of facts under the names of their columns."""
    return table_html(columns, rows, empty=empty)


def button_rows(columns: Sequence[str], rows: Sequence[ButtonRow], *, empty: str) -> Markup:
    """Rows of facts with buttons."""
    cells = [[cell_html(cell, None) for cell in row.cells] for row in rows]
    acting = any(row.buttons for row in rows)
    return render("button_rows", columns=columns, rows=list(zip(rows, cells, strict=True)), acting=acting, empty=empty)


def row_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Cell | int]],
    *,
    file: str = "",
    empty: str = "There are none yet.",
    keeps_search: bool = True,
) -> Markup:
    """Table to search, sort, leaf through and save, all in the browser.

    Args:
        columns: Their names.
        rows: The rows.
        file: Name of the CSV file to save them as; empty: they cannot be saved.
        empty: Text without rows: what a person can do then.
        keeps_search: Whether what is searched for stands in the address; of one table of a page at most.
    """
    told: dict[str, Any] = {"columns": columns, "rows": [[browser_cell(cell) for cell in row] for row in rows]}
    told |= {"empty": empty, "remember": keeps_search}
    return Markup('<div class="row-table" data-table="{}"></div>').format(json.dumps(told | {"file": file}))


def cards(items: Sequence[Kpi], *, title: str = "") -> Markup:
    """Key figures as cards beside each other."""
    return render("cards", items=items, title=title)


def following(part: str, html: Markup, *, every: float) -> Markup:
    """Part of a page that is asked for again and again, and shown where it has changed.

    Args:
        part: Its name in the address.
        html: What it shows now.
        every: Pause between two questions [s].
    """
    return render("following", part=part, html=html, every=every, seen=digest(html))


def sections(parts: Mapping[str, Markup]) -> Markup:
    """Parts of a page below each other, each under its heading; an empty heading is none."""
    return Markup("").join(
        (Markup("<h3>{}</h3>").format(heading) if heading else Markup("")) + part for heading, part in parts.items()
    )

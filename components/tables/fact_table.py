"""Small tables of facts: texts, links and lights, readable by people and by screen readers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import param
from markupsafe import Markup, escape

from components.component import HtmlComponent
from components.theme import BAD, GOOD, WARN

RULES = """
.facts {overflow-x: auto} .facts table {border-collapse: collapse; font-size: .875rem; width: 100%}
.facts th {text-align: left; font-weight: 500; opacity: .8; white-space: nowrap}
.facts th, .facts td {padding: 6px 14px 6px 0; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 16%, transparent)}
.facts a {color: inherit} .facts .light {white-space: nowrap}
.facts code {overflow-wrap: anywhere} .facts td:has(> code) {min-width: 14em} .facts small {display: block; opacity: .8}
.facts progress {width: 72px; height: 8px; vertical-align: middle; accent-color: #0072b2}
"""
"""Style of facts, also in other tables."""
SHAPES = {"good": ("●", GOOD), "warn": ("▲", WARN), "bad": ("■", BAD), "none": ("○", None)}
"""State of a light → its shape and colour; the shapes differ, so that colour is never needed to read it."""


@dataclass(frozen=True)
class Link:
    """A text with a link."""

    text: str
    href: str


@dataclass(frozen=True)
class Light:
    """A state with the word for it."""

    state: str
    """good, warn, bad or none."""
    text: str
    href: str = ""
    """Address that it links to in a table; empty: none."""


@dataclass(frozen=True)
class Code:
    """A text as machines write it."""

    text: str


@dataclass(frozen=True)
class Bar:
    """Progress of something."""

    share: float
    """From 0 to 1."""
    text: str


@dataclass(frozen=True)
class Lines:
    """Several facts below each other; all but the first are printed small."""

    facts: tuple["Cell", ...]


Cell: TypeAlias = str | Link | Light | Code | Bar | Lines


def light(shown: Light, dark: bool | None) -> Markup:
    """Light as HTML: its shape, then its text; without a mode it has the colour of the page it stands on."""
    shape, colour = SHAPES[shown.state]
    on_page = f"light-dark({colour.light}, {colour.dark})" if colour else ""
    style = Markup(' style="color:{}"').format(on_page if dark is None else colour.on(dark)) if colour else ""
    return Markup('<span class="light"><span{} aria-hidden="true">{}</span> {}</span>').format(style, shape, shown.text)


def cell_html(cell: Cell, dark: bool | None) -> Markup:
    """Fact as HTML."""
    if isinstance(cell, Lines):
        first, *others = [cell_html(fact, dark) for fact in cell.facts]
        return first + Markup("").join(Markup("<small>{}</small>").format(other) for other in others)
    if isinstance(cell, Link):
        return Markup('<a href="{}">{}</a>').format(cell.href, cell.text)
    if isinstance(cell, Code):
        return Markup("<code>{}</code>").format(cell.text)
    if isinstance(cell, Light):
        shown = light(cell, dark)
        return Markup('<a href="{}">{}</a>').format(cell.href, shown) if cell.href else shown
    if isinstance(cell, Bar):
        bar = Markup('<progress value="{:.3f}">{:.0%}</progress> {}')
        return bar.format(cell.share, cell.share, cell.text)
    return escape(cell)


class FactTable(HtmlComponent):
    """Shows rows of facts under the names of their columns."""

    columns = param.List(item_type=str, doc="Names of the columns.")
    rows = param.List(doc="One list of texts, links, lights or codes for each line.")
    empty = param.String(default="There are none yet.", doc="Text without rows: what a person can do then.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")

    @param.depends("columns", "rows", "empty", "dark", watch=True)
    def _draw(self) -> None:
        table = table_html(self.columns, self.rows, empty=self.empty, dark=self.dark)
        self._pane.object = f"<style>{RULES}</style>{table}" if self.rows else str(table)


def table_html(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, empty: str, dark: bool | None = None
) -> Markup:
    """Rows of facts under the names of their columns as HTML; ``empty`` without rows."""
    if not rows:
        return Markup('<p role="status">{}</p>').format(empty)
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(name) for name in columns)
    lines = (Markup("").join(Markup("<td>{}</td>").format(cell_html(cell, dark)) for cell in row) for row in rows)
    body = Markup("").join(Markup("<tr>{}</tr>").format(line) for line in lines)
    # Reached by keys, so that a table wider than the screen can be scrolled without a mouse.
    return Markup(
        '<div class="facts" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(head, body)

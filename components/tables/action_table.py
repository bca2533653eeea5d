"""A table of facts with buttons in its rows; only rows that change are drawn anew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import panel as pn
import param
from panel.custom import JSComponent

from components.component import Component
from components.tables.fact_table import RULES, Cell, cell_html

LOOK = (
    RULES
    + """
.facts {margin: 8px} .facts p {margin: 0}
.facts button {font: inherit; font-size: .8125rem; padding: 4px 10px; margin: 0 6px 4px 0; border-radius: 6px;
  color: inherit; background: transparent; cursor: pointer; white-space: nowrap;
  border: 1px solid color-mix(in srgb, currentColor 35%, transparent)}
.facts button:hover:enabled, .facts button:focus-visible {border-color: currentColor;
  background: color-mix(in srgb, currentColor 8%, transparent)}
.facts button:disabled {opacity: .5; cursor: default}
@media (max-width: 700px) {
  .facts thead {display: none} .facts tr {display: block; padding: 8px 0;
    border-bottom: 1px solid color-mix(in srgb, currentColor 16%, transparent)}
  .facts td {display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); padding: 3px 0; border: none}
  .facts td::before {content: attr(data-name); opacity: .8} .facts td > div {overflow-wrap: anywhere}
  .facts td:empty, .facts td[data-empty] {display: none}
}
"""
)


@dataclass(frozen=True)
class Action:
    """An action on a row."""

    word: str
    """Its name in the code."""
    label: str
    """Text of its button."""


@dataclass(frozen=True)
class ActionRow:
    """One row."""

    key: str
    """Id that no other row of the table ever has."""
    cells: Sequence[Cell]
    name: str = ""
    """Its name where a screen reader reads its buttons."""
    actions: Sequence[Action] = field(default=())


class BrowserTable(JSComponent):  # a leading underscore would keep Bokeh from telling browsers of it
    """The table in the browser."""

    head = param.String(default="")
    lines = param.List(default=[], doc="Key and HTML of each row.")
    nothing = param.String(default="", doc="HTML of a table without rows.")

    _esm = Path(__file__).with_name("action_table.js")
    _stylesheets: ClassVar[list[str]] = [LOOK]

    def __init__(self, pressed: Callable[[str, str], None], **params: Any) -> None:
        super().__init__(**params)
        self._pressed = pressed

    def _handle_msg(self, data: Any) -> None:
        self._pressed(str(data["key"]), str(data["word"]))


class ActionTable(Component):
    """Shows rows of facts with buttons."""

    columns = param.List(item_type=str, doc="Names of the columns.")
    rows = param.List(item_type=ActionRow, doc="The rows, in the order to show them.")
    empty = param.String(default="There are none yet.", doc="Text without rows: what a person can do then.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")
    on_action = param.Callable(default=None, doc="Called with the key of a row and the word of one of its actions.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._drawn = BrowserTable(self.press, sizing_mode="stretch_width")
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._drawn

    def press(self, key: str, word: str) -> None:
        """Act as if a button was pressed; actions that the row does not offer are ignored: a browser may send any."""
        offered = {(row.key, action.word) for row in self.rows for action in row.actions}
        if self.on_action is not None and (key, word) in offered:
            self.on_action(key, word)

    @param.depends("columns", "rows", "empty", "dark", watch=True)
    def _draw(self) -> None:
        named = [*self.columns, ""] if any(row.actions for row in self.rows) else self.columns
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in named)
        lines = [[row.key, self._line(row, acting=len(named) > len(self.columns))] for row in self.rows]
        self._drawn.param.update(
            head=f"<tr>{head}</tr>", lines=lines, nothing=f'<p role="status">{escape(self.empty)}</p>'
        )

    def _line(self, row: ActionRow, *, acting: bool) -> str:
        shown = zip(self.columns, [cell_html(cell, self.dark) for cell in row.cells], strict=True)
        cells = [
            f'<td data-name="{escape(name)}"{"" if html else " data-empty"}><div>{html}</div></td>'
            for name, html in shown
        ]
        buttons = "".join(
            f'<button data-word="{escape(each.word)}" aria-label="{escape(f"{each.label} {row.name}".strip())}">'
            f"{escape(each.label)}</button>"
            for each in row.actions
        )
        return "".join(cells) + (f'<td data-name=""><div>{buttons}</div></td>' if acting else "")

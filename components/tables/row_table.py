"""A table to search, sort, page through and save: for hundreds of rows, all of it in the browser."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import param
from panel.custom import JSComponent

from components.component import write
from components.tables.fact_table import Cell, Code, Light, Link
from components.theme import BAD, GOOD, WARN

STYLE = """
.rows {font-size: .875rem; width: 100%} .frame {overflow-x: auto}
.bar {display: flex; gap: 12px; align-items: center; flex-wrap: wrap; padding: 6px 0}
table {border-collapse: collapse; width: 100%}
th, td {padding: 6px 14px 6px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 16%, transparent)}
th {white-space: nowrap} td .light {white-space: nowrap} a {color: inherit} code {overflow-wrap: anywhere}
button, input {font: inherit; color: inherit; background: transparent; border-radius: 4px; padding: 6px 10px;
  border: 1px solid color-mix(in srgb, currentColor 50%, transparent)}
input {min-width: min(320px, 60vw)} button {cursor: pointer} button:disabled {opacity: .4; cursor: default}
th button {border: 0; padding: 4px 0; font-weight: 500; text-align: left}
input::placeholder {color: inherit; opacity: .8}
"""


class RowTable(JSComponent):
    """Shows the rows that contain every word searched for, in the order wanted."""

    columns = param.List(item_type=str, doc="Names of the columns.")
    rows = param.List(doc="One list of cells for each line, as ``browser_cell`` makes them.")
    search = param.String(default="", doc="Words a line must contain, in any column, whatever their case.")
    sort = param.String(default="", doc="Column to sort by; with - in front downwards; empty: as given.")
    page_size = param.Integer(default=25, bounds=(1, None), doc="Lines of one page.")
    empty = param.String(default="There are none yet.", doc="Text without rows: what a person can do then.")
    file = param.String(default="", doc="Name of the CSV file the rows can be saved as; empty: they cannot.")
    state_colours = param.Dict(default={}, doc="State of a light → its colour; follows ``dark``.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")

    _esm = Path(__file__).with_name("row_table.js")
    _stylesheets: ClassVar[list[str]] = [STYLE]

    def __init__(self, *, rows: Sequence[Sequence[Cell | int]], **params: Any) -> None:
        params = {"sizing_mode": "stretch_width", "margin": 8, **params}
        super().__init__(rows=[[browser_cell(cell) for cell in row] for row in rows], **params)
        self._recolour()

    def save(self, filename: Any, title: str | None = "Flexscope", *_: Any, **_other: Any) -> None:
        """See Component.save; Panel's other parameters change nothing, as the file needs nothing else."""
        write(self, filename, title or "Flexscope")

    @param.depends("dark", watch=True)
    def _recolour(self) -> None:
        self.state_colours = {
            state: colour.on(self.dark) for state, colour in (("good", GOOD), ("warn", WARN), ("bad", BAD))
        }


def browser_cell(cell: Cell | int) -> dict[str, Any]:
    """Cell as the table in the browser takes it; numbers are sorted as such."""
    if isinstance(cell, int):
        return {"text": f"{cell:,}", "value": cell}
    if isinstance(cell, Link):
        return {"text": cell.text, "href": cell.href}
    if isinstance(cell, Light):
        return {"text": cell.text, "state": cell.state}
    return {"text": cell.text, "code": True} if isinstance(cell, Code) else {"text": cell}

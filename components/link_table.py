"""A table whose first column leads on: search, sort, pages of rows."""

from typing import Any

import pandas as pd
import panel as pn
import param

ROWS = 20
"""Rows of one page of the table."""


class LinkTable(pn.viewable.Viewer):
    """Shows the rows that contain every word searched for."""

    rows = param.DataFrame(doc="One line each; the column 'href' is where a line leads, the first column its name.")
    search = param.String(default="", doc="Words a line must contain, in any column, whatever their case.")
    dark = param.Boolean(default=False, doc="Whether the paper is dark.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._count = pn.pane.HTML(margin=(4, 8))
        self._table = pn.widgets.Tabulator(
            self.found, show_index=False, disabled=True, pagination="local", page_size=ROWS, hidden_columns=["href"],
            formatters={self.rows.columns[0]: {"type": "link", "urlField": "href"}}, sizing_mode="stretch_width",
            layout="fit_data_fill", selectable=False, theme="materialize",
        )  # fmt: skip
        self._show()

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._count, self._table, sizing_mode="stretch_width")

    @property
    def found(self) -> pd.DataFrame:
        """The rows that are shown."""
        texts = self.rows.drop(columns="href").astype(str).agg(" ".join, axis=1).str.lower()
        wanted = pd.Series(True, index=self.rows.index)
        for word in self.search.lower().split():
            wanted &= texts.str.contains(word, regex=False)
        return self.rows[wanted]

    @param.depends("rows", "search", watch=True)
    def _show(self) -> None:
        found = self.found
        self._table.value = found
        self._count.object = f'<span role="status">{len(found)} of {len(self.rows)}</span>'

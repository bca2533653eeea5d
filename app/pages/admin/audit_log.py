"""The audit log of an asset, a user or an account: who changed what, and when; page by page, searched."""

import json
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui

from app.widgets.async_content import asking, later, refuse, soon, waiting
from components.tables.fact_table import Cell, Code, FactTable
from engine.iso_time import instant

ROWS = 20
"""Changes of one page of the log."""
NO_CHANGES = "No changes since creation."
NOTHING_FOUND = "No entries match your search."


class AuditLog(pn.viewable.Viewer):
    """Shows the newest changes, and leads to earlier ones."""

    def __init__(self, path: str, local: ZoneInfo) -> None:
        """Show a log.

        Args:
            path: Of what is logged, below /api/v3_0.
            local: The zone times are written in.
        """
        super().__init__()
        self._path, self._local, self._page = f"{path}/auditlog", local, 1
        self._search = pmui.TextInput(
            label="Search the log", size="small", width=320, margin=8
        )  # on phones a line of its own
        self._search.param.watch(partial(self._turn, None), "value")
        self._place = pn.Column(waiting(), sizing_mode="stretch_width")
        self._count = pmui.Typography("", variant="body2", margin=(12, 8))
        look = {"margin": 4, "disabled": True}
        self._newer = pmui.IconButton(
            icon="chevron_left", description="Newer", on_click=partial(self._turn, -1), **look
        )
        self._older = pmui.IconButton(
            icon="chevron_right", description="Older", on_click=partial(self._turn, 1), **look
        )
        soon(self._read)

    def __panel__(self) -> pn.viewable.Viewable:
        bar = pmui.FlexBox(self._search, self._newer, self._count, self._older, sizing_mode="stretch_width")
        return pn.Column(bar, self._place, sizing_mode="stretch_width")

    def _turn(self, way: int | None, _event: object) -> None:
        self._page = 1 if way is None else self._page + way
        pn.state.execute(self._read)

    async def _read(self) -> None:
        query = {"page": self._page, "per_page": ROWS, "filter": self._search.value.strip()}
        try:
            found = await asking("GET", self._path, query=query)
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._place, problem))
        else:
            later(lambda: self._show(found))

    def _show(self, found: dict[str, Any]) -> None:
        last = max(-(-found["filtered-records"] // ROWS), 1)
        self._count.object = f"Page {self._page} of {last}, {found['filtered-records']:,} changes"
        self._newer.disabled, self._older.disabled = self._page <= 1, self._page >= last
        rows = [self._row(event) for event in found["data"]]
        columns = [f"When ({self._local})", "Who", "What", "Before → after"]
        empty = NOTHING_FOUND if self._search.value else NO_CHANGES
        self._place[:] = [FactTable(columns=columns, rows=rows, empty=empty)]

    def _row(self, event: dict[str, Any]) -> list[Cell]:
        at = instant(event["event_datetime"], field="event_datetime").astimezone(self._local)
        return [f"{at:%Y-%m-%d %H:%M}", event["active_user_name"] or "the host", event["event"], Code(_changes(event))]


def _changes(event: dict[str, Any]) -> str:
    """Return the changed fields as they were and as they are."""
    before, after = event["before"], event["after"]
    return "; ".join(f"{name}: {json.dumps(before.get(name))} → {json.dumps(value)}" for name, value in after.items())

"""Audit log of an asset, a user or an account: who changed what, and when; in pages, with a search."""

import json
from collections.abc import Sequence
from functools import partial
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.usecases.audit_log import Logged, page_of_changes, readable_changes
from app.widgets.async_content import attempt, reading, soon, waiting
from components.tables.fact_table import Code, FactTable
from db.core.audit import AuditEvent

ROWS = 20
"""Changes of one page of the log."""
NO_CHANGES = "Nothing has been changed yet."
NO_MATCH = "No entries match your search."


class AuditLog(pn.viewable.Viewer):
    """Shows the newest changes, and leads to earlier ones."""

    def __init__(self, kind: Logged, key: int, local: ZoneInfo) -> None:
        """Show a log.

        Args:
            kind: Asset, user or account.
            key: Its id.
            local: Time zone in which times are written.
        """
        super().__init__()
        self._kind, self._key, self._local, self._page = kind, key, local, 1
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
        words, page = self._search.value.strip(), self._page

        def read_changes(session: Session, principal: SignedIn) -> tuple[Sequence[AuditEvent], int]:
            changes = readable_changes(session, principal, self._kind, self._key)
            return page_of_changes(session, changes, words=words, page=page, rows=ROWS)

        def show(changes: tuple[Sequence[AuditEvent], int]) -> None:
            events, count = changes
            last = max(-(-count // ROWS), 1)
            self._count.object = f"Page {self._page} of {last}, {count:,} changes"
            self._newer.disabled, self._older.disabled = self._page <= 1, self._page >= last
            rows = [
                [
                    f"{event.at.astimezone(self._local):%Y-%m-%d %H:%M}",
                    event.active_user_name or "the server",
                    event.event,
                    Code(change_text(event)),
                ]
                for event in events
            ]
            columns = [f"When ({self._local})", "Who", "What", "Before → after"]
            empty = NO_MATCH if self._search.value else NO_CHANGES
            self._place[:] = [FactTable(columns=columns, rows=rows, empty=empty)]

        await attempt(reading(read_changes), self._place, show)


def change_text(event: AuditEvent) -> str:
    """Changed fields of an entry, each with its value before and after."""
    before, after = event.before, event.after
    return "; ".join(f"{name}: {json.dumps(before.get(name))} → {json.dumps(value)}" for name, value in after.items())

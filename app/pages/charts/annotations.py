"""Annotations of what is in view: drawn in the charts, listed below; added, changed and deleted by whoever may."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.charts.annotation_form import RemarkForm
from app.usecases.annotations import (
    NewAnnotation,
    create_annotation,
    delete_annotation,
    places,
    update_annotation,
)
from app.widgets import time_range
from app.widgets.async_content import later, plain, reading, refuse, soon, writing
from components.charts.annotations import AnnotationBand
from components.charts.time_series import TimeSeries
from db import annotations
from db.annotations import On
from db.assets import Asset
from db.core import listing
from db.core.database import get
from db.sensors import Sensor
from engine.iso_time import to_us

HOUR_US = 3_600_000_000
ICON = {"size": "small", "margin": 0}


@dataclass(frozen=True)
class Noted:
    """One annotation as it is shown."""

    id: int
    remark: AnnotationBand
    may_change: bool


@dataclass(frozen=True, kw_only=True)
class AnnotationTarget:
    """What new annotations are put on, and whose annotations are shown."""

    kind: type[Asset] | type[Sensor]
    id: int
    sensors: Sequence[int] = ()
    """Sensors in the charts."""


@dataclass(frozen=True)
class AnnotationsContent:
    """What is known of the annotations of a place."""

    noted: list[Noted]
    may_add: bool


def read(
    place: AnnotationTarget, span: tuple[int, int], local: ZoneInfo, session: Session, who: SignedIn
) -> AnnotationsContent:
    """Return the annotations in a span of time: of the place, its asset, its account and the sensors shown."""
    row = get(session, place.kind, place.id)
    access.check(who, "read", row)
    asset = row.asset if isinstance(row, Sensor) else row
    accounts = [] if asset.account_id is None else [asset.account_id]
    shown = listing.sensors(session, place.sensors)
    sensors = [key for key, sensor in shown.items() if access.may(who, "read", sensor)]
    on = On(accounts=accounts, assets=[asset.id], sensors=sensors)
    rows = annotations.overlapping(session, on, *time_range.from_microseconds(span, local))
    noted = [
        Noted(
            row.id,
            AnnotationBand(
                start=to_us(row.start), end=to_us(row.end), text=row.content, kind=row.type, by=row.source.description
            ),
            all(access.may(who, "create-children", each) for each in places(session, row)),
        )
        for row in rows
    ]
    return AnnotationsContent(noted, access.may(who, "create-children", row))


class Remarks(pn.viewable.Viewer):
    """The list, and the form for one."""

    def __init__(self, series: TimeSeries, place: AnnotationTarget, local: ZoneInfo) -> None:
        super().__init__()
        self._series, self._place, self._local = series, place, local
        self._list = pn.Column(sizing_mode="stretch_width", margin=(0, 8))
        self._told = pn.Column(sizing_mode="stretch_width")
        self.form = RemarkForm(local, save=self._save)
        """To be put where people see it while they look at the charts."""
        self._add = pmui.Button(label="Annotate", icon="add_comment", variant="text", size="small", visible=False)
        self._add.on_click(lambda _: self.form.open(series.chosen or _middle(series.span or (0, 0))))
        series.param.watch(self._chosen, "chosen")
        soon(self.refresh)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._told, self._add, self._list, sizing_mode="stretch_width")

    async def refresh(self) -> None:
        """Read what is in view."""
        found = await reading(partial(read, self._place, self._series.span or (0, 0), self._local))
        later(lambda: self._take(found))

    def _take(self, found: AnnotationsContent) -> None:
        self._series.remarks = [noted.remark for noted in found.noted]
        self._add.visible = found.may_add
        self._list[:] = [self._row(noted) for noted in found.noted]

    def _row(self, noted: Noted) -> pn.viewable.Viewable:
        remark = noted.remark
        start, end = time_range.from_microseconds((remark.start, remark.end), self._local)
        text = f"{start:%a %-d %b %Y %H:%M} to {end:%a %-d %b %Y %H:%M} · {remark.kind}: {remark.text} ({remark.by})"
        words = pmui.Typography(plain(text), variant="body2", margin=(6, 8))
        if not noted.may_change:
            return pmui.FlexBox(words)
        edit = pmui.IconButton(icon="edit", description=f"Change annotation {remark.text}", **ICON)
        edit.on_click(lambda _: self.form.open((remark.start, remark.end), noted.id, remark))
        delete = pmui.IconButton(icon="delete", description=f"Delete annotation {remark.text}", **ICON)
        delete.on_click(lambda _: pn.state.execute(partial(self._delete, noted.id)))
        return pmui.FlexBox(words, edit, delete, align_items="center")

    def _chosen(self, event: Any) -> None:
        """Open the form for the stretch of time that was drawn in a chart."""
        if self._add.visible and event.new is not None:
            self.form.open(event.new)

    async def _save(self, annotation_id: int | None, fields: dict[str, Any]) -> None:
        if annotation_id is not None:
            await self._try(writing(lambda session, actor: update_annotation(session, actor, annotation_id, fields)))
            return
        kind, key = self._place.kind, self._place.id
        new = NewAnnotation(**fields, belief_time=datetime.now(UTC))
        await self._try(writing(lambda session, actor: create_annotation(session, actor, kind, key, new)))

    async def _delete(self, annotation_id: int) -> None:
        await self._try(writing(lambda session, actor: delete_annotation(session, actor, annotation_id)))

    async def _try(self, change: Coroutine[Any, Any, Any]) -> None:
        """Write, then show what is there now; what is refused is told."""
        try:
            await change
        except Exception as error:  # whatever it is, the person must know that nothing was saved
            problem = error
            later(lambda: refuse(self._told, problem))
            return
        later(self._done)
        await self.refresh()

    def _done(self) -> None:
        self._told[:] = []
        self.form.close()


def _middle(span: tuple[int, int]) -> tuple[int, int]:
    """Return the quarter in the middle of a span, in whole hours where it is long enough."""
    start, end = span
    grid = HOUR_US if end - start >= 8 * HOUR_US else HOUR_US // 60
    first, last = ((start * share + end * (8 - share)) // 8 // grid * grid for share in (5, 3))
    return first, last

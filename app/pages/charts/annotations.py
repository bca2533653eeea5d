"""Annotations of the time in view: drawn in the charts and listed below, with a form to add and change them."""

from collections.abc import Callable, Coroutine, Sequence
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
from app.fragments import time_range
from app.usecases.annotations import (
    NewAnnotation,
    create_annotation,
    delete_annotation,
    places,
    update_annotation,
)
from app.widgets.async_content import attempt, later, plain, reading, soon, writing
from components.charts.annotations import AnnotationBand
from components.charts.time_series import TimeSeries
from db import annotations
from db.annotations import LONGEST, TYPES, On
from db.assets import Asset
from db.core import listing
from db.core.database import get
from db.sensors import Sensor
from engine.series.iso_time import to_us

HOUR_US = 3_600_000_000
ICON = {"size": "small", "margin": 0}
Save = Callable[[int | None, dict[str, Any]], Coroutine[Any, Any, None]]
"""Saves the fields of an annotation: id, None for a new one, and fields."""


@dataclass(frozen=True)
class ShownAnnotation:
    """One annotation as it is shown."""

    id: int
    band: AnnotationBand
    may_change: bool


@dataclass(frozen=True, kw_only=True)
class AnnotationTarget:
    """Asset or sensor that new annotations are put on, and whose annotations are shown."""

    kind: type[Asset] | type[Sensor]
    id: int
    sensors: Sequence[int] = ()
    """Sensors in the charts."""


@dataclass(frozen=True)
class AnnotationsContent:
    """Annotations in a span of time."""

    annotations: list[ShownAnnotation]
    may_add: bool


def read_annotations(
    target: AnnotationTarget, span: tuple[int, int], local: ZoneInfo, session: Session, principal: SignedIn
) -> AnnotationsContent:
    """Annotations in a time range [µs since 1970 UTC]: of the target, its asset, its account and the sensors shown."""
    row = get(session, target.kind, target.id)
    access.check(principal, "read", row)
    asset = row.asset if isinstance(row, Sensor) else row
    accounts = [] if asset.account_id is None else [asset.account_id]
    shown = listing.sensors(session, target.sensors)
    sensors = [key for key, sensor in shown.items() if access.may(principal, "read", sensor)]
    on = On(accounts=accounts, assets=[asset.id], sensors=sensors)
    rows = annotations.overlapping(session, on, *time_range.from_microseconds(span, local))
    bands = [
        ShownAnnotation(
            row.id,
            AnnotationBand(
                start=to_us(row.start), end=to_us(row.end), text=row.content, kind=row.type, by=row.source.description
            ),
            all(access.may(principal, "create-children", each) for each in places(session, row)),
        )
        for row in rows
    ]
    return AnnotationsContent(bands, access.may(principal, "create-children", row))


class AnnotationForm(pn.viewable.Viewer):
    """Form for one annotation: description, type, start and end; hidden until it is opened."""

    def __init__(self, local: ZoneInfo, *, save: Save) -> None:
        super().__init__()
        self._local, self._save = local, save
        self._id: int | None = None
        moment: dict[str, Any] = {"size": "small", "enable_seconds": False, "width": 210, "margin": 6}
        self._text = pmui.TextInput(label="Description", size="small", width=320, margin=6, max_length=LONGEST)
        self._kind = pmui.Select(label="Type", options=list(TYPES), value="label", size="small", width=120, margin=6)
        self._start = pmui.DatetimePicker(label=f"From ({local})", **moment)
        self._end = pmui.DatetimePicker(label=f"To ({local})", **moment)
        button = pmui.Button(label="Save annotation", size="small", margin=6, on_click=self.submit)
        cancel = pmui.Button(label="Cancel", variant="text", size="small", margin=6, on_click=lambda _: self.close())
        parts = [self._text, self._kind, self._start, self._end, button, cancel]
        self._box = pmui.FlexBox(*parts, align_items="center", visible=False, sizing_mode="stretch_width")

    def __panel__(self) -> pn.viewable.Viewable:
        return self._box

    def open(self, span: tuple[int, int], annotation_id: int | None = None, band: AnnotationBand | None = None) -> None:
        """Show the form for a span of time [µs since 1970 UTC], or for a stored annotation."""
        start, end = (moment.replace(tzinfo=None) for moment in time_range.from_microseconds(span, self._local))
        self._id = annotation_id
        self._text.value = band.text if band else ""
        self._kind.value = band.kind if band else "label"
        self._start.value, self._end.value = start, end
        self._box.visible = True

    def close(self) -> None:
        """Hide the form."""
        self._box.visible = False

    def submit(self, _event: object) -> None:
        """Save what the form says."""
        fields = {
            "content": self._text.value.strip(),
            "type": self._kind.value,
            "start": self._start.value.replace(tzinfo=self._local),
            "end": self._end.value.replace(tzinfo=self._local),
        }
        pn.state.execute(partial(self._save, self._id, fields))


class Annotations(pn.viewable.Viewer):
    """List of the annotations in view, with the form for one."""

    def __init__(self, series: TimeSeries, target: AnnotationTarget, local: ZoneInfo) -> None:
        super().__init__()
        self._series, self._target, self._local = series, target, local
        self._list = pn.Column(sizing_mode="stretch_width", margin=(0, 8))
        self._notice = pn.Column(sizing_mode="stretch_width")
        self.form = AnnotationForm(local, save=self._save)
        """Stands outside of the list, where people see it while they look at the charts."""
        self._add = pmui.Button(label="Annotate", icon="add_comment", variant="text", size="small", visible=False)
        self._add.on_click(lambda _: self.form.open(series.chosen or middle_quarter(series.span or (0, 0))))
        series.param.watch(self.open_form, "chosen")
        soon(self.refresh)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._notice, self._add, self._list, sizing_mode="stretch_width")

    async def refresh(self) -> None:
        """Read and show the annotations in view."""
        content = await reading(partial(read_annotations, self._target, self._series.span or (0, 0), self._local))

        def show() -> None:
            self._series.annotations = [annotation.band for annotation in content.annotations]
            self._add.visible = content.may_add
            self._list[:] = [self._row(annotation) for annotation in content.annotations]

        later(show)

    def _row(self, annotation: ShownAnnotation) -> pn.viewable.Viewable:
        band = annotation.band
        start, end = time_range.from_microseconds((band.start, band.end), self._local)
        text = f"{start:%a %-d %b %Y %H:%M} to {end:%a %-d %b %Y %H:%M} · {band.kind}: {band.text} ({band.by})"
        words = pmui.Typography(plain(text), variant="body2", margin=(6, 8))
        if not annotation.may_change:
            return pmui.FlexBox(words)

        async def remove() -> None:
            await self._change(writing(lambda session, actor: delete_annotation(session, actor, annotation.id)))

        edit = pmui.IconButton(icon="edit", description=f"Change annotation {band.text}", **ICON)
        edit.on_click(lambda _: self.form.open((band.start, band.end), annotation.id, band))
        delete = pmui.IconButton(icon="delete", description=f"Delete annotation {band.text}", **ICON)
        delete.on_click(lambda _: pn.state.execute(remove))
        return pmui.FlexBox(words, edit, delete, align_items="center")

    def open_form(self, event: Any) -> None:
        """Open the form for the time range that was drawn in a chart."""
        if self._add.visible and event.new is not None:
            self.form.open(event.new)

    async def _save(self, annotation_id: int | None, fields: dict[str, Any]) -> None:
        if annotation_id is not None:
            await self._change(writing(lambda session, actor: update_annotation(session, actor, annotation_id, fields)))
            return
        kind, key = self._target.kind, self._target.id
        new = NewAnnotation(**fields, belief_time=datetime.now(UTC))
        await self._change(writing(lambda session, actor: create_annotation(session, actor, kind, key, new)))

    async def _change(self, change: Coroutine[Any, Any, Any]) -> None:
        """Await a change, then close the form and read the annotations again."""

        def close() -> None:
            self._notice[:] = []
            self.form.close()

        async def change_and_refresh() -> None:
            await change
            later(close)
            await self.refresh()

        await attempt(change_and_refresh(), self._notice, lambda _: None)


def middle_quarter(span: tuple[int, int]) -> tuple[int, int]:
    """Quarter in the middle of a span [µs since 1970 UTC], in whole hours where it is long enough."""
    start, end = span
    grid = HOUR_US if end - start >= 8 * HOUR_US else HOUR_US // 60
    first, last = ((start * share + end * (8 - share)) // 8 // grid * grid for share in (5, 3))
    return first, last

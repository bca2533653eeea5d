"""Tab Data of a sensor: take in a file, foresee what is to come, delete what should not be there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.asset.context_tab import heading
from app.pages.sensor.upload import Upload
from app.usecases.data import DataDeletion, delete_data
from app.usecases.jobs.forecasts import ForecastTrigger, request_forecast
from app.widgets.async_content import later, note, reading, triggering, writing
from app.widgets.delete_dialog import Removal
from app.widgets.forms import Field, Form
from app.widgets.layout import Shell
from app.widgets.live import finished_job
from app.widgets.tabs import Part
from db.beliefs import deletion, statistics
from db.beliefs.source_filter import SourceFilter
from db.core import listing
from db.core.database import get
from db.sensors import Sensor
from db.sources import Source
from engine.iso_time import zone

READ_ONLY = "You have read-only access to this sensor. To add or delete values, ask an admin of its account."
LENGTHS = {"1 day": "P1D", "2 days": "P2D", "1 week": "P7D"}


@dataclass(frozen=True, kw_only=True)
class DataContent:
    """What the tab shows."""

    sensor: Sensor
    sources: dict[int, Source]
    may_add: bool
    may_delete: bool
    local: ZoneInfo


def part(page: Shell, sensor_id: int) -> Part:
    """Return the tab."""
    return Part("data", "Data", partial(_read, sensor_id), _show)


def _read(sensor_id: int, session: Session, who: SignedIn) -> DataContent:
    sensor = get(session, Sensor, sensor_id)
    access.check(who, "read", sensor)
    return DataContent(
        sensor=sensor,
        sources=listing.sources(session, statistics.per_source(session, sensor_id)),
        may_add=access.may(who, "create-children", sensor),
        may_delete=access.may(who, "delete", sensor),
        local=zone(who.timezone),
    )


def _show(found: DataContent) -> Sequence[Any]:
    shown: list[Any] = []
    if found.may_add:
        shown += [heading("Upload a file"), Upload(found.sensor), heading("Forecast"), _forecast(found.sensor)]
    if found.may_delete:
        shown += [heading("Delete values"), DeletionForm(found)]
    return shown or [note(READ_ONLY)]


def _forecast(sensor: Sensor) -> Form:
    """Return the form that asks for a forecast from now on, and tells how it ended."""
    lengths = Field(name="duration", label="Forecast horizon, from now", kind="choice", options=LENGTHS, value="P2D")

    async def send(given: Mapping[str, Any]) -> str:
        (asked,) = await triggering(
            lambda session, actor: [request_forecast(session, actor, sensor.id, actor.read(ForecastTrigger, given))]
        )
        job = await finished_job(asked.id)
        made = job.status == "FINISHED"
        return "Forecast ready. See the Chart tab." if made else f"No forecast was computed: {job.message}"

    form = Form([lengths], send=send, button="Forecast now", whole=True)
    form.says = str
    return form


class DeletionForm(pn.viewable.Viewer):
    """Which values are to go, and the button that deletes them once it has told how many there are."""

    def __init__(self, found: DataContent) -> None:
        super().__init__()
        self._sensor, self._local = found.sensor, found.local
        options = {"every source": 0, **{each.description: key for key, each in found.sources.items()}}
        common = {"margin": 8, "size": "small"}
        self._source = pmui.Select(label="Values of", options=options, value=0, min_width=240, **common)
        self._start = pmui.DatePicker(label="From the day", clearable=True, **common)
        self._end = pmui.DatePicker(label="Until the end of the day", clearable=True, **common)
        self._told = pn.Column(sizing_mode="stretch_width")
        self._button = Removal("Delete values", ask=self._count, act=self._delete, done=self._say)

    def __panel__(self) -> pn.viewable.Viewable:
        said = f"Leave both days empty to delete all values. Time zone of the days: {self._local}."
        fields = pmui.FlexBox(self._source, self._start, self._end, sizing_mode="stretch_width")
        return pn.Column(
            fields,
            pmui.Typography(said, variant="caption", margin=(0, 8)),
            self._button,
            self._told,
            sizing_mode="stretch_width",
        )

    def _bounds(self) -> tuple[datetime | None, datetime | None]:
        def midnight(day: date | None, later_by: int) -> datetime | None:
            after = day + timedelta(days=later_by) if day else None
            return datetime(after.year, after.month, after.day, tzinfo=self._local) if after else None

        return midnight(self._start.value, 0), midnight(self._end.value, 1)

    async def _count(self) -> str:
        number = await reading(partial(_counted, self._sensor.id, self._bounds(), self._source.value or None))
        start, end = self._bounds()
        times = f"from {start:%Y-%m-%d %H:%M}" if start else "from the first one"
        times += f" until {end:%Y-%m-%d %H:%M}" if end else " to the last one"
        by = next(text for text, key in self._source.options.items() if key == self._source.value)
        return (
            f"{number:,} beliefs of {by} go, about events {times} ({self._local}), superseded ones included. "
            "This cannot be undone."
        )

    async def _delete(self) -> None:
        start, end = self._bounds()
        chosen = DataDeletion(source=self._source.value or None, start=start, until=end)
        await writing(lambda session, actor: delete_data(session, actor, self._sensor.id, chosen))

    def _say(self, _answer: object) -> None:
        later(lambda: self._told.param.update(objects=[note("Values deleted.", "success")]))


def _counted(
    sensor_id: int, span: tuple[datetime | None, datetime | None], source: int | None, session: Session, who: SignedIn
) -> int:
    sensor = get(session, Sensor, sensor_id)
    access.check(who, "delete", sensor)
    only = None if source is None else SourceFilter(ids=[source])
    return deletion.count(session, sensor, bounds=deletion.within(*span), sources=only)

"""Tab Data of a sensor: upload a file, request a forecast, delete values."""

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
from app.fragments.fields import Field
from app.pages.sensor.upload import Upload
from app.usecases.data import DataDeletion, delete_data
from app.usecases.jobs.forecasts import ForecastTrigger, request_forecast
from app.widgets.async_content import confirm, finished_job, note, reading, triggering, writing
from app.widgets.confirm import Removal
from app.widgets.forms import Form
from app.widgets.layout import Shell, section_heading
from app.widgets.tabs import Part
from db.beliefs import deletion, statistics
from db.beliefs.source_filter import SourceFilter
from db.core import listing
from db.core.database import get
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import zone

LENGTHS = {"1 day": "P1D", "2 days": "P2D", "1 week": "P7D"}


@dataclass(frozen=True, kw_only=True)
class DataContent:
    """Content of the tab."""

    sensor: Sensor
    sources: dict[int, Source]
    may_add: bool
    may_delete: bool
    local: ZoneInfo


def part(page: Shell, sensor_id: int) -> Part:
    """Tab Data."""
    return Part("data", "Data", partial(read_data, sensor_id), show_data)


def read_data(sensor_id: int, session: Session, principal: SignedIn) -> DataContent:
    """Sensor with its sources, and what the user may do with its values."""
    sensor = get(session, Sensor, sensor_id)
    access.check(principal, "read", sensor)
    return DataContent(
        sensor=sensor,
        sources=listing.sources(session, statistics.per_source(session, sensor_id)),
        may_add=access.may(principal, "create-children", sensor),
        may_delete=access.may(principal, "delete", sensor),
        local=zone(principal.timezone),
    )


def show_data(content: DataContent) -> Sequence[Any]:
    """Parts of the tab, from top to bottom."""
    shown: list[Any] = []
    if content.may_add:
        shown += [section_heading("Upload a file"), Upload(content.sensor)]
        shown += [section_heading("Forecast"), forecast_form(content.sensor)]
    if content.may_delete:
        shown += [section_heading("Delete values"), DeletionForm(content)]
    return shown or [note(access.read_only("create-children", content.sensor))]


def forecast_form(sensor: Sensor) -> Form:
    """Form that requests a forecast from now on, waits for it, and says how it ended."""
    lengths = Field(name="duration", label="Forecast horizon, from now", kind="choice", options=LENGTHS, value="P2D")

    async def send(values: Mapping[str, Any]) -> str:
        (requested,) = await triggering(
            lambda session, actor: [request_forecast(session, actor, sensor.id, actor.read(ForecastTrigger, values))]
        )
        job = await finished_job(requested.id)
        if job.status == "FINISHED":
            return "Forecast ready. See the Chart tab."
        return f"No forecast was computed: {job.message}"

    form = Form([lengths], send=send, button="Forecast now", whole=True)
    form.says = str
    return form


class DeletionForm(pn.viewable.Viewer):
    """Choice of values to delete, and the button that deletes them once it has said how many they are."""

    def __init__(self, content: DataContent) -> None:
        super().__init__()
        self._sensor, self._local = content.sensor, content.local
        options = {"all sources": 0, **{source.description: key for key, source in content.sources.items()}}
        common = {"margin": 8, "size": "small"}
        self._source = pmui.Select(label="Values of", options=options, value=0, min_width=240, **common)
        self._start = pmui.DatePicker(label="From the day", clearable=True, **common)
        self._end = pmui.DatePicker(label="Until the end of the day", clearable=True, **common)
        self._notice = pn.Column(sizing_mode="stretch_width")
        self._button = Removal(
            "Delete values", ask=self.count, act=self.delete, done=lambda _: confirm(self._notice, "Values deleted.")
        )

    def __panel__(self) -> pn.viewable.Viewable:
        hint = f"Leave both days empty to delete all values. Days are those of {self._local}."
        fields = pmui.FlexBox(self._source, self._start, self._end, sizing_mode="stretch_width")
        return pn.Column(
            fields,
            pmui.Typography(hint, variant="caption", margin=(0, 8)),
            self._button,
            self._notice,
            sizing_mode="stretch_width",
        )

    def _bounds(self) -> tuple[datetime | None, datetime | None]:
        def midnight(day: date | None, later_by: int) -> datetime | None:
            after = day + timedelta(days=later_by) if day else None
            return datetime(after.year, after.month, after.day, tzinfo=self._local) if after else None

        return midnight(self._start.value, 0), midnight(self._end.value, 1)

    async def count(self) -> str:
        """Say how many beliefs would go, in the words of the question."""
        (start, end), source_id = self._bounds(), self._source.value or None

        def count_beliefs(session: Session, principal: SignedIn) -> int:
            sensor = get(session, Sensor, self._sensor.id)
            access.check(principal, "delete", sensor)
            only = None if source_id is None else SourceFilter(ids=[source_id])
            return deletion.count(session, sensor, bounds=deletion.within(start, end), sources=only)

        number = await reading(count_beliefs)
        times = f"from {start:%Y-%m-%d %H:%M}" if start else "from the first event"
        times += f" until {end:%Y-%m-%d %H:%M}" if end else " to the last event"
        by = next(text for text, key in self._source.options.items() if key == self._source.value)
        return (
            f"{number:,} beliefs of {by} will be deleted, {times} ({self._local}), earlier versions of the values "
            "included. This cannot be undone."
        )

    async def delete(self) -> None:
        """Delete the values that are chosen."""
        start, end = self._bounds()
        chosen = DataDeletion(source=self._source.value or None, start=start, until=end)
        await writing(lambda session, actor: delete_data(session, actor, self._sensor.id, chosen))

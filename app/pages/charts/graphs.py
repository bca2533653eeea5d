"""Charts of assets and sensors: which sensors they show, their values as known, and the bar and files beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble import showing
from app.assemble.flex_lines import field_lines, with_sensors
from app.assemble.lines import lines_of
from app.assemble.showing import ShownChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.fragments import time_range
from app.fragments.visit import address
from app.pages.charts.annotations import Annotations, AnnotationTarget
from app.web.context import current
from app.widgets.async_content import later, note, reading
from app.widgets.layout import remember
from app.widgets.range_bar import RangeBar
from components.charts.time_series import TimeSeries
from components.charts.traces import Chart
from db import sensors
from db.assets import Asset
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.beliefs.time_range import BeliefQuery, EventSpan
from db.beliefs.time_range import check as check_count
from db.core import listing
from db.sensors import Sensor
from engine.errors import InputError
from engine.series.iso_time import from_us, iso_duration, to_us

LONGEST_US = 3 * 366 * 86_400_000_000
"""The longest span that is read at once [µs]."""
AT_ONCE = 4
"""Charts that are built at first: more than fit into a window."""
HINT = "Drag to pan, Ctrl + wheel to zoom; all charts move together. Click a source to hide it."

PICTURES = {"Picture (PNG)": "png", "Drawing (SVG)": "svg"}
VALUES = {"Values (CSV)": "csv", "Values (Excel)": "xlsx", "Values (Parquet)": "parquet"}
NO_DATA = (
    "No data in this time range. Choose another time range, or add data: upload a file on the Data tab of the sensor, "
    "run 'flexscope add beliefs --sensor {id} …' on the server, or send values with POST /api/v3_0/sensors/{id}/data."
)
NO_VALUE = "No value is stored for {names}, or you may not see it. Set it in the flex-config of the asset."
HIDDEN = "{count} sensor(s) of this chart were deleted, or you may not see them. Choose others with 'Edit graphs'."
DEFAULT = 2
"""Number of sensors that an asset without sensors_to_show shows."""


class Graphs(pn.viewable.Viewer):
    """Charts that read more values when a person moves beyond those that were read."""

    def __init__(
        self,
        *,
        plan: list[ShownChart],
        charts: Sequence[Chart],
        span: tuple[datetime, datetime],
        local: ZoneInfo,
        place: AnnotationTarget,
    ) -> None:
        super().__init__()
        self._plan, self._local = plan, local
        self._read = time_range.microseconds(span)
        self.series = TimeSeries(
            charts=list(charts), zone=str(local), span=self._read, now=to_us(datetime.now(UTC)), choosing=True,
            at_once=AT_ONCE,
        )  # fmt: skip
        self.series.param.watch(self._moved, "span")
        self._bar = RangeBar(self._span, local, lambda chosen: self.series.param.update(span=chosen))
        self._notice = pn.Column(sizing_mode="stretch_width")
        self._files = Files(self.series, place.sensors)
        self._annotations = Annotations(self.series, place, local)

    def __panel__(self) -> pn.viewable.Viewable:
        hint = pmui.Typography(HINT, variant="caption", margin=(0, 8))
        below = pmui.FlexBox(hint, self._files, align_items="center", sizing_mode="stretch_width")
        parts = [self._bar, self._notice, self._annotations.form, self.series, below, self._annotations]
        return pn.Column(*parts, sizing_mode="stretch_width")

    def draw(self, plan: list[ShownChart]) -> None:
        """Show other charts over the same time range."""
        self._plan = plan
        pn.state.execute(self._read_on)

    @property
    def _span(self) -> tuple[int, int]:
        return time_range.within(self.series.span or self._read)

    def _moved(self, _event: object) -> None:
        """Write the range into address and bar, and read more values where it goes beyond those that were read."""
        start, end = time_range.from_microseconds(self._span, self._local)
        remember(start=start.isoformat(), end=end.isoformat())  # first: Back leads here once the bar shows the range
        self._bar.follow(self._span)
        self._files.follow(self._span)
        first, last = self._span
        # They are read anew for every range, as they are few
        pn.state.execute(self._annotations.refresh)
        if first < self._read[0] or last > self._read[1]:
            pn.state.execute(self._read_on)

    async def _read_on(self) -> None:
        """Read the range in view, and as much again before and after it."""
        first, last = self._span
        margin = min(last - first, max(LONGEST_US - (last - first), 0) // 2)
        try:
            shown, span = await self._charts_between(first - margin, last + margin)
        except InputError:  # too many values; those in view alone may not be
            try:
                shown, span = await self._charts_between(first, last)
            except InputError as error:
                problem = note(str(error), "warning")
                later(lambda: self._notice.param.update(objects=[problem]))
                return
        self._read = time_range.microseconds(span)
        later(lambda: self._notice.param.update(objects=[]))
        later(lambda: self.series.param.update(charts=shown))

    async def _charts_between(self, first: int, last: int) -> tuple[list[Chart], tuple[datetime, datetime]]:
        start, end = time_range.from_microseconds((first, last), self._local)
        span = ChartSpan(start, end, known_at=datetime.now(UTC))
        shown = await reading(lambda session, principal: read_charts(session, principal, self._plan, span))
        return shown, (start, end)


class Files(pn.viewable.Viewer):
    """Menu that saves the charts as a picture, made in the browser, or their values as a file, from the API."""

    def __init__(self, series: TimeSeries, sensors: Sequence[int]) -> None:
        super().__init__()
        self._series, self._sensors = series, list(dict.fromkeys(sensors))
        self._menu = pmui.MenuButton(label="Save", icon="download", variant="text", size="small", margin=0)
        self._menu.on_click(self.save_picture)
        if series.span is not None:
            self.follow(series.span)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._menu

    def follow(self, span: tuple[int, int]) -> None:
        """Offer the files of a time range [µs since 1970 UTC]."""
        start, end = (from_us(moment - moment % 1_000_000) for moment in span)
        arguments = {"sensors": ",".join(map(str, self._sensors)), "start": start.isoformat()}
        arguments["duration"] = iso_duration(end - start)
        path = address("/api/v3_0/sensors/data/export")
        pictures: list[dict[str, Any]] = [{"label": label, "icon": "image"} for label in PICTURES]
        values = [
            {"label": label, "icon": "table_view", "href": f"{path}?{urlencode(arguments | {'format': kind})}"}
            for label, kind in VALUES.items()
        ]
        self._menu.items = pictures + values

    def save_picture(self, item: dict[str, Any]) -> None:
        """Save the charts in view as the picture of a menu entry."""
        if item["label"] in PICTURES:
            self._series.take_picture(PICTURES[item["label"]])


def charts_of_asset(session: Session, asset: Asset) -> list[ShownChart]:
    """Charts of an asset: those of sensors_to_show, else one for each of its first sensors."""
    return showing.wanted(asset.sensors_to_show or ()) or [
        ShownChart("", [sensor.id]) for sensor in sensors.of_asset(session, asset.id)[:DEFAULT]
    ]


@dataclass(frozen=True)
class ChartSpan:
    """Events of a time range to read, as known at a moment."""

    start: datetime
    end: datetime
    known_at: datetime


def read_charts(session: Session, principal: SignedIn, plan: list[ShownChart], span: ChartSpan) -> list[Chart]:
    """Charts of a plan, with the sensors that the user may see.

    Raises:
        FieldError: They would show more values than one answer may have.
    """
    said = field_lines(References(session, principal), (field for chart in plan for field in chart.fields))
    shown = [with_sensors(chart, [said[field] for field in chart.fields if field in said]) for chart in plan]
    found = listing.sensors(session, {key for keys in shown for key in keys})
    playing = current().settings.is_playing
    seen = {key: sensor for key, sensor in found.items() if access.may_be_shown(principal, sensor, playing=playing)}
    most = current().settings.most("VALUES_READ")
    check_count(session, list(seen.values()), EventSpan(span.start, span.end), most=most)
    known = {key: read_by_source(session, sensor, span) for key, sensor in seen.items()}
    sources = listing.sources(session, {source for values in known.values() for source in values})
    charts = []
    for chart, keys in zip(plan, shown, strict=True):
        visible = [seen[key] for key in keys if key in seen]
        lines = [line for sensor in visible for line in lines_of(sensor, known[sensor.id], sources)]
        lines += [line for field in chart.fields if field in said for line in said[field].traces(span.start, span.end)]
        names = [sensor.name for sensor in visible] + [field.name for field in chart.fields if field in said]
        empty = NO_DATA.format(id=visible[0].id) if visible else HIDDEN.format(count=len(keys))
        if chart.fields and not keys:
            empty = NO_VALUE.format(names=", ".join(field.name for field in chart.fields))
        whole = Chart(title=chart.title or chart_title(names), traces=lines, empty=empty)
        charts += [part.scaled() for part in whole.split()]
    return charts


def read_by_source(session: Session, sensor: Sensor, span: ChartSpan) -> dict[int, Beliefs]:
    """Values of a sensor in a time range, by source id."""
    return store.read_per_source(session, sensor, BeliefQuery(span.start, span.end, known_at=span.known_at))


def chart_title(names: Sequence[str]) -> str:
    """Heading of a chart that has none of its own: the names of its sensors and fields."""
    return ", ".join(dict.fromkeys(name[:1].upper() + name[1:] for name in names)) or "Sensors"

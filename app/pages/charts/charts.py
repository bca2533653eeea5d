"""Charts of assets and sensors: which sensors they show, and their values as known now, one line for each source."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.assemble import showing
from app.assemble.lines import lines_of
from app.assemble.showing import ShownChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.web.context import current
from components.charts.traces import Chart
from db import sensors
from db.assets import Asset
from db.beliefs import store, time_range
from db.beliefs.chunks import Beliefs
from db.beliefs.time_range import BeliefQuery
from db.core import listing
from db.sensors import Sensor

NO_DATA = (
    "No data in this time range. Choose another time range, or add data: upload a file on the Data tab of the sensor, "
    "run 'flexscope add beliefs --sensor {id} …' on the server, or send values with POST /api/v3_0/sensors/{id}/data."
)
HIDDEN = "{count} sensor(s) of this chart were deleted, or you may not see them. Choose others with 'Edit graphs'."
DEFAULT = 2
"""Number of sensors that an asset without sensors_to_show shows."""


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
    found = listing.sensors(session, {sensor_id for chart in plan for sensor_id in chart.sensors})
    playing = current().settings.is_playing
    seen = {key: sensor for key, sensor in found.items() if access.may_be_shown(principal, sensor, playing=playing)}
    most = current().settings.most("VALUES_READ")
    time_range.check(session, list(seen.values()), time_range.EventSpan(span.start, span.end), most=most)
    known = {key: read_by_source(session, sensor, span) for key, sensor in seen.items()}
    sources = listing.sources(session, {source for values in known.values() for source in values})
    charts = []
    for chart in plan:
        visible = [seen[key] for key in chart.sensors if key in seen]
        lines = [line for sensor in visible for line in lines_of(sensor, known[sensor.id], sources)]
        converted = [line.converted(lines[0].unit) for line in lines]
        empty = NO_DATA.format(id=visible[0].id) if visible else HIDDEN.format(count=len(chart.sensors))
        charts.append(Chart(title=chart.title or chart_title(visible), traces=converted, empty=empty).scaled())
    return charts


def read_by_source(session: Session, sensor: Sensor, span: ChartSpan) -> dict[int, Beliefs]:
    """Values of a sensor in a time range, by source id."""
    return store.read_per_source(session, sensor, BeliefQuery(span.start, span.end, known_at=span.known_at))


def chart_title(shown: list[Sensor]) -> str:
    """Heading of a chart that has none of its own: the names of its sensors."""
    return ", ".join(dict.fromkeys(sensor.name[:1].upper() + sensor.name[1:] for sensor in shown)) or "Sensors"

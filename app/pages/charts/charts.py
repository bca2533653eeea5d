"""From what an asset wants shown to charts: which sensors, their values as known now, one line for each source."""

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
from db.core import listing
from db.sensors import Sensor

NO_DATA = "No data in this time range. Choose another range, or add data: run"
DEFAULT = 2
"""How many sensors an asset shows that does not say which."""


def wanted(session: Session, asset: Asset) -> list[ShownChart]:
    """Return the charts an asset shows: those of sensors_to_show, else one for each of its first sensors."""
    return showing.wanted(asset.sensors_to_show or ()) or [
        ShownChart("", [sensor.id]) for sensor in sensors.of_asset(session, asset.id)[:DEFAULT]
    ]


@dataclass(frozen=True)
class ChartSpan:
    """What to read: events of a span of time, as known at a moment."""

    start: datetime
    end: datetime
    known_at: datetime


def read(session: Session, who: SignedIn, plan: list[ShownChart], span: ChartSpan) -> list[Chart]:
    """Return the charts a plan asks for, with the sensors the user may see.

    Raises:
        FieldError: They would show more values than one answer may have.
    """
    found = listing.sensors(session, {sensor_id for chart in plan for sensor_id in chart.sensors})
    playing = current().settings.is_playing
    seen = {key: sensor for key, sensor in found.items() if access.may_be_shown(who, sensor, playing=playing)}
    most = current().settings.most("VALUES_READ")
    time_range.check(session, list(seen.values()), time_range.EventSpan(span.start, span.end), most=most)
    known = {key: read_sensor(session, sensor, span) for key, sensor in seen.items()}
    told = listing.sources(session, {source for values in known.values() for source in values})
    charts = []
    for chart in plan:
        visible = [seen[key] for key in chart.sensors if key in seen]
        every = [line for sensor in visible for line in lines_of(sensor, known[sensor.id], told)]
        hidden = len(chart.sensors) - len(visible)
        shown = [line.converted(every[0].unit) for line in every]
        charts.append(Chart(title=chart.title or title(visible), traces=shown, empty=_empty(visible, hidden)))
    return charts


def read_sensor(session: Session, sensor: Sensor, span: ChartSpan) -> dict[int, Beliefs]:
    """Return what each source told of a sensor in a span, by source id."""
    return store.read_per_source(session, sensor, span.start, span.end, known_at=span.known_at)


def title(shown: list[Sensor]) -> str:
    """Return the heading of a chart that has none of its own: what its sensors are called."""
    return ", ".join(dict.fromkeys(sensor.name[:1].upper() + sensor.name[1:] for sensor in shown)) or "Sensors"


def _empty(shown: list[Sensor], hidden: int) -> str:
    if not shown:
        return f"{hidden} sensor(s) of this chart were deleted or are not yours to see. Choose others with Edit graphs."
    key = shown[0].id
    return f"{NO_DATA} 'flexscope add beliefs --sensor {key} …', or post to /api/v3_0/sensors/{key}/data."

"""Charts of assets and sensors: which sensors they show, as far as a user may see them, and their values as known."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sqlalchemy.orm import Session

from app.assemble import showing
from app.assemble.flex_lines import FieldLine, field_lines, with_sensors
from app.assemble.lines import lines_of, summed_lines
from app.assemble.showing import FlexField, SensorChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.running import current
from components.charts.traces import Chart
from db import listing, sensors
from db.assets import Asset
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.beliefs.summaries import read_summaries
from db.beliefs.time_range import BeliefQuery, EventSpan
from db.beliefs.time_range import check as check_count
from db.sensors import Sensor

NO_DATA = (
    "No data in this time range. Choose another time range, or add data: upload a file on the Data tab of the sensor, "
    "run 'flexscope add beliefs --sensor {id} …' on the server, or send values with POST /api/v3_0/sensors/{id}/data."
)
NO_VALUE = "No value is stored for {names}, or you may not see it. Set it in the flex-config of the asset."
HIDDEN = "{count} sensor(s) of this chart were deleted, or you may not see them. Choose others with 'Edit graphs'."
DEFAULT = 2
"""Number of sensors that an asset without sensors_to_show shows."""


def charts_of_asset(session: Session, asset: Asset) -> list[SensorChart]:
    """Charts of an asset: those of sensors_to_show, else one for each of its first sensors."""
    return showing.wanted(asset.sensors_to_show or ()) or [
        SensorChart("", [sensor.id]) for sensor in sensors.of_asset(session, asset.id)[:DEFAULT]
    ]


@dataclass(frozen=True)
class ChartSpan:
    """Events of a time range to read, as known at a moment."""

    start: datetime
    end: datetime
    known_at: datetime


@dataclass(frozen=True, kw_only=True)
class VisibleCharts:
    """Charts as a user may see them."""

    plan: list[SensorChart]
    sensor_ids: list[list[int]]
    """Ids of the sensors of each chart, those that its fields name included."""
    sensors: dict[int, Sensor]
    """Those that the user may see, by id."""
    fields: dict[FlexField, FieldLine]
    """Values of fields of flex-configs that the user may see."""


def visible_charts(session: Session, principal: SignedIn, plan: list[SensorChart]) -> VisibleCharts:
    """What of a plan a user may see now."""
    said = field_lines(References(session, principal), (field for chart in plan for field in chart.fields))
    shown = [with_sensors(chart, [said[field] for field in chart.fields if field in said]) for chart in plan]
    known = listing.sensors(session, {key for keys in shown for key in keys})
    playing = current().settings.is_playing
    seen = {key: sensor for key, sensor in known.items() if access.may_be_charted(principal, sensor, playing=playing)}
    return VisibleCharts(plan=plan, sensor_ids=shown, sensors=seen, fields=said)


def read_charts(
    session: Session, visible: VisibleCharts, span: ChartSpan, *, summed: Collection[int] = ()
) -> list[Chart]:
    """Charts over a time range, in parts of one unit each.

    Of sensors with ids in ``summed`` all values are read, as what their chunks say of them.

    Raises:
        FieldError: They would show more values than one answer may have.
    """
    seen, said = visible.sensors, visible.fields
    most = current().settings.most("VALUES_READ")
    sums = {key: read_summaries(session, key, known_at=span.known_at) for key in summed}
    opened = {key: sensor for key, sensor in seen.items() if sums.get(key) is None}
    check_count(session, list(opened.values()), EventSpan(span.start, span.end), most=most)
    known = {key: read_by_source(session, sensor, span) for key, sensor in opened.items()}
    used = {source for values in known.values() for source in values}
    used |= {chunks.origin.source_id for chunks in chain.from_iterable(filter(None, sums.values()))}
    sources = listing.sources(session, used)
    drawn = {key: lines_of(sensor, known[key], sources) for key, sensor in opened.items()}
    drawn |= {key: summed_lines(seen[key], chunks, sources) for key, chunks in sums.items() if chunks is not None}
    charts = []
    for chart, keys in zip(visible.plan, visible.sensor_ids, strict=True):
        shown = [seen[key] for key in keys if key in seen]
        lines = [line for sensor in shown for line in drawn[sensor.id]]
        lines += [line for field in chart.fields if field in said for line in said[field].traces(span.start, span.end)]
        names = [sensor.name for sensor in shown] + [field.name for field in chart.fields if field in said]
        empty = NO_DATA.format(id=shown[0].id) if shown else HIDDEN.format(count=len(keys))
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

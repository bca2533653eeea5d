"""Tab Statistics of a sensor: what each source told, summed up."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.asset.context_tab import heading
from app.pages.sensor.pattern_tabs import NO_DATA
from app.web.context import current
from app.widgets.layout import Shell
from app.widgets.tabs import Part
from components.tables.fact_table import Cell, FactTable
from components.theme import line_role
from db.beliefs import statistics
from db.beliefs.statistics import Statistics
from db.core import listing
from db.core.database import get
from db.sensors import Sensor
from db.sources import Source
from engine.iso_time import zone


@dataclass(frozen=True)
class StatisticsContent:
    """What the tab shows."""

    sensor: Sensor
    by_source: dict[int, Statistics]
    sources: dict[int, Source]
    local: ZoneInfo


def part(page: Shell, sensor_id: int) -> Part:
    """Return the tab."""
    return Part("statistics", "Statistics", partial(_read, sensor_id), _show)


def _read(sensor_id: int, session: Session, who: SignedIn) -> StatisticsContent:
    sensor = get(session, Sensor, sensor_id)
    access.check(who, "read", sensor)
    found = statistics.per_source(session, sensor_id)
    return StatisticsContent(sensor, found, listing.sources(session, found), zone(who.timezone))


def _show(found: StatisticsContent) -> Sequence[Any]:
    unit = found.sensor.unit or "-"
    columns = ["Source", "Tells", "First event", "Last event", "Newest recording", "Events"]
    columns += [f"Lowest [{unit}]", f"Mean [{unit}]", f"Highest [{unit}]"]
    rows = [_row(found, found.sources[key], stats) for key, stats in found.by_source.items()]
    table = FactTable(columns=columns, rows=rows, empty=NO_DATA.format(id=found.sensor.id))
    return [heading(f"Most recent values by source (times in {found.local})"), table]


def _row(found: StatisticsContent, source: Source, stats: Statistics) -> list[Cell]:
    moments = (stats.first_event, stats.last_event, stats.last_belief)
    return [
        source.description,
        f"{line_role(source.type)} ({source.type})",
        *(f"{moment.astimezone(found.local):%Y-%m-%d %H:%M}" for moment in moments),
        f"{stats.count:,}",
        *(_number(value) for value in (stats.minimum, stats.mean, stats.maximum)),
    ]


def _number(value: float) -> str:
    return "" if math.isnan(value) and current().settings.FLEXMEASURES_HIDE_NAN_IN_UI else f"{value:,.4g}"

"""Tab Statistics of a sensor: its most recent values, by source."""

import math
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.tables import facts, sections
from app.fragments.tabs import TextTab
from app.fragments.visit import Visit
from app.pages.sensor.pattern_tabs import NO_DATA
from app.running import current
from components.tables.fact_table import Cell
from components.theme import line_role
from db import listing
from db.beliefs import statistics
from db.beliefs.statistics import Statistics
from db.core.database import get
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import zone


@dataclass(frozen=True)
class StatisticsContent:
    """Content of the tab."""

    sensor: Sensor
    by_source: dict[int, Statistics]
    sources: dict[int, Source]
    local: ZoneInfo


def read_statistics(visit: Visit, session: Session, principal: SignedIn) -> StatisticsContent:
    """Statistics of the most recent value of each event, by source."""
    sensor = get(session, Sensor, visit.key)
    access.check(principal, "read", sensor)
    by_source = statistics.per_source(session, sensor.id)
    return StatisticsContent(sensor, by_source, listing.sources(session, by_source), zone(principal.timezone))


def show_statistics(_visit: Visit, content: StatisticsContent) -> Markup:
    """Table of the statistics."""
    unit = content.sensor.unit or "-"
    columns = ["Source", "Role", "First event", "Last event", "Newest recording", "Events"]
    columns += [f"Lowest [{unit}]", f"Mean [{unit}]", f"Highest [{unit}]"]
    rows: list[list[Cell]] = []
    for key, stats in content.by_source.items():
        source, moments = content.sources[key], (stats.first_event, stats.last_event, stats.last_belief)
        rows.append(
            [
                source.description,
                f"{line_role(source.type)} ({source.type})",
                *(f"{moment.astimezone(content.local):%Y-%m-%d %H:%M}" for moment in moments),
                f"{stats.count:,}",
                *(number_text(value) for value in (stats.minimum, stats.mean, stats.maximum)),
            ]
        )
    table = facts(columns, rows, empty=NO_DATA.format(id=content.sensor.id))
    return sections({f"Most recent values by source (times in {content.local})": table})


def number_text(value: float) -> str:
    """Number as text; NaN is empty where the settings hide it."""
    return "" if math.isnan(value) and current().settings.FLEXMEASURES_HIDE_NAN_IN_UI else f"{value:,.4g}"


TAB = TextTab(read=read_statistics, show=show_statistics)

"""Tab Accuracy of a sensor: how good its forecasts were, by source and by how long before they foresaw."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble.forecasting.accuracy import SkillQuery, SourceSkill, forecast_skills
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.tables import facts, sections
from app.fragments.tabs import TextTab
from app.fragments.visit import Visit
from components.tables.fact_table import Cell
from db import listing
from db.core.database import get
from db.sensors import Sensor
from db.sources import Source

DAYS = 28
"""Days back whose events are compared."""
PARTS = 8
"""Parts of a day that errors are told by."""
NONE_YET = (
    "No forecast of the last {days} days can be compared with measured values yet. Request one on the Data tab; each "
    "event is compared once its value is known."
)
HINT = (
    "Of each event, what the source had said at least so long before counts, not what it said later. Relative error: "
    "mean absolute error per that of the value a day before (two days, of 48 hours ahead) on the same events; below "
    "100 % is better. Accuracy is 1 − WAPE. Inside: share of values between the lowest and the highest quantile, and "
    "what was promised."
)


@dataclass(frozen=True)
class AccuracyContent:
    """Content of the tab."""

    sensor: Sensor
    skills: list[SourceSkill]
    sources: dict[int, Source]


def read_accuracy(visit: Visit, session: Session, principal: SignedIn) -> AccuracyContent:
    """Skill of each source of forecasts at each lead."""
    sensor = get(session, Sensor, visit.key)
    access.check(principal, "read", sensor)
    now = datetime.now(UTC)
    query = SkillQuery(start=now - timedelta(days=DAYS), end=now, known_at=now)
    skills = forecast_skills(session, sensor, query)
    return AccuracyContent(sensor, skills, listing.sources(session, {each.source_id for each in skills}))


def show_accuracy(_visit: Visit, content: AccuracyContent) -> Markup:
    """Table of the skills, and errors by time of day."""
    unit = content.sensor.unit or "-"
    columns = ["Ahead", "Source", "Events", f"MAE [{unit}]", f"RMSE [{unit}]", f"Bias [{unit}]", "Accuracy"]
    columns += ["Relative error", f"Pinball [{unit}]", "Inside"]
    rows: list[list[Cell]] = []
    for each in content.skills:
        found = each.skill
        inside = "" if math.isnan(found.coverage) else f"{found.coverage:.0%} of {found.promised:.0%}"
        shares = ["" if math.isnan(share) else f"{share:.0%}" for share in (1.0 - found.wape, found.mase)]
        numbers = [_number(value) for value in (found.mae, found.rmse, found.bias)]
        cells: list[Cell] = [_ahead(each.lead), _source(each, content), f"{found.events:,}", *numbers, *shares]
        rows.append([*cells, _number(found.pinball), inside])
    table = facts(columns, rows, empty=NONE_YET.format(days=DAYS))
    if not content.skills:
        return sections({f"Forecasts of the last {DAYS} days": table})
    hours = [f"{24 // PARTS * part}–{24 // PARTS * (part + 1)} h" for part in range(PARTS)]
    by_part: list[list[Cell]] = []
    for each in content.skills:
        known = [errors[np.isfinite(errors)] for errors in each.by_hour.reshape(PARTS, -1)]
        means = [_number(float(errors.mean()) if len(errors) else math.nan) for errors in known]
        by_part.append([_ahead(each.lead), _source(each, content), *means])
    hint = Markup('<p class="small">{}</p>').format(HINT)
    local = f"Mean absolute error by time of day [{unit}], {content.sensor.timezone}"
    parts = {f"Forecasts of the last {DAYS} days": table + hint}
    return sections({**parts, local: facts(["Ahead", "Source", *hours], by_part)})


def _ahead(lead: timedelta) -> str:
    return f"{lead // timedelta(hours=1)} h"


def _source(each: SourceSkill, content: AccuracyContent) -> str:
    return content.sources[each.source_id].description


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:,.4g}"


TAB = TextTab(read=read_accuracy, show=show_accuracy)

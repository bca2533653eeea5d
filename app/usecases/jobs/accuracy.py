"""How good the forecasts of a sensor were, as anyone who may read it may ask."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from app.assemble.forecasting.accuracy import LEADS, SkillQuery, SourceSkill, forecast_skills
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Length, Moment, Query, Texts, lasting
from db.core.database import get
from db.sensors import Sensor
from engine.errors import FieldError
from engine.series.iso_time import after, duration, iso_duration, zone

DAYS = 28
"""Days back whose events are compared where none are asked for."""
LONGEST = timedelta(days=366)
"""Longest time that one request compares: a year of quarter-hours is read once for each horizon."""
FARTHEST = timedelta(days=31)
MOST_LEADS = 8


class AccuracyQuery(Query):
    """Which forecasts are compared with measured values."""

    model_config = HYPHENS

    start: Annotated[Moment | None, Field(description="Of the events; without it 28 days before the end")] = None
    end: Annotated[Moment | None, Field(description="Events before then; without it now")] = None
    duration: Annotated[Length | None, Field(description="The same counted from the start; at most 366 days")] = None
    prior: Annotated[Moment | None, Field(description="Compare with what was measured and known by then")] = None
    horizons: Annotated[
        Texts | None,
        Field(
            description="How long before an event could be known it was forecast, at least; at most 8 of at most 31 "
            "days, joined by commas. Without it PT1H,PT6H,PT24H,PT48H",
            examples=["PT1H,PT24H"],
        ),
    ] = None

    def skill_query(self, actor: Actor, sensor: Sensor) -> SkillQuery:
        """The query of the comparison.

        Raises:
            FieldError: The time is empty or too long, or a horizon is none.
        """
        if self.start and self.end and self.duration:
            raise FieldError("duration", "write an end or a duration, not both.")
        place = zone(sensor.timezone)
        anchor = self.start or self.end or actor.now
        length = lasting(self.duration, anchor, place=place) if self.duration else timedelta(days=DAYS)
        if self.start and self.duration:
            start, end = self.start, after(self.start, length, field="duration")
        else:
            end = self.end or actor.now
            start = self.start or after(end, -length, field="duration")
        if not timedelta(0) < end - start <= LONGEST:
            raise FieldError("end", f"it has to lie after the start by at most {LONGEST.days} days.")
        names = LEADS_AS_TEXT if self.horizons is None else self.horizons
        if len(names) > MOST_LEADS:
            raise FieldError("horizons", f"there are {len(names)}; write at most {MOST_LEADS}.")
        leads = {duration(name, field="horizons", start=start) for name in names}
        if not leads or not all(timedelta(0) <= lead <= FARTHEST for lead in leads):
            raise FieldError("horizons", f"write lengths from PT0H to P{FARTHEST.days}D, such as PT1H,PT24H.")
        return SkillQuery(start=start, end=end, known_at=self.prior or actor.now, leads=tuple(sorted(leads)))


LEADS_AS_TEXT = [iso_duration(lead) for lead in LEADS]


def compare_forecasts(
    session: Session, actor: Actor, sensor_id: int, query: AccuracyQuery
) -> tuple[Sensor, SkillQuery, list[SourceSkill]]:
    """The sensor, the comparison that was asked for, and the skill of each source at each horizon.

    Raises:
        NotFound: There is no such sensor.
        NotAllowed: The actor may not read it.
        FieldError: The time is too long, or a horizon is none.
    """
    sensor = get(session, Sensor, sensor_id)
    actor.check("read", sensor)
    asked = query.skill_query(actor, sensor)
    return sensor, asked, forecast_skills(session, sensor, asked)

"""Scenarios of a sensor, as anyone who may read it may ask for."""

from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from app.assemble.forecasting.scenarios import SensorScenarios, sensor_scenarios
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Length, Moment, Query, lasting
from db.core.database import get
from db.sensors import Sensor
from engine.errors import FieldError
from engine.series.iso_time import EPOCH, zone
from engine.series.window import Window

MOST_COURSES = 500
MOST_STEPS = 672
"""A week of quarter-hours: the correlation of all steps takes a third of a second."""


class ScenarioQuery(Query):
    """Which courses are drawn."""

    model_config = HYPHENS

    start: Annotated[Moment | None, Field(description="Of the first event; without it now")] = None
    duration: Annotated[Length, Field(description=f"Length of each scenario, at most {MOST_STEPS} events")] = "P1D"
    prior: Annotated[Moment | None, Field(description="From what was known then; without it now")] = None
    count: Annotated[int, Field(ge=1, le=MOST_COURSES, description="How many scenarios")] = 20
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="The same seed draws the same scenarios")] = 0

    def window(self, actor: Actor, sensor: Sensor) -> Window:
        """The events of a sensor that each scenario has.

        Raises:
            FieldError: They are none or too many, or the sensor is instantaneous.
        """
        if not sensor.resolution:
            raise FieldError("sensor", f"sensor {sensor.id} is instantaneous, and has no forecasts.")
        start = self.start or actor.now
        length = lasting(self.duration, start, place=zone(sensor.timezone))
        n = length // sensor.resolution
        if not 1 <= n <= MOST_STEPS:
            raise FieldError("duration", f"it holds {n} events of sensor {sensor.id}; ask for 1 to {MOST_STEPS}.")
        begin = start - (start - EPOCH) % sensor.resolution
        return Window.of_length(begin, n * sensor.resolution, sensor.resolution)


def draw_sensor_scenarios(
    session: Session, actor: Actor, sensor_id: int, query: ScenarioQuery
) -> tuple[Sensor, SensorScenarios]:
    """The sensor and scenarios of it.

    Raises:
        NotFound: There is no such sensor.
        NotAllowed: The actor may not read it.
        FieldError: There are no or too many events.
        InputError: There are no quantiles, or too few errors are known.
    """
    sensor = get(session, Sensor, sensor_id)
    actor.check("read", sensor)
    window, known_at = query.window(actor, sensor), query.prior or actor.now
    found = sensor_scenarios(session, sensor, window, known_at=known_at, count=query.count, seed=query.seed)
    return sensor, found

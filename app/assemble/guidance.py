"""What sensors ask to be told beside a schedule: headroom and set points, which allow for forecasts that err."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from app.assemble.outputs import consumption_sign
from app.assemble.site.series import Readings, of_sensor
from app.assemble.site.site import Assembled
from app.auth.access.references import References
from db.sensors import Sensor
from engine.flex.quantity import SensorReference
from engine.flex.storage import StorageModel
from engine.model.linear import Floats
from engine.operation import headroom, setpoints
from engine.series.iso_time import to_us
from engine.series.window import Window
from engine.site import Schedule

DAYS = 14
"""Days back whose forecasts are compared with what came of them."""
LEVELS = (np.arange(9) + 0.5) / 9
"""Probabilities at which quantiles stand for what may come, all as likely."""
MOST_SENSORS = 20
"""Sensors of loads and production that are looked at; more would take long, and hardly change the sum."""
_DAY = timedelta(days=1)


def forecast_errors(references: References, assembled: Assembled, *, known_at: datetime) -> dict[str, Floats]:
    """Return ways in which net consumption may deviate from the schedule, by commodity [kW], shape (ways, n).

    Where the forecasts of a sensor have quantiles, those; else what was measured on the days before less what was
    forecast for them as long ahead. Of one way, all sensors deviate at once: all are at one level, or as on one day.
    Nothing for a commodity of which neither is known.

    Args:
        references: To read the sensors.
        assembled: The site.
        known_at: When the schedule is made.
    """
    readings = Readings(references, assembled.site.window, known_at, assembled.place)
    found: dict[str, Floats] = {}
    for commodity, reference, sign in list(_forecasts(assembled, references))[:MOST_SENSORS]:
        levels = readings.quantiles(reference, unit="kW")
        sensor = references.sensor(reference.sensor, field=f"sensor {reference.sensor}")
        if levels:
            own = _by_level(levels) * sign
            # Much production is little net consumption, so its levels run the other way.
            own = own if sign > 0 else own[::-1]
        else:
            own = sign * _by_day(readings, sensor)
        if own.any():
            so_far = found.get(commodity, own[:1] * 0.0)
            # They occur together; of different numbers of ways, the fewer come again.
            ways = np.arange(max(len(so_far), len(own)))
            found[commodity] = so_far[ways % len(so_far)] + own[ways % len(own)]
    return found


def _forecasts(assembled: Assembled, references: References) -> Iterator[tuple[str, SensorReference, float]]:
    """Give what is forecast: commodity, sensor, and sign of its values in net consumption."""
    described = assembled.described
    for context in described.context.contexts:
        for way, sign in (("consumption", 1.0), ("production", -1.0)):
            for each in getattr(context, f"inflexible_{way}"):
                if isinstance(each, SensorReference):
                    yield context.commodity, each, sign
        for key in context.inflexible_device_sensors:
            sensor = references.sensor(key, field="inflexible-device-sensors")
            yield context.commodity, SensorReference(key), consumption_sign(sensor)
    for _, model in described.entries:
        if not isinstance(model, StorageModel):
            continue
        sun = model.production_capacity
        if model.inflexible is not None and isinstance(model.inflexible[0], SensorReference):
            yield model.commodity, model.inflexible[0], model.inflexible[1]
        elif isinstance(sun, SensorReference) and not model.stores:  # what the sun gives may be curtailed
            yield model.commodity, sun, -1.0


def _by_level(levels: dict[float, Floats]) -> Floats:
    """Deviations from the middle at each of LEVELS [kW], shape (levels, n)."""
    known = sorted(levels)
    table = np.array([levels[each] for each in known])
    steps = range(table.shape[1])
    spread = np.array([np.interp([*LEVELS, 0.5], known, table[:, step]) for step in steps]).T
    deviations: Floats = spread[:-1] - spread[-1]
    return deviations


def _by_day(readings: Readings, sensor: Sensor) -> Floats:
    """Measured less forecast power of each of the last days, by time of day [kW], shape (days, n); 0 if not known."""
    window, found = readings.window, []
    for back in range(1, DAYS + 1):
        span = Window.between(window.start - back * _DAY, window.end - back * _DAY, window.slots.step)
        ticks = window.ticks + to_us(span.start) - to_us(window.start)
        powers = []
        for known_at in (readings.known_at, readings.known_at - back * _DAY):
            known = Readings(readings.references, span, known_at, readings.place).known(sensor, span, None)
            powers.append(of_sensor(sensor, known.events, known.values).over(ticks, "kW"))
        error = powers[0] - powers[1]
        if not np.isnan(error).all():
            found.append(np.nan_to_num(error))
    return np.array(found) if found else np.zeros((1, window.n))


def with_guidance(references: References, plan: Schedule, assembled: Assembled, *, known_at: datetime) -> Schedule:
    """Return a schedule with what its sensors ask to be told beside it."""
    asked = {output.guidance for output in assembled.outputs}
    guidance: dict[str, dict[str, Floats]] = {}
    if asked & set(headroom.FIELDS):
        guidance |= headroom.headroom_by_field(assembled.site, plan)
    if asked & set(setpoints.FIELDS):
        errors = forecast_errors(references, assembled, known_at=known_at)
        guidance |= setpoints.set_points_by_field(assembled.site, plan, errors)
    return replace(plan, guidance=guidance) if guidance else plan

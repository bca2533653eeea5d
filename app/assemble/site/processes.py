"""A process's flex-model → a process of the engine, over one window."""

from datetime import timedelta

import numpy as np

from app.assemble.site.flex_config import DeviceModel
from app.assemble.site.series import Readings
from engine.devices.inflexible import Inflexible
from engine.devices.process import Process, ProcessType
from engine.errors import FieldError
from engine.flex.process import ProcessModel
from engine.flex.quantity import Fixed
from engine.series.iso_time import duration, iso_duration, to_us


def process(
    name: str, given: DeviceModel, model: ProcessModel, readings: Readings, *, group: str | None
) -> Process | Inflexible:
    """Return the work that a process has to do once within a window, for as many steps as its duration touches.

    What has begun goes on to its end: SHIFTABLE and INFLEXIBLE processes are then a load like others, a BREAKABLE one
    has the rest of its duration to do.

    Raises:
        FieldError: Its power changes over time, or its duration is not above zero.
    """
    if not isinstance(model.power, Fixed):
        raise FieldError(f"{name}: power", "a process runs at one power; write it like '200 kW'.")
    window, power = readings.window, model.power.number("kW", field=f"{name}: power")
    lasts = duration(model.duration or "", field=f"{name}: duration")
    if lasts <= timedelta(0):
        raise FieldError(f"{name}: duration", "a process runs some time; write it like 'PT2H'.")
    ran = _time_run(name, given, model, lasts, readings)
    if ran and model.process_type is not ProcessType.BREAKABLE:
        ends = to_us(window.start + lasts - ran)
        readings.warnings.append(f"{name}: it runs already, for {iso_duration(ran)}; it goes on to its end.")
        return Inflexible(
            name=name, power=np.where(window.starts < ends, power, 0.0), commodity=model.commodity, group=group
        )
    blocked = np.diff(window.ticks) < window.step_us  # steps of which only a part of their slot is left
    for event in model.time_restrictions:
        blocked |= (window.ticks[1:] > to_us(event.start)) & (window.starts < to_us(event.end))
    steps, whole = -(-(lasts - ran) // window.step), int((np.diff(window.ticks) >= window.step_us).sum())
    if steps > whole > 0:
        readings.warnings.append(f"{name}: it takes longer than the schedule lasts; it runs all the time.")
    return Process(
        name=name,
        power=power,
        steps=min(steps, max(whole, 1)),
        kind=model.process_type,
        blocked=blocked,
        dearest=model.optimization_direction == "MAX",
        commodity=model.commodity,
        group=group,
    )


def _time_run(name: str, given: DeviceModel, model: ProcessModel, lasts: timedelta, readings: Readings) -> timedelta:
    """How long a process has been running when the window begins; nothing if it is not, or has come to its end.

    Of one that runs in pieces, the pieces since it was started count, as its sensor has them.
    """
    ran, in_pieces = timedelta(0), model.process_type is ProcessType.BREAKABLE
    if model.started is not None:
        ran = readings.window.start - model.started
        if ran < timedelta(0):
            raise FieldError(f"{name}: started", "it lies after the start of the schedule.")
    if given.sensor is not None and isinstance(model.power, Fixed) and in_pieces == (model.started is not None):
        powers, hours = readings.before_start(given.sensor, ran if in_pieces else lasts)
        runs = np.nan_to_num(powers) > model.power.number("kW", field=f"{name}: power") / 2
        pauses = np.flatnonzero(~runs)
        last = pauses[-1] + 1 if len(pauses) and not in_pieces else 0
        ran = timedelta(hours=float(hours[last:][runs[last:]].sum()))
    return ran if ran < lasts else timedelta(0)

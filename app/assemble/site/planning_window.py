"""Which steps are planned: from the start on a grid, long enough for late targets, not longer than allowed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil, floor
from zoneinfo import ZoneInfo

import numpy as np

from app.assemble.site.request import ScheduleRequest
from app.auth.access.references import References
from db.sensors import Sensor
from engine.errors import FieldError
from engine.flex.fields import FlexFields
from engine.flex.process import ProcessModel
from engine.flex.quantity import Events
from engine.flex.storage import StorageModel
from engine.series.iso_time import EPOCH, MICROSECOND, after, duration, from_us, iso_duration, to_us
from engine.series.window import Window

QUARTER = timedelta(minutes=15)


@dataclass(frozen=True)
class WindowLimits:
    """How long plans are, and how they may begin."""

    usual: timedelta = timedelta(days=2)
    """Length of a plan without a duration."""
    most_steps: int = 2520
    """Most steps of a plan; 0 is any number."""
    most_devices: int = 200
    """Most devices of a plan; 0 is any number."""
    most_per_sensor: int = 20
    """Most devices that share the sensor of their power; 0 is any number."""
    most_device_steps: int = 150_000
    """Most devices × steps of a plan; 0 is any number."""
    most_fleet_device_steps: int = 1_000_000
    """Most devices × steps of all plans that one request asks for together; 0 is any number."""
    most_entries: int = 10_000
    """Most entries of all lists in its flex-models and flex-context together; 0 is any number."""
    start_within_bounds: bool = False
    """Whether a state of charge outside soc-min and soc-max is refused at the start, instead of brought back at once:
    a gateway reports what it measures, a person more likely mistyped."""


def planned(
    request: ScheduleRequest,
    power_sensors: Iterable[Sensor],
    models: Sequence[StorageModel | ProcessModel],
    limits: WindowLimits,
) -> Window:
    """Return the window that a request asks to plan, however many steps it has.

    Args:
        request: Start, duration and resolution; what it leaves open is chosen here.
        power_sensors: Those that receive the plan; the finest gives the resolution.
        models: Their bounds and targets lengthen a window without duration.
        limits: How long plans are.

    Raises:
        FieldError: It has no step.
    """
    finest = min((s.resolution for s in power_sensors if s.resolution), default=QUARTER)
    step = finest if request.resolution is None else request.resolution
    if step <= timedelta(0):
        raise FieldError("resolution", "a plan has steps; give their length, such as PT15M.")
    start = request.start.astimezone(UTC)  # a zone's clock would skip or repeat an hour in the sums below
    end = after(start, limits.usual if request.duration is None else request.duration, field="duration")
    if request.duration is None:
        stores = [model for model in models if isinstance(model, StorageModel)]
        bounds = [bound for each in stores for bound in (each.soc_targets, each.soc_minima, each.soc_maxima)]
        end = max([end, *(event.end for bound in bounds if isinstance(bound, Events) for event in bound.events)])
    if end <= start:
        raise FieldError("duration", "a plan lasts some time; give its length, such as PT12H.")
    # The end lies on the grid of whole steps, so that only the first step may be a part of one.
    return Window.between(start, end + (EPOCH - end) % step, step)


def within_most_steps(
    window: Window, request: ScheduleRequest, limits: WindowLimits, *, devices: int = 1
) -> tuple[Window, list[str]]:
    """Window with the most steps allowed at most, where no duration was asked for, and a warning if it is cut.

    Args:
        window: As long as asked for.
        request: Tells whether a duration was asked for.
        limits: Most steps, and most steps × devices.
        devices: Number of devices to plan.

    Raises:
        FieldError: The duration asked for has more steps.
    """
    most = limits.most_steps
    # Without a duration a plan is shortened, as nobody has asked for a size that could be refused.
    if request.duration is None and limits.most_device_steps:
        room = limits.most_device_steps // max(devices, 1)
        most = min(most, room) if most else room
    if not most or window.n <= most:
        return window, []
    about = f"{window.n} steps are more than the {most} a plan may have"
    if request.duration is not None:
        raise FieldError("duration", f"{about}; ask for a shorter duration or a coarser resolution.")
    cut = Window(window.start, from_us(int(window.ticks[most])), window.step, window.bounds[: most + 1])
    lasts = iso_duration(cut.end - cut.start)
    return cut, [
        f"duration: {about}, so that this one lasts {lasts} only; a coarser resolution or growing-steps allow more."
    ]


def uneven_outputs(window: Window, power_sensors: Iterable[Sensor]) -> list[str]:
    """Warnings of sensors whose events the steps of a plan neither divide nor join."""
    step = window.step
    return [
        f"resolution: steps of {iso_duration(step)} do not fit sensor {sensor.id} ({sensor.name}), whose events last "
        f"{iso_duration(sensor.resolution)}; it receives means over its own."
        for sensor in power_sensors
        if sensor.resolution and step % sensor.resolution and sensor.resolution % step
    ]


def grown(window: Window, place: ZoneInfo, longest: timedelta, moments: Iterable[datetime]) -> Window:
    """Window whose steps grow with the horizon: what is decided now is fine, and a week costs what a day does.

    Args:
        window: In equal steps, but for the first.
        place: Whose clock long steps keep to.
        longest: How long prices and limits hold; no step is longer.
        moments: Each is within a step of the shortest length: when events begin and end.
    """
    ticks, kept = window.ticks, np.ones(window.n + 1, dtype=bool)
    clock = ticks + (window.start.astimezone(place).utcoffset() or timedelta(0)) // MICROSECOND
    for length, after_start in ((QUARTER, timedelta(hours=2)), (timedelta(hours=1), timedelta(days=1))):
        if window.step < length <= longest and not length % window.step:
            kept &= (ticks - ticks[0] <= after_start // MICROSECOND) | (clock % (length // MICROSECOND) == 0)
    kept[[0, -1]] = True
    for moment in moments:
        if window.start < moment < window.end:
            at = window.position(moment)
            kept[[floor(at), ceil(at)]] = True
    return window if kept.all() else replace(window, bounds=tuple(ticks[kept].tolist()))


def grown_for(
    references: References, models: Sequence[FlexFields], window: Window, place: ZoneInfo
) -> tuple[Window, list[str]]:
    """Window with steps that grow as far as some flex-models allow it, and a warning where one needs equal steps."""
    if any(isinstance(each, ProcessModel) for each in models):
        return window, ["growing-steps is left aside: a process needs steps of one length."]
    hold = [
        references.sensor(each.key, field=each.path).resolution
        for model in models
        for each in model.references()
        if each.target == "sensor" and not each.writes and each.fact.kind in ("price", "capacity", "peak", "energy")
    ]
    longest = min((each for each in hold if each), default=timedelta.max)
    return grown(window, place, longest, [at for model in models for at in model.moments()]), []


def hedged_steps(lasting: str | None, window: Window) -> int:
    """Number of steps in which one decision has to do for all that may come, by ``hedge-for``."""
    if lasting is None:
        return 0
    lasts = duration(lasting, field="hedge-for")
    if lasts <= timedelta(0):
        raise FieldError("hedge-for", "a decision holds for some time; write it like 'PT1H', or leave it out.")
    until = window.start + lasts
    return int(np.searchsorted(window.starts, to_us(until)))

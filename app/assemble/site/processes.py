"""A process's flex-model → a process of the engine, over one window."""

from datetime import timedelta

import numpy as np

from engine.devices.process import Process
from engine.errors import FieldError
from engine.flex.process import ProcessModel
from engine.flex.quantity import Fixed
from engine.iso_time import duration, to_us
from engine.window import Window


def process(name: str, model: ProcessModel, window: Window, *, group: str | None) -> Process:
    """Return the work that a process has to do once within a window, for as many steps as its duration touches.

    Raises:
        FieldError: Its power changes over time, or its duration is not above zero.
    """
    if not isinstance(model.power, Fixed):
        raise FieldError(f"{name}: power", "a process runs at one power; write it like '200 kW'.")
    lasts = duration(model.duration or "", field=f"{name}: duration")
    if lasts <= timedelta(0):
        raise FieldError(f"{name}: duration", "a process runs some time; write it like 'PT2H'.")
    blocked = np.diff(window.ticks) < window.step_us  # steps of which only a part of their slot is left
    for event in model.time_restrictions:
        blocked |= (window.ticks[1:] > to_us(event.start)) & (window.starts < to_us(event.end))
    return Process(
        name=name,
        power=model.power.number("kW", field=f"{name}: power"),
        steps=-(-lasts // window.step),
        kind=model.process_type,
        blocked=blocked,
        dearest=model.optimization_direction == "MAX",
        commodity=model.commodity,
        group=group,
    )

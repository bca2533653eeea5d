"""From a quantity to one value per step or per tick of a window."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import GapError
from engine.flex.fields import Overlap
from engine.flex.quantity import Event, Events, Fixed, Quantity, SensorReference
from engine.iso_time import from_us, to_us
from engine.window import Window

Floats = NDArray[np.float64]


class Resolver(Protocol):
    """Reads a sensor; the seam to the database gives one, a test gives a dictionary."""

    def __call__(self, reference: SensorReference, *, unit: str, window: Window) -> Floats:
        """Return the value of a sensor at each step [unit], NaN where nothing is known, shape (window.n,).

        In units of prices the word ``currency`` stands for the currency of the site.
        """


@dataclass(frozen=True, slots=True)
class Scale:
    """How numbers of stored energy without a unit of energy are meant."""

    bare: str = "kWh"
    """Unit of numbers written without one."""
    whole: float | None = None
    """What 100 % is [kWh]; None refuses percentages."""


KWH = Scale()


def per_step(
    given: Quantity, window: Window, *, unit: str, field: str, resolve: Resolver, overlap: Overlap = "first"
) -> Floats:
    """Return the value of a quantity in each step [unit], NaN where it says nothing, shape (n,).

    An event counts from the step in which it starts; one that is shorter than a step fills its step.
    """
    match given:
        case Fixed():
            return np.full(window.n, given.number(unit, field=field))
        case SensorReference():
            return _sensor(given, window, unit, field, resolve)
        case Events():
            values = np.full(window.n, np.nan)
            for event in given.events:
                first = (to_us(event.start) - to_us(window.start)) // window.step_us
                last = (to_us(event.end) - to_us(window.start)) // window.step_us
                steps = slice(max(first, 0), max(last, first + 1, 0))
                _put(values, steps, event.value.number(unit, field=field), overlap)
            return values


def per_tick(
    given: Quantity,
    window: Window,
    *,
    field: str,
    resolve: Resolver,
    overlap: Overlap = "first",
    scale: Scale = KWH,
) -> Floats:
    """Return the value of a stored energy at each bound of the steps [kWh], NaN where it says nothing, shape (n + 1,).

    An event counts at every tick from its start to its end, both included. Between two ticks it counts at the one
    before, so that what is asked for is there in time; a span counts from the tick before to the tick after.
    """
    ticks = Window(window.start, window.end + window.step, window.step)
    match given:
        case Fixed():
            return np.full(ticks.n, given.number("kWh", field=field, bare=scale.bare, whole=scale.whole))
        case SensorReference():
            return _sensor(given, ticks, "kWh", field, resolve)
        case Events():
            values = np.full(ticks.n, np.nan)
            for event in given.events:
                number = event.value.number("kWh", field=field, bare=scale.bare, whole=scale.whole)
                _put(values, _ticks_of(event, ticks), number, overlap)
            return values


def extended(values: Floats, window: Window, *, name: str) -> Floats:
    """Return values whose first and last are kept on beyond them: how prices are continued.

    Raises:
        GapError: There are none, or some are missing in between.
    """
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        raise GapError(name, [from_us(moment).isoformat() for moment in window.starts])
    filled = values.copy()
    filled[: known[0]] = values[known[0]]
    filled[known[-1] :] = values[known[-1]]
    if np.isnan(filled).any():
        raise GapError(name, [from_us(moment).isoformat() for moment in window.starts[np.isnan(filled)]])
    return filled


def _sensor(given: SensorReference, window: Window, unit: str, field: str, resolve: Resolver) -> Floats:
    values = resolve(given, unit=unit, window=window)
    if given.default is None:
        return values
    return np.where(np.isnan(values), given.default.number(unit, field=f"{field}.default", bare=unit), values)


def _ticks_of(event: Event, ticks: Window) -> slice:
    first = (to_us(event.start) - to_us(ticks.start)) // ticks.step_us
    after = -((to_us(ticks.start) - to_us(event.end)) // ticks.step_us)
    last = first if event.start == event.end else after
    if first == 0 and event.start > ticks.start and last == 0:
        first = last = 1  # what is stored at the start can no longer be changed
    return slice(max(first, 0), max(last, first, -1) + 1)


def _put(values: Floats, where: slice, value: float, overlap: Overlap) -> None:
    here = values[where]
    if overlap == "least":
        values[where] = np.fmin(here, value)
    elif overlap == "most":
        values[where] = np.fmax(here, value)
    else:
        values[where] = np.where(np.isnan(here), value, here)

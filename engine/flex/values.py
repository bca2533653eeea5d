"""From a quantity to one value per step or per tick of a window."""

from dataclasses import dataclass
from math import ceil, floor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.flex.facts import Kind, Overlap
from engine.flex.quantity import Events, Fixed, Quantity, SensorReference
from engine.series.event_series import Rule
from engine.series.window import Window

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
    """What 100 % is, in the unit wanted; None refuses percentages."""
    unit: str = "kWh"
    """Unit wanted: of stored energy, or of a temperature."""


KWH = Scale()


def per_step(
    given: Quantity, window: Window, *, unit: str, field: str, resolve: Resolver, overlap: Overlap = "first"
) -> Floats:
    """Return the value of a quantity in each step [unit], NaN where it says nothing, shape (n,).

    An event counts from the step in which it starts; one that is shorter than a step fills its step. Where the least
    counts, as of capacities, an event counts in every step that it touches, as the power is constant within it.
    """
    match given:
        case Fixed():
            return np.full(window.n, given.number(unit, field=field))
        case SensorReference():
            return _sensor(given, window, unit, field, resolve)
        case Events():
            values = np.full(window.n, np.nan)
            for event in given.events:
                first, end = floor(window.position(event.start)), window.position(event.end)
                last = ceil(end) if overlap == "least" else floor(end)  # also the step that is only touched
                steps = slice(max(first, 0), max(last, first + 1, 0))
                values[steps] = _chosen(values[steps], event.value.number(unit, field=field), overlap)
            return values


def per_step_mean(given: Quantity, window: Window, *, unit: str, field: str, resolve: Resolver) -> Floats:
    """Return the mean of a flow in each step [unit], nothing where it says nothing, shape (n,).

    An event that lasts only a part of a step counts for that part, so that the energy is right.
    """
    if not isinstance(given, Events):
        return np.nan_to_num(per_step(given, window, unit=unit, field=field, resolve=resolve))
    ends = [window.position(at) for event in given.events for at in (event.start, event.end)]
    edges = np.unique(np.clip([*range(window.n + 1), *ends], 0.0, window.n))
    # Told by their middles, as rounding may move their ends into the step beside.
    middles, lengths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    values = np.full(len(middles), np.nan)
    for event in given.events:
        covers = (middles > window.position(event.start)) & (middles < window.position(event.end))
        values[covers] = _chosen(values[covers], event.value.number(unit, field=field), "first")
    return np.bincount(middles.astype(int), weights=np.nan_to_num(values) * lengths, minlength=window.n).astype(float)


def per_tick(
    given: Quantity,
    window: Window,
    *,
    field: str,
    resolve: Resolver,
    overlap: Overlap = "first",
    scale: Scale = KWH,
) -> Floats:
    """Return the value of a stored energy at each bound of the steps, NaN where it says nothing, shape (n + 1,).

    An event counts at every tick from its start to its end, both included; what it says of a moment between two ticks
    is told by ``at_moments``.
    """
    ticks = window.with_step_after
    match given:
        case Fixed():
            return np.full(ticks.n, given.number(scale.unit, field=field, bare=scale.bare, whole=scale.whole))
        case SensorReference():
            return _sensor(given, ticks, scale.unit, field, resolve)
        case Events():
            return _covered(given, np.arange(ticks.n, dtype=float), window, (field, overlap, scale))


def off_grid(given: Quantity | None, window: Window) -> list[float]:
    """Return the moments between ticks of a window at which events begin or end [steps since the start]."""
    if not isinstance(given, Events):
        return []
    moments = {window.position(at) for event in given.events for at in (event.start, event.end)}
    return sorted(at for at in moments if 0 < at < window.n and not at.is_integer())


def at_moments(
    given: Quantity | None, moments: Floats, window: Window, *, field: str, overlap: Overlap, scale: Scale = KWH
) -> Floats:
    """Return what events say of a stored energy at moments [kWh], NaN where they say nothing, shape of the moments.

    A bound that holds from one moment to another is kept in between when it is kept at both and at the ticks between
    them: power is constant within a step, so that the energy only rises or only falls.
    """
    if not isinstance(given, Events):
        return np.full(len(moments), np.nan)
    return _covered(given, moments, window, (field, overlap, scale))


def _covered(given: Events, moments: Floats, window: Window, how: tuple[str, Overlap, Scale]) -> Floats:
    field, overlap, scale = how
    values = np.full(len(moments), np.nan)
    for event in given.events:
        covers = (moments >= window.position(event.start)) & (moments <= window.position(event.end))
        number = event.value.number(scale.unit, field=field, bare=scale.bare, whole=scale.whole)
        values[covers] = _chosen(values[covers], number, overlap)
    return values


def held(values: Floats) -> Floats:
    """Values that stay where they are missing; before the first one it holds. At least one is there."""
    known = np.flatnonzero(~np.isnan(values))
    last = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    kept: Floats = values[known[np.maximum(last, 0)]]
    return kept


def rule_of(kind: Kind | None, overlap: Overlap, *, lasts: bool) -> Rule:
    """What counts of several values of a sensor in one step, or at one tick of a stored energy.

    Prices, loads and shares: their mean by time. Capacities: the least that touches the step. Peaks: the most. Bounds
    on stored energy: the tightest until the next tick; of single readings and targets the last one.

    Args:
        kind: What the values of the field are.
        overlap: Which of several events at one time counts.
        lasts: Whether events of the sensor last some time.
    """
    if kind in ("energy", "state-of-charge") and (overlap == "first" or not lasts):
        return "last"
    if kind == "peak":
        return "most"
    return "mean" if overlap == "first" else overlap


def _sensor(given: SensorReference, window: Window, unit: str, field: str, resolve: Resolver) -> Floats:
    values = resolve(given, unit=unit, window=window)
    if given.default is None:
        return values
    return np.where(np.isnan(values), given.default.number(unit, field=f"{field}.default", bare=unit), values)


def _chosen(here: Floats, value: float, overlap: Overlap) -> Floats:
    """Return the values of earlier events and one more at the same time."""
    if overlap == "least":
        return np.fmin(here, value)
    if overlap == "most":
        return np.fmax(here, value)
    return np.where(np.isnan(here), value, here)

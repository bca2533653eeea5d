"""Lines through points: power that depends on the energy stored, and losses that depend on the power."""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal, Self

import numpy as np

from engine.devices.running import lagged
from engine.model.linear import Floats, Linear, Values
from engine.model.problem import Problem

_STRAIGHT = 1e-9
"""Slopes that differ by less are one line."""


@dataclass(frozen=True, kw_only=True)
class Polyline:
    """A line through points, level before the first and after the last one."""

    at: tuple[float, ...]
    """Where each point lies, increasing [kW or kWh]."""
    values: tuple[float, ...]
    """Value of each point [kW]."""

    def __call__(self, at: Values) -> Floats:
        """Return the values at some places [kW], of their shape."""
        return np.asarray(np.interp(at, self.at, self.values))

    def through(self, power: Floats) -> Floats:
        """Return what is left of a power [kW], of its shape; beyond the last point by the share there."""
        return np.where(power > self.at[-1], power * (self.values[-1] / self.at[-1]), self(power))

    @property
    def slopes(self) -> Floats:
        """Slope between each two points."""
        return np.diff(self.values) / np.diff(self.at)

    @property
    def is_concave(self) -> bool:
        """Whether it bends down only, so that it is the least of its lines."""
        return bool((np.diff(self.slopes) <= _STRAIGHT).all())

    def between(self, low: float, high: float) -> Self:
        """Return the part of the curve from one place to another, with points at both."""
        inside = [at for at in self.at if low < at < high]
        places = [low, *inside, high] if high > low else [low]
        return type(self)(at=tuple(places), values=tuple(float(self(at)) for at in places))


@dataclass(frozen=True, slots=True)
class Filling:
    """The energy in a store, as far as limits on power look at it."""

    soc: Linear
    """At the end of each step [kWh], plain variables of shape (n,)."""
    at_start: float
    """When the window begins [kWh]."""
    reach: tuple[float, float]
    """Least and most energy at any tick [kWh]."""


@dataclass(frozen=True, kw_only=True)
class PortCurves:
    """What of a port depends on its power, or on the energy in its store."""

    charging: Polyline | None = None
    """Most power it takes, by the energy in the store [kWh]."""
    discharging: Polyline | None = None
    """Most power it gives, likewise."""
    stored: Polyline | None = None
    """What of the power it takes reaches the store, in the place of a share; begins at nothing."""
    drawn: Polyline | None = None
    """What leaves the store for the power it gives, likewise."""

    def share_at(self, way: Literal["stored", "drawn"], power: Values, otherwise: Values) -> Values:
        """Return what a flow at full power is on the side of the store, as share of itself [1].

        Args:
            way: Which flow.
            power: Full power [kW].
            otherwise: The share where it does not depend on power.
        """
        curve = self.stored if way == "stored" else self.drawn
        if curve is None:
            return otherwise
        at = np.where(np.asarray(power) > 0.0, np.minimum(power, curve.at[-1]), curve.at[-1])
        return curve(at) / at

    def bent(self, problem: Problem, name: str, way: Literal["stored", "drawn"], flow: Linear, most: Values) -> Linear:
        """Add what a flow is on the other side of an inverter; return it [kW], shape (n,).

        Args:
            problem: Where it goes.
            name: Name of the port.
            way: Which flow; it has a curve.
            flow: Power in one direction [kW], shape (n,).
            most: Most power [kW].
        """
        curve = self.stored if way == "stored" else self.drawn
        if curve is None or not flow.terms:
            return flow
        highest = float(np.max(most))
        if highest > curve.at[-1]:  # beyond the last point its efficiency holds
            far = highest if np.isfinite(highest) else 2.0 * curve.at[-1]
            curve = Polyline(at=(*curve.at, far), values=(*curve.values, far * curve.values[-1] / curve.at[-1]))
        parts = filled_in_order(problem, f"{name}.{way}", flow, curve)
        return sum((part * slope for part, slope in zip(parts, curve.slopes.tolist(), strict=True)), Linear(flow.size))

    def add_limits(self, problem: Problem, name: str, flows: tuple[Linear, Linear], store: Filling) -> None:
        """Limit what a port takes and gives by the energy stored.

        Args:
            problem: Where the limits go.
            name: Name of the port.
            flows: Power it takes and gives [kW], each shape (n,).
            store: Whose energy counts.
        """
        for way, curve, flow in zip(("charging", "discharging"), (self.charging, self.discharging), flows, strict=True):
            if curve is not None and flow.terms:
                _add_limit(problem, f"{name}.{way}-curve", flow, curve, store)

    def inflow(self, power: Floats, shares: tuple[Values, Values]) -> Floats:
        """Return what reaches the store at a power, negative for what leaves it [kW], of its shape.

        Args:
            power: Positive when the port takes it [kW].
            shares: Efficiency of charging and of discharging where it does not depend on power [1].
        """
        taken, given = np.maximum(power, 0.0), np.maximum(-power, 0.0)
        stored = taken * shares[0] if self.stored is None else self.stored.through(taken)
        return stored - (given / shares[1] if self.drawn is None else self.drawn.through(given))

    def room_left(self, name: str, power: Floats, soc: Floats, reach: tuple[float, float]) -> dict[str, Floats]:
        """Return how far each part of each curve is from full, by the name of the pair it is the first of.

        Args:
            name: Name of the port.
            power: Its power, positive when it takes [kW], shape (n,).
            soc: Energy at the end of each step [kWh], shape (n,).
            reach: Least and most energy at any tick [kWh].
        """
        levels = (("charging-curve", self.charging), ("discharging-curve", self.discharging))
        lines = [(way, curve.between(*reach), soc) for way, curve in levels if curve is not None]
        flows = (("stored", self.stored, power), ("drawn", self.drawn, -power))
        lines += [(way, curve, flow) for way, curve, flow in flows if curve is not None]
        return {f"{name}.{way}[{at}]": end - flow for way, curve, flow in lines for at, end in enumerate(curve.at[1:])}


NO_CURVES = PortCurves()
"""A port whose limits and efficiencies are the same whatever it does."""


def _add_limit(problem: Problem, name: str, flow: Linear, curve: Polyline, store: Filling) -> None:
    """Limit a flow by the energy at the start and at the end of each step.

    Power is constant within a step and the energy rises or falls all through it, so that a concave limit holds at any
    moment of the step. Of others, the bends between two ticks are not looked at.
    """
    curve = curve.between(*store.reach)
    known = np.zeros(flow.size)
    if curve.is_concave:
        # The energy before the first step is given and no variable.
        known[0] = store.at_start
        before = lagged(store.soc) + known
        for line, slope in enumerate(curve.slopes.tolist() or [0.0]):
            level = curve.values[line] - slope * curve.at[line]
            problem.constrain(f"{name}[{line}].end", flow - store.soc * slope, upper=level)
            problem.constrain(f"{name}[{line}].start", flow - before * slope, upper=level)
        return
    parts = filled_in_order(problem, name, store.soc - curve.at[0], curve)
    at_end, at_start = Linear(flow.size), Linear(flow.size)
    for part, slope in zip(parts, curve.slopes.tolist(), strict=True):
        at_end, at_start = at_end + part * slope, at_start + lagged(part) * slope
    known[0] = float(curve(store.at_start)) - curve.values[0]
    problem.constrain(f"{name}.end", flow - at_end, upper=curve.values[0])
    problem.constrain(f"{name}.start", flow - at_start - known, upper=curve.values[0])


def filled_in_order(problem: Problem, name: str, total: Linear, curve: Polyline) -> list[Linear]:
    """Split a quantity at the points of a curve; return how much lies between each two of them, each shape (n,).

    Each part is filled before the next one. A plan seldom gains by another order, as lossy power comes last; so that is
    looked at after the solve, as for flows that must not run together: either a part is full or the next one is empty.
    """
    widths: list[float] = np.diff(curve.at).tolist()
    parts = [problem.variable(f"{name}[{at}]", upper=width) for at, width in enumerate(widths)]
    problem.equal(f"{name}.parts", sum((part * -1.0 for part in parts), total))
    for at, (width, following) in enumerate(pairwise(widths)):
        # Exclusion knows of flows that are not 0 together: a part is full where its room is 0.
        room = problem.variable(f"{name}[{at}].room", upper=width)
        problem.equal(f"{name}[{at}].room", room + parts[at], width)
        # At rest all parts are empty, so that the rooms settle their rows.
        problem.basic_at_rest(room.terms[0].cols, f"{name}[{at}].room")
        problem.exclude_simultaneous(f"{name}[{at}]", room, parts[at + 1], most=partial(_widths, width, following))
    return parts


def _widths(first: float, second: float, _lower: Floats, _upper: Floats) -> tuple[Values, Values]:
    """Return the largest value of two parts, whatever the bounds of all columns."""
    return first, second

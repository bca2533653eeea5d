"""Where a device meets a commodity, what it may take and give there and what that costs; devices of ports alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from engine.devices import running
from engine.devices.answers import Alternative
from engine.devices.curves import NO_CURVES, Filling, PortCurves
from engine.devices.wear import Prices, add_wear
from engine.errors import FieldError
from engine.model.block import Limit
from engine.model.limits import SoftLimit, segments
from engine.model.linear import Floats, Linear, Values, any_of, full
from engine.model.problem import Problem
from engine.series.window import Window

PER_STEP = 10
"""Numbers that one port takes up in one step, about; what looks back over many steps counts by it."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Port:
    """The power a device may take from a commodity and give to it.

    In step t it takes c_t and gives p_t [kW], 0 ≤ c_t ≤ consumption_limit_t, 0 ≤ p_t ≤ production_limit_t, of which one
    is 0; its power is c_t - p_t. Running costs wear_price_t · (c_t + p_t) · hours.
    """

    name: str
    """Name under which its power is reported; unique in the site."""
    consumption_limit: Values
    """Most power it takes, 0 or more [kW]."""
    production_limit: Values
    """Most power it gives, 0 or more [kW]."""
    commodity: str = "electricity"
    """What flows."""
    group: str | None = None
    """The group of devices it belongs to."""
    soft_consumption: SoftLimit | None = None
    """A lower limit on what it takes, which may be broken at a price."""
    soft_production: SoftLimit | None = None
    """A lower limit on what it gives, which may be broken at a price."""
    charging_efficiency: Values = 1.0
    """Share of what it takes that reaches the store; above 1 for a heat pump [1]."""
    discharging_efficiency: Values = 1.0
    """Share of what leaves the store that it gives [1]."""
    empties: bool = False
    """Whether what it takes leaves the store instead of filling it, as of a cooler in a building that stores heat."""
    curves: PortCurves = NO_CURVES
    """What depends on its power or on the energy in its store, in the place of the above."""
    wear_price: Values = 0.0
    """Price of each kWh taken or given [currency/kWh]."""
    rate_wear: Prices = ()
    """Prices by the power at which it is taken or given, see ``engine.devices.wear``."""
    bands: tuple[running.OperatingRange, ...] = ()
    """Ways to run, exactly one per step; none means anything within the limits."""
    start_cost: float = 0.0
    """Price of each switching on [currency]."""
    min_on: float = 0.0
    """Once on, it stays on this long [h]."""
    min_off: float = 0.0
    """Once off, it stays off this long [h]."""
    on_at_start: bool = False
    """Whether it runs just before the window."""
    switched_for: float = np.inf
    """How long it has been on, or off, when the window begins [h]."""
    ramp: float | None = None
    """Largest change of power from step to step [kW per hour]; None is any."""
    power_at_start: float | None = None
    """Power just before the window, from which the first change counts [kW]; None if it is not known."""
    coupling: str | None = None
    """Name of the coupling whose ports have proportional power."""
    coefficient: Values = 1.0
    """Power of this port per unit of the coupling, above 0 [1]."""
    charging_from_grid: bool = True
    """Whether what it takes may come from the grid; else from local production only, and from stores."""
    discharging_to_grid: bool = True
    """Whether what it gives may go to the grid; else it serves local consumption only."""
    prefer_sooner: bool = False
    """Between plans of equal cost, run sooner (give sooner: curtail later)."""

    def add_to(self, problem: Problem) -> "Flow":
        """Add the port; return what it takes and gives."""
        n, most = problem.window.n, (self.consumption_limit, self.production_limit)
        if self.bands:
            flow = Flow(*running.add_bands(problem, self.name, self.bands, most))
        else:
            flow = Flow(self._direction(problem, "consumption"), self._direction(problem, "production"))
        if flow.two_way:
            ways = flow.consumption, flow.production
            problem.exclude_simultaneous(self.name, *ways, lossless=self.lossless, most=lambda _, __: most)
        if self.ramp is not None:
            running.add_ramp(problem, self.name, flow.power, self.ramp, self.power_at_start)
        if self.start_cost or self.min_on or self.min_off:
            rules = running.Switching(
                start_cost=self.start_cost,
                min_on=self.min_on,
                min_off=self.min_off,
                on_at_start=self.on_at_start,
                switched_for=self.switched_for,
            )
            rules.add_to(problem, self.name, flow.both, np.maximum(*(full(side, n) for side in most)))
        add_wear(problem, self.name, flow.both, self.wear_price, self.rate_wear)
        if self.prefer_sooner:
            problem.add_preference(flow.both * (np.linspace(-1.0, 0.0, n, endpoint=False) * problem.window.hours))
        return flow

    def _direction(self, problem: Problem, direction: str) -> Linear:
        """Return the power in one direction; nothing where the device never runs that way."""
        hard = self.consumption_limit if direction == "consumption" else self.production_limit
        soft = self.soft_consumption if direction == "consumption" else self.soft_production
        name = f"{self.name}.{direction}"
        if not any_of(hard):
            return Linear(problem.window.n)
        if self.coupling is not None:
            return self._coupled(problem, name, hard, soft)
        flow = segments(problem, name, hard, soft)
        problem.limit(Limit(f"{name}-capacity", name, "upper", "kW"))
        return flow

    def _coupled(self, problem: Problem, name: str, hard: Values, soft: SoftLimit | None) -> Linear:
        """Return the power as a multiple of the coupling, which needs no row of its own."""
        if any_of(self.consumption_limit) and any_of(self.production_limit):
            raise FieldError(f"{self.name}: coupling", "it flows both ways; give it a capacity in one direction only.")
        if soft is not None:
            raise FieldError(f"{self.name}: coupling", "its capacity is always hard; leave out its breach price.")
        n, level = problem.window.n, f"{self.coupling}.level"
        coefficient = full(self.coefficient, n)
        if (coefficient <= 0).any():
            raise FieldError(f"{self.name}: coupling-coefficient", "it is above 0, such as 3.2.")
        if level not in problem.sizes:
            problem.variable(level)
        problem.tighten(level, full(hard, n) / coefficient)
        problem.limit(Limit(f"{name}-capacity", level, "upper", "kW", scale=coefficient))
        return problem.columns(level) * coefficient

    @property
    def lossless(self) -> bool:
        """Whether taking and giving at once changes nothing but the two themselves."""
        bends = self.curves.stored is not None or self.curves.drawn is not None
        return not bends and not any_of(self.charging_efficiency * self.discharging_efficiency - 1.0)

    @property
    def full_power_efficiencies(self) -> tuple[Values, Values]:
        """Efficiency of charging and of discharging, at full power where it depends on the power [1].

        That of charging is negative where it empties the store.
        """
        drawn = self.curves.share_at("drawn", self.production_limit, 1.0 / self.discharging_efficiency)
        stored = self.curves.share_at("stored", self.consumption_limit, self.charging_efficiency)
        return -stored if self.empties else stored, 1.0 / drawn

    def inflow(self, power: Floats, step: int | None = None) -> Floats:
        """Return what reaches the store at a power, negative for what leaves it [kW], of its shape.

        Args:
            power: Positive when the port takes it [kW].
            step: The one in which it does; without it, power has all of them.
        """
        into, out = (
            share[step] if step is not None and isinstance(share, np.ndarray) else share
            for share in (self.charging_efficiency, self.discharging_efficiency)
        )
        found = self.curves.inflow(power, (into, out))
        return np.where(power > 0.0, -found, found) if self.empties else found

    def fill(self, problem: Problem, flow: "Flow", store: Filling) -> Linear:
        """Add what its curves ask for; return what reaches the store, less what leaves it [kW], shape (n,).

        Args:
            problem: Where it goes.
            flow: What it takes and gives.
            store: The energy that it changes.
        """
        curves, stored, drawn = self.curves, flow.consumption, flow.production
        curves.add_limits(problem, self.name, (stored, drawn), store)
        if curves.stored is None:
            stored = stored * self.charging_efficiency
        else:
            stored = curves.bent(problem, self.name, "stored", stored, self.consumption_limit)
        stored = -stored if self.empties else stored
        if curves.drawn is None:
            return stored - drawn * (1.0 / self.discharging_efficiency)
        return stored - curves.bent(problem, self.name, "drawn", drawn, self.production_limit)

    def weight(self, window: Window) -> float:
        """Size of its part of a problem, counted in ports without rules."""
        lasting = [running.round_up(lasts / window.step_hours) for lasts in (self.min_on, self.min_off)]
        return 1.0 + len(self.bands) + sum(min(steps, window.n) for steps in lasting) / PER_STEP

    def alternatives(self, window: Window) -> "Iterable[Alternative[Port]]":
        """Return the ways in which minimum times, operation modes, curves and rules of the grid could give way."""
        for field, lasts in (("min_on", self.min_on), ("min_off", self.min_off)):
            if round(lasts / window.step_hours) > 0:
                yield self._shorter(field, lasts, window.step_hours)
        without = {"operation-modes": replace(self, bands=()) if self.bands else None}
        for way in ("charging", "discharging"):
            if getattr(self.curves, way) is not None:
                without[f"{way}-curve"] = replace(self, curves=replace(self.curves, **{way: None}))
        for field, changed in without.items():
            if changed is not None:
                rule = f"{self.name}.{field}"
                yield Alternative(rule, 1, partial(_always, changed), partial(_always, f"leave out {rule}"))
        for field, way in (("charging_from_grid", "charge from"), ("discharging_to_grid", "discharge to")):
            if not getattr(self, field):
                port: Any = self  # which field changes is known by name only
                freed, text = replace(port, **{field: True}), f"let {self.name} {way} the grid"
                rule = f"{self.name}.{field.replace('_', '-')}"
                yield Alternative(rule, 1, partial(_always, freed), partial(_always, text))

    def _shorter(self, field: str, lasts: float, hours: float) -> "Alternative[Port]":
        """Return the way in which a minimum time could be shorter."""
        port: Any = self  # which field changes is known by name only
        rule = f"{self.name}.{field.replace('_', '-')}"

        def left(less: int) -> float:
            return max(lasts - less * hours, 0.0)

        return Alternative(
            rule,
            round(lasts / hours),
            lambda less: replace(port, **{field: left(less)}),
            lambda less: f"shorten {rule} to {left(less):g} h",
        )


def _always(answer: T, _less: int) -> T:
    """Return one answer however much a rule gives way."""
    return answer


@dataclass(frozen=True, slots=True)
class Flow:
    """Power of a port in both directions."""

    consumption: Linear
    """Power it takes [kW], 0 or more, shape (n,)."""
    production: Linear
    """Power it gives [kW], 0 or more, shape (n,)."""

    @property
    def power(self) -> Linear:
        """Power, positive when consuming [kW], shape (n,)."""
        return self.consumption - self.production

    @property
    def both(self) -> Linear:
        """Power in either direction [kW], 0 or more, shape (n,)."""
        return self.consumption + self.production

    @property
    def two_way(self) -> bool:
        """Whether it can run both ways."""
        return bool(self.consumption.terms) and bool(self.production.terms)

"""Where a device meets a commodity: the power it may take and give there, and what running it costs."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from engine.devices import running
from engine.errors import InputError
from engine.model.limits import SoftLimit, segments
from engine.model.linear import Linear, Values, any_of, full
from engine.model.problem import Problem


class Member(Protocol):
    """Anything with a power of its own at one place of the site."""

    @property
    def name(self) -> str:
        """Name under which its power is reported; unique in the site."""

    @property
    def commodity(self) -> str:
        """What flows, such as ``electricity`` or ``heat``."""

    @property
    def group(self) -> str | None:
        """The group of devices it belongs to, if any."""


class Device(Protocol):
    """Anything that writes its own physics into a problem."""

    @property
    def ports(self) -> tuple[Member, ...]:
        """The places where it takes or gives power."""

    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """Add the device; return the power each port takes [kW], shape (n,), by name of the port."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Port:
    """The power a device may take from a commodity and give to it."""

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
    wear_price: Values = 0.0
    """Price of each kWh taken or given [currency/kWh]."""
    bands: tuple[running.OperatingRange, ...] = ()
    """Ways to run, exactly one per step; none means anything within the limits."""
    start_cost: float = 0.0
    """Price of each switching on [currency]."""
    min_on: float = 0.0
    """Once on, it stays on this long [h]."""
    min_off: float = 0.0
    """Once off, it stays off this long [h]."""
    on_at_start: bool = False
    """Whether it runs just before the window, long enough to be switched off at once."""
    ramp: float | None = None
    """Largest change of power from step to step [kW per hour]; None is any."""
    coupling: str | None = None
    """Name of the coupling whose ports have proportional power."""
    coefficient: Values = 1.0
    """Power of this port per unit of the coupling, above 0 [1]."""
    share: str | None = None
    """Name of a set of equal devices among which energy is shared fairly."""
    prefer_sooner: bool = False
    """Between plans of equal cost, run sooner (give sooner: curtail later)."""

    def add_to(self, problem: Problem) -> "Flow":
        """Add the port; return what it takes and gives."""
        if self.bands:
            taken, given = running.add_bands(problem, self.name, self.bands, self._most)
        else:
            taken, given = self._direction(problem, "consumption"), self._direction(problem, "production")
        flow = Flow(taken, given)
        self._add_rules(problem, flow)
        if any_of(self.wear_price):
            problem.cost(f"{self.name} wear", (taken + given) * self.wear_price * problem.window.hours)
        if self.prefer_sooner:
            problem.prefer((taken + given) * np.linspace(-1.0, 0.0, problem.window.n, endpoint=False))
        return flow

    @property
    def _most(self) -> tuple[Values, Values]:
        return self.consumption_limit, self.production_limit

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
        problem.limit(f"{name}-capacity", name, "upper", "kW")
        return flow

    def _coupled(self, problem: Problem, name: str, hard: Values, soft: SoftLimit | None) -> Linear:
        """Return the power as a multiple of the coupling, which needs no row of its own."""
        if any_of(self.consumption_limit) and any_of(self.production_limit):
            raise InputError(f"{self.name} is coupled and flows both ways; give it a capacity in one direction only.")
        if soft is not None:
            raise InputError(f"{self.name} is coupled; its capacity is always hard, so leave out its breach price.")
        n, level = problem.window.n, f"{self.coupling}.level"
        coefficient = full(self.coefficient, n)
        if (coefficient <= 0).any():
            raise InputError(f"{self.name}: a coupling-coefficient must be above 0.")
        if level not in problem.sizes:
            problem.variable(level)
        problem.tighten(level, full(hard, n) / coefficient)
        problem.limit(f"{name}-capacity", level, "upper", "kW", scale=coefficient)
        return problem.block(level) * coefficient

    def _add_rules(self, problem: Problem, flow: "Flow") -> None:
        """Add what forbids some ways to run."""
        if flow.two_way:
            problem.one_at_a_time(
                self.name, flow.taken, flow.given, lossless=self.lossless, most=lambda _, __: self._most
            )
        if self.ramp is not None:
            running.add_ramp(problem, self.name, flow.power, self.ramp)
        if self.start_cost or self.min_on or self.min_off:
            most_power = np.maximum(*(full(side, problem.window.n) for side in self._most))
            rules = running.Switching(
                start_cost=self.start_cost, min_on=self.min_on, min_off=self.min_off, on_at_start=self.on_at_start
            )
            rules.add_to(problem, self.name, flow.taken + flow.given, most_power)

    @property
    def lossless(self) -> bool:
        """Whether taking and giving at once changes nothing but the two themselves."""
        return not any_of(self.charging_efficiency * self.discharging_efficiency - 1.0)


@dataclass(frozen=True, slots=True)
class Flow:
    """Power of a port in both directions."""

    taken: Linear
    """What it takes [kW], 0 or more, shape (n,)."""
    given: Linear
    """What it gives [kW], 0 or more, shape (n,)."""

    @property
    def power(self) -> Linear:
        """What it takes less what it gives [kW], shape (n,)."""
        return self.taken - self.given

    @property
    def two_way(self) -> bool:
        """Whether it can run both ways."""
        return bool(self.taken.terms) and bool(self.given.terms)

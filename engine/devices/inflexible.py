"""A device whose power is what it is."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from engine.devices.answers import DevicePlan, PlanInput, Premise
from engine.devices.device import Device
from engine.model.linear import Floats, Linear
from engine.model.problem import Problem
from engine.series.window import Window


@dataclass(frozen=True, kw_only=True, eq=False)
class Inflexible(Device):
    """A load or a production that the plan has to live with: a constant p_t in the balance of its node."""

    name: str
    """Name under which its power is reported; unique in the site."""
    power: Floats
    """Power it takes, negative when it gives [kW], shape (n,)."""
    commodity: str = "electricity"
    """What flows."""
    group: str | None = None
    """The group of devices it belongs to."""
    quantiles: Mapping[float, Floats] = field(default_factory=dict)
    """Power [kW] that is not exceeded with each probability, shape (n,), where more than ``power`` is known."""

    @property
    def ports(self) -> tuple[Self, ...]:
        """Itself: it meets the site at one place."""
        return (self,)

    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """See Device.add_to; neither a variable nor a row."""
        return {self.name: Linear(problem.window.n, (), self.power)}

    def weight(self, window: Window) -> float:
        """See Device.weight."""
        return 0.0

    @property
    def load(self) -> Floats:
        """See Device.load."""
        return self.power

    @property
    def levels(self) -> Collection[float]:
        """See Device.levels."""
        return self.quantiles.keys()

    def at_level(self, level: float) -> "Inflexible":
        """See Device.at_level; between two known levels the power is interpolated."""
        if not self.quantiles:
            return self
        known = sorted(self.quantiles)
        after = min(int(np.searchsorted(known, level)), len(known) - 1)
        before = after if known[after] <= level else max(after - 1, 0)
        power = self.quantiles[known[after]]
        if before != after:
            share = min(max((level - known[before]) / (known[after] - known[before]), 0.0), 1.0)
            power = self.quantiles[known[before]] * (1 - share) + power * share
        return replace(self, power=power, quantiles={})

    def with_load(self, power: Floats) -> "Inflexible":
        """See Device.with_load: nothing else is known of it."""
        return replace(self, power=power, quantiles={})

    def scaled(self, factor: float) -> "Inflexible":
        """See Device.scaled."""
        quantiles = {level: power * factor for level, power in self.quantiles.items()}
        return replace(self, power=self.power * factor, quantiles=quantiles)

    def fields_of(self, kind: PlanInput) -> tuple[str, ...]:
        """See Device.fields_of."""
        return ("power", "quantiles") if kind == "forecasts" else ()

    def fallback(self, window: Window) -> DevicePlan:
        """See Device.fallback."""
        return DevicePlan({self.name: self.power}, {})

    def premises(self, window: Window) -> Iterable[Premise]:
        """See Device.premises: without it, the balance of its node has no such constant."""
        if self.power.any():
            rows, less = f"{self.group or self.commodity}.balance", -self.power
            yield Premise(name=self.name, text=self.name, power=self.power, rows=rows, lower=less, upper=less)

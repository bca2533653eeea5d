"""A device's flex-model → a device of the engine, over one window."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.assemble.site.flex_config import DeviceModel
from app.assemble.site.series import Readings
from engine.devices.port import Port
from engine.devices.running import OperatingRange
from engine.errors import FieldError
from engine.flex.commodity import CommodityContext
from engine.flex.defaults import DEVICE_BREACH_PRICE
from engine.flex.facts import Overlap
from engine.flex.quantity import Fixed, Quantity, SensorReference
from engine.flex.storage import StorageModel
from engine.flex.values import per_step, per_step_mean
from engine.iso_time import duration
from engine.model.limits import SoftLimit
from engine.window import Window

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Surroundings:
    """What a device needs to know of the site it stands in."""

    window: Window
    readings: Readings
    context: CommodityContext
    """The context of the device's commodity, for breach prices and relaxation."""
    site_capacity: Floats | None
    """Most power through the connection in both directions [kW], shape (n,); None if it is not limited."""

    def steps(self, given: Quantity, unit: str, field: str, *, least: bool = False) -> Floats:
        """Return a quantity per step, NaN where it says nothing, shape (n,)."""
        overlap: Overlap = "least" if least else "first"
        return per_step(given, self.window, unit=unit, field=field, resolve=self.readings, overlap=overlap)

    def mean(self, given: Quantity, unit: str, field: str) -> Floats:
        """Return the mean of a flow in each step, nothing where it says nothing, shape (n,)."""
        return per_step_mean(given, self.window, unit=unit, field=field, resolve=self.readings)


@dataclass(frozen=True)
class DeviceBuilder:
    """One device as described, ready to become ports and a store."""

    name: str
    given: DeviceModel
    model: StorageModel
    around: Surroundings

    def port(self, *, group: str | None) -> Port:
        """Return where the device meets its commodity."""
        model = self.model
        hard_taking, soft_taking = self._limit("consumption")
        hard_giving, soft_giving = self._limit("production")
        discharging = self._efficiency("discharging")
        return Port(
            name=self.name,
            commodity=model.commodity,
            group=group,
            consumption_limit=hard_taking,
            production_limit=np.where(discharging > 0, hard_giving, 0.0),
            soft_consumption=soft_taking,
            soft_production=soft_giving,
            charging_efficiency=self._efficiency("charging"),
            discharging_efficiency=np.where(discharging > 0, discharging, 1.0),  # with 0 nothing is given at all
            wear_price=self.per_step(model.wear_price, "wear-price", 0.0, unit="currency/kWh"),
            bands=tuple(self._bands()),
            start_cost=self._number(model.start_cost, "start-cost", "currency") or 0.0,
            min_on=self._hours(model.min_on, "min-on"),
            min_off=self._hours(model.min_off, "min-off"),
            on_at_start=model.on_at_start,
            ramp=self._number(model.ramp_limit, "ramp-limit", "kW/h"),
            coupling=model.coupling,
            coefficient=self._coefficient,
            share=model.fair_share,
            prefer_sooner=not model.stores and model.prefer_curtailing_later,
        )

    @cached_property
    def capacities(self) -> tuple[Floats, Floats, Floats]:
        """Most power in both directions, consumed and produced [kW], each of shape (n,).

        Raises:
            FieldError: Nothing tells how much power the device can take or give.
        """
        both, takes, gives = self.told_capacities
        if both is None and takes is None and gives is None:
            both = self.around.site_capacity
            if both is None:
                raise FieldError(f"{self.name}: power-capacity", "give the most power of the device, such as '5 kW'.")
        none = np.full(self.around.window.n, np.nan)
        if both is None:
            takes, gives = (np.zeros_like(none) if limit is None else limit for limit in (takes, gives))
        one_way = np.fmax(none if takes is None else takes, none if gives is None else gives)
        both = self._without_gaps(one_way if both is None else np.where(np.isnan(both), one_way, both))
        takes, gives = (both if limit is None else np.fmin(both, limit) for limit in (takes, gives))
        return both, takes, gives

    def _without_gaps(self, limit: Floats) -> Floats:
        """Return most power in both directions where nothing tells: the site's, else none at all, and warn of that."""
        site = self.around.site_capacity
        limit = limit if site is None else np.where(np.isnan(limit), site, limit)
        if missing := int(np.isnan(limit).sum()):
            steps = f"{missing} of {len(limit)} steps"
            self.around.readings.warnings.append(f"{self.name}: no capacity is known in {steps}; taken as 0 kW.")
        return np.nan_to_num(limit)

    @cached_property
    def told_capacities(self) -> tuple[Floats | None, Floats | None, Floats | None]:
        """Most power in both directions, consumed and produced [kW], each of shape (n,); None where nothing tells."""
        return (
            self._capacity("power-capacity"),
            self._capacity("consumption-capacity"),
            self._capacity("production-capacity"),
        )

    def _capacity(self, field: str) -> Floats | None:
        given: Quantity | None = getattr(self.model, field.replace("-", "_"))
        if given is None:
            return None
        values = self.around.steps(given, "kW", f"{self.name}: {field}", least=True)
        if (values < 0).any():
            raise FieldError(f"{self.name}: {field}", "a capacity is 0 or more, in either direction.")
        missing = int(np.isnan(values).sum())
        if missing and isinstance(given, SensorReference) and field != "power-capacity":
            steps = f"{missing} of {len(values)} steps"
            self.around.readings.warnings.append(
                f"{self.name}: {field} is not known in {steps}; power-capacity counts."
            )
        return values

    def _limit(self, way: str) -> tuple[Floats, SoftLimit | None]:
        """Return the hard limit in one direction [kW] and the soft one, if breaking it has a price."""
        both, takes, gives = self.capacities
        limit = takes if way == "consumption" else gives
        price = self._breach_price(way)
        never = not limit.any()  # 0 throughout is what the device cannot do at all
        if price is None or never or self.model.coupling is not None:
            return limit, None
        per_kw = self.per_step(price, f"{way}-breach-price", 0.0, unit="currency/kW")
        return both, SoftLimit(limit=limit, highest_price=per_kw, each_price=per_kw)

    def _breach_price(self, way: str) -> Quantity | float | None:
        context = self.around.context
        asked = {"consumption": context.consumption_breach_price, "production": context.production_breach_price}
        if context.relax_capacity_constraints and not any(asked.values()):
            return DEVICE_BREACH_PRICE
        return asked[way]

    @property
    def _coefficient(self) -> Floats:
        found = self.per_step(self.model.coupling_coefficient, "coupling-coefficient", 1.0)
        if (found <= 0).any():
            raise FieldError(f"{self.name}: coupling-coefficient", "it must be above 0, such as 0.4.")
        return found

    def _efficiency(self, way: str) -> Floats:
        model = self.model
        if model.roundtrip_efficiency is not None:
            found = np.sqrt(self.per_step(model.roundtrip_efficiency, "roundtrip-efficiency", 1.0))
        else:
            given = model.charging_efficiency if way == "charging" else model.discharging_efficiency
            found = self.per_step(given, f"{way}-efficiency", 1.0)
        if (found < 0).any():
            raise FieldError(f"{self.name}: {way}-efficiency", "an efficiency is 0 or more, such as '95%'.")
        return found

    def per_step(self, given: Quantity | float | None, field: str, otherwise: float, *, unit: str = "") -> Floats:
        """Return a ratio or price per step, a number where nothing is said, shape (n,)."""
        if given is None or isinstance(given, float):
            return np.full(self.around.window.n, otherwise if given is None else given)
        values = self.around.steps(given, unit, f"{self.name}: {field}")
        return np.where(np.isnan(values), otherwise, values)

    def _number(self, given: Quantity | None, field: str, unit: str) -> float | None:
        if given is None:
            return None
        if not isinstance(given, Fixed):
            raise FieldError(f"{self.name}: {field}", "write one quantity; it cannot change over time.")
        return given.number(unit, field=f"{self.name}: {field}")

    def _hours(self, text: str | None, field: str) -> float:
        if text is None:
            return 0.0
        return duration(text, field=f"{self.name}: {field}").total_seconds() / 3600

    def _bands(self) -> list[OperatingRange]:
        found = []
        for mode in self.model.operation_modes:
            takes, gives = mode.powers("consumption"), mode.powers("production")
            low = -gives[1] if gives else min(takes or (0.0,))
            high = takes[1] if takes else -min(gives or (0.0,))
            found.append(OperatingRange(low=low, high=high))
        return found

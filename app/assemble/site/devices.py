"""A device's flex-model → a device of the engine, over one window."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.assemble.site.device_fields import DeviceFields
from engine.devices.port import Port
from engine.devices.running import OperatingRange
from engine.errors import FieldError
from engine.flex.commodity import DEVICE_BREACH_PRICE, breach_price
from engine.flex.parts import OperationMode
from engine.flex.quantity import Fixed, SensorReference
from engine.model.limits import SoftLimit

Floats = NDArray[np.float64]
CURVES = ("charging-curve", "discharging-curve", "charging-efficiency-curve", "discharging-efficiency-curve")
STANDSTILL = 1e-4
"""Up to so much power a device counts as off [kW]."""


@dataclass(frozen=True)
class DeviceBuilder(DeviceFields):
    """One device as described, ready to become ports and a store."""

    def port(self, *, group: str | None) -> Port:
        """Return where the device meets its commodity."""
        model = self.model
        hard_taking, soft_taking = self._limit("consumption")
        hard_giving, soft_giving = self._limit("production")
        coefficient = self.series("coupling-coefficient", 1.0)
        if (coefficient <= 0).any():
            raise FieldError(f"{self.name}: coupling-coefficient", "it must be above 0, such as 0.4.")
        charging, discharging = self._efficiency("charging"), self._efficiency("discharging")
        if ((charging * discharging > 1.0 + 1e-9) & (hard_taking > 0) & (hard_giving > 0)).any():
            self.around.readings.warn(
                f"{self.name}: charging-efficiency and discharging-efficiency together are above 100 %, so that "
                "charging and discharging make energy from nothing; correct one of them."
            )
        return Port(
            name=self.name,
            commodity=model.commodity,
            group=group,
            consumption_limit=hard_taking,
            production_limit=np.where(discharging > 0, hard_giving, 0.0),
            soft_consumption=soft_taking,
            soft_production=soft_giving,
            charging_efficiency=charging,
            discharging_efficiency=np.where(discharging > 0, discharging, 1.0),  # with 0 nothing is given at all
            wear_price=self.series("wear-price", 0.0),
            rate_wear=self.rising_prices("wear-by-power", "power", "kW"),
            bands=tuple(map(operating_range, model.operation_modes)),
            start_cost=self.number(model.start_cost, "start-cost", "currency") or 0.0,
            min_on=self.hours(model.min_on, "min-on"),
            min_off=self.hours(model.min_off, "min-off"),
            on_at_start=self._running[0],
            switched_for=self._running[1],
            ramp=self.number(model.ramp_limit, "ramp-limit", "kW/h"),
            power_at_start=self._power_at_start,
            coupling=model.coupling,
            coefficient=coefficient,
            charging_from_grid=model.charging_from_grid,
            discharging_to_grid=model.discharging_to_grid,
            prefer_sooner=not model.stores and model.prefer_curtailing_later,
        )

    def check_without_store(self) -> None:
        """Tell of a device without a store that gives energy although it looks like one that stores it.

        Raises:
            FieldError: A curve is about the store that it does not have.
        """
        model = self.model
        for field in (*CURVES, "cop-curve"):
            if getattr(model, field.replace("-", "_")):
                raise FieldError(f"{self.name}: {field}", "it is about a store; give soc-at-start and soc-max, too.")
        shares = (model.roundtrip_efficiency, model.charging_efficiency, model.discharging_efficiency)
        like_a_store = any(share is not None for share in (*shares, model.storage_efficiency))
        if (like_a_store or model.production_capacity is None) and self.capacities[2].any():
            self.around.readings.warn(
                f"{self.name}: no field describes stored energy, so that it produces up to "
                f"{self.capacities[2].max():g} kW from nothing; give soc-at-start and soc-max of a store, or the "
                "production-capacity of a generator."
            )

    @cached_property
    def capacities(self) -> tuple[Floats, Floats, Floats]:
        """Most power in both directions, consumed and produced [kW], each of shape (n,).

        Raises:
            FieldError: Nothing tells how much power the device can take or give.
        """
        both, takes, gives = self.direction_capacities
        if both is None and takes is None and gives is None:
            both = self._asset_capacity(self.around.site_capacity)
            if both is None:
                raise FieldError(f"{self.name}: power-capacity", "give the most power of the device, such as '5 kW'.")
        none = np.full(self.around.window.n, np.nan)
        if both is None:
            takes, gives = (np.zeros_like(none) if limit is None else limit for limit in (takes, gives))
        if gives is None and (self.model.is_thermal or self.model.cop_curve):
            gives = np.zeros_like(none)  # warmth gives no electricity back
        one_way = np.fmax(none if takes is None else takes, none if gives is None else gives)
        both = self._of_both(none if both is None else both, one_way)
        one = "power-capacity counts, {:g} kW"
        takes = both if takes is None else np.fmin(both, self.assume("consumption-capacity", takes, both, one))
        gives = both if gives is None else np.fmin(both, self.assume("production-capacity", gives, both, one))
        return both, takes, gives

    def _asset_capacity(self, otherwise: Floats | None) -> Floats | None:
        """Return what an attribute of older releases says the connection of the device's own asset takes [kW]."""
        asset = self.entry.asset
        told = asset.attributes.get("site-power-capacity") if asset is not None else None
        if not isinstance(told, str):
            return otherwise
        power = Fixed(told).number("kW", field=f"{self.name}: site-power-capacity")
        return np.full(self.around.window.n, power)

    def _of_both(self, told: Floats, one_way: Floats) -> Floats:
        """Return most power in both directions: where nothing tells the wider one way, the site's, else none at all."""
        site = self.around.site_capacity
        wider = one_way if site is None else np.where(np.isnan(one_way) & np.isfinite(site), site, one_way)
        unknown = np.isnan(told) & np.isnan(wider)
        why = "taken as 0 kW" if unknown.any() else "the next wider capacity counts, {:g} kW"
        names = ("power-capacity", "consumption-capacity", "production-capacity")
        field = next((name for name in names if self.quantity(name) is not None), None)
        if field is None or (field != "power-capacity" and not unknown.any()):
            return np.where(np.isnan(told), wider, told)
        return self.assume(field, told, np.nan_to_num(wider), why)

    @cached_property
    def direction_capacities(self) -> tuple[Floats | None, Floats | None, Floats | None]:
        """Most power in both directions, consumed and produced [kW], each of shape (n,); None where nothing tells."""
        return (
            self._capacity("power-capacity"),
            self._capacity("consumption-capacity"),
            self._capacity("production-capacity"),
        )

    def _capacity(self, field: str) -> Floats | None:
        if (given := self.quantity(field)) is None:
            return None
        name = f"{self.name}: {field}"
        values = self.around.readings.series(given, self.model.fact(field), name=name)
        if (values < 0).any():
            raise FieldError(name, "a capacity is 0 or more, in either direction.")
        return values

    def _limit(self, way: str) -> tuple[Floats, SoftLimit | None]:
        """Return the hard limit in one direction [kW] and the soft one, if breaking it has a price."""
        both, takes, gives = self.capacities
        limit = takes if way == "consumption" else gives
        context, name = self.around.context, f"{way}-breach-price"
        asked = {"consumption": context.consumption_breach_price, "production": context.production_breach_price}
        usual = breach_price(DEVICE_BREACH_PRICE, self.around.dearest)
        # Who gives a price for one direction leaves the other one hard.
        price = usual if context.relax_capacity_constraints and not any(asked.values()) else asked[way]
        never = not limit.any()  # 0 throughout is what the device cannot do at all
        if price is None or never or self.model.coupling is not None:
            return limit, None
        if isinstance(price, float):
            per_kw = np.full(len(limit), price)
        else:
            fact = context.fact(name)
            per_kw = self.around.readings.series(price, fact, name=name, otherwise=usual)
        # A one-way limit that may be broken leaves the capacity of both directions as the hard one.
        return both, SoftLimit(limit=limit, highest_price=per_kw, hourly_price=per_kw)

    @cached_property
    def _running(self) -> tuple[bool, float]:
        """Whether the device runs when the window begins, and how long it has done so, or not [h]."""
        model, window = self.model, self.around.window
        lasting = max(self.hours(model.min_on, "min-on"), self.hours(model.min_off, "min-off"))
        if (since := model.switched_at) is not None:
            if since > window.start:
                raise FieldError(f"{self.name}: switched-at", "it lies after the start of the schedule.")
            # Who says since when it has been switched means on, unless it is said that it is off.
            return model.on_at_start is not False, (window.start - since) / timedelta(hours=1)
        sensor = self.entry.sensor
        # What ran before matters only where switching costs something or lasts.
        if model.on_at_start is not None or sensor is None or not (lasting or model.start_cost):
            return bool(model.on_at_start), np.inf
        # A start that costs something, and lasts no time, is told by the last step alone.
        powers, hours = self.around.readings.before_start(sensor, max(timedelta(hours=lasting), window.step))
        # Nothing is known just before the start: it is taken as off, and free to be switched.
        if np.isnan(powers[-1:]).any() or not len(powers):
            return False, np.inf
        on = np.nan_to_num(np.abs(powers)) > STANDSTILL
        alike = np.flatnonzero(on != on[-1])
        return bool(on[-1]), float(hours[alike[-1] + 1 :].sum()) if len(alike) else np.inf

    @property
    def _power_at_start(self) -> float | None:
        """Power just before the window [kW]; None where no ramp needs it, or nothing tells."""
        model, sensor = self.model, self.entry.sensor
        if model.ramp_limit is None:
            return None
        if isinstance(given := model.power_at_start, SensorReference):
            return self.around.readings.nearest(given, unit="kW")
        if given is not None or sensor is None:
            return self.number(given, "power-at-start", "kW")
        powers, _ = self.around.readings.before_start(sensor, self.around.window.step)
        return None if not len(powers) or np.isnan(powers[-1]) else float(powers[-1])

    def _efficiency(self, way: str) -> Floats:
        if way == "charging" and self.model.cop_curve:
            return self._cop
        if self.model.roundtrip_efficiency is not None:
            # Split evenly between both ways.
            found = np.sqrt(self.series("roundtrip-efficiency", 1.0))
        else:
            found = self.series(f"{way}-efficiency", 1.0)
        if (found < 0).any():
            raise FieldError(f"{self.name}: {way}-efficiency", "an efficiency is 0 or more, such as '95%'.")
        return found

    @property
    def _cop(self) -> Floats:
        """Coefficient of performance in each step, by the temperature of what the heat is drawn from, shape (n,)."""
        own = self.model.source_temperature is not None
        at, cops = zip(*self.model.cop_points, strict=True)
        found: Floats = np.interp(self.temperature("source-temperature" if own else "outdoor-temperature"), at, cops)
        return found


def operating_range(mode: OperationMode) -> OperatingRange:
    """Return the range of a way to run, of which production counts negative."""
    takes, gives = mode.powers("consumption"), mode.powers("production")
    low = -gives[1] if gives else min(takes or (0.0,))
    high = takes[1] if takes else -min(gives or (0.0,))
    return OperatingRange(low=low, high=high)

"""A building or a tank as a flex-model describes it → a store of the engine, over one window."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.assemble.site.devices import DeviceBuilder
from app.assemble.site.stores.storage import StorageBuilder, end_value
from engine.devices.energy.bounds import Moments, SoftBound
from engine.devices.energy.thermal import Mode, ThermalMass
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.errors import FieldError
from engine.flex.commodity import SOC_BREACH_PRICE, breach_price
from engine.flex.quantity import Fixed, SensorReference
from engine.flex.storage import StorageModel
from engine.flex.values import Scale, at_moments, off_grid, per_tick
from engine.model.linear import Values, full

Floats = NDArray[np.float64]
CELSIUS = Scale("°C", unit="°C")


@dataclass(frozen=True)
class ThermalBuilder:
    """The building or tank that one device heats or cools, or several."""

    device: DeviceBuilder
    """The device whose model tells of it."""

    def store(self, ports: tuple[tuple[Port, StorageModel], ...]) -> Storage:
        """Return the store of heat, or of cold, that ports feed, each with the model that describes it.

        It stores cold where all of them cool; where some heat, what the others take out is heat.
        """
        window, model = self.device.around.window, self.device.model
        curves = StorageBuilder(self.device).curves
        modes = [own.mode_of_heat or model.mode_of_heat or "heating" for _, own in ports]
        empty_mass = self._mass("cooling" if set(modes) == {"cooling"} else "heating")
        feeding = tuple(
            replace(port, curves=curves(port.name, own), empties=mode != empty_mass.mode)
            for (port, own), mode in zip(ports, modes, strict=True)
        )
        warming = self.device.flow("soc-gain") - self.device.flow("soc-usage")

        def stored(mass: ThermalMass, least: float, most: float) -> Storage:
            return Storage(
                name=self.device.name,
                ports=feeding,
                soc_at_start=float(np.max(mass.energy(self.at_start))),
                soc_min=least,
                soc_max=most,
                storage_efficiency=full(mass.retention(window.hours), window.n),
                gain=mass.sign * warming + mass.ambient_gain,
                thermal=mass,
            )

        # No temperature is forbidden: its energy is bounded by what can be reached only, so that nothing ever clashes.
        free = stored(empty_mass, -np.inf, np.inf)
        off, on = free.reach(window)
        least, most = min(off.min(), free.soc_at_start) - 1.0, max(on.max(), free.soc_at_start) + 1.0
        mass = empty_mass.above(float(least))
        return replace(
            stored(mass, 0.0, float(most - least)),
            soft_minima=self._band(mass, "minima"),
            soft_maxima=self._band(mass, "maxima"),
            moments=Moments.free(self._positions) if len(self._positions) else None,
            end_value=end_value(self.device),
            prefer_charging_sooner=model.prefer_charging_sooner,
            prefer_charging_later=model.prefer_charging_later,
        )

    def _mass(self, mode: Mode) -> ThermalMass:
        """Return the building or tank, with nothing stored at 0 °C."""
        model = self.device.model
        surroundings: Values = 0.0
        if model.outdoor_temperature is not None:
            surroundings = self.device.temperature("outdoor-temperature")
        return ThermalMass(
            capacity=self.device.number(model.thermal_capacity, "thermal-capacity", "kWh/K") or 1.0,
            heat_loss=self.device.number(model.heat_loss, "heat-loss", "kW/K") or 0.0,
            outdoor=surroundings,
            mode=mode,
        )

    @cached_property
    def at_start(self) -> float:
        """Temperature when the window begins [°C].

        Raises:
            FieldError: Its sensor does not know it.
        """
        model, name = self.device.model, f"{self.device.name}: temperature-at-start"
        if isinstance(given := model.temperature_at_start, Fixed):
            return given.number("°C", field=name)
        readings = self.device.around.readings
        if isinstance(reference := given or model.temperature, SensorReference):
            found = readings.nearest(reference, unit="°C")
            if found is None:
                text = f"sensor {reference.sensor} knows no temperature near the start; give it, or post a value."
                raise FieldError(name, text)
            return found
        if given is not None:
            raise FieldError(name, "write one temperature, or a sensor.")
        field = "temperature-min" if model.temperature_min is not None else "temperature-max"
        asked = self._at_ticks(field)
        known = asked[~np.isnan(asked)]
        if not len(known):
            raise FieldError(name, "the temperature at the start of the schedule is not known; give it.")
        readings.warn(f"{name}: it is not known; {known[0]:g} °C is assumed, which is {field}.")
        return float(known[0])

    def _band(self, mass: ThermalMass, bound: str) -> SoftBound | None:
        """Return one end of the comfort band in terms of the energy stored, with its price; None where it is open."""
        field = mass.limit(bound)
        given = self.device.quantity(field)
        if given is None:
            return None
        name, around = f"{self.device.name}: {field}", self.device.around
        between = at_moments(
            given, self._positions, around.window, field=name, overlap=self.device.model.fact(field).overlap,
            scale=CELSIUS,
        )  # fmt: skip
        at = mass.energy(self._at_ticks(field)) * np.ones(around.window.n + 1)
        usual = breach_price(SOC_BREACH_PRICE, around.dearest)
        per_kelvin = self.device.series("temperature-breach-price", usual) * around.weight(self.device.model.priority)
        price = per_kelvin / mass.capacity
        return SoftBound(at=at, between=mass.energy(between) * np.ones(len(between)), hourly_price=price)

    def _at_ticks(self, field: str) -> Floats:
        given, around, fact = self.device.quantity(field), self.device.around, self.device.model.fact(field)
        if given is None:
            return np.full(around.window.n + 1, np.nan)
        name, resolve = f"{self.device.name}: {field}", around.readings.by_kind(fact.kind, fact.overlap)
        return per_tick(given, around.window, field=name, resolve=resolve, overlap=fact.overlap, scale=CELSIUS)

    @cached_property
    def _positions(self) -> Floats:
        """Moments between two ticks at which a band begins or ends [steps since the start], shape (m,)."""
        window, model = self.device.around.window, self.device.model
        bands = (model.temperature_min, model.temperature_max)
        return np.array(sorted({at for band in bands for at in off_grid(band, window)}), dtype=float)

"""The stored energy of a device's flex-model → a store of the engine, over one window."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.assemble.devices import Described
from engine.errors import FieldError
from engine.flex.context import SOC_BREACH_PRICE
from engine.flex.fields import Overlap
from engine.flex.quantity import Events, Fixed, Quantity, SensorReference
from engine.flex.values import Scale, per_tick
from engine.scheduling.devices.port import Port
from engine.scheduling.devices.storage import SoftBound, Storage

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stored:
    """The store of one device, or of several that share it."""

    device: Described
    """The device whose model tells of the store."""

    def store(self, ports: tuple[Port, ...]) -> Storage:
        """Return the store that ports feed and empty."""
        low, soft_low = self._side("soc-min", "soc-minima")
        high, soft_high = self._side("soc-max", "soc-maxima")
        targets = self._at_some_times("soc-targets", "first")
        self._refuse_targets_outside(low, high, targets)
        return Storage(
            name=self.device.name,
            ports=ports,
            soc_at_start=self.at_start,
            soc_min=low,
            soc_max=high,
            soc_targets=None if soft_low or soft_high else targets,
            soft_minima=soft_low,
            soft_maxima=soft_high,
            storage_efficiency=self._retention(),
            gain=self._flow("soc-gain") - self._flow("soc-usage"),
            end_value=self._end_value(),
            prefer_charging_sooner=self.device.model.prefer_charging_sooner,
        )

    @cached_property
    def at_start(self) -> float:
        """Energy stored when the window begins [kWh].

        Raises:
            FieldError: Nothing tells, or it is not what a storage can hold.
        """
        model, field = self.device.model, f"{self.device.name}: soc-at-start"
        if isinstance(given := model.soc_at_start, Fixed):
            found = given.number("kWh", field=field, bare=self._bare, whole=self.capacity)
        elif isinstance(reference := given or model.state_of_charge, SensorReference):
            found = self._measured(reference, field)
        elif isinstance(reference, Events):
            found = float(self._at_some_times("soc-at-start" if given else "state-of-charge", "first")[0])
            if np.isnan(found):
                raise FieldError(field, "no event tells what is stored when the schedule starts; add one.")
        else:
            found = 0.0
        if found < 0:
            raise FieldError(field, f"{found:g} kWh is less than nothing; give what is stored.")
        if isinstance(given, Fixed) and str(given.value).strip().endswith("%") and found > (self.capacity or np.inf):
            raise FieldError(field, f"{given.value} is more than the storage can hold; give 0 to 100 %.")
        return found

    def _measured(self, reference: SensorReference, field: str) -> float:
        """Return what a sensor says is stored about when the window begins [kWh]."""
        around = self.device.around
        found = around.readings.nearest(reference, around.window, unit="kWh", whole=self.capacity)
        if found is None:
            raise FieldError(
                field, f"sensor {reference.sensor} knows no state of charge near the start; give it, or post a value."
            )
        return found

    @cached_property
    def capacity(self) -> float | None:
        """What 100 % is: soc-max [kWh]; None if it is not given, or changes over time."""
        given = self.device.model.soc_max
        return given.number("kWh", field="soc-max", bare=self._bare) if isinstance(given, Fixed) else None

    @property
    def _bare(self) -> str:
        sensor = self.device.given.sensor
        return self.device.model.bare_unit(sensor.unit if sensor else None)

    def _side(self, static: str, at_times: str) -> tuple[Floats, SoftBound | None]:
        """Return the hard bound of one side at every tick [kWh], and the soft one, if breaking it has a price."""
        overlap: Overlap = "most" if static == "soc-min" else "least"
        tighter, open_end = (np.fmax, 0.0) if static == "soc-min" else (np.fmin, np.inf)
        always = self._at_some_times(static, overlap)
        sometimes = self._at_some_times(at_times, overlap)
        price = self._price(at_times)
        if price is None:
            return tighter(np.where(np.isnan(always), open_end, always), sometimes), None
        bound = tighter(sometimes, self._at_some_times("soc-targets", "first"))
        soft = SoftBound(at=bound, highest_price=price, each_price=price) if not np.isnan(bound).all() else None
        return np.where(np.isnan(always), open_end, always), soft

    def _price(self, at_times: str) -> float | None:
        context = self.device.around.context
        given = context.soc_minima_breach_price if at_times == "soc-minima" else context.soc_maxima_breach_price
        if isinstance(given, Fixed):
            return given.number("currency/kWh", field=f"{at_times}-breach-price")
        if given is not None:
            raise FieldError(f"{at_times}-breach-price", "write one price; it cannot change over time.")
        return SOC_BREACH_PRICE if context.relaxes_soc else None

    def _at_some_times(self, field: str, overlap: Overlap) -> Floats:
        """Return a bound at every tick [kWh], NaN where it says nothing, shape (n + 1,)."""
        around = self.device.around
        given: Quantity | None = getattr(self.device.model, field.replace("-", "_"))
        if given is None:
            return np.full(around.window.n + 1, np.nan)
        whole = None if field == "soc-max" else self.capacity
        return per_tick(
            given,
            around.window,
            field=f"{self.device.name}: {field}",
            resolve=around.readings,
            overlap=overlap,
            scale=Scale(self._bare, whole),
        )

    def _refuse_targets_outside(self, low: Floats, high: Floats, targets: Floats) -> None:
        for beyond, way, bound in ((targets < low, "below soc-min", low), (targets > high, "above soc-max", high)):
            if beyond[1:].any():
                at = int(np.flatnonzero(beyond[1:])[0]) + 1
                raise FieldError(
                    f"{self.device.name}: soc-targets",
                    f"{targets[at]:g} kWh is {way} ({bound[at]:g} kWh); change the one or the other.",
                )

    def _retention(self) -> Floats:
        """Return the share of the stored energy left after each step, shape (n,)."""
        around, given = self.device.around, self.device.model.storage_efficiency
        kept = self.device.per_step(given, "storage-efficiency", 1.0)
        if isinstance(given, SensorReference):  # told for the length of the sensor's events, not for a step
            kept = kept ** (around.window.hours / (around.readings.hours(given) or around.window.hours))
        return np.clip(kept, 0.0, 1.0)

    def _flow(self, field: str) -> Floats:
        """Return the sum of external flows [kW], shape (n,)."""
        given: tuple[Quantity, ...] = getattr(self.device.model, field.replace("-", "_"))
        total = np.zeros(self.device.around.window.n)
        for flow in given:
            total += self.device.per_step(flow, field, 0.0, unit="kW")
        return total

    def _end_value(self) -> float | Literal["learned"] | None:
        given = self.device.model.end_value
        if isinstance(given, Fixed):
            return given.number("currency/kWh", field=f"{self.device.name}: end-value")
        if given is None or given == "learned":
            return given
        raise FieldError(f"{self.device.name}: end-value", "write one price, or 'learned'.")

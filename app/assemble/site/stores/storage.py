"""The stored energy of a device's flex-model → a store of the engine, over one window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.assemble.site.devices import DeviceBuilder
from app.assemble.site.stores.soc_bounds import SocBounds
from engine.devices.curves import NO_CURVES, Polyline, PortCurves
from engine.devices.device import Device
from engine.devices.energy.bounds import SHARE_PARTS
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.errors import FieldError
from engine.flex.quantity import Events, Fixed, Quantity, SensorReference
from engine.flex.storage import MOST, StorageModel
from engine.flex.values import Scale, per_tick

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StorageBuilder:
    """The store of one device, or of several that share it."""

    device: DeviceBuilder
    """The device whose model tells of the store."""

    def store(self, ports: tuple[tuple[Port, StorageModel], ...]) -> Storage:
        """Return the store that ports feed and empty, each with the model that describes it."""
        context = self.device.around.context
        return Storage(
            name=self.device.name,
            ports=tuple(replace(port, curves=self.curves(port.name, model)) for port, model in ports),
            soc_at_start=self.at_start,
            storage_efficiency=self._retention(),
            gain=self.device.flow("soc-gain") - self.device.flow("soc-usage"),
            end_value=end_value(self.device),
            depth_wear=self._depth_wear,
            prefer_charging_sooner=self.device.model.prefer_charging_sooner,
            prefer_charging_later=self.device.model.prefer_charging_later,
            yields_above=self.device.around.dearest if context.relaxes_soc else None,
            **self._bounds.fields(self.at_start),
        )

    def curves(self, name: str, model: StorageModel) -> PortCurves:
        """Return what of a port depends on its power, or on the energy stored.

        Raises:
            FieldError: The points of a curve are in no order, or nothing tells the most energy stored.
        """
        found: dict[str, Polyline] = {}
        for way in ("charging", "discharging"):
            field = f"{name}: {way}-curve"
            if points := getattr(model, f"{way}_curve"):
                if not np.isfinite(self._bounds.high).all():
                    raise FieldError(field, "the size of the storage is not given; give soc-max.")
                energies = [_fixed(each.soc, "kWh", f"{field}.soc", self.capacity) for each in points]
                found[way] = _curve(field, energies, [_fixed(each.power, "kW", f"{field}.power") for each in points])
            field = f"{name}: {way}-efficiency-curve"
            if efficiencies := getattr(model, f"{way}_efficiency_curve"):
                powers = [_fixed(each.power, "kW", f"{field}.power") for each in efficiencies]
                shares = [_fixed(each.efficiency, "", f"{field}.efficiency") for each in efficiencies]
                if not all(0 < share <= MOST[way] for share in shares):
                    raise FieldError(f"{field}.efficiency", "each is a share above 0, such as '95%'.")
                # At no power nothing flows, whatever efficiency is written for it.
                first = [(power, share) for power, share in zip(powers, shares, strict=True) if power > 0]
                inside = [power * share if way == "charging" else power / share for power, share in first]
                curve = _curve(field, [0.0, *(power for power, _ in first)], [0.0, *inside])
                if (curve.slopes <= 0).any():
                    raise FieldError(field, "with more power no less may come through; correct the efficiencies.")
                found["stored" if way == "charging" else "drawn"] = curve
        return PortCurves(**found) if found else NO_CURVES

    @cached_property
    def _bounds(self) -> SocBounds:
        return SocBounds(self.device, Scale(self._bare, self.capacity))

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
            scale = Scale(self._bare, self.capacity)
            around = self.device.around
            resolve = around.readings.by_kind("state-of-charge")
            found = float(per_tick(reference, around.window, field=field, resolve=resolve, scale=scale)[0])
            if np.isnan(found):
                raise FieldError(field, "no event gives the state of charge at the start of the schedule; add one.")
        else:
            found = max(float(self._bounds.low[0]), 0.0)
            text = f"the state of charge at the start of the schedule is not given; {found:g} kWh is assumed"
            self.device.around.readings.warn(f"{field}: {text}{', which is soc-min' if found else ''}.")
        if found < 0:
            raise FieldError(field, f"{found:g} kWh is less than nothing; give what is stored.")
        if isinstance(given, Fixed) and str(given.value).strip().endswith("%") and found > (self.capacity or np.inf):
            raise FieldError(field, f"{given.value} is more than the storage can hold; give 0 to 100 %.")
        return found

    def _measured(self, reference: SensorReference, field: str) -> float:
        """Return what a sensor says is stored about when the window begins [kWh]."""
        around = self.device.around
        found = around.readings.nearest(reference, unit="kWh", whole=self.capacity)
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
    def _depth_wear(self) -> tuple[tuple[float, float], ...]:
        """Depths below the most energy stored [kWh] and prices of wear [currency/kWh].

        Raises:
            FieldError: Nothing tells the most energy stored.
        """
        shares, whole = self.device.rising_prices("wear-by-depth", "depth", ""), self.capacity
        if not shares:
            return ()
        if whole is None:
            raise FieldError(f"{self.device.name}: wear-by-depth", "it counts from soc-max; give it as one energy.")
        return tuple((share * whole, price) for share, price in shares)

    @property
    def _bare(self) -> str:
        sensor = self.device.entry.sensor
        return self.device.model.bare_unit(sensor.unit if sensor else None)

    def _retention(self) -> Floats:
        """Return the share of the stored energy left after each step, shape (n,)."""
        around, given = self.device.around, self.device.model.storage_efficiency
        window, kept = around.window, self.device.series("storage-efficiency", 1.0)
        length = around.readings.hours(given) if isinstance(given, SensorReference) else 0.0
        if length or window.bounds:  # of a sensor, the share is that of its events, not of a step
            kept = np.maximum(kept, 0.0) ** (window.hours / (length or window.step_hours))
        if (kept > 1.0).any():
            about = f"{self.device.name}: storage-efficiency: {kept.max():.4g} is more than 100 %"
            around.readings.warn(f"{about}; taken as 100 %, as a store makes no energy.")
        return np.clip(kept, 0.0, 1.0)


def end_value(device: DeviceBuilder) -> float | Literal["learned"] | None:
    """Worth of the energy left at the end [currency/kWh], as the flex-model says.

    Raises:
        FieldError: It changes over time.
    """
    given = device.model.end_value
    if isinstance(given, Fixed):
        return given.number("currency/kWh", field=f"{device.name}: end-value")
    if given is None or given == "learned":
        return given
    raise FieldError(f"{device.name}: end-value", "write one price, or 'learned'.")


def keeper_of(feeders: list[DeviceBuilder]) -> DeviceBuilder | None:
    """Return the device that tells of the store: an entry of its own, else the first that says most of it."""
    own = [f for f in feeders if f.model.stores and not _meets_grid(f)]
    return next(iter(own), None) or next((f for f in feeders if f.model.stores), None)


def at_grid_of(feeders: list[DeviceBuilder]) -> list[DeviceBuilder]:
    """Return the devices with a power of their own: all but an entry that only tells of a store others share."""
    keeper = keeper_of(feeders)
    return feeders if len(feeders) == 1 else [f for f in feeders if f is not keeper or _meets_grid(f)]


def _meets_grid(described: DeviceBuilder) -> bool:
    return any(named.fact.kind == "power" for named in described.model.outputs)


def with_shares(devices: Sequence[Device], sets: Mapping[str, str | None]) -> list[Device]:
    """Return devices of which those of one set share what cannot be met of their energies.

    Args:
        devices: Stores and others.
        sets: Name of the set of each entry, by the name of the entry.
    """
    asked: dict[str, list[float]] = {}
    members: list[tuple[str | None, Device]] = []
    for device in devices:
        names = [sets.get(name) for name in (device.name, *(port.name for port in device.ports))]
        name = next(filter(None, names), None) if device.most_lacking else None
        members.append((name, device))
        if name is not None:
            asked.setdefault(name, []).append(device.most_lacking)
    # Parts of one width for the whole set, so that an equal price is an equal amount of energy.
    return [
        device if name is None or len(asked[name]) < 2 else device.sharing(max(asked[name]) / SHARE_PARTS)
        for name, device in members
    ]


def _fixed(given: Quantity, unit: str, field: str, whole: float | None = None) -> float:
    """Return the one value of a quantity in a point of a curve."""
    if not isinstance(given, Fixed):
        raise FieldError(field, "write one quantity; a curve cannot change over time.")
    return given.number(unit, field=field, whole=whole)


def _curve(field: str, at: list[float], values: list[float]) -> Polyline:
    """Return the curve through points, which must be written in rising order."""
    if len(at) < 2 and at == [0.0]:
        raise FieldError(field, "it has no point above 0 kW; add one.")
    if any(second - first < 1e-6 for first, second in pairwise(at)):
        raise FieldError(field, "write its points in rising order, each further than the one before.")
    return Polyline(at=tuple(at), values=tuple(values))

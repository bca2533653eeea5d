"""The fields of one device as a plan reads them: over one window, as known at one moment, in units of the engine."""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.assemble.site.flex_config import DeviceModel
from app.assemble.site.series import Readings
from engine.errors import FieldError
from engine.flex.commodity import CommodityContext
from engine.flex.quantity import Fixed, Quantity
from engine.flex.storage import StorageModel
from engine.series.iso_time import duration
from engine.series.window import Window

Floats = NDArray[np.float64]
HIGHEST_PRIORITY = 9.0
"""How many times dearer a breach of the device of highest priority is than one of the lowest."""


@dataclass(frozen=True)
class Surroundings:
    """What a device needs to know of the site it stands in."""

    window: Window
    readings: Readings
    context: CommodityContext
    """The context of the device's commodity, for breach prices and relaxation."""
    dearest: float
    """Price of the dearest energy of the site [currency/kWh], which default breach prices follow."""
    priorities: tuple[float, ...]
    """Priorities of all storages of the site, increasing."""
    site_capacity: Floats | None
    """Most power through the connection in both directions [kW], shape (n,); None if it is not limited."""

    def weight(self, priority: float | None) -> float:
        """Factor of the breach prices of a device with some priority, 1 for the lowest.

        The highest stays below what the site pays for a breach of its own capacities, however many there are.
        """
        least, most = bisect_left(self.priorities, priority or 0.0), max(len(self.priorities) - 1, 1)
        weight: float = HIGHEST_PRIORITY ** (least / most)
        return weight


@dataclass(frozen=True)
class DeviceFields:
    """One device as described, and what its fields amount to."""

    name: str
    entry: DeviceModel
    model: StorageModel
    around: Surroundings

    def check_complete(self) -> None:
        """Raise FieldError if a field means nothing without another one that is missing."""
        try:
            self.model.refuse_incomplete()
        except FieldError as error:
            raise error.owned_by(self.name) from None

    def quantity(self, field: str) -> Quantity | None:
        """Return what a field of the flex-model says; None where it is not set."""
        value: Quantity | None = getattr(self.model, field.replace("-", "_"))
        return value

    def assume(self, field: str, values: Floats, wider: Floats, why: str) -> Floats:
        """Return a capacity with the next wider one where its sensor knows none, and warn of that."""
        given = self.quantity(field)
        if given is None:
            return values
        return self.around.readings.assume(given, values, wider, name=f"{self.name}: {field}", why=why)

    def temperature(self, field: str) -> Floats:
        """Temperature of the surroundings in each step [°C], shape (n,).

        Raises:
            FieldError: Its sensor knows none in the whole window.
        """
        name, given = f"{self.name}: {field}", self.quantity(field)
        if given is None:
            raise FieldError(name, "give the temperature of the surroundings, such as {'sensor': 31}.")
        values = self.around.readings.series(given, self.model.fact(field), name=name)
        if np.isnan(values).any():
            raise FieldError(name, "no temperature is known in the time of the schedule; post a forecast of it.")
        return values

    def flow(self, field: str) -> Floats:
        """Sum of the external flows into or out of a store [kW], shape (n,)."""
        given: tuple[Quantity, ...] = getattr(self.model, field.replace("-", "_"))
        fact, name, total = self.model.fact(field), f"{self.name}: {field}", np.zeros(self.around.window.n)
        for flow in given:
            total += np.nan_to_num(self.around.readings.series(flow, fact, name=name, otherwise=0.0))
        return total

    def series(self, field: str, otherwise: float) -> Floats:
        """Return a field per step in its own unit, a number where nothing is said, shape (n,)."""
        if (given := self.quantity(field)) is None:
            return np.full(self.around.window.n, otherwise)
        name, fact = f"{self.name}: {field}", self.model.fact(field)
        values = self.around.readings.series(given, fact, name=name, otherwise=otherwise)
        return np.where(np.isnan(values), otherwise, values)

    def number(self, given: Quantity | None, field: str, unit: str) -> float | None:
        """One number of a field [unit]; None where it is not set.

        Raises:
            FieldError: It changes over time.
        """
        if given is None:
            return None
        if not isinstance(given, Fixed):
            raise FieldError(f"{self.name}: {field}", "write one quantity; it cannot change over time.")
        return given.number(unit, field=f"{self.name}: {field}")

    def rising_prices(self, field: str, end: str, unit: str) -> tuple[tuple[float, float], ...]:
        """Ends [unit] and prices [currency/kWh] of the parts of a field, the last one without an end.

        Raises:
            FieldError: They do not rise, so that dearer parts would come first.
        """
        name, found = f"{self.name}: {field}", list[tuple[float, float]]()
        for part in getattr(self.model, field.replace("-", "_")):
            given, price = getattr(part, end), self.number(part.price, f"{field}.price", "currency/kWh") or 0.0
            top = np.inf if given is None else self.number(given, f"{field}.{end}", unit) or 0.0
            if found and (top <= found[-1][0] or price < found[-1][1]):
                raise FieldError(name, f"write its parts by rising {end} and price.")
            found.append((float(top), price))
        # The last price goes on for all that lies beyond its end.
        if found and np.isfinite(found[-1][0]):
            found[-1] = (np.inf, found[-1][1])
        return tuple(found)

    def hours(self, text: str | None, field: str) -> float:
        """Length of a duration [h]; 0 where it is not set."""
        if text is None:
            return 0.0
        return duration(text, field=f"{self.name}: {field}").total_seconds() / 3600

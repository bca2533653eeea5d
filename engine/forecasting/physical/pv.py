"""Photovoltaics: what physics says about the power of a plant, as columns of its regression."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.forecasting.columns import KnownColumns, neighbours
from engine.forecasting.days import earlier, filled
from engine.forecasting.history import Floats, Location
from engine.forecasting.physical.irradiance import Irradiance, Sun, clear_sky, split_light

LOSS = -0.004
"""Change of power with the temperature of a cell [1/K]."""
WARMING = 0.03
"""How much warmer than air a cell gets [K per W/m²]."""
MILD = 20.0
"""Air temperature where none is known [°C]."""
DAYLIGHT = 0.05
"""Cosine of the zenith above which power tells about the plane."""
LEAST_LIGHT = 0.02
"""Expected power below which a share of it says nothing, as in a half day of dusk alone [of the peak]."""


def plant_power(irradiance: Floats, temperature: Floats | float = MILD) -> Floats:
    """Power of a plant per power at 1,000 W/m² and 25 °C, of the irradiance on its plane [W/m²] in air [°C].

    Source:
        Dobos, PVWatts Version 5 Manual, NREL (2014); temperature of cells after Ross.
    """
    cell = temperature + WARMING * irradiance
    return np.asarray(irradiance / 1000.0 * (1.0 + LOSS * (cell - 25.0)))


def fitted_plane(power: Floats, light: Irradiance, sun: Sun, temperature: Floats | float = MILD) -> tuple[float, float]:
    """Tilt and azimuth [°] with which physics comes closest to a power, whatever its peak; by a grid, twice as fine."""
    day = np.isfinite(power) & np.isfinite(light.level) & (sun.height > DAYLIGHT)
    if not day.any():
        return 30.0, 180.0
    lit = Sun(sun.height[day], sun.azimuth[day], sun.normal[day])
    here = Irradiance(light.beam[day], light.diffuse[day], light.level[day])
    air = temperature[day] if isinstance(temperature, np.ndarray) else temperature

    def error(plane: tuple[float, float]) -> float:
        shape = plant_power(here.on_plane(lit, *plane), air)
        scale = shape @ power[day] / max(float(shape @ shape), 1e-12)
        return float(((power[day] - scale * shape) ** 2).sum())

    best = min(
        ((float(tilt), float(azimuth)) for tilt in range(0, 71, 10) for azimuth in range(80, 281, 20)), key=error
    )
    near = ((best[0] + tilt, best[1] + azimuth) for tilt in (-5.0, 0.0, 5.0) for azimuth in (-10.0, 0.0, 10.0))
    return min((plane for plane in near if plane[0] >= 0.0), key=error)


@dataclass(frozen=True)
class Outdoors:
    """The sky over a plant, in tables of days."""

    sun: Sun
    irradiance: Floats | None
    """On a level plane, as forecast [W/m²]; None: there is none."""
    temperature: Floats | None
    """Of the air, as forecast [°C]; None: there is none."""

    @property
    def air(self) -> Floats | float:
        """Temperature of the air [°C]."""
        return MILD if self.temperature is None else self.temperature

    @cached_property
    def light(self) -> Irradiance:
        """As forecast, else of a clear sky."""
        if self.irradiance is None:
            return clear_sky(self.sun)
        return split_light(np.maximum(self.irradiance, 0.0), self.sun)


def pv_columns(columns: KnownColumns, values: Floats, place: Location, outdoors: Outdoors, until: int) -> None:
    """Add what physics says of the power of a plant.

    Args:
        columns: With those of the own past.
        values: Power, positive while it produces, NaN where nothing is known, shape (rows, S).
        place: Tilt and azimuth of its modules are fitted where not given.
        outdoors: Sun and weather there.
        until: Row before which the plane is fitted.
    """
    sun, light, air = outdoors.sun, outdoors.light, outdoors.air
    tilt, azimuth = _plane(values, place, outdoors, until)
    power = plant_power(light.on_plane(sun, tilt, azimuth), air)
    columns.add("chain", power)
    columns.add("chain squared", power**2)
    columns.add("chain, neighbours", neighbours(power))
    columns.add("chain by usual", power * earlier(_median(_index(values, power), 14), columns.ahead))
    hours = columns.days.by_cell(columns.days.clock.hour + columns.days.clock.minute / 60.0) / 24.0
    season = columns.days.by_cell(columns.days.clock.day_of_year) / 365.25
    for name, turns in (("hour", hours), ("2 hours", 2.0 * hours), ("season", season)):
        columns.add(f"chain by {name} cos", power * np.cos(2.0 * np.pi * turns))
        columns.add(f"chain by {name} sin", power * np.sin(2.0 * np.pi * turns))
    if outdoors.irradiance is None:
        _clear_sky_columns(columns, values, plant_power(clear_sky(sun).on_plane(sun, tilt, azimuth)))
        return
    for name, part in (("beam", light.beam), ("diffuse", light.diffuse), ("level", light.level)):
        columns.add(name, part)
    if outdoors.temperature is not None:
        columns.add("chain by temperature", power * (outdoors.temperature - MILD))


def _plane(values: Floats, place: Location, outdoors: Outdoors, until: int) -> tuple[float, float]:
    """Tilt and azimuth [°] as given, else as fitted to the days before a row."""
    if place.tilt is not None and place.azimuth is not None:
        return place.tilt, place.azimuth

    def flat(table: Floats) -> Floats:
        return table[:until].reshape(-1)

    # Without weather the envelope of the last days stands for a clear sky.
    shape = values if outdoors.irradiance is not None else envelope(values, 15)
    sun, light, air = outdoors.sun, outdoors.light, outdoors.air
    tilt, azimuth = fitted_plane(
        flat(shape),
        Irradiance(flat(light.beam), flat(light.diffuse), flat(light.level)),
        Sun(flat(sun.height), flat(sun.azimuth), flat(sun.normal)),
        flat(air) if isinstance(air, np.ndarray) else air,
    )
    return tilt if place.tilt is None else place.tilt, azimuth if place.azimuth is None else place.azimuth


def _clear_sky_columns(columns: KnownColumns, values: Floats, clear: Floats) -> None:
    """Add the clear-sky power by how clear the last days were."""
    ahead, known = columns.ahead, filled(values)
    most = clear.sum(axis=1, keepdims=True)
    day = np.divide(known.sum(axis=1, keepdims=True), most, out=np.zeros_like(most), where=most > LEAST_LIGHT)
    half = columns.days.steps // 2
    bright = clear[:, half:].sum(axis=1, keepdims=True)
    evening = known[:, half:].sum(axis=1, keepdims=True)
    late = np.divide(evening, bright, out=np.zeros_like(bright), where=bright > LEAST_LIGHT)
    columns.add("clear", clear)
    for name, index in (
        ("newest", earlier(day, ahead)),
        ("day before", earlier(day, ahead + 1)),
        ("newest half day", earlier(late, ahead)),
        ("change", earlier(day, ahead) - earlier(day, ahead + 1)),
        *((f"{days} days", earlier(_over(day, days, None), ahead)) for days in (3, 7, 21)),
        ("clearest", earlier(_over(day, 30, 1.0), ahead)),
        ("clear quarter", earlier(_over(day, 30, 0.75), ahead)),
    ):
        columns.add(f"clear by {name}", clear * index)
    index = _index(values, clear)
    for days in (7, 28):
        columns.add(f"clear by step, {days} days", clear * earlier(_median(index, days), ahead))


def _index(values: Floats, power: Floats) -> Floats:
    """Measured per expected power by step, NaN by night."""
    return np.divide(values, power, out=np.full_like(power, np.nan), where=power > LEAST_LIGHT)


def _over(table: Floats, days: int, share: float | None) -> Floats:
    """Mean of each day and those before it by step, or their quantile."""
    parts = (table[max(0, row - days + 1) : row + 1] for row in range(len(table)))
    return np.stack([part.mean(axis=0) if share is None else np.quantile(part, share, axis=0) for part in parts])


def _median(table: Floats, days: int) -> Floats:
    """Median of each day and those before it, by step; 0 where nothing is known."""
    gaps = np.full((days - 1, table.shape[1]), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([gaps, table]), days, axis=0)
    ordered = np.sort(windows, axis=2)
    count = np.isfinite(windows).sum(axis=2)
    middle = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[:, :, None], axis=2)[:, :, 0]
    return np.where(count > 0, middle, 0.0)


def envelope(values: Floats, days: int) -> Floats:
    """Highest value of each day and those before it, by step, NaN where nothing is known."""
    gaps = np.full((days - 1, values.shape[1]), -np.inf)
    known = np.where(np.isfinite(values), values, -np.inf)
    highest = np.lib.stride_tricks.sliding_window_view(np.concatenate([gaps, known]), days, axis=0).max(axis=2)
    return np.where(np.isfinite(highest), highest, np.nan)

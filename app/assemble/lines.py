"""What sources told of a sensor, as lines of a chart."""

from collections.abc import Mapping

import numpy as np

from components.charts.points import Floats
from components.charts.traces import Band, Trace
from components.theme import quantity
from db.beliefs.chunks import Beliefs
from db.sensors import Sensor
from db.sources import Source

TAILS = (0.1, 0.9)
"""Levels a band is drawn between, where a source tells them."""
ORDER = ("measured", "forecast", "scheduled")


def lines_of(sensor: Sensor, known: Mapping[int, Beliefs], told: Mapping[int, Source]) -> list[Trace]:
    """Return the values of a sensor as lines, one for each source, measurements first."""
    made = [
        Trace(
            label=f"{sensor.asset.name}: {sensor.name}",
            unit=sensor.unit,
            events=found.events,
            values=found.middle,
            known=found.times,
            step=sensor.resolution,
            quantity=kind(sensor),
            source=told[source].description,
            source_type=told[source].type,
            band=band(found),
        )
        for source, found in known.items()
    ]
    return sorted(made, key=lambda line: ORDER.index(line.role))


def kind(sensor: Sensor) -> str:
    """Return which of theme.QUANTITIES a sensor measures."""
    return quantity(unit=sensor.unit, name=sensor.name, asset_type=sensor.asset.asset_type.name)


def band(found: Beliefs) -> Band | None:
    """Return the quantiles nearest to TAILS, one on each side of the median; None where a source tells no two."""
    low, high = (_quantile(found, tail) for tail in TAILS)
    if low is None or high is None:
        return None
    return Band(low=low[0], high=high[0], name=f"{low[1]:.4g} to {high[1]:.4g} %")


def _quantile(found: Beliefs, tail: float) -> tuple[Floats, float] | None:
    """Return the values of the quantile nearest to a level, on its side of the median, and its usual level [%]."""
    beyond = (found.levels < 0.5) if tail < 0.5 else (found.levels > 0.5)
    far = np.where(beyond & ~np.isnan(found.values), np.abs(found.levels - tail), np.inf)
    nearest = far.argmin(axis=1)[:, None] if far.size else np.zeros((0, 1), dtype=int)
    there = np.isfinite(np.take_along_axis(far, nearest, axis=1)[:, 0])
    if not there.any():
        return None
    values = np.where(there, np.take_along_axis(found.values, nearest, axis=1)[:, 0], np.nan)
    levels = np.take_along_axis(np.broadcast_to(found.levels, found.values.shape), nearest, axis=1)[:, 0]
    return values, float(np.median(levels[there]) * 100)

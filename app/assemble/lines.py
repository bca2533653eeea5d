"""What sources told of a sensor, as lines of a chart."""

from collections.abc import Mapping, Sequence

import numpy as np

from components.charts.points import Floats
from components.charts.summed import SummedTrace
from components.charts.traces import Band, Trace
from components.theme import quantity
from db.beliefs.chunks import Beliefs
from db.beliefs.summaries import ChunkSummaries
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import MICROSECOND

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


def summed_lines(sensor: Sensor, known: Sequence[ChunkSummaries], told: Mapping[int, Source]) -> list[Trace]:
    """Return the values of a sensor as lines of the means of chunks, one for each source, measurements first."""
    made: list[Trace] = [
        SummedTrace(
            label=f"{sensor.asset.name}: {sensor.name}",
            unit=sensor.unit,
            events=chunks.start,
            values=chunks.total / chunks.count,
            band=Band(low=chunks.low, high=chunks.high, name="lowest to highest"),
            step=chunks.origin.span_us * MICROSECOND,
            counts=chunks.count,
            length=sensor.resolution,
            quantity=kind(sensor),
            source=told[chunks.origin.source_id].description,
            source_type=told[chunks.origin.source_id].type,
        )
        for chunks in known
    ]
    return sorted(made, key=lambda line: ORDER.index(line.role))


def kind(sensor: Sensor) -> str:
    """Return which of theme.QUANTITIES a sensor measures."""
    return quantity(unit=sensor.unit, name=sensor.name, asset_type=sensor.asset.asset_type.name)


def band(found: Beliefs) -> Band | None:
    """Return the quantiles nearest to TAILS, one on each side of the median; None where a source tells no two."""
    edges: list[tuple[Floats, float]] = []
    for tail in TAILS:
        beyond = (found.levels < 0.5) if tail < 0.5 else (found.levels > 0.5)
        far = np.where(beyond & ~np.isnan(found.values), np.abs(found.levels - tail), np.inf)
        nearest = far.argmin(axis=1)[:, None] if far.size else np.zeros((0, 1), dtype=int)
        there = np.isfinite(np.take_along_axis(far, nearest, axis=1)[:, 0])
        if not there.any():
            return None
        values = np.where(there, np.take_along_axis(found.values, nearest, axis=1)[:, 0], np.nan)
        levels = np.take_along_axis(np.broadcast_to(found.levels, found.values.shape), nearest, axis=1)[:, 0]
        # Events may have other levels each: the usual one names the edge
        edges.append((values, float(np.median(levels[there]) * 100)))
    (low, low_level), (high, high_level) = edges
    return Band(low=low, high=high, name=f"{low_level:.4g} to {high_level:.4g} %")

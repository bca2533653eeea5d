"""Countries of the world in Web Mercator, from files in assets-static: nothing is fetched from elsewhere."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[2] / "assets-static" / "world"
RADIUS = 6_378_137.0
"""Of the earth, as Web Mercator has it [m]."""
MOST_NORTH = 85.0
"""Web Mercator ends before the poles [degrees]."""
FINE_BELOW = 6_000_000.0
"""Maps less wide than this are drawn with the finer coastline [m]."""

Points = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""West, south, east, north [m]."""


def mercator(longitude: float, latitude: float) -> tuple[float, float]:
    """Web Mercator [m] of longitude and latitude [degrees]."""
    north = np.radians(np.clip(latitude, -MOST_NORTH, MOST_NORTH))
    return RADIUS * float(np.radians(longitude)), RADIUS * float(np.log(np.tan(np.pi / 4 + north / 2)))


def degrees(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude [degrees] of a place in Web Mercator [m]."""
    longitude = float(np.clip(np.degrees(x / RADIUS), -180, 180))
    return longitude, float(np.degrees(2 * np.arctan(np.exp(y / RADIUS)) - np.pi / 2))


@cache
def _rings(scale: str) -> tuple[list[Points], Points]:
    """Rings of all countries and the box of each, shape (r, 4)."""
    with np.load(FOLDER / f"land-{scale}.npz") as stored:
        points, starts = stored["points"], stored["starts"]
    rings = np.split(points, starts[1:-1])
    boxes = np.array([[*ring.min(axis=0), *ring.max(axis=0)] for ring in rings])
    return rings, boxes


def land(box: Box) -> tuple[list[Points], list[Points]]:
    """Rings of the countries that reach into a box, as lists of x and of y [m]."""
    west, south, east, north = box
    scale = "50m" if east - west < FINE_BELOW else "110m"
    rings, boxes = _rings(scale)
    near = (boxes[:, 0] < east) & (boxes[:, 2] > west) & (boxes[:, 1] < north) & (boxes[:, 3] > south)
    shown = [rings[i] for i in np.flatnonzero(near)]
    return [ring[:, 0] for ring in shown], [ring[:, 1] for ring in shown]

"""Markers of places that lie too close together on a map: a bubble with their number, or a ring around one spot."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

APART = 44.0
"""How far apart two markers must be [px]."""
SPOT = 60.0
"""Places within this distance are in one spot, which no zoom takes apart [m]."""
MOST_IN_RING = 12


@dataclass(frozen=True)
class Marker:
    """One marker on a map."""

    x: float
    """Web Mercator [m]."""
    y: float
    """Web Mercator [m]."""
    places: tuple[int, ...]
    """Indices of the places it stands for."""


def markers(xy: Sequence[tuple[float, float]], metres_per_pixel: float) -> list[Marker]:
    """Markers of places such that no two lie on each other.

    Args:
        xy: Web Mercator of each place [m].
        metres_per_pixel: Scale of the map [m/px].
    """
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, (x, y) in enumerate(xy):
        cells[round(x / metres_per_pixel / APART), round(y / metres_per_pixel / APART)].append(i)
    points, drawn = np.array(xy), list[Marker]()
    for members in _merged(list(cells.values()), points, APART * metres_per_pixel):
        drawn += group_markers(points[members], members, metres_per_pixel)
    return drawn


def _merged(groups: list[list[int]], points: NDArray[np.float64], apart: float) -> list[list[int]]:
    """Groups of places such that the middles of no two are closer than a distance [m]."""
    merged: list[list[int]] = []
    for group in sorted(groups, key=len, reverse=True):
        middle = points[group].mean(axis=0)
        near = next((each for each in merged if np.hypot(*(points[each].mean(axis=0) - middle)) < apart), None)
        if near is None:
            merged.append(group)
        else:
            near += group
    return merged if len(merged) == len(groups) else _merged(merged, points, apart)  # a merged group has a new middle


def group_markers(points: NDArray[np.float64], members: list[int], metres_per_pixel: float) -> list[Marker]:
    """Markers of places close to each other, shape (m, 2) [m]: a ring if they are in one spot, else one bubble."""
    x, y = points.mean(axis=0)
    in_one_spot = bool((np.ptp(points, axis=0) <= SPOT).all())
    if len(members) > 1 and not (in_one_spot and len(members) <= MOST_IN_RING):
        return [Marker(float(x), float(y), tuple(members))]
    away = 0.0 if len(members) == 1 else max(APART * len(members) / 2 / np.pi, 0.6 * APART) * metres_per_pixel
    angles = np.linspace(0, 2 * np.pi, len(members), endpoint=False) + np.pi / 2
    around = zip(members, angles, strict=True)
    return [Marker(float(x + away * np.cos(a)), float(y + away * np.sin(a)), (i,)) for i, a in around]

"""Make the base map from the npm package world-atlas (Natural Earth): python build.py FOLDER_OF_THE_PACKAGE.

Writes land-110m.npz and land-50m.npz beside this file: closed rings of the borders of all countries in Web Mercator.
The package is fetched with ``npm pack world-atlas@2.0.2``; its data are in the public domain.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RADIUS = 6_378_137.0
"""Of the earth, as Web Mercator has it [m]."""
MOST_NORTH = 85.0
SCALES = ("110m", "50m")


def arcs(atlas: dict[str, Any]) -> list[NDArray[np.float64]]:
    """Return the arcs of a TopoJSON file [degrees]: whole numbers that count steps from point to point."""
    transform = atlas["transform"]
    return [np.cumsum(arc, axis=0) * transform["scale"] + transform["translate"] for arc in atlas["arcs"]]


def rings(atlas: dict[str, Any]) -> list[NDArray[np.float64]]:
    """Return the closed rings of all countries [degrees east and north], each of shape (n, 2)."""
    lines = arcs(atlas)
    found = []
    for country in atlas["objects"]["countries"]["geometries"]:
        polygons = [country["arcs"]] if country["type"] == "Polygon" else country["arcs"]
        for polygon in polygons:
            found += [_joined(ring, lines) for ring in polygon]
    return found


def _joined(ring: list[int], lines: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the arcs of one ring after each other; ~i is arc i backwards, and each begins where the last one ends."""
    parts = [lines[i] if i >= 0 else lines[~i][::-1] for i in ring]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def mercator(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points [degrees east and north] in Web Mercator [m]."""
    north = np.radians(np.clip(degrees[:, 1], -MOST_NORTH, MOST_NORTH))
    return np.column_stack([RADIUS * np.radians(degrees[:, 0]), RADIUS * np.log(np.tan(np.pi / 4 + north / 2))])


def main(package: Path, out: Path) -> None:
    """Convert both scales."""
    for scale in SCALES:
        found = [mercator(ring) for ring in rings(json.loads((package / f"countries-{scale}.json").read_text()))]
        starts = np.cumsum([0, *(len(ring) for ring in found)]).astype(np.int32)
        points = np.concatenate(found).astype(np.float32)
        np.savez_compressed(out / f"land-{scale}.npz", points=points, starts=starts)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)

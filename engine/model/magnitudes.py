"""Numbers a solver can work with: finite, and not so large that all others are lost beside them."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from engine.errors import InputError
from engine.model.arrays import Arrays
from engine.model.linear import Floats

Blocks: TypeAlias = Mapping[str, tuple[int, int]]
LARGEST = 1e9
"""Largest price, power, energy or share in a plan [currency/kWh, kW, kWh, 1]; solvers lose digits beyond."""


def refuse_extremes(arrays: Arrays, columns: Blocks, rows: Blocks) -> None:
    """Raise InputError if a number of a problem is no number or too large; the part of the site is named.

    Args:
        arrays: The problem.
        columns: First column and number of columns of each block.
        rows: Likewise the rows.
    """
    matrix = arrays.matrix
    for what, values, places, blocks in (
        ("price", arrays.cost, None, columns),
        ("bound", _finite(arrays.lower), None, columns),
        ("bound", _finite(arrays.upper), None, columns),
        ("amount", _finite(arrays.row_lower), None, rows),
        ("amount", _finite(arrays.row_upper), None, rows),
        ("factor", matrix.value, matrix.cols, columns),
    ):
        if len(values) and not (values.max() <= LARGEST and values.min() >= -LARGEST):  # also where any is no number
            at = int(np.argmax(~(np.abs(values) <= LARGEST)))
            name = _block(blocks, at if places is None else int(places[at]))
            raise InputError(
                f"{name}: a {what} of {values[at]:g} cannot be planned with; give numbers up to {LARGEST:g} "
                "(in kW, kWh and currency), and leave out what has no limit."
            )


def far_apart(arrays: Arrays) -> str:
    """Return how far the numbers of a problem lie apart, for one that a solver could not work with."""
    told = []
    for what, values in (("prices", arrays.cost), ("limits", _finite(arrays.upper)), ("factors", arrays.matrix.value)):
        sizes = np.abs(values[(values != 0) & np.isfinite(values)])
        if len(sizes):
            told.append(f"{what} from {sizes.min():.3g} to {sizes.max():.3g}")
    return (
        f"the solver could not work with its numbers ({', '.join(told)}); check them, and leave out limits, prices and "
        "shares that lie far from all others."
    )


def _finite(bounds: Floats) -> Floats:
    """Return bounds with 0 for those that are none."""
    return np.where(np.isinf(bounds), 0.0, bounds)


def _block(blocks: Blocks, at: int) -> str:
    """Return the name of the block in which a column or row lies."""
    return next((name for name, (first, size) in blocks.items() if first <= at < first + size), "the site")

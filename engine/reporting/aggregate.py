"""Several series → one: their weighted sum, mean, largest, ..."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import FieldError, UnknownName

Floats = NDArray[np.float64]
# The deviation and variance are those of a sample, as in pandas: divided by one less than the number of series.
METHODS: dict[str, Callable[..., Any]] = {
    "sum": np.sum,
    "mean": np.mean,
    "average": np.mean,
    "min": np.min,
    "max": np.max,
    "median": np.median,
    "prod": np.prod,
    "std": partial(np.std, ddof=1),
    "var": partial(np.var, ddof=1),
}
MOST_WEIGHT = 1e15
"""Largest factor of a series."""


@dataclass(frozen=True, kw_only=True)
class AggregatorReporter:
    """Combines series step by step; a step that one of them lacks stays without value.

    Raises:
        UnknownName: There is no such method.
        FieldError: A weight is no number.
    """

    method: str = "sum"
    """One of ``METHODS``."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Factor of each series by name; 1 where none is given."""

    version = "1"

    def __post_init__(self) -> None:
        if not isinstance(self.method, str) or self.method not in METHODS:
            raise UnknownName("aggregation method", str(self.method)[:50], METHODS)
        if not isinstance(self.weights, Mapping):
            raise FieldError("config.weights", "an object is wanted, such as {'pv': 1, 'load': -1}.")
        for name, weight in self.weights.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not abs(weight) <= MOST_WEIGHT:
                raise FieldError(f"config.weights.{name[:50]}", f"a number of at most {MOST_WEIGHT:g} is wanted.")

    def compute(self, series: Mapping[str, Floats]) -> Floats:
        """Return one value per step, shape (n,).

        Args:
            series: Values by name, all in one unit, NaN where missing, each of shape (n,).
        """
        weighted = [values * self.weights.get(name, 1.0) for name, values in series.items()]
        if self.method in ("std", "var") and len(weighted) == 1:
            return np.full(len(weighted[0]), np.nan)  # one series does not vary; numpy would warn of it
        combined: Floats = METHODS[self.method](np.array(weighted), axis=0)
        return combined

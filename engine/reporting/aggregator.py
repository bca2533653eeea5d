"""Several series → one: sum, mean and the like, with a weight for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np

from engine.errors import FieldError, UnknownField
from engine.reporting.reporter import OUTPUT_UNIT, Reporter, ReportInput, ReportOutput, ReportSeries

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
class AggregatorReporter(Reporter):
    """Combines series step by step; a step that one of them lacks stays without value.

    Raises:
        UnknownField: There is no such method.
        FieldError: A weight is no number.
    """

    method: str = "sum"
    """How they are combined: sum, mean, average, min, max, median, prod, std or var."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Factor of each series by name; 1 where none is given."""

    version = "1"
    summary = "One series from several: their sum, mean, smallest or largest value, with a weight for each."
    inputs = (ReportInput(name="series", description="What is combined", unit=OUTPUT_UNIT, several=True),)
    outputs = (ReportOutput(name="combined", unit="", description="The combination of all series"),)
    step_of = "output"
    is_local = True

    def __post_init__(self) -> None:
        if not isinstance(self.method, str) or self.method not in METHODS:
            raise UnknownField("aggregation method", str(self.method)[:50], METHODS, field="config.method")
        if not isinstance(self.weights, Mapping):
            raise FieldError("config.weights", "an object is wanted, such as {'pv': 1, 'load': -1}.")
        for name, weight in self.weights.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not abs(weight) <= MOST_WEIGHT:
                raise FieldError(f"config.weights.{name[:50]}", f"a number of at most {MOST_WEIGHT:g} is wanted.")

    def compute(self, series: Mapping[str, ReportSeries], *, step: timedelta) -> Mapping[str, ReportSeries]:
        """The combination of all series, all of which are in one unit."""
        first = next(iter(series.values()))
        weighted = np.array([one.values * self.weights.get(name, 1.0) for name, one in series.items()])
        if self.method in ("std", "var") and len(weighted) == 1:
            combined = np.full(len(first.values), np.nan)  # one series does not vary; numpy would warn of it
        else:
            # A step that one series lacks stays NaN: the sum of half of the meters is not their sum.
            combined = METHODS[self.method](weighted, axis=0)
        return {"combined": first.of(combined, first.unit)}

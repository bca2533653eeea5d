"""The reporters: several series → one; the profit or loss of an energy flow; and a chain of steps over named series."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import FieldError, UnknownField
from engine.reporting.operations import ReportStep, read_step

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd

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
MOST_TRANSFORMATIONS = 100
"""Most steps of one chain."""


@dataclass(frozen=True, kw_only=True)
class AggregatorReporter:
    """Combines series step by step; a step that one of them lacks stays without value.

    Raises:
        UnknownField: There is no such method.
        FieldError: A weight is no number.
    """

    method: str = "sum"
    """One of ``METHODS``."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Factor of each series by name; 1 where none is given."""

    version = "1"

    def __post_init__(self) -> None:
        if not isinstance(self.method, str) or self.method not in METHODS:
            raise UnknownField("aggregation method", str(self.method)[:50], METHODS, field="config.method")
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
        # A step that one series lacks stays NaN: the sum of half of the meters is not their sum.
        combined: Floats = METHODS[self.method](np.array(weighted), axis=0)
        return combined


@dataclass(frozen=True, kw_only=True)
class ProfitOrLossReporter:
    """Prices what is bought and sold step by step; gains are positive unless told otherwise."""

    loss_is_positive: bool = False
    """Whether costs are told as positive numbers, and earnings as negative ones."""

    version = "1"

    def __post_init__(self) -> None:
        if not isinstance(self.loss_is_positive, bool):
            raise FieldError("config.loss_is_positive", "true or false is wanted.")

    def compute(self, power: Floats, *, hours: Floats, buying: Floats, selling: Floats) -> Floats:
        """Return the profit of each step [currency], shape (n,); NaN where a value is missing.

        With the energy e = power · hours it is -e · buying where e > 0, else -e · selling.

        >>> power, prices = np.array([2.0, -1.0]), {"buying": np.array([0.3, 0.3]), "selling": np.array([0.1, 0.1])}
        >>> ProfitOrLossReporter().compute(power, hours=np.array([1.0]), **prices).tolist()
        [-0.6, 0.1]

        Args:
            power: Positive when consuming [kW], shape (n,).
            hours: Length of each step, or the one of all [h], shape (n,) or (1,); days may have 23 or 25.
            buying: Price of what is consumed [currency/kWh], shape (n,).
            selling: Price of what is produced [currency/kWh], shape (n,).
        """
        energy = power * hours
        cost = np.where(energy > 0, energy * buying, energy * selling)
        return cost if self.loss_is_positive else -cost + 0.0  # a profit of -0 would be shown with its sign


@dataclass(frozen=True, kw_only=True)
class PandasReporter:
    """Runs a chain of steps in order, spelled like pandas; a step reads one series and stores its result under a name.

    Raises:
        FieldError: A step is not written as it must be; it is named by its number.
        UnknownName: A step asks for an operation that there is not.
    """

    transformations: Sequence[Mapping[str, Any]]
    """Each ``{method, df_input, df_output, args, kwargs, skip_if_empty}``; ``@name`` in args is a stored series. What
    there is: ``engine.reporting.operations.OPERATIONS``."""
    most_values: int = 10_000_000
    """Most values that all series of the chain may hold together."""

    version = "1"

    def __post_init__(self) -> None:
        if len(self.steps) > MOST_TRANSFORMATIONS:
            raise FieldError("transformations", f"at most {MOST_TRANSFORMATIONS} steps are done.")

    @cached_property
    def steps(self) -> list[ReportStep]:
        """The steps, read and checked."""
        if not isinstance(self.transformations, list | tuple):
            raise FieldError("transformations", "a list of steps is wanted.")
        steps = self.transformations[: MOST_TRANSFORMATIONS + 1]
        return [read_step(step, field=f"transformations[{number}]") for number, step in enumerate(steps)]

    def compute(self, series: "Mapping[str, pd.Series]") -> dict[str, Any]:
        """Return all series by name, the given ones included.

        Args:
            series: Values by name, indexed by the start of the event.

        Raises:
            FieldError: A step cannot be done; it is named by its number.
            UnknownName: A step names a series that is not there.
        """
        from engine.reporting.execution import Execution  # loads pandas

        done = Execution(dict(series), self.most_values)
        latest = next(iter(series), "")
        for number, step in enumerate(self.steps):
            source = step.source or latest
            latest = step.target or source
            done.stored[latest] = done.result(step, source, field=f"transformations[{number}]")
        return done.stored

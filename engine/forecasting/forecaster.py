"""What every forecaster promises, ours and those of plugins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from engine.forecasting.history import Floats, SeriesHistory
from engine.series.window import Window

LEVELS = (0.1, 0.5, 0.9)
"""Cumulative probabilities of a probabilistic forecast where none are asked for."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What will be, step by step, and how it came about."""

    mean: Floats
    """Expected value [unit of the series], NaN where nothing can be said, shape (n,)."""
    quantiles: Floats
    """Value that is not passed with each probability, rising with it [unit of the series], shape (n, levels)."""
    levels: tuple[float, ...] = LEVELS
    """Cumulative probabilities of the quantiles."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Share of each expert in the first day."""
    skill: float | None = None
    """Mean absolute error of the last weeks per that of the better of yesterday and last week; None: untested."""
    coverage: float | None = None
    """Share of the last weeks' values that lay between the 10 % and 90 % quantiles made before; None: untested."""
    notes: tuple[str, ...] = ()
    """What could not be used, and why."""


class Forecaster(Protocol):
    """Foresees a series from what was known at one moment. The same history gives the same forecast."""

    version: ClassVar[str]
    """Changes when forecasts do; part of the source of what is saved."""

    def forecast(self, history: SeriesHistory, window: Window, levels: tuple[float, ...] = LEVELS) -> Forecast:
        """The forecast of each step of a window, whose steps are events of the series.

        Raises:
            InputError: The history does not reach far enough back.
        """
        ...

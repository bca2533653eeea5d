"""What a forecasting job is asked for, as its row holds it."""

from datetime import timedelta
from typing import Literal

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict

from db.beliefs.source_filter import SourceFilter
from engine.forecasting.history import Floats

USUAL = "AdaptiveForecaster"
"""The forecaster where none is named."""


class RegressorRequest(BaseModel):
    """A sensor that may explain the one to forecast."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sensor: int
    ahead: bool
    """Whether its forecasts count, not its past alone."""
    sources: tuple[int, ...] = ()
    """Ids of sources whose values count; empty: all."""
    source_types: tuple[str, ...] = ()
    exclude_source_types: tuple[str, ...] = ()

    @property
    def chosen(self) -> SourceFilter:
        """Whose values count."""
        return SourceFilter(
            ids=self.sources or None, types=self.source_types or None, not_types=self.exclude_source_types
        )


class AnnotationRequest(BaseModel):
    """Annotations that may explain the sensor to forecast."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["account", "asset", "sensor"]
    id: int
    type: str
    name: str = ""


class Snap(BaseModel):
    """A range whose values become one value [unit of the sensor]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: float
    low: float
    high: float
    closed_above: bool = False
    """Whether the higher end belongs to the range and the lower one does not; else the other way round."""

    def over(self, values: Floats) -> Floats:
        """Values with those of the range as the target."""
        if self.closed_above:
            return np.where((values > self.low) & (values <= self.high), self.target, values)
        return np.where((values >= self.low) & (values < self.high), self.target, values)


class ForecastRequest(BaseModel):
    """What to foresee, from when on, how far, how often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sensor: int
    start: AwareDatetime
    end: AwareDatetime
    """The last cycle begins before then."""
    horizon: timedelta
    """How far each cycle looks."""
    frequency: timedelta
    """How long after a cycle the next one begins."""
    prior: AwareDatetime | None = None
    """What was known then counts for every cycle; None: what is known when the cycle begins, or now."""
    forecaster: str = USUAL
    levels: tuple[float, ...] = (0.5,)
    """Cumulative probabilities of the quantiles that are saved."""
    regressors: tuple[RegressorRequest, ...] = ()
    """If empty, those that the attribute of the sensor names."""
    annotations: tuple[AnnotationRequest, ...] = ()
    most_missing: float = 1.0
    """Share of values that may be missing in what is learnt from."""
    snaps: tuple[Snap, ...] = ()
    since: AwareDatetime | None = None
    """Begin of what is learnt from."""
    learnt: timedelta | None = None
    """Length of what is learnt from, before each cycle; the later of both begins counts."""
    lower: float | None = None
    """No forecast lies below [unit of the sensor]."""
    upper: float | None = None
    """No forecast lies above [unit of the sensor]."""

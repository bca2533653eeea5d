"""What a forecasting job is asked for, as its row holds it."""

from datetime import timedelta
from typing import Annotated, Literal, Self, TypeAlias

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from db.beliefs.source_filter import SourceFilter
from engine.errors import FieldError
from engine.forecasting.history import Floats

USUAL = "AdaptiveForecaster"
"""The forecaster where none is named."""
MOST_REGRESSORS = 20
"""Regressors of each kind; each adds ten columns to every regression."""
MOST_LEVELS = 99
"""Quantiles of one forecast."""
FEWEST_DAYS = timedelta(days=2)
"""The shortest time to learn from."""
Finite: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Level: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
"""Cumulative probability of a quantile."""


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

    target: Finite
    low: Finite
    high: Finite
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
    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=MOST_LEVELS)] = (0.5,)
    """Cumulative probabilities of the quantiles that are saved."""
    regressors: Annotated[tuple[RegressorRequest, ...], Field(max_length=3 * MOST_REGRESSORS)] = ()
    """If empty, those that the attribute of the sensor names."""
    annotations: Annotated[tuple[AnnotationRequest, ...], Field(max_length=MOST_REGRESSORS)] = ()
    most_missing: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of values that may be missing in what is learnt from."""
    snaps: Annotated[tuple[Snap, ...], Field(max_length=MOST_REGRESSORS)] = ()
    since: AwareDatetime | None = None
    """Begin of what is learnt from."""
    learnt: Annotated[timedelta, Field(ge=FEWEST_DAYS)] | None = None
    """Length of what is learnt from, before each cycle; the later of both begins counts."""
    lower: Finite | None = None
    """No forecast lies below [unit of the sensor]."""
    upper: Finite | None = None
    """No forecast lies above [unit of the sensor]."""


class RepeatedForecast(ForecastRequest):
    """What an automation asks for at one of its moments, as somebody wrote it and no form has bounded it before."""

    regressors: Annotated[tuple[RegressorRequest, ...], Field(max_length=MOST_REGRESSORS)] = ()

    @model_validator(mode="after")
    def check_values(self) -> Self:
        """Refuse bounds and ranges in the wrong order, and a quantile that is named twice."""
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise FieldError("upper", "it lies below lower; give a higher one.")
        if len(set(self.levels)) < len(self.levels):
            raise FieldError("levels", "name each of them once.")
        if not all(each.low <= each.target <= each.high for each in self.snaps):
            raise FieldError("snaps", "each target has to lie between low and high.")
        return self

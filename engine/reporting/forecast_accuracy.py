"""The accuracy of forecasts against what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from engine.reporting.reporter import MEASURED, Reporter, ReportInput, ReportOutput, ReportSeries
from engine.reporting.self_consumption import percentage


@dataclass(frozen=True, kw_only=True)
class ForecastAccuracyReporter(Reporter):
    """Compares the last forecast before each event, or before a horizon of it, with the measurement."""

    version = "1"
    summary = "How far forecasts were from what was measured; a horizon of the input says how long before."
    inputs = (
        ReportInput(name="measured", description="Measured values", exclude_source_types=MEASURED),
        ReportInput(
            name="forecast", description="Forecasts; of the measured sensor unless another is named",
            same_as="measured", source_types=("forecaster",), before_event=True,
        ),
    )  # fmt: skip
    outputs = (
        ReportOutput(name="absolute-error", unit="", description="Mean absolute error"),
        ReportOutput(name="bias", unit="", description="Mean of forecast less measurement"),
        ReportOutput(name="root-mean-square-error", unit="", description="Root of the mean squared error"),
        ReportOutput(name="relative-error", unit="%", description="Absolute errors as a share of what was measured"),
    )
    is_local = True

    def compute(self, series: Mapping[str, ReportSeries], *, step: timedelta) -> Mapping[str, ReportSeries]:
        """Errors in the unit of the measurement, and relative to it [%]."""
        measured = series["measured"]
        error = series["forecast"].values - measured.values

        def mean(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> ReportSeries:
            return measured.of(values, measured.unit).gathered(step, "mean")

        absolute, square = mean(np.abs(error)), mean(error**2)
        # The mean of what was measured where there is a forecast, so that gaps count for neither.
        size = mean(np.where(np.isnan(error), np.nan, np.abs(measured.values)))
        return {
            "absolute-error": absolute,
            "bias": mean(error),
            "root-mean-square-error": square.of(np.sqrt(square.values), measured.unit),
            "relative-error": absolute.of(percentage(absolute.values, size.values), "%"),
        }

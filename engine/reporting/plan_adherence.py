"""The adherence of a device to its plan: where its power was not the one that was planned last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from engine.reporting.reporter import (
    MEASURED,
    Reporter,
    ReportInput,
    ReportOutput,
    ReportSeries,
    config_number,
)


@dataclass(frozen=True, kw_only=True)
class PlanAdherenceReporter(Reporter):
    """Compares the power of a device with the last plan before each event; a deviation means that another moved it."""

    tolerance: float = 0.1
    """Difference between power and plan that still counts as adhered to [kW]."""

    version = "1"
    summary = "Whether a device did as planned: how far its power was from the last plan, and how often it kept to it."
    inputs = (
        ReportInput(
            name="measured", description="Measured power", unit="kW", is_flow=True, exclude_source_types=MEASURED
        ),
        ReportInput(
            name="plan", description="Planned power; of the measured sensor unless another is named", unit="kW",
            is_flow=True, same_as="measured", source_types=("scheduler",), before_event=True,
        ),
    )  # fmt: skip
    outputs = (
        ReportOutput(name="adherence", unit="%", description="Share of the time in which the plan was kept"),
        ReportOutput(name="deviation", unit="kW", description="Measured less planned power, positive when consuming"),
        ReportOutput(name="deviation-energy", unit="kWh", description="Energy by which power and plan differ"),
    )
    is_local = True

    def __post_init__(self) -> None:
        config_number(self.tolerance, "tolerance")

    def compute(self, series: Mapping[str, ReportSeries], *, step: timedelta) -> Mapping[str, ReportSeries]:
        """Adherence [%], mean deviation [kW] and the energy of all deviations [kWh]."""
        measured = series["measured"]
        deviation = measured.values - series["plan"].values
        kept = np.where(np.isnan(deviation), np.nan, 100.0 * (np.abs(deviation) <= self.tolerance))
        return {
            "adherence": measured.of(kept, "%").gathered(step, "mean"),
            "deviation": measured.of(deviation, "kW").gathered(step, "mean"),
            "deviation-energy": measured.of(np.abs(deviation) * measured.hours, "kWh").gathered(step, "sum"),
        }

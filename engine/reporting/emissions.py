"""The CO₂ emissions of energy taken from the grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from engine.reporting.reporter import Reporter, ReportInput, ReportOutput, ReportSeries, config_flag
from engine.reporting.self_consumption import percentage


@dataclass(frozen=True, kw_only=True)
class EmissionsReporter(Reporter):
    """Weighs energy by the carbon intensity of each step (location-based, GHG Protocol Scope 2)."""

    credit_for_exports: bool = False
    """Whether energy given to the grid counts as emissions avoided."""

    version = "1"
    summary = "The CO₂ emissions of the energy that a site takes from the grid."
    inputs = (
        ReportInput(name="power", description="Power at the grid connection", unit="kW", is_flow=True),
        ReportInput(name="carbon_intensity", description="Carbon intensity of the grid", unit="kg/kWh"),
    )
    outputs = (
        ReportOutput(name="emissions", unit="kg", description="Emissions of CO₂"),
        ReportOutput(name="intensity", unit="kg/kWh", description="Mean carbon intensity of the energy taken"),
    )
    is_local = True

    def __post_init__(self) -> None:
        config_flag(self.credit_for_exports, "credit_for_exports")

    def compute(self, series: Mapping[str, ReportSeries], *, step: timedelta) -> Mapping[str, ReportSeries]:
        """Emissions [kg] and their intensity [kg/kWh]."""
        power = series["power"]
        energy = power.values * power.hours
        counted = power.of(energy if self.credit_for_exports else np.maximum(energy, 0.0), "kWh")
        emitted = power.of(counted.values * series["carbon_intensity"].values, "kg").gathered(step, "sum")
        taken = counted.gathered(step, "sum").values
        return {"emissions": emitted, "intensity": emitted.of(percentage(emitted.values, taken) / 100.0, "kg/kWh")}

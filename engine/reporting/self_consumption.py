"""Self-consumption and self-sufficiency of a site that produces energy itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from engine.reporting.reporter import Floats, Reporter, ReportInput, ReportOutput, ReportSeries


@dataclass(frozen=True, kw_only=True)
class SelfConsumptionReporter(Reporter):
    """Compares what a site produces with what it sells; shares are those of the energies of a whole event.

    Energy that goes through a battery counts as consumed when it is stored. See Luthander et al. 2015, "Photovoltaic
    self-consumption in buildings: A review", Applied Energy 142.
    """

    version = "1"
    summary = "How much of its own production a site consumes, and how much of its consumption it produces."
    inputs = (
        ReportInput(name="power", description="Power at the grid connection", unit="kW", is_flow=True),
        ReportInput(name="production", description="Power of what produces energy", unit="kW", is_flow=True),
    )
    outputs = (
        ReportOutput(name="self-consumption", unit="%", description="Share of the production that the site consumes"),
        ReportOutput(name="self-sufficiency", unit="%", description="Share of the consumption that the site produces"),
        ReportOutput(name="self-consumed", unit="kWh", description="Own production that the site consumes"),
        ReportOutput(name="consumed", unit="kWh", description="Energy that the site consumes"),
        ReportOutput(name="produced", unit="kWh", description="Energy that the site produces"),
    )
    is_local = True

    def compute(self, series: Mapping[str, ReportSeries], *, step: timedelta) -> Mapping[str, ReportSeries]:
        """Energies [kWh] and shares [%]; a share of nothing has no value."""
        grid = series["power"]
        net = grid.values * grid.hours
        produced = np.maximum(-series["production"].values, 0.0) * grid.hours
        own = np.clip(produced - np.maximum(-net, 0.0), 0.0, None)
        energies = {"self-consumed": own, "consumed": np.maximum(net, 0.0) + own, "produced": produced}
        results = {name: grid.of(values, "kWh").gathered(step, "sum") for name, values in energies.items()}
        used = results["self-consumed"]
        results["self-consumption"] = used.of(percentage(used.values, results["produced"].values), "%")
        results["self-sufficiency"] = used.of(percentage(used.values, results["consumed"].values), "%")
        return results


def percentage(part: Floats, whole: Floats) -> Floats:
    """Part of a whole [%], NaN where the whole is nothing, shape (n,)."""
    shares = np.full(len(whole), np.nan)
    np.divide(100.0 * part, whole, out=shares, where=whole > 0)
    return shares

"""The headroom of a grid connection: what more could be taken or given at any time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from engine.errors import FieldError
from engine.reporting.reporter import Reporter, ReportInput, ReportOutput, ReportSeries, config_number


@dataclass(frozen=True, kw_only=True)
class HeadroomReporter(Reporter):
    """Compares the flows behind a connection with its capacity; of a longer event it is the least that there was."""

    consumption_capacity: float | None = None
    """Power that may be taken [kW], where no input says it."""
    production_capacity: float | None = None
    """Power that may be given [kW], where no series says it; None: as much as may be taken."""

    version = "1"
    summary = "How much more power a site could take from the grid, or give to it."
    inputs = (
        ReportInput(name="power", description="Flows behind the connection", unit="kW", is_flow=True, several=True),
        ReportInput(name="capacity", description="Power that may be taken or given", unit="kW", optional=True),
    )
    outputs = (
        ReportOutput(name="headroom", unit="kW", description="Power that could be taken in addition"),
        ReportOutput(name="production-headroom", unit="kW", description="Power that could be given in addition"),
    )
    is_local = True

    def __post_init__(self) -> None:
        for name in ("consumption_capacity", "production_capacity"):
            if getattr(self, name) is not None:
                config_number(getattr(self, name), name)

    def check_inputs(self, names: Collection[str]) -> None:
        """Refuse a report that knows of no capacity."""
        if "capacity" not in names and self.consumption_capacity is None:
            raise FieldError("config.consumption_capacity", "a power in kW is wanted, or an input called capacity.")

    def compute(self, series: Mapping[str, ReportSeries], *, step: timedelta) -> Mapping[str, ReportSeries]:
        """Headroom in both directions [kW], negative where the capacity is exceeded."""
        flows = [one for name, one in series.items() if name != "capacity"]
        net = np.sum([flow.values for flow in flows], axis=0)
        taken = self.consumption_capacity if "capacity" not in series else np.abs(series["capacity"].values)
        sold = taken if self.production_capacity is None else self.production_capacity
        first = flows[0]
        return {
            "headroom": first.of(taken - net, "kW").gathered(step, "min"),
            "production-headroom": first.of(sold + net, "kW").gathered(step, "min"),
        }

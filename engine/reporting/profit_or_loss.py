"""The profit or loss of an energy flow at the prices of each step."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from engine.errors import FieldError
from engine.reporting.reporter import (
    Reporter,
    ReportInput,
    ReportOutput,
    ReportSeries,
    config_flag,
    currency,
)

PRICES = (
    ReportInput(name="consumption_price", description="Price of energy bought", unit="currency/kWh", optional=True),
    ReportInput(name="production_price", description="Price of energy sold", unit="currency/kWh", optional=True),
)


@dataclass(frozen=True, kw_only=True)
class ProfitOrLossReporter(Reporter):
    """Prices energy bought and sold step by step; a profit is positive unless the config says otherwise."""

    loss_is_positive: bool = False
    """Whether costs are positive numbers, and earnings negative ones."""

    version = "1"
    summary = "What an energy flow costs or earns at the prices of each step."
    inputs = (ReportInput(name="power", description="Energy flow", unit="kW", is_flow=True), *PRICES)
    outputs = (ReportOutput(name="profit", unit="currency", description="Revenue less cost"),)
    is_local = True

    def __post_init__(self) -> None:
        config_flag(self.loss_is_positive, "loss_is_positive")

    def check_inputs(self, names: Collection[str]) -> None:
        """Refuse a report without any price."""
        check_prices(names)

    def compute(self, series: Mapping[str, ReportSeries], *, step: timedelta) -> Mapping[str, ReportSeries]:
        """Profit of each event [currency].

        Of each step it is -e · buying where the energy e = power · hours is positive, else -e · selling.
        A price for one way only holds for both.
        """
        power = series["power"]
        buying, selling = both_prices(series)
        energy = power.values * power.hours
        cost = np.where(energy > 0, energy * buying.values, energy * selling.values)
        # A profit of -0 would be displayed with its sign.
        profit = power.of(cost if self.loss_is_positive else -cost + 0.0, currency(buying))
        return {"profit": profit.gathered(step, "sum")}


def check_prices(names: Collection[str]) -> None:
    """Refuse inputs without any price.

    Raises:
        FieldError: There is neither a price of consumption nor one of production.
    """
    if "consumption_price" not in names and "production_price" not in names:
        raise FieldError("config", "name a consumption_price_sensor, a production_price_sensor, or both.")


def both_prices(series: Mapping[str, ReportSeries], of: str = "") -> tuple[ReportSeries, ReportSeries]:
    """Prices of consumption and of production; one that is missing is that of the other way.

    Args:
        series: All inputs of a report by name, with at least one of the prices.
        of: Beginning of the names, such as ``gas.``.
    """
    ways = [f"{of}{way}_price" for way in ("consumption", "production")]
    prices = [series[way] for way in ways if way in series]
    return prices[0], prices[-1]

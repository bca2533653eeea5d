"""The energy bill of a site: energy, taxes, peaks and fixed charges, also of each device and commodity."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from engine.capacity_tariffs import CapacityTariff
from engine.reporting.profit_or_loss import PRICES, both_prices, check_prices
from engine.reporting.reporter import (
    Floats,
    Reporter,
    ReportInput,
    ReportOutput,
    ReportSeries,
    config_number,
    currency,
)
from engine.series import resample
from engine.series.iso_time import HOUR_US


@dataclass(frozen=True, kw_only=True)
class EnergyBillReporter(Reporter):
    """Bills the grid connection step by step; sums over any time, of whole months or not, are the bill.

    Other flows are devices behind the connection, priced at what the site pays in that step; a flow with prices of its
    own, ``gas.consumption_price`` for ``gas``, is a commodity with a meter of its own and is part of the total.
    """

    energy_tax: float = 0.0
    """Tax and levies on energy bought, without VAT [currency/kWh]."""
    vat: float = 0.0
    """Value added tax on all else, as a share of 1."""
    fixed_per_month: float = 0.0
    """Standing charge [currency/month], spread over the month."""
    capacity_tariff: Mapping[str, Any] | None = None
    """Charge for the highest power, such as {"price": 4.0, "least": 2.5, "months": 12, "over": "mean"}; empty: none.

    See ``engine.capacity_tariffs``.
    """

    version = "1"
    summary = "The bill of a site: energy, taxes, capacity and fixed charges, and the energy cost of each device."
    inputs = (
        ReportInput(name="power", description="Power at the grid connection", unit="kW", is_flow=True),
        ReportInput(
            name="flow", description="Power of a device or commodity", unit="kW",
            is_flow=True, several=True, optional=True,
        ),
        *PRICES,
    )  # fmt: skip
    outputs = (
        ReportOutput(name="total", unit="currency", description="All of the bill"),
        ReportOutput(name="energy", unit="currency", description="Energy bought less energy sold"),
        ReportOutput(name="taxes", unit="currency", description="Energy tax and VAT"),
        ReportOutput(name="capacity", unit="currency", description="Charge for the highest power"),
        ReportOutput(name="fixed", unit="currency", description="Standing charge"),
        ReportOutput(name="NAME.energy", unit="currency", description="Energy cost of a device or commodity"),
    )

    def __post_init__(self) -> None:
        config_number(self.energy_tax, "energy_tax", least=-1e6, most=1e6)
        config_number(self.vat, "vat", most=1)
        config_number(self.fixed_per_month, "fixed_per_month", least=-1e9)
        _ = self.tariff

    @cached_property
    def tariff(self) -> CapacityTariff | None:
        """The charge for the highest power."""
        return None if self.capacity_tariff is None else CapacityTariff.from_config(self.capacity_tariff)

    def check_inputs(self, names: Collection[str]) -> None:
        """Refuse a bill without any price."""
        check_prices(names)

    def begin(self, start: datetime) -> datetime:
        """Start of the first month whose highest power counts."""
        return start if self.tariff is None else self.tariff.first_month(start)

    def compute(self, series: Mapping[str, ReportSeries], *, step: timedelta) -> Mapping[str, ReportSeries]:
        """Parts of the bill [currency], by name."""
        power = series["power"]
        buying, selling = both_prices(series)
        money = currency(buying)
        energy = power.values * power.hours
        paid = np.where(energy > 0, energy * buying.values, energy * selling.values)
        tax = np.maximum(energy, 0.0) * self.energy_tax
        flows = {name: one for name, one in series.items() if name != "power" and "consumption_price" not in name
                 and "production_price" not in name}  # fmt: skip
        parts: dict[str, Floats] = {}
        for name, flow in flows.items():
            own = flow.values * flow.hours
            if f"{name}.consumption_price" in series or f"{name}.production_price" in series:
                prices = both_prices(series, f"{name}.")
                parts[f"{name}.energy"] = np.where(own > 0, own * prices[0].values, own * prices[1].values)
                paid = paid + parts[f"{name}.energy"]
            else:  # the price that one kWh more or less of the site has in this step
                parts[f"{name}.energy"] = own * np.where(energy > 0, buying.values, selling.values)
        capacity = np.zeros(len(energy))
        if self.tariff is not None:
            capacity = self.tariff.accrued(power.starts, power.values, power.step, power.place)
        fixed = self.fixed_per_month * _share_of_month(power)
        taxes = tax + self.vat * (paid + tax + capacity + fixed)
        parts |= {"energy": paid, "taxes": taxes, "capacity": capacity, "fixed": fixed}
        parts["total"] = paid + taxes + capacity + fixed
        return {name: power.of(values, money).gathered(step, "sum") for name, values in parts.items()}


def _share_of_month(series: ReportSeries) -> Floats:
    """Share of its month that each event lasts, shape (n,)."""
    if not len(series.starts):
        return np.empty(0)
    days = resample.floor(series.starts, timedelta(days=1), series.place)
    distinct, where = np.unique(days, return_inverse=True)
    shares = []
    for day in distinct.tolist():
        first = _local(day, series).replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
        shares.append(1.0 / ((following.timestamp() - first.timestamp()) / 3600.0))
    return np.asarray(np.array(shares)[where] * series.hours)


def _local(moment: int, series: ReportSeries) -> datetime:
    """Moment on the clock of a series."""
    return datetime.fromtimestamp(moment * 3600.0 / HOUR_US, series.place)

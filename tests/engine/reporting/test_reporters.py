"""What each reporter computes, by numbers worked out by hand."""

import warnings
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import plugins
from engine.errors import FieldError, UnknownName
from engine.reporting.aggregator import AggregatorReporter
from engine.reporting.emissions import EmissionsReporter
from engine.reporting.energy_bill import EnergyBillReporter
from engine.reporting.forecast_accuracy import ForecastAccuracyReporter
from engine.reporting.headroom import HeadroomReporter
from engine.reporting.plan_adherence import PlanAdherenceReporter
from engine.reporting.profit_or_loss import ProfitOrLossReporter
from engine.reporting.reporter import Reporter, ReportSeries
from engine.reporting.self_consumption import SelfConsumptionReporter
from engine.series.iso_time import to_us, zone
from engine.testing import check_reporter

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SERIES = {"a": np.array([1.0, 2, 3, np.nan]), "b": np.array([-1.0, -1, 5, 4]), "c": np.array([0.5, 2, 2, 1])}


def hourly(
    values: Any, unit: str = "kW", start: datetime = datetime(2026, 1, 1, tzinfo=UTC), place: str = "UTC"
) -> Any:
    numbers = np.asarray(values, np.float64)
    starts = to_us(start) + np.arange(len(numbers), dtype=np.int64) * 3_600_000_000
    return ReportSeries(starts=starts, values=numbers, step=HOUR, unit=unit, place=zone(place))


@pytest.mark.parametrize("name", sorted(plugins.known("reporters")))
def test_every_reporter_keeps_the_contract(name: str) -> None:
    configs = {"HeadroomReporter": {"consumption_capacity": 10.0}}
    configs["EnergyBillReporter"] = {"vat": 0.21, "capacity_tariff": {"price": 4.0}}
    check_reporter(plugins.find("reporters", name).from_config(configs.get(name, {})))


class Forgetful(SelfConsumptionReporter):
    """Leaves one of its outputs out."""

    def compute(self, series: Any, *, step: timedelta) -> Any:
        return {key: one for key, one in super().compute(series, step=step).items() if key != "produced"}


class Careless(SelfConsumptionReporter):
    """Changes what it reads."""

    def compute(self, series: Any, *, step: timedelta) -> Any:
        series["power"].values[:] = 0.0
        return super().compute(series, step=step)


@pytest.mark.parametrize(("reporter", "words"), [(Forgetful(), "produced"), (Careless(), "changes its input")])
def test_the_contract_refuses_a_reporter_that_breaks_it(reporter: Reporter, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_reporter(reporter)


@pytest.mark.parametrize("method", ["std", "var"])
@pytest.mark.parametrize("names", ["a", "ab", "abc"])
def test_deviation_and_variance_are_those_of_a_sample(method: str, names: str) -> None:
    chosen = {name: SERIES[name] for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        series = {name: hourly(values) for name, values in chosen.items()}
        found = AggregatorReporter(method=method).compute(series, step=HOUR)["combined"].values
    expected = pd.DataFrame(chosen).agg(method, axis=1, skipna=False)
    assert found == pytest.approx(expected.to_numpy(), nan_ok=True)


def test_each_step_is_priced_for_as_long_as_it_lasts() -> None:
    # Days of 23, 24 and 25 hours: 1 kW all day, and the last one sold
    place = zone("Europe/Amsterdam")
    days = [
        datetime(2026, 3, 29, tzinfo=place),
        datetime(2026, 6, 1, tzinfo=place),
        datetime(2026, 10, 25, tzinfo=place),
    ]
    starts = np.array([to_us(day.astimezone(UTC)) for day in days])

    def daily(values: list[float], unit: str) -> ReportSeries:
        return ReportSeries(starts=starts, values=np.array(values), step=DAY, unit=unit, place=place)

    series = {"power": daily([1, 1, -1], "kW"), "consumption_price": daily([0.1, 0.2, 0.3], "EUR/kWh")}
    profit = ProfitOrLossReporter().compute(series, step=DAY)["profit"]
    assert (profit.values, profit.unit) == (pytest.approx([-2.3, -4.8, 7.5]), "EUR")


def test_shares_of_a_day_are_those_of_its_energies() -> None:
    # Sold 2 of 4 kWh at noon, none of 1 kWh later; bought 3 kWh at night
    grid, pv = [0.0] * 24, [0.0] * 24
    grid[2], grid[12], pv[12], pv[15] = 3.0, -2.0, -4.0, -1.0
    found = SelfConsumptionReporter().compute({"power": hourly(grid), "production": hourly(pv)}, step=DAY)
    assert {name: one.values.tolist() for name, one in found.items()} == {
        "self-consumed": [3.0], "consumed": [6.0], "produced": [5.0],
        "self-consumption": [60.0], "self-sufficiency": [50.0],
    }  # fmt: skip


@pytest.mark.parametrize(("credit", "kilograms"), [(False, 0.6), (True, 0.4)])
def test_emissions_are_those_of_energy_taken(credit: bool, kilograms: float) -> None:
    series = {"power": hourly([2, -1]), "carbon_intensity": hourly([0.3, 0.2], "kg/kWh")}
    found = EmissionsReporter(credit_for_exports=credit).compute(series, step=HOUR)["emissions"]
    assert found.values.sum() == pytest.approx(kilograms)


def test_headroom_of_a_day_is_its_least() -> None:
    pv = [-0.5] * 24
    pv[12] = -3.0
    found = HeadroomReporter(consumption_capacity=5.0).compute({"pv": hourly(pv), "load": hourly([1.0] * 24)}, step=DAY)
    assert found["headroom"].values == pytest.approx([4.5])
    assert found["production-headroom"].values == pytest.approx([3.0])


def test_errors_of_a_forecast() -> None:
    series = {"measured": hourly([1.0, 2, 3, np.nan, 4]), "forecast": hourly([2.0, 2, 1, 7, np.nan])}
    found = ForecastAccuracyReporter().compute(series, step=HOUR)
    assert found["bias"].values == pytest.approx([1, 0, -2, np.nan, np.nan], nan_ok=True)
    assert found["relative-error"].values == pytest.approx([100, 0, 200 / 3, np.nan, np.nan], nan_ok=True)


def test_a_device_that_somebody_else_moved_is_seen() -> None:
    measured, plan = [1.0] * 24, [1.0] * 24
    measured[5:8] = [3.0, -1.0, 1.05]
    found = PlanAdherenceReporter().compute({"measured": hourly(measured), "plan": hourly(plan)}, step=DAY)
    assert found["adherence"].values == pytest.approx([100 * 22 / 24])
    assert found["deviation-energy"].values == pytest.approx([4.05])


def test_a_day_known_in_part_has_no_value() -> None:
    power = [1.0] * 48
    power[30] = np.nan
    series = {"power": hourly(power[:-1]), "consumption_price": hourly([0.1] * 47, "EUR/kWh")}
    assert np.isnan(ProfitOrLossReporter().compute(series, step=DAY)["profit"].values).tolist() == [False, True]


def test_the_parts_of_a_bill_are_its_total() -> None:
    # January of 744 hours: 2 kW at 0.10 and 0.05 tax, 31 EUR fixed, 4 EUR per kW, all with 10 % VAT
    n = 744
    buying, selling = hourly([0.1] * n, "EUR/kWh"), hourly([0.05] * n, "EUR/kWh")
    battery = np.tile([1.0, -1.0], n // 2)
    series = {"power": hourly([2.0] * n), "consumption_price": buying, "production_price": selling}
    series |= {"battery": hourly(battery), "gas": hourly([1.0] * n), "gas.consumption_price": hourly([0.04] * n)}
    config = {"energy_tax": 0.05, "vat": 0.1, "fixed_per_month": 31, "capacity-tariff": {"price": 4}}
    found = EnergyBillReporter.from_config(config).compute(series, step=DAY)
    sums = {name: float(one.values.sum()) for name, one in found.items()}
    expected = {"energy": 148.8 + 29.76, "capacity": 8.0, "fixed": 31.0, "gas.energy": 29.76, "battery.energy": 0.0}
    expected["taxes"] = 74.4 + 0.1 * (178.56 + 74.4 + 8 + 31)
    expected["total"] = 178.56 + 8 + 31 + expected["taxes"]
    assert sums == pytest.approx(expected)
    assert found["capacity"].values[0] == pytest.approx(8.0) and len(found["total"].values) == 31


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"vatt": 0.2}, UnknownName),
        ({"vat": 21}, FieldError),
        ({"vat": True}, FieldError),
        ({"capacity_tariff": {"prize": 1}}, UnknownName),
        ({"capacity_tariff": {"steps": [[1, 2], [1, 3]]}}, FieldError),
        ({"fixed_per_month": float("nan")}, FieldError),
    ],
)
def test_a_bill_says_which_field_is_wrong(config: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"vat|capacity|fixed|tariff|price"):
        EnergyBillReporter.from_config(config)

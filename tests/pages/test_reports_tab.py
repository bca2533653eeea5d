"""Tab Reports: what its form says is the report as the API takes it, and results become totals, figures and files."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from openpyxl import load_workbook

from app.pages.reports.form import fits, label, report_fields, report_of, usual_inputs
from app.pages.reports.results import figure_texts, report_file, results_html
from db.assets import Asset
from db.sensors import Sensor
from engine.errors import FieldError
from engine.reporting.aggregator import AggregatorReporter
from engine.reporting.energy_bill import EnergyBillReporter
from engine.reporting.reporter import ReportSeries, config_fields
from engine.reporting.self_consumption import SelfConsumptionReporter
from engine.series.iso_time import to_us

PLACE, TODAY = ZoneInfo("Europe/Amsterdam"), date(2026, 3, 30)
HOUSE, PANELS = Asset(id=1, name="House"), Asset(id=2, name="Panels")


def sensor(key: int, asset: Asset, name: str, unit: str, step: timedelta = timedelta(hours=1)) -> Sensor:
    return Sensor(id=key, asset_id=asset.id, asset=asset, name=name, unit=unit, resolution=step)


METER, SUN = sensor(3, HOUSE, "meter", "kW"), sensor(4, PANELS, "production", "kW")
PRICE, SOC = sensor(5, HOUSE, "price", "EUR/kWh"), sensor(6, HOUSE, "stored", "kWh", timedelta(0))
SENSORS = [METER, SUN, PRICE, SOC]


def days(*values: float, unit: str = "EUR") -> ReportSeries:
    """Days up to the one on which clocks go forward."""
    first = datetime(2026, 3, 29, tzinfo=PLACE) - timedelta(days=len(values) - 1)
    starts = [to_us((first + timedelta(days=at)).astimezone(UTC)) for at in range(len(values))]
    return ReportSeries(
        starts=np.array(starts, np.int64), values=np.array(values), step=timedelta(days=1), unit=unit, place=PLACE
    )


def test_fields_of_a_reporter_come_from_its_class() -> None:
    fields = {field.name: field for field in report_fields(EnergyBillReporter, SENSORS, {"power": 3}, {}, TODAY)}
    assert fields["input_power"].value == 3 and not fields["input_power"].optional
    assert list(fields["input_consumption_price"].options.values()) == [None, 5]
    assert list(fields["input_power"].options.values()) == [None, 3, 4]  # what is stored is no flow
    assert (fields["config_vat"].kind, fields["config_vat"].value) == ("number", 0.0)
    assert fields["config_capacity_tariff"].kind == "object"
    assert fields["config_energy_tax"].help.endswith("[currency/kWh].")
    assert (fields["start"].value, fields["end"].value) == ("2026-02-28", "2026-03-29")


def test_every_field_of_every_config_says_what_it_means() -> None:
    from engine import plugins

    for reporter in plugins.known("reporters").values():
        assert all(meaning for _, _, meaning in config_fields(reporter).values()), reporter


VALUES = {
    "input_power": 3, "input_flow": [4], "input_consumption_price": 5, "input_production_price": None,
    "config_vat": 0.21, "config_energy_tax": 0.0, "config_fixed_per_month": None, "config_capacity_tariff": {},
    "start": "2026-03-29", "end": "2026-03-29", "step": "PT1H",
}  # fmt: skip


def test_the_form_is_the_report_that_the_api_takes() -> None:
    asked = report_of(EnergyBillReporter, SENSORS, VALUES, PLACE)
    assert (asked["reporter"], asked["config"]) == ("EnergyBillReporter", {"vat": 0.21})
    parameters = asked["parameters"]
    names = {"power": 3, "Panels production": 4, "consumption_price": 5}
    assert parameters["input"] == [{"name": name, "sensor": key} for name, key in names.items()]
    # A day of 23 hours
    assert (parameters["start"], parameters["end"]) == ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00")
    assert parameters["resolution"] == "PT1H"
    again = {field.name: field.value for field in report_fields(EnergyBillReporter, SENSORS, {}, asked, TODAY)}
    assert (again["input_power"], again["input_flow"], again["config_vat"]) == (3, [4], 0.21)
    assert (again["start"], again["end"], again["step"]) == ("2026-03-29", "2026-03-29", "PT1H")


def test_a_form_without_sensors_or_days_is_refused() -> None:
    with pytest.raises(FieldError, match="first day"):
        report_of(EnergyBillReporter, SENSORS, VALUES | {"end": "2026-03-28"}, PLACE)
    nothing = {"input_power": None, "input_flow": [], "input_consumption_price": None}
    with pytest.raises(FieldError, match="at least one sensor"):
        report_of(AggregatorReporter, SENSORS, VALUES | nothing, PLACE)


def test_inputs_are_proposed() -> None:
    assert usual_inputs(EnergyBillReporter, SENSORS, {"consumption-price": 5}, {2}) == {
        "power": 3,
        "consumption_price": 5,
    }
    assert usual_inputs(SelfConsumptionReporter, SENSORS, {}, {2}) == {"power": 3, "production": 4}
    assert not fits(EnergyBillReporter.inputs[0], SOC)
    assert [label(name) for name in ("EnergyBillReporter", "ProfitOrLossReporter")] == ["Energy bill", "Profit or loss"]


def test_totals_are_of_what_adds_up_and_means_of_all_time() -> None:
    assert figure_texts(days(1.0, 2.0, np.nan)) == ["3.00 EUR", "1.50 EUR", "1.00 EUR", "2.00 EUR", "2 of 3"]
    # The last day has 23 hours: (24 · 10 + 23 · 57) / 47
    assert figure_texts(days(10.0, 57.0, unit="%"))[:2] == ["–", "33.000 %"]
    assert figure_texts(days(np.nan)) == ["–"] * 4 + ["0 of 1"]


def test_names_are_escaped_and_bars_begin_at_zero() -> None:
    html = results_html({"<b>": days(-2.0, 6.0), "nothing": days(0.0, 0.0)}, EnergyBillReporter)
    assert "<b>" not in html and html.count("<figure") == 1
    assert 'y="105.0"' in html and 'height="35.0"' in html  # -2 of a span of 8, in 140 px
    assert "28 Mar 2026: -2.00 EUR" in html


def test_files_hold_all_results() -> None:
    results = {"total": days(1.0, np.nan), "energy": days(0.5, 0.25)}
    text = report_file(results, "csv", title="Bill").decode()
    assert text.splitlines() == [
        "start,total [EUR],energy [EUR]", "2026-03-28T00:00:00+01:00,1.0,0.5", "2026-03-29T00:00:00+01:00,,0.25",
    ]  # fmt: skip
    sheet = load_workbook(BytesIO(report_file(results, "xlsx", title="Bill"))).active
    assert sheet is not None and sheet.title == "report"
    assert [cell.value for cell in sheet[3]] == ["2026-03-29T00:00:00+01:00", None, 0.25]
    pages = report_file(results, "pdf", title="Bill of (House)")
    assert pages.startswith(b"%PDF") and rb"Bill of \(House\)" in pages and b"1.00 EUR" in pages

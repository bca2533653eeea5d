"""Files as portals and devices write them: read with the right values, or asked about, without any option."""

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from tests.engine.importing.sample_files import FOLDER, asked, ends, read_sample, said, starts

MAY = "2026-05-10T22:00"  # midnight in Amsterdam
RAMP = (24, 0.0, 23.0)
"""Values, the first and the last one, of files that count the hours of a day."""
READ_AS_THEY_ARE: dict[str, tuple[str, str, int, tuple[int, float, float]]] = {
    # name: unit of the sensor, first start, length of a value [min], values: how many, first, last
    "entsoe-py.csv": ("EUR/MWh", "2025-10-25T22:00", 60, (25, 40, 64)),
    "entsoe-web.csv": ("EUR/MWh", MAY, 15, (96, 50, 73.75)),
    "entsoe-web-autumn.csv": ("EUR/MWh", "2025-10-25T22:00", 60, (25, 50, 74)),
    "fluvius.csv": ("kWh", MAY, 15, (96, 0.324, 0.415)),
    "greenbutton.csv": ("kWh", MAY, 60, (24, 0.2, 0.66)),
    "home-assistant-dashboard.csv": ("kWh", MAY, 60, (24, 0, 2.3)),
    "fronius.csv": ("kWh", MAY, 15, (96, 0, 0)),
    "sep-line-semicolon.csv": ("kW", MAY, 15, (96, 0, 9.5)),
    "utf16-bom.csv": ("kW", MAY, 15, (96, 0, 9.5)),
    "german-thousands.csv": ("kW", MAY, 60, (24, 800, 1950)),
    "german-2400.csv": ("kW", MAY, 60, (24, 0, 2.3)),
    "spring-empty-row.csv": ("kW", "2026-03-28T23:00", 60, (23, 1.0, 3.3)),
    "autumn-2a-2b.csv": ("kW", "2025-10-25T22:00", 60, (25, 0, 24)),
    "epoch-ms.csv": ("EUR/MWh", MAY, 60, (24, 80, 103)),
    "epoch-s.csv": ("EUR/MWh", MAY, 60, (24, 80, 103)),
    "postgres-short-offset.csv": ("kW", MAY, 60, RAMP),
    "offset-after-space.csv": ("kW", MAY, 60, RAMP),
    "utc-word.csv": ("kW", MAY, 60, RAMP),
    "trailing-z-jitter.csv": ("kW", MAY, 60, RAMP),
    "footer-total-row.csv": ("kW", MAY, 60, RAMP),
    "windows-1252.csv": ("kW", MAY, 60, (24, 0, 7.667)),
    "french-thousands.csv": ("kW", MAY, 60, (24, 900.5, 1590.5)),
    "unicode-minus.csv": ("kW", MAY, 60, (24, -0.5, -23.5)),
    "energy-quarters-kWh.csv": ("kWh", MAY, 15, (96, 0.25, 0.25)),
    "energy-hours-kWh.csv": ("kWh", MAY, 60, (24, 1, 1)),
    "pandas-index.csv": ("kW", MAY, 60, (24, 0, 5.75)),
    "tibber.csv": ("kWh", MAY, 60, (24, 0, 3.286)),
    "numbers.xlsx": ("kW", MAY, 60, (24, 1.5, 7.25)),
    "numbers-as-text.xlsx": ("kW", MAY, 60, (24, 1.5, 7.25)),
    "hidden-sheet.xlsx": ("kW", MAY, 60, (24, 1.5, 7.25)),
    "date-and-time.xlsx": ("kW", MAY, 60, (24, 1.5, 7.25)),
    "merged-days.xlsx": ("kW", MAY, 60, (24, 1, 24)),
}
ASKED: dict[str, tuple[str, dict[str, list[str]], dict[str, Any], tuple[str, int, float]]] = {
    # name: unit of the sensor, questions, answers, what is read then: first start, values, their sum
    "solaredge.csv": ("kW", {"date-order": ["day", "month"]}, {"date_order": "month"}, (MAY, 96, 66_680)),
    "greenbutton-espi.xml": ("kWh", {"unit": ["Wh", "kWh"]}, {"unit": "Wh"}, (MAY, 24, 7_476)),
    "autumn-24-rows.csv": (
        "kW",
        {"timezone": ["Etc/GMT-1", "UTC", "Europe/Amsterdam"]},
        {"timezone": "Etc/GMT-1"},
        ("2025-10-25T23:00", 24, 51.6),
    ),
    "two-heads-footer.xlsx": (
        "kW",
        {"value-column": ["Bezug [kW]", "Einspeisung [kW]"]},
        {"value_column": "Bezug [kW]"},
        (MAY, 24, 105),
    ),
}
UNEVEN = {
    "monthly-energy-kWh.csv", "daily-energy-over-dst.csv", "daily-energy-autumn.csv", "charging-sessions.csv",
    "home-assistant-history.csv", "formula-errors.xlsx",
}  # fmt: skip


def test_every_sample_is_tried() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {*READ_AS_THEY_ARE, *ASKED, *UNEVEN}


@pytest.mark.parametrize("name", READ_AS_THEY_ARE)
def test_a_file_is_read_as_it_is(name: str) -> None:
    unit, first, minutes, (count, begin, end) = READ_AS_THEY_ARE[name]
    reading = read_sample(name, unit)
    reading.check()
    values = reading.readings.values
    assert (starts(reading)[0], reading.step, len(values)) == (first, timedelta(minutes=minutes), count)
    assert (values[0], values[-1]) == (begin, end)
    assert len(set(starts(reading))) == count


@pytest.mark.parametrize("name", ASKED)
def test_a_file_with_two_readings_is_asked_about(name: str) -> None:
    unit, questions, answers, (first, count, total) = ASKED[name]
    assert asked(read_sample(name, unit)) == questions
    answered = read_sample(name, unit, answers)
    answered.check()
    assert starts(answered)[0] == first and len(answered.readings.values) == count
    assert answered.readings.values.sum() == pytest.approx(total)


def test_a_column_is_offered_by_its_head_and_once() -> None:
    (question,) = read_sample("two-heads-footer.xlsx").questions
    assert question.way_out == "Choose value-column: Bezug [kW], Einspeisung [kW]."


def test_units_are_those_of_the_file() -> None:
    units = {name: read_sample(name).unit for name in ("german-thousands.csv", "fronius.csv", "solaredge.csv")}
    assert units == {"german-thousands.csv": "W", "fronius.csv": "Wh", "solaredge.csv": "W"}
    assert read_sample("entsoe-web.csv", "EUR/kWh").unit == "EUR/MWh"


def test_bills_by_month_end_with_their_month() -> None:
    reading = read_sample("monthly-energy-kWh.csv", "kWh")
    reading.check()
    assert starts(reading) == ["2025-12-31T23:00", "2026-01-31T23:00", "2026-02-28T23:00", "2026-03-31T22:00"]
    assert ends(reading) == ["2026-01-31T23:00", "2026-02-28T23:00", "2026-03-31T22:00", "2026-04-30T22:00"]


@pytest.mark.parametrize(
    ("name", "hours"), [("daily-energy-over-dst.csv", [24, 24, 23, 24]), ("daily-energy-autumn.csv", [24, 24, 25, 24])]
)
def test_days_over_a_clock_change_are_as_long_as_they_were(name: str, hours: list[int]) -> None:
    rows = read_sample(name, "kWh").readings
    assert rows.ends is not None
    assert ((rows.ends - rows.starts) / 3.6e9).tolist() == hours == rows.values.tolist()


def test_charging_sessions_last_from_start_to_stop() -> None:
    reading = read_sample("charging-sessions.csv", "kWh")
    assert starts(reading)[0] == "2026-05-11T05:03" and ends(reading)[-1] == "2026-05-12T04:00"
    assert reading.readings.values.tolist() == [22.1, 7.5, 31.0, 10.0, 40.0]


def test_states_hold_until_the_next_and_nothing_is_known_while_unavailable() -> None:
    reading = read_sample("home-assistant-history.csv", unit="W")
    rows = reading.readings
    assert rows.ends is not None and (rows.ends[:-1] == rows.starts[1:]).all()
    assert math.isnan(rows.values[1]) and int(np.isnan(rows.values).sum()) == 24
    assert any("'unavailable' 12 times" in notice for notice in reading.notices)


def test_errors_of_formulas_are_named_and_no_values() -> None:
    reading = read_sample("formula-errors.xlsx")
    assert np.flatnonzero(np.isnan(reading.readings.values)).tolist() == [3, 4]
    assert any("#DIV/0!" in notice and "#NV" in notice for notice in reading.notices)


def test_what_is_left_out_is_told() -> None:
    [left] = [
        notice for notice in read_sample("footer-total-row.csv").notices if notice.startswith("Rows left out, at")
    ]
    assert left.endswith("(1 in all).")
    assert any("'Summe'" in notice for notice in read_sample("footer-total-row.csv").notices)
    assert any("Config" in notice for notice in read_sample("hidden-sheet.xlsx").notices)
    assert any("jitter" in notice for notice in read_sample("trailing-z-jitter.csv").notices)
    assert said(read_sample("sep-line-semicolon.csv"))["delimiter"] == ";"

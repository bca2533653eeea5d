"""Bars by day, week and month: energy of a power, days of 23 and 25 hours."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from components.charts.bars import Bars, sums
from tests.components.samples import trace

AMSTERDAM = "Europe/Amsterdam"


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 28, 23), 23), ((2026, 10, 24, 22), 25), ((2026, 6, 9, 22), 24)])
def test_a_day_of_one_kilowatt_holds_as_many_kilowatt_hours_as_it_has_hours(day, hours):
    shown = trace(np.ones(4 * hours), start=datetime(*day, tzinfo=UTC))
    found = sums(shown, zone=AMSTERDAM, per="day")
    assert found.height.tolist() == [hours]
    assert found.hours.tolist() == [hours]


def test_weeks_begin_on_monday_and_months_on_their_first():
    # From Wednesday 25 February 2026, 96 quarters a day, the day of the month as value.
    shown = trace(np.repeat([25.0, 26, 27, 28, 1, 2, 3], 96), start=datetime(2026, 2, 25, tzinfo=UTC))
    weeks = sums(shown, zone="UTC", per="week")
    assert weeks.start.astype("datetime64[us]").astype("datetime64[D]").astype(str).tolist() == [
        "2026-02-23",
        "2026-03-02",
    ]
    assert weeks.height.tolist() == [(25 + 26 + 27 + 28 + 1) * 24, (2 + 3) * 24]
    months = sums(shown, zone="UTC", per="month")
    assert (months.end - months.start).tolist() == [28 * 86_400_000_000, 31 * 86_400_000_000]
    assert (months.low.tolist(), months.high.tolist()) == ([25, 1], [28, 3])


def test_energies_and_money_per_event_are_added_up_but_no_stored_energy():
    for unit, quantity, height in (("kWh", "power", 4), ("EUR", "other", 4), ("kWh", "state of charge", 2)):
        assert sums(trace([1, 3], unit=unit, quantity=quantity), zone="UTC", per="day").height.tolist() == [height]


def test_what_is_no_power_is_averaged():
    found = sums(trace([1, 3], unit="EUR/kWh", quantity="price"), zone="UTC", per="day")
    assert found.height.tolist() == [2]
    instantaneous = sums(trace([1, 3], step=timedelta(0)), zone="UTC", per="day")
    assert (instantaneous.height.tolist(), np.isnan(instantaneous.hours).all()) == ([2], True)


def test_days_without_values_have_no_bar_and_no_data_is_told():
    values = np.concatenate([np.ones(96), np.full(96, np.nan), np.ones(96)])
    assert len(sums(trace(values), zone="UTC", per="day").height) == 2
    assert "No data" in Bars(trace=trace([]))._layout[0].object

"""Lines: steps, gaps and thinning."""

from datetime import timedelta

import numpy as np
import pytest

from components.charts.points import Pyramid
from components.charts.traces import Band
from engine.series.iso_time import to_us
from tests.components.samples import QUARTER_US, START, chart, trace

BEGIN = to_us(START)
NAN = float("nan")


def all_of(line, most=1000):
    return line.points(BEGIN, BEGIN + 10**15, most)


def breaks(y) -> int:
    """Return how often a line is broken."""
    return int((np.diff(np.isnan(y).astype(int)) == 1).sum())


def test_a_power_holds_from_its_event_s_start_to_its_end():
    drawn = all_of(trace([1, 3]))
    assert drawn["y"].tolist() == [1, 1, 3, 3]
    assert ((drawn["x"] - BEGIN / 1000) / 900_000).tolist() == [0, 1, 1, 2]


def test_instantaneous_values_are_joined_by_a_straight_line():
    drawn = all_of(trace([1, 3, 2], step=timedelta(0)))
    assert drawn["y"].tolist() == [1, 3, 2]


@pytest.mark.parametrize("missing", [[NAN], [NAN, NAN, NAN]])
def test_missing_steps_break_the_line(missing):
    drawn = all_of(trace([1, *missing, 2]))
    assert np.array_equal(drawn["y"], [1, 1, NAN, NAN, 2, 2], equal_nan=True)


def test_an_event_that_was_never_stored_breaks_the_line_too():
    line = trace([1, 2, 3])
    line.events[2] += QUARTER_US
    assert breaks(all_of(line)["y"]) == 1


def test_instantaneous_values_that_stay_away_for_long_break_the_line():
    line = trace([1, 2, 3, 4, 5], step=timedelta(0))
    line.events[3:] += 10 * QUARTER_US
    assert np.array_equal(all_of(line)["y"], [1, 2, 3, NAN, NAN, 4, 5], equal_nan=True)


def test_a_thinned_line_is_the_mean_in_a_band_that_keeps_its_highest_and_lowest_value():
    values = np.sin(np.arange(100_000) / 500)
    values[77_777], values[12_345] = 9, -9
    drawn = all_of(trace(values), most=800)
    assert 400 <= len(drawn["y"]) <= 802
    assert drawn["high"].max() == 9
    assert drawn["low"].min() == -9
    assert np.all((drawn["low"] <= drawn["y"]) & (drawn["y"] <= drawn["high"]))
    assert drawn["y"].mean() == pytest.approx(values.mean(), abs=0.002)
    assert drawn["x"][0] == BEGIN / 1000
    assert drawn["x"][-1] == (BEGIN + 100_000 * QUARTER_US) / 1000


def test_a_thinned_line_without_gaps_is_whole():
    values = np.random.default_rng(1).normal(size=50_000)
    assert breaks(all_of(trace(values), most=800)["y"]) == 0


def test_single_values_that_are_missing_do_not_break_a_thinned_line_to_pieces():
    values = np.ones(100_000)
    values[::7] = NAN
    assert breaks(all_of(trace(values), most=800)["y"]) == 0


def test_a_band_and_the_ground_of_a_plan_are_closed_where_values_are_missing():
    low, high = np.array([0.0, NAN, 1.0]), np.array([3.0, NAN, 4.0])
    drawn = all_of(trace([1, NAN, 2], band=Band(low=low, high=high), source_type="scheduler"))
    at = np.isnan(drawn["y"])
    assert drawn["low"][at].tolist() == drawn["high"][at].tolist() == [1, 2]
    assert drawn["top"][at].tolist() == [0, 0]
    assert drawn["low"][~at].tolist() == [0, 0, 1, 1]


def test_a_thinned_line_still_shows_a_long_gap():
    values = np.ones(100_000)
    values[40_000:60_000] = NAN
    assert breaks(all_of(trace(values), most=800)["y"]) == 1


def test_only_the_span_in_view_is_drawn_with_one_event_at_each_side():
    drawn = trace(np.arange(100.0)).points(BEGIN + 50 * QUARTER_US, BEGIN + 52 * QUARTER_US, 1000)
    assert 48 <= drawn["y"].min() <= 49
    assert 52 <= drawn["y"].max() <= 54


def test_when_a_value_was_recorded_travels_with_it():
    known = trace([1, 2]).events - 6 * 3_600_000_000
    assert set(all_of(trace([1, 2], known=known))["known"]) == set(known / 1000)


@pytest.mark.parametrize("length", [1, 2, 15, 16, 17, 255, 4096, 5000])
def test_runs_of_any_part_hold_its_lowest_highest_and_mean_values(length: int):
    values = np.random.default_rng(length).normal(size=length)
    levels = Pyramid(values)
    for first in {0, 1, length // 3, length - 1} - {length}:
        for most in (1, 7, 1600):
            runs = levels.runs(first, length, most)
            assert len(runs.first) <= most + 2
            assert runs.first[0] <= first
            assert runs.last[-1] == length - 1
            assert np.array_equal(runs.first[1:], runs.last[:-1] + 1)
            for i, (a, b) in enumerate(zip(runs.first, runs.last + 1, strict=True)):
                part = values[a:b]
                assert (runs.low[i], runs.high[i]) == (part.min(), part.max())
                assert runs.mean[i] == pytest.approx(part.mean(), abs=1e-12)


def test_what_is_in_view_is_summed_up():
    day = to_us(START), to_us(START) + 3 * QUARTER_US
    assert trace([1, 2, 6, 99]).summary(*day) == "min 1, mean 3, max 6, energy 2.25 kWh"
    assert trace([1, 2, 6], unit="kWh").summary(*day) == "min 1, mean 3, max 6, total 9 kWh"
    assert trace([1, 2, 6], unit="EUR/MWh").summary(*day) == "min 1, mean 3, max 6"
    assert trace([-1234567.8], unit="°C").summary(*day) == "min -1,235,000, mean -1,235,000, max -1,235,000"
    assert trace([0.1, 0.2, -0.3]).summary(*day) == "min -0.3, mean 0, max 0.2, energy 0 kWh"
    assert trace([0, 0]).summary(*day) == "min 0, mean 0, max 0, energy 0 kWh"
    assert trace([NAN]).summary(*day) == trace([1]).summary(0, 1) == ""


@pytest.mark.parametrize(
    ("most", "unit", "shown", "scaled"),
    [
        (25_000, "kW", 25, "MW"),
        (9_999, "kW", 9_999, "kW"),
        (0.05, "kW", 50, "W"),
        (0.05, "MW", 50, "kW"),
        (35_000_000, "kWh", 35, "GWh"),
        (0, "kW", 0, "kW"),
        (99_999, "EUR/MWh", 99_999, "EUR/MWh"),
    ],
)
def test_a_chart_takes_the_unit_that_is_easiest_to_read(most: float, unit: str, shown: float, scaled: str):
    made = chart(trace([0, most], unit=unit)).scaled()
    assert [line.unit for line in made.traces] == [scaled]
    assert made.traces[0].values.tolist() == pytest.approx([0, shown])


def test_the_axis_names_quantity_and_unit():
    assert chart(trace([1])).axis == "Power [kW]"
    assert chart(trace([1], unit="EUR/MWh", quantity="price")).axis == "Price [EUR/MWh]"
    assert chart(trace([1], unit="°C", quantity="other")).axis == "Value [°C]"
    assert chart(trace([1], quantity="production"), trace([1])).axis == "Power [kW]"


def test_a_chart_without_values_has_no_span():
    assert chart(trace([NAN])).span is None
    assert chart(trace([NAN, 1])).span == (BEGIN + QUARTER_US, BEGIN + 2 * QUARTER_US)


def test_a_line_can_be_drawn_in_the_unit_of_another_of_its_kind():
    price = trace([0.25], unit="EUR/kWh")
    assert price.converted("EUR/MWh").values.tolist() == [250]
    assert price.converted("kW") is price

"""Views of a sensor over a long time: what they count, and what follows the days that are brushed."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from holoviews import Curve, Layout, Overlay, Rectangles, renderer
from panel import panel

from components.analysis import elements
from components.analysis.analysis import SensorAnalysis
from components.analysis.patterns import day_profile, local_days, of_days
from components.charts.heatmap import colour_range
from tests.components.samples import trace

AMSTERDAM = "Europe/Amsterdam"
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 1, 23, tzinfo=UTC)
"""The Monday of a week begins in Amsterdam; a clock change is four weeks away."""


def week(**facts):
    """Hourly line over seven days: 1 on working days, 2 on Saturday, 3 on Sunday."""
    values = np.repeat([1.0] * 5 + [2.0, 3.0], 24)
    events = trace(values).events[0] * 0 + int(MONDAY.timestamp() * 1e6) + np.arange(len(values)) * 3_600_000_000
    made = trace(values, step=HOUR, **facts)
    object.__setattr__(made, "events", events)
    return made


def test_the_mean_day_tells_working_days_from_the_weekend_on_the_local_clock():
    means = day_profile(week(), AMSTERDAM).means
    assert {name: set(values) for name, values in means.items()} == {
        "Monday to Friday": {1.0}, "Saturday": {2.0}, "Sunday": {3.0}
    }  # fmt: skip
    assert set(day_profile(week(), "UTC").means["Saturday"]) == {2.0, 3.0}


def test_the_heatmap_has_a_column_for_each_local_day_and_the_rows_of_its_hours():
    image = elements.heatmap(week(), zone=AMSTERDAM)
    assert image.dimension_values("day", expanded=False).astype("datetime64[D]").astype(str).tolist() == [
        f"2026-03-0{day}" for day in range(2, 9)
    ]
    assert image.dimension_values("value", flat=False).shape == (24, 7)


def test_brushed_days_are_those_of_all_views_but_the_heatmap():
    shown = SensorAnalysis(trace=week(), zone=AMSTERDAM)
    shown.brush((np.datetime64("2026-03-07T10"), np.datetime64("2026-04-01")))
    first, last = shown.days
    assert (str(np.datetime64(first, "D")), last - first + 1) == ("2026-03-07", 2)
    assert set(shown.duration_curve().dimension_values("value")) == {2.0, 3.0}
    assert np.nanmin(shown.heatmap().dimension_values("value")) == 1.0


def test_a_brush_beside_the_data_changes_nothing():
    shown = SensorAnalysis(trace=week(), zone=AMSTERDAM, days=(20514, 20515))
    shown.brush((0.0, 86_400_000.0))
    assert shown.days == (20514, 20515)


def test_views_are_elements_that_can_be_put_beside_and_upon_each_other():
    shown = SensorAnalysis(trace=week(), zone=AMSTERDAM)
    assert isinstance(shown.hv, Layout) and len(shown.hv) == 5
    assert isinstance(shown.duration_curve() * shown.duration_curve(), Overlay)
    assert isinstance(shown.duration_curve(), Curve)
    daily = trace([1, 2, 3], step=timedelta(days=1))
    assert len(SensorAnalysis(trace=daily).hv) == 3  # a day has no hours to tell apart


def test_the_strip_marks_a_gap_and_a_value_that_stands_still():
    values = np.random.default_rng(1).normal(size=2000) + 5
    values[100:200], values[700:760] = np.nan, 3.25
    strip = elements.quality_strip(trace(values))
    marks = [len(part) for part in strip if isinstance(part, Rectangles)]
    assert marks == [1, 1, 1, 1, 1, 0]  # three rows, and what is wrong in each
    assert dict(strip.opts.get("plot").kwargs["yticks"])[2.5] == "Gaps 1"


@pytest.mark.parametrize(
    "values, expected",
    [(np.append(np.ones(99) * np.arange(99), 1e6), False), (np.append(-0.1, np.arange(99.0)), False),
     (np.linspace(-5, 4, 99), True)],
)  # fmt: skip
def test_colours_end_at_quantiles_and_diverge_only_where_power_flows_both_ways(values, expected):
    low, high, diverging = colour_range(trace([1]), values)
    assert diverging is expected and high < 1e3
    assert (low == -high) is expected


def test_days_are_chosen_by_the_local_clock():
    days = local_days(week(), AMSTERDAM)
    assert len(of_days(week(), AMSTERDAM, (int(days[0]), int(days[0]))).events) == 24


@pytest.mark.parametrize(
    "line",
    [
        trace(np.arange(8.0)),
        trace([1.0]),
        trace([1.0], step=timedelta(0)),
        trace([]),
        trace([np.nan]),
        trace([1.0], step=timedelta(days=1)),
        trace([5.0], step=timedelta(days=2)),
    ],
    ids=["one day", "one value", "one reading", "no values", "a gap alone", "one daily value", "one long value"],
)
def test_each_view_is_drawn_however_few_values_there_are(line):
    shown = SensorAnalysis(trace=line, zone=AMSTERDAM)
    assert renderer("bokeh").get_plot(shown.hv).state is not None
    drawn = elements.heatmap(line, zone=AMSTERDAM)
    assert renderer("bokeh").get_plot(drawn).state is not None
    west, east = (np.datetime64(end) for end in drawn.range("day"))
    assert east - west == np.timedelta64(1, "D") and drawn.range("hour") == (0.0, 24.0)
    assert panel(shown).get_root() is not None


def test_days_of_a_heatmap_are_whole():
    west, east = elements.heatmap(week(), zone=AMSTERDAM).range("day")
    assert (str(west)[:13], str(east)[:13]) == ("2026-03-02T00", "2026-03-09T00")


@pytest.mark.parametrize("bound", [float("nan"), float("inf"), 1e300, -1e300, "x", None, "NaT", [], 10**30])
def test_a_brush_that_is_no_time_changes_nothing(bound):
    shown = SensorAnalysis(trace=week(), zone=AMSTERDAM, days=(20514, 20515))
    for bounds in ((bound, bound), (0.0, bound), (bound, 2e12), bound):
        shown.brush(bounds)
        assert shown.days == (20514, 20515)
    SensorAnalysis(trace=trace([])).brush((0.0, 1e12))

"""Histogram and duration curve."""

import numpy as np
import pytest

from components.charts import distribution
from components.charts.distribution import Distribution
from components.theme import QUANTITIES
from tests.components.samples import trace


def test_all_values_are_counted_once():
    bounds, shares = distribution.histogram_shares(trace([0, 0, 0, 10, float("nan")]))
    assert shares.sum() == pytest.approx(100)
    assert (shares[0], shares[-1]) == (75, 25)
    assert (bounds[0], bounds[-1]) == (0, 10)


def test_the_duration_curve_falls_from_the_highest_to_the_lowest_value():
    shares, values = distribution.duration_points(trace([3, 1, 2, 4]))
    assert values.tolist() == [4, 3, 2, 1]
    assert shares.tolist() == [25, 50, 75, 100]


def test_a_long_duration_curve_keeps_its_ends():
    shares, values = distribution.duration_points(trace(np.arange(100_000.0)))
    assert len(values) <= distribution.MOST_POINTS
    assert (values[0], values[-1], shares[-1]) == (99_999, 0, 100)


def test_axes_name_what_and_unit():
    first, second = (pane.object for pane in Distribution(trace=trace([1, 2])).__panel__()[1::2])
    assert first.xaxis[0].axis_label == second.yaxis[0].axis_label == "Power [kW]"
    assert second.xaxis[0].axis_label == "Share of the time [%]"


def test_dark_mode_takes_the_dark_colour():
    shown = Distribution(trace=trace([1, 2]))
    shown.dark = True
    bars, curve = (pane.object.renderers[0].glyph for pane in shown.__panel__()[1::2])
    assert bars.fill_color == curve.line_color == QUANTITIES["consumption"].dark
